//! `/verify/NAME`: what Traefik's `ForwardAuth` asks. 2xx lets the request pass with the headers
//! given here; anything else is sent to the client as it is.

use std::convert::Infallible;
use std::future::ready;
use std::sync::Arc;

use actix_web::dev::{ServiceRequest, fn_service};
use actix_web::http::StatusCode;
use actix_web::http::header::{
    AUTHORIZATION, CACHE_CONTROL, HeaderMap, HeaderName, HeaderValue, RETRY_AFTER, WWW_AUTHENTICATE,
};
use actix_web::web::ServiceConfig;
use actix_web::{HttpResponse, web};
use app_shell::traces::{self, Traces};
use futures_util::future::Either;
use serde_json::json;
use token_core::ResourceId;

use crate::bearer::Told;
use crate::challenge::{challenge, description, status};
use crate::decide::Denial;
use crate::forwarded::{ForwardedRequest, Presented};
use crate::{Verdict, Verifier};

const FORWARDED_FOR: HeaderName = HeaderName::from_static("x-forwarded-for");
const FORWARDED_HOST: HeaderName = HeaderName::from_static("x-forwarded-host");
const FORWARDED_METHOD: HeaderName = HeaderName::from_static("x-forwarded-method");
const FORWARDED_URI: HeaderName = HeaderName::from_static("x-forwarded-uri");

/// Adds an address for each service, so that the path alone says which is meant. A service of
/// actix's and not a handler: what is remembered is answered without a future to wait for, unless
/// there are traces.
pub(super) fn routes(config: &mut ServiceConfig, verifier: &Arc<Verifier>, traces: &Traces) {
    let is_traced = traces.is_on();
    for service in verifier.parts.services.iter() {
        let (verifier, resource) = (Arc::clone(verifier), service.resource);
        let verify = fn_service(move |request: ServiceRequest| {
            match verifier.recall(&resource, &forwarded(request.headers())) {
                Ok(verdict) => Either::Left(ready(Ok::<_, Infallible>(
                    request.into_response(response(&resource, verdict, is_traced)),
                ))),
                Err(unknown) => {
                    let (verifier, resource) = (Arc::clone(&verifier), resource.clone());
                    Either::Right(Box::pin(async move {
                        let forwarded = forwarded(request.headers());
                        let verdict = verifier.find_out(&resource, &forwarded, unknown).await;
                        Ok(request.into_response(response(&resource, verdict, is_traced)))
                    }))
                }
            }
        });
        let path = format!("/verify/{}", service.name);
        let place = web::resource(&path).route(web::route().service(verify));
        if is_traced {
            config.service(place.wrap(traces.requests()));
        } else {
            config.service(place);
        }
    }
    config.route("/verify/{name}", web::to(unknown_service));
}

fn response(resource: &ResourceId, verdict: Verdict, is_traced: bool) -> HttpResponse {
    if is_traced {
        tell(&verdict);
    }
    match verdict {
        Verdict::Allow(told) => allowed(told),
        Verdict::Deny(denial) => denied(resource, denial),
    }
}

/// Says in the request's trace what became of it.
pub fn tell(verdict: &Verdict) {
    let (decision, reason) = match verdict {
        Verdict::Allow(_) => ("allow", None),
        Verdict::Deny(denial) => ("deny", Some(denial.reason())),
    };
    traces::note("gateway.decision", decision);
    if let Some(reason) = reason {
        traces::note("error.type", reason);
    }
}

async fn unknown_service(name: web::Path<String>) -> HttpResponse {
    tracing::error!(service = %name, "Traefik asks for a service that is not in MCP_SERVICES");
    HttpResponse::ServiceUnavailable()
        .insert_header((RETRY_AFTER, "5"))
        .insert_header((CACHE_CONTROL, "no-store"))
        .json(json!({ "error": "unknown_service" }))
}

fn forwarded(headers: &HeaderMap) -> ForwardedRequest<'_> {
    ForwardedRequest {
        presented: Presented::of(headers.get_all(AUTHORIZATION).map(HeaderValue::as_bytes)),
        host: only(headers, &FORWARDED_HOST),
        uri: only(headers, &FORWARDED_URI),
        method: only(headers, &FORWARDED_METHOD),
        address: only(headers, &FORWARDED_FOR).and_then(|all| all.rsplit(',').next()),
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

fn allowed(told: Told) -> HttpResponse {
    let mut answer = HttpResponse::new(StatusCode::OK);
    let headers = answer.headers_mut();
    for (name, value) in told.headers() {
        headers.insert(name, value);
    }
    answer
}

/// The answer that a client gets instead of the service's.
pub fn denied(resource: &ResourceId, denial: Denial) -> HttpResponse {
    let status = StatusCode::from_u16(status(denial)).unwrap_or(StatusCode::SERVICE_UNAVAILABLE);
    let mut answer = HttpResponse::build(status);
    answer.insert_header((CACHE_CONTROL, "no-store"));
    match (challenge(resource, denial), denial) {
        (Some(challenge), _) => answer.insert_header((WWW_AUTHENTICATE, challenge)),
        (None, Denial::Flood) => answer.insert_header((RETRY_AFTER, "10")),
        (None, _) => answer.insert_header((RETRY_AFTER, "1")),
    };
    let error = match denial {
        Denial::CannotDecide | Denial::Flood => "temporarily_unavailable",
        Denial::InsufficientScope => "insufficient_scope",
        Denial::NoToken => "unauthorized",
        _ => "invalid_token",
    };
    answer.json(json!({ "error": error, "error_description": description(denial) }))
}
