//! The endpoints: `/verify/NAME` for Traefik, metadata for clients, keys for services.

use std::sync::Arc;

use actix_web::middleware::from_fn;
use actix_web::web::{self, ServiceConfig};
use app_shell::cors;
use app_shell::request_log::request_log;
use app_shell::serve::get_or_head;
use app_shell::traces::Traces;
use token_core::keys::LiveKeys;

use crate::Verifier;

mod assertion_jwks;
mod protected_resource;
pub mod verify;

/// The assertion keys, whose public halves are published.
#[derive(Clone)]
pub struct AssertionKeys(pub Arc<LiveKeys>);

/// Adds the verifier's endpoints.
pub fn routes(
    verifier: Arc<Verifier>,
    keys: AssertionKeys,
    traces: Traces,
) -> impl Fn(&mut ServiceConfig) + Clone + Send + Sync {
    move |config| {
        config
            .app_data(web::Data::from(Arc::clone(&verifier)))
            .app_data(web::Data::new(keys.clone()))
            // Outside the request log: it would halve the rate (docs/architecture.md).
            .configure(|config| verify::routes(config, &verifier, &traces))
            .service(
                web::scope("")
                    .wrap(request_log())
                    .wrap(traces.requests())
                    .configure(metadata_routes)
                    .service(
                        web::resource("/assertion-jwks")
                            .route(get_or_head().to(assertion_jwks::get)),
                    ),
            );
    }
}

/// Adds the protected resource metadata alone. It needs the [`Verifier`] as app data.
pub fn metadata_routes(config: &mut ServiceConfig) {
    for path in protected_resource::PATHS {
        config.service(
            web::resource(path)
                .wrap(from_fn(cors::public))
                .route(get_or_head().to(protected_resource::get)),
        );
    }
}
