//! Cross-origin access (Fetch standard) for endpoints that any web page may call: discovery,
//! token, registration. No credentials are ever allowed with it.

use actix_web::Error;
use actix_web::HttpResponse;
use actix_web::body::{BoxBody, MessageBody};
use actix_web::dev::{ServiceRequest, ServiceResponse};
use actix_web::http::Method;
use actix_web::http::header::{
    ACCESS_CONTROL_ALLOW_HEADERS, ACCESS_CONTROL_ALLOW_METHODS, ACCESS_CONTROL_ALLOW_ORIGIN,
    ACCESS_CONTROL_EXPOSE_HEADERS, ACCESS_CONTROL_MAX_AGE, ACCESS_CONTROL_REQUEST_METHOD,
    HeaderMap, HeaderValue,
};
use actix_web::middleware::Next;

/// Request headers that MCP clients in a browser send. `*` admits `Mcp-Param-*`; `Authorization`
/// must be named beside it (Fetch standard, section 4.9).
pub const ALLOWED_HEADERS: &str = "Authorization, Content-Type, Accept, MCP-Protocol-Version, \
     Mcp-Session-Id, Mcp-Method, Mcp-Name, Last-Event-ID, *";
/// Response headers that they read.
pub const EXPOSED_HEADERS: &str = "WWW-Authenticate, Mcp-Session-Id, MCP-Protocol-Version";
/// Methods of the MCP transport and of the OAuth endpoints.
pub const ALLOWED_METHODS: &str = "GET, POST, PUT, DELETE, OPTIONS";
/// How long a browser may remember a preflight, in seconds.
pub const MAX_AGE: &str = "600";

/// Middleware for a resource that any origin may read: answers preflights, and adds
/// `Access-Control-Allow-Origin: *` to every other answer.
///
/// # Errors
/// None of its own.
pub async fn public<B: MessageBody + 'static>(
    request: ServiceRequest,
    next: Next<B>,
) -> Result<ServiceResponse<BoxBody>, Error> {
    if is_preflight(&request) {
        let mut answer = HttpResponse::NoContent().finish();
        let headers = answer.headers_mut();
        headers.insert(
            ACCESS_CONTROL_ALLOW_METHODS,
            HeaderValue::from_static(ALLOWED_METHODS),
        );
        headers.insert(
            ACCESS_CONTROL_ALLOW_HEADERS,
            HeaderValue::from_static(ALLOWED_HEADERS),
        );
        headers.insert(ACCESS_CONTROL_MAX_AGE, HeaderValue::from_static(MAX_AGE));
        allow_any(headers);
        return Ok(request.into_response(answer));
    }
    let mut answer = next.call(request).await?.map_into_boxed_body();
    allow_any(answer.headers_mut());
    Ok(answer)
}

/// Whether a request is a preflight: `OPTIONS` with `Access-Control-Request-Method`.
pub fn is_preflight(request: &ServiceRequest) -> bool {
    request.method() == Method::OPTIONS
        && request
            .headers()
            .contains_key(ACCESS_CONTROL_REQUEST_METHOD)
}

fn allow_any(headers: &mut HeaderMap) {
    headers.insert(ACCESS_CONTROL_ALLOW_ORIGIN, HeaderValue::from_static("*"));
    headers.insert(
        ACCESS_CONTROL_EXPOSE_HEADERS,
        HeaderValue::from_static(EXPOSED_HEADERS),
    );
}

#[cfg(test)]
mod tests {
    use actix_web::middleware::from_fn;
    use actix_web::{App, HttpResponse, test, web};

    use super::public;

    #[actix_web::test]
    async fn any_origin_may_ask_and_read_even_an_error() {
        let resource = web::resource("/x")
            .wrap(from_fn(public))
            .route(web::post().to(HttpResponse::BadRequest));
        let app = test::init_service(App::new().service(resource)).await;
        let preflight = test::TestRequest::with_uri("/x")
            .method(actix_web::http::Method::OPTIONS)
            .insert_header(("Origin", "https://a.example"))
            .insert_header(("Access-Control-Request-Method", "POST"))
            .to_request();
        let answer = test::call_service(&app, preflight).await;
        assert_eq!(answer.status(), 204);
        assert_eq!(
            answer.headers().get("access-control-allow-origin").unwrap(),
            "*"
        );
        let allowed = answer
            .headers()
            .get("access-control-allow-headers")
            .unwrap();
        assert!(allowed.to_str().unwrap().contains("MCP-Protocol-Version"));

        let post = test::TestRequest::post().uri("/x").to_request();
        let answer = test::call_service(&app, post).await;
        assert_eq!(answer.status(), 400);
        assert_eq!(
            answer.headers().get("access-control-allow-origin").unwrap(),
            "*"
        );
        assert!(
            answer
                .headers()
                .get("access-control-allow-credentials")
                .is_none()
        );
    }
}
