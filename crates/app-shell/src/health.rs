//! `/health` (the process answers) and `/ready` (it can do its work).

use std::sync::Arc;
use std::time::Duration;

use actix_web::web::{self, ServiceConfig};
use actix_web::{HttpRequest, HttpResponse, Responder};
use async_trait::async_trait;
use serde_json::json;

use crate::serve::Life;

/// A probe gives up soon; an answer after that is no answer.
const CHECK_LIMIT: Duration = Duration::from_secs(2);

/// Whether a service can do its work now.
#[async_trait]
pub trait Ready: Send + Sync {
    /// `Ok`, or what the service is waiting for, in words fit for anyone (`"redis"`).
    ///
    /// It is cut off after two seconds.
    ///
    /// # Errors
    /// What the service is waiting for.
    async fn check(&self) -> Result<(), &'static str>;
}

/// A service that waits for nothing.
#[derive(Debug)]
pub struct AlwaysReady;

#[async_trait]
impl Ready for AlwaysReady {
    async fn check(&self) -> Result<(), &'static str> {
        Ok(())
    }
}

/// Adds `GET` and `HEAD` of `/health` (200) and `/ready` (200, or 503 and what is waited for; 503
/// too from when the process is asked to stop).
pub fn routes(config: &mut ServiceConfig, ready: Arc<dyn Ready>) {
    let answer_ready = move |request: HttpRequest| answer_ready(request, Arc::clone(&ready));
    config
        .service(
            web::resource("/health")
                .route(web::get().to(answer_health))
                .route(web::head().to(answer_health)),
        )
        .service(
            web::resource("/ready")
                .route(web::get().to(answer_ready.clone()))
                .route(web::head().to(answer_ready)),
        );
}

async fn answer_health() -> impl Responder {
    HttpResponse::Ok().json(json!({ "status": "ok" }))
}

async fn answer_ready(request: HttpRequest, ready: Arc<dyn Ready>) -> impl Responder {
    let ready = if request.app_data::<Life>().is_some_and(Life::is_leaving) {
        Err("the end: it was asked to stop")
    } else {
        let check = tokio::time::timeout(CHECK_LIMIT, ready.check()).await;
        check.unwrap_or(Err("an answer in time"))
    };
    match ready {
        Ok(()) => HttpResponse::Ok().json(json!({ "status": "ok" })),
        Err(waiting_for) => HttpResponse::ServiceUnavailable()
            .json(json!({ "status": "unavailable", "waiting_for": waiting_for })),
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use actix_web::http::Method;
    use actix_web::{App, test};
    use async_trait::async_trait;
    use serde_json::{Value, json};

    use super::{AlwaysReady, Ready, routes};

    struct WaitsForRedis;

    #[async_trait]
    impl Ready for WaitsForRedis {
        async fn check(&self) -> Result<(), &'static str> {
            Err("redis")
        }
    }

    async fn ask(ready: Arc<dyn Ready>, method: Method, path: &str) -> (u16, Value) {
        let app = test::init_service(App::new().configure(|config| routes(config, ready))).await;
        let request = test::TestRequest::with_uri(path)
            .method(method)
            .to_request();
        let response = test::call_service(&app, request).await;
        (
            response.status().as_u16(),
            test::read_body_json(response).await,
        )
    }

    #[actix_web::test]
    async fn says_what_it_waits_for() {
        for method in [Method::GET, Method::HEAD] {
            assert_eq!(
                ask(Arc::new(WaitsForRedis), method, "/ready").await,
                (
                    503,
                    json!({ "status": "unavailable", "waiting_for": "redis" })
                )
            );
        }
    }

    #[actix_web::test]
    async fn health_does_not_depend_on_readiness() {
        for method in [Method::GET, Method::HEAD] {
            assert_eq!(
                ask(Arc::new(WaitsForRedis), method, "/health").await,
                (200, json!({ "status": "ok" }))
            );
        }
    }

    #[actix_web::test]
    async fn ready_when_nothing_is_waited_for() {
        assert_eq!(
            ask(Arc::new(AlwaysReady), Method::GET, "/ready").await,
            (200, json!({ "status": "ok" }))
        );
    }
}
