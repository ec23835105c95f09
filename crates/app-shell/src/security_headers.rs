//! The headers that the edge puts on every answer, for the mode that has no edge: one process on
//! a loopback origin. Behind Traefik they come from its configuration.

use actix_web::body::MessageBody;
use actix_web::dev::{ServiceRequest, ServiceResponse};
use actix_web::error::InternalError;
use actix_web::http::header::{HeaderMap, HeaderName, HeaderValue};
use actix_web::middleware::Next;

/// Name (in lower case) and value of each header.
///
/// There is no `Strict-Transport-Security` (plain http), no `form-action` (Chromium applies it to
/// the redirect after consent) and no `Cross-Origin-Opener-Policy`.
pub const HEADERS: [(&str, &str); 4] = [
    (
        "content-security-policy",
        "default-src 'self'; object-src 'none'; base-uri 'none'; frame-ancestors 'none'",
    ),
    ("x-content-type-options", "nosniff"),
    ("x-frame-options", "DENY"),
    ("referrer-policy", "same-origin"),
];

/// Middleware that sets [`HEADERS`] on every answer, errors of inner middleware included, as
/// Traefik does: what the service itself set under these names is replaced.
///
/// Use: `.wrap(actix_web::middleware::from_fn(security_headers::set))`.
///
/// # Errors
/// Those of the inner service, with the headers added to their response.
pub async fn set(
    request: ServiceRequest,
    next: Next<impl MessageBody>,
) -> Result<ServiceResponse<impl MessageBody>, actix_web::Error> {
    match next.call(request).await {
        Ok(mut response) => {
            add(response.headers_mut());
            Ok(response)
        }
        Err(error) => {
            let mut response = error.error_response();
            add(response.headers_mut());
            Err(InternalError::from_response(error, response).into())
        }
    }
}

fn add(headers: &mut HeaderMap) {
    for (name, value) in HEADERS {
        headers.insert(
            HeaderName::from_static(name),
            HeaderValue::from_static(value),
        );
    }
}

#[cfg(test)]
mod tests {
    use actix_web::body::{BoxBody, MessageBody};
    use actix_web::dev::{ServiceRequest, ServiceResponse};
    use actix_web::middleware::{Next, from_fn};
    use actix_web::{App, Error, HttpResponse, error, test, web};

    use super::{HEADERS, set};

    async fn frame_me() -> HttpResponse {
        HttpResponse::Ok()
            .insert_header(("x-frame-options", "SAMEORIGIN"))
            .finish()
    }

    async fn refuse(
        request: ServiceRequest,
        next: Next<impl MessageBody + 'static>,
    ) -> Result<ServiceResponse<BoxBody>, Error> {
        if request.path() == "/refused" {
            return Err(error::ErrorForbidden("refused"));
        }
        next.call(request)
            .await
            .map(ServiceResponse::map_into_boxed_body)
    }

    #[actix_web::test]
    async fn every_answer_has_each_once() {
        let app = App::new()
            .wrap(from_fn(refuse))
            .wrap(from_fn(set))
            .route("/", web::get().to(frame_me));
        let app = test::init_service(app).await;
        for (path, status) in [("/", 200), ("/missing", 404), ("/refused", 403)] {
            let request = test::TestRequest::with_uri(path).to_request();
            let response = match test::try_call_service(&app, request).await {
                Ok(response) => response.into_parts().1.map_into_boxed_body(),
                Err(error) => error.error_response(),
            };
            assert_eq!(response.status(), status);
            for (name, value) in HEADERS {
                let values: Vec<_> = response.headers().get_all(name).collect();
                assert_eq!(values, [value], "{name} of {path}");
            }
        }
    }
}
