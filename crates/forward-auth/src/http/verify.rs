//! `/verify/NAME`: what Traefik's `ForwardAuth` asks. 2xx lets the request pass with the headers
//! given here; anything else is sent to the client as it is.

use actix_web::http::StatusCode;
use actix_web::http::header::{
    AUTHORIZATION, CACHE_CONTROL, HeaderMap, HeaderName, HeaderValue, RETRY_AFTER, WWW_AUTHENTICATE,
};
use actix_web::{HttpRequest, HttpResponse, web};
use serde_json::json;

use crate::challenge::{challenge, description, status};
use crate::decide::Denial;
use crate::forwarded::{ForwardedRequest, Presented};
use crate::verifier::SignedIdentity;
use crate::{Verdict, Verifier};
use token_core::ResourceId;

/// The identity headers; the contract lists them in `authResponseHeaders`, so that forged ones
/// die at the edge.
pub const IDENTITY_HEADERS: [HeaderName; 5] = [
    HeaderName::from_static("x-user-id"),
    HeaderName::from_static("x-user-name"),
    HeaderName::from_static("x-client-id"),
    HeaderName::from_static("x-auth-scope"),
    HeaderName::from_static("x-auth-assertion"),
];

const FORWARDED_HOST: HeaderName = HeaderName::from_static("x-forwarded-host");
const FORWARDED_URI: HeaderName = HeaderName::from_static("x-forwarded-uri");

pub(super) async fn verify(
    name: web::Path<String>,
    request: HttpRequest,
    verifier: web::Data<Verifier>,
) -> HttpResponse {
    let Some(resource) = verifier.services.resource(&name) else {
        tracing::error!(service = %name, "Traefik asks for a service that is not in MCP_SERVICES");
        return HttpResponse::ServiceUnavailable()
            .insert_header((RETRY_AFTER, "5"))
            .insert_header((CACHE_CONTROL, "no-store"))
            .json(json!({ "error": "unknown_service" }));
    };
    let headers = request.headers();
    let forwarded = ForwardedRequest {
        presented: Presented::of(headers.get_all(AUTHORIZATION).map(HeaderValue::as_bytes)),
        host: only(headers, &FORWARDED_HOST),
        uri: only(headers, &FORWARDED_URI),
    };
    match verifier.verify(resource, &forwarded).await {
        Verdict::Allow(identity) => allowed(&identity),
        Verdict::Deny(denial) => denied(resource, denial),
    }
}

/// The value of a header that Traefik sets once.
fn only<'a>(headers: &'a HeaderMap, name: &HeaderName) -> Option<&'a str> {
    let mut values = headers.get_all(name);
    let value = values.next()?;
    if values.next().is_some() {
        None
    } else {
        value.to_str().ok()
    }
}

fn allowed(identity: &SignedIdentity) -> HttpResponse {
    let mut answer = HttpResponse::Ok();
    for header in identity_headers(identity) {
        answer.insert_header(header);
    }
    answer.finish()
}

/// The identity headers with their values.
pub fn identity_headers(signed: &SignedIdentity) -> [(HeaderName, String); 5] {
    let [user_id, user_name, client_id, scope, assertion] = IDENTITY_HEADERS;
    let identity = &signed.identity;
    [
        (user_id, identity.user_id.to_string()),
        (user_name, identity.username.to_string()),
        (client_id, identity.client_id.to_string()),
        (scope, identity.scope.to_string()),
        (assertion, signed.assertion.clone()),
    ]
}

/// The answer that a client gets instead of the service's.
pub fn denied(resource: &ResourceId, denial: Denial) -> HttpResponse {
    let status = StatusCode::from_u16(status(denial)).unwrap_or(StatusCode::SERVICE_UNAVAILABLE);
    let mut answer = HttpResponse::build(status);
    answer.insert_header((CACHE_CONTROL, "no-store"));
    match challenge(resource, denial) {
        Some(challenge) => answer.insert_header((WWW_AUTHENTICATE, challenge)),
        None => answer.insert_header((RETRY_AFTER, "1")),
    };
    let error = match denial {
        Denial::CannotDecide => "temporarily_unavailable",
        Denial::InsufficientScope => "insufficient_scope",
        Denial::NoToken => "unauthorized",
        _ => "invalid_token",
    };
    answer.json(json!({ "error": error, "error_description": description(denial) }))
}
