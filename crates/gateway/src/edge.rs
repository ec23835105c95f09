//! What Traefik does elsewhere, for one process on a loopback origin: refuses a foreign `Host`
//! (DNS rebinding), strips forged identity headers and refuses their aliases, asks the verifier,
//! sets who it is, and removes the access token before the service sees the request.

use std::convert::Infallible;
use std::sync::Arc;

use actix_web::body::{BoxBody, MessageBody};
use actix_web::dev::{ServiceRequest, ServiceResponse};
use actix_web::http::header::{
    ACCESS_CONTROL_ALLOW_HEADERS, ACCESS_CONTROL_ALLOW_METHODS, ACCESS_CONTROL_ALLOW_ORIGIN,
    ACCESS_CONTROL_EXPOSE_HEADERS, ACCESS_CONTROL_MAX_AGE, AUTHORIZATION, HOST, HeaderMap,
    HeaderValue, ORIGIN, VARY,
};
use actix_web::middleware::Next;
use actix_web::{Error, HttpResponse};
use app_shell::{cors, traces};
use forward_auth::bearer::{IDENTITY_HEADERS, Told};
use forward_auth::forwarded::{ForwardedRequest, Presented};
use forward_auth::http::verify::{denied, tell};
use forward_auth::{Verdict, Verifier};
use serde_json::json;
use token_core::{Issuer, ResourceId};

/// `MCP_CORS_ORIGINS`: which web pages may call MCP services.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum AllowedOrigins {
    /// `*`
    Any,
    /// These, byte for byte.
    These(Vec<String>),
}

impl AllowedOrigins {
    pub(crate) fn parse(text: &str) -> Result<Self, String> {
        let entries: Vec<_> = text
            .split(',')
            .map(str::trim)
            .filter(|entry| !entry.is_empty())
            .collect();
        if entries == ["*"] {
            return Ok(Self::Any);
        }
        match entries.iter().find(|entry| Issuer::parse(**entry).is_err()) {
            Some(wrong) => Err(format!(
                "{wrong} is not an origin such as https://app.example.com"
            )),
            None => Ok(Self::These(
                entries.into_iter().map(str::to_owned).collect(),
            )),
        }
    }

    /// The value of `Access-Control-Allow-Origin` for a request's origin.
    fn answer(&self, origin: Option<&HeaderValue>) -> Option<HeaderValue> {
        match self {
            Self::Any => Some(HeaderValue::from_static("*")),
            Self::These(allowed) => origin
                .filter(|origin| allowed.iter().any(|own| own == *origin))
                .cloned(),
        }
    }
}

/// The edge before the MCP service.
pub(crate) struct Edge {
    pub(crate) verifier: Arc<Verifier>,
    pub(crate) resource: ResourceId,
    pub(crate) origins: AllowedOrigins,
}

/// Refuses a request whose `Host` is not the one origin that this process has.
pub(crate) async fn only_our_host<B: MessageBody + 'static>(
    issuer: Issuer,
    request: ServiceRequest,
    next: Next<B>,
) -> Result<ServiceResponse<BoxBody>, Error> {
    let mut hosts = request.headers().get_all(HOST).map(HeaderValue::as_bytes);
    let ours = match (hosts.next(), hosts.next()) {
        (Some(host), None) => host.eq_ignore_ascii_case(issuer.authority().as_bytes()),
        (None, None) => request
            .uri()
            .authority()
            .is_some_and(|authority| authority.as_str() == issuer.authority()),
        _ => false,
    };
    if ours {
        return Ok(next.call(request).await?.map_into_boxed_body());
    }
    let description = format!("this gateway is {issuer}; use that address");
    let answer = HttpResponse::MisdirectedRequest()
        .json(json!({ "error": "wrong_host", "error_description": description }));
    Ok(request.into_response(answer))
}

impl Edge {
    /// Lets a request to the MCP service pass, or answers it.
    pub(crate) async fn guard<B: MessageBody + 'static>(
        self: Arc<Self>,
        mut request: ServiceRequest,
        next: Next<B>,
    ) -> Result<ServiceResponse<BoxBody>, Error> {
        let allow_origin = self.origins.answer(request.headers().get(ORIGIN));
        let mut answer = if cors::is_preflight(&request) {
            request.into_response(preflight())
        } else if has_alias(request.headers()) {
            let description = "a header imitates an identity header";
            let body = json!({ "error": "invalid_request", "error_description": description });
            request.into_response(HttpResponse::BadRequest().json(body))
        } else {
            match self.verdict(&request).await {
                Verdict::Deny(denial) => request.into_response(denied(&self.resource, denial)),
                Verdict::Allow(told) => {
                    replace_identity(request.headers_mut(), told);
                    next.call(request).await?.map_into_boxed_body()
                }
            }
        };
        add_cors(answer.headers_mut(), allow_origin);
        Ok(answer)
    }

    async fn verdict(&self, request: &ServiceRequest) -> Verdict {
        let values = request
            .headers()
            .get_all(AUTHORIZATION)
            .map(HeaderValue::as_bytes);
        let forwarded = ForwardedRequest {
            presented: Presented::of(values),
            // `only_our_host` has compared it already.
            host: Some(self.resource.host()),
            uri: Some(request.path()),
            method: Some(request.method().as_str()),
            // One computer, one person.
            address: None,
        };
        let verdict = self.verifier.verify(&self.resource, &forwarded);
        let Ok(verdict) = traces::step("verify", async {
            let verdict = verdict.await;
            tell(&verdict);
            Ok::<_, Infallible>(verdict)
        })
        .await;
        verdict
    }
}

/// A header whose name would be an identity header's for a server that takes `_`, `.` or `~` for
/// `-` (CVE-2026-54763).
fn has_alias(headers: &HeaderMap) -> bool {
    headers.keys().any(|name| {
        let folded = name.as_str().replace(['_', '.', '~'], "-");
        folded != name.as_str() && IDENTITY_HEADERS.iter().any(|own| own.as_str() == folded)
    })
}

fn replace_identity(headers: &mut HeaderMap, told: Told) {
    headers.remove(AUTHORIZATION);
    for (name, value) in told.headers() {
        headers.insert(name, value);
    }
}

fn preflight() -> HttpResponse {
    HttpResponse::NoContent()
        .insert_header((ACCESS_CONTROL_ALLOW_METHODS, cors::ALLOWED_METHODS))
        .insert_header((ACCESS_CONTROL_ALLOW_HEADERS, cors::ALLOWED_HEADERS))
        .insert_header((ACCESS_CONTROL_MAX_AGE, cors::MAX_AGE))
        .finish()
}

fn add_cors(headers: &mut HeaderMap, allow_origin: Option<HeaderValue>) {
    let Some(origin) = allow_origin else { return };
    if origin != "*" {
        headers.append(VARY, HeaderValue::from_static("Origin"));
    }
    headers.insert(ACCESS_CONTROL_ALLOW_ORIGIN, origin);
    let exposed = HeaderValue::from_static(cors::EXPOSED_HEADERS);
    headers.insert(ACCESS_CONTROL_EXPOSE_HEADERS, exposed);
}

#[cfg(test)]
mod tests {
    use super::*;
    use actix_web::http::header::HeaderName;

    #[test]
    fn aliases_of_identity_headers_are_seen() {
        for (name, alias) in [
            ("x_user_id", true),
            ("x.user.id", true),
            ("x-user_name", true),
            ("x~auth~assertion", true),
            ("x-user-id", false),
            ("x_request_id", false),
        ] {
            let mut headers = HeaderMap::new();
            headers.insert(HeaderName::from_static(name), HeaderValue::from_static("1"));
            assert_eq!(has_alias(&headers), alias, "{name}");
        }
    }

    #[test]
    fn only_listed_origins_are_allowed() {
        let origin = |text| HeaderValue::from_static(text);
        let list = AllowedOrigins::parse("https://a.example, http://localhost:6274").unwrap();
        let ours = origin("https://a.example");
        assert_eq!(list.answer(Some(&ours)), Some(ours));
        assert_eq!(list.answer(Some(&origin("https://evil.example"))), None);
        assert_eq!(list.answer(None), None);
        assert_eq!(
            AllowedOrigins::parse("*").unwrap().answer(None),
            Some(origin("*"))
        );
        assert!(AllowedOrigins::parse("a.example").is_err());
    }
}
