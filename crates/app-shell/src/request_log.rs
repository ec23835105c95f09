//! One line for each request, when it is answered: method, path, status, request id, duration.
//!
//! Never the query: it carries authorization codes and `state` on some paths.

use std::time::Instant;

use actix_web::body::MessageBody;
use actix_web::dev::{ServiceRequest, ServiceResponse};
use actix_web::{Error, HttpMessage as _};
use tracing::Span;
use tracing_actix_web::{RequestId, RootSpanBuilder, TracingLogger};

/// The middleware: `App::new().wrap(request_log())`, or around a scope.
///
/// Leave it off the verifier's hot path, where it costs half the rate.
pub fn request_log() -> TracingLogger<PathOnly> {
    TracingLogger::new()
}

/// The root span of a request: method, path and request id.
#[derive(Debug)]
pub struct PathOnly;

struct Started(Instant);

impl RootSpanBuilder for PathOnly {
    fn on_request_start(request: &ServiceRequest) -> Span {
        request.extensions_mut().insert(Started(Instant::now()));
        let extensions = request.extensions();
        tracing::info_span!(
            "request",
            method = %request.method(),
            path = request.path(),
            request_id = extensions.get::<RequestId>().map(tracing::field::display),
        )
    }

    fn on_request_end<B: MessageBody>(_: Span, outcome: &Result<ServiceResponse<B>, Error>) {
        // The span is entered: its fields are part of these lines.
        match outcome {
            Ok(response) => {
                let status = response.status();
                let duration_ms = response
                    .request()
                    .extensions()
                    .get::<Started>()
                    .map(|Started(at)| at.elapsed().as_secs_f64() * 1000.0);
                match response
                    .response()
                    .error()
                    .filter(|_| status.is_server_error())
                {
                    None => tracing::info!(status = status.as_u16(), duration_ms, "answered"),
                    Some(error) => {
                        tracing::error!(status = status.as_u16(), duration_ms, %error, "failed");
                    }
                }
            }
            // An inner middleware ended the request; its response is made further out.
            Err(error) => {
                let status = error.as_response_error().status_code();
                if status.is_server_error() {
                    tracing::error!(status = status.as_u16(), %error, "failed");
                } else {
                    tracing::info!(status = status.as_u16(), "refused");
                }
            }
        }
    }
}
