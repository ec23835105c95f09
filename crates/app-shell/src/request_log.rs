//! One line for each request, when it is answered: method, path, status, request id, duration, and
//! the number of its trace, where there is one that is kept.
//!
//! Never the query: it carries authorization codes and `state` on some paths.

use std::time::{Duration, Instant};

use actix_web::body::MessageBody;
use actix_web::dev::{ServiceRequest, ServiceResponse};
use actix_web::{Error, HttpMessage as _};
use tracing::Span;
use tracing_actix_web::{RequestId, RootSpanBuilder, TracingLogger};

use crate::traces;

/// The middleware: `App::new().wrap(request_log())`, or around a scope.
///
/// Leave it off the verifier's hot path, where it costs half the rate.
pub fn request_log() -> TracingLogger<PathOnly> {
    TracingLogger::new()
}

/// The root span of a request: method, path, request id and trace.
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
            trace_id = traces::number().map(tracing::field::display),
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
                    .map(|Started(at)| milliseconds(at.elapsed()));
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

/// To the microsecond.
fn milliseconds(duration: Duration) -> f64 {
    (duration.as_secs_f64() * 1e6).round() / 1e3
}

#[cfg(test)]
mod tests {
    use actix_web::{App, HttpResponse, error, test, web};

    use super::request_log;
    use crate::captured_lines::CapturedLines;

    #[actix_web::test]
    async fn one_line_for_each_request_without_its_query() {
        let lines = CapturedLines::default();
        let subscriber = tracing_subscriber::fmt()
            .with_ansi(false)
            .with_writer(lines.clone())
            .finish();
        let _guard = tracing::subscriber::set_default(subscriber);

        let app = App::new()
            .wrap(request_log())
            .route("/callback", web::get().to(HttpResponse::NoContent))
            .route("/broken", web::get().to(|| async { broken() }));
        let app = test::init_service(app).await;
        for uri in ["/callback?code=s3cret", "/broken?state=s3cret"] {
            let request = test::TestRequest::with_uri(uri).to_request();
            test::call_service(&app, request).await;
        }

        let text = lines.text();
        let [answered, failed] = text.lines().collect::<Vec<_>>().try_into().unwrap();
        for part in [
            "INFO",
            "method=GET",
            "path=\"/callback\"",
            "status=204",
            "request_id=",
        ] {
            assert!(answered.contains(part), "{part} in {answered}");
        }
        for part in [
            "ERROR",
            "path=\"/broken\"",
            "status=500",
            "duration_ms=",
            "error=no disk",
        ] {
            assert!(failed.contains(part), "{part} in {failed}");
        }
        assert!(!text.contains("s3cret"), "{text}");
    }

    fn broken() -> Result<HttpResponse, error::Error> {
        Err(error::ErrorInternalServerError("no disk"))
    }
}
