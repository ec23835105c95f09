//! The table: path, method, handler.

use std::sync::Arc;

use actix_web::middleware::from_fn;
use actix_web::web::{self, ServiceConfig};
use app_shell::cors;
use app_shell::serve::get_or_head;

use super::{
    assets, authorize, callback, consent, device, device_authorization, error, index, introspect,
    jwks, metadata, openapi, par, register, register_management, revoke, sign_in, success, token,
};
use crate::flows::Context;

/// Bodies are forms and client metadata; nothing larger is read (contract, "Errors").
const MAX_BODY_BYTES: usize = 64 * 1024;

/// Adds the authorization server's endpoints.
pub fn routes(context: Arc<Context>) -> impl Fn(&mut ServiceConfig) + Send + Sync + Clone {
    move |config| {
        config
            .app_data(web::Data::from(Arc::clone(&context)))
            .app_data(web::PayloadConfig::new(MAX_BODY_BYTES))
            .configure(discovery)
            .configure(for_clients)
            .configure(for_people)
            .default_service(web::to(error::not_found));
    }
}

/// What any web page may read.
fn discovery(config: &mut ServiceConfig) {
    for path in [metadata::OAUTH_PATH, metadata::OAUTH_PATH_WITH_SUFFIX] {
        let resource = web::resource(path).wrap(from_fn(cors::public));
        config.service(resource.route(get_or_head().to(metadata::oauth)));
    }
    let openid = web::resource(metadata::OPENID_PATH).wrap(from_fn(cors::public));
    config.service(openid.route(get_or_head().to(metadata::openid)));
    for path in jwks::PATHS {
        let resource = web::resource(path).wrap(from_fn(cors::public));
        config.service(resource.route(get_or_head().to(jwks::get)));
    }
    let document = web::resource(openapi::PATH).wrap(from_fn(cors::public));
    config.service(document.route(get_or_head().to(openapi::get)));
    // Clients try every well-known name there is: a plain 404 sends them on.
    let others = web::resource("/.well-known/{name:.*}").wrap(from_fn(cors::public));
    config.service(others.to(error::not_found_plain));
}

/// What clients post to, from a browser too.
fn for_clients(config: &mut ServiceConfig) {
    let resource = |path| web::resource(path).wrap(from_fn(cors::public));
    config
        .service(resource("/register").route(web::post().to(register::post)))
        .service(
            resource("/register/{client_id}")
                .route(web::get().to(register_management::get))
                .route(web::put().to(register_management::put))
                .route(web::delete().to(register_management::delete)),
        )
        .service(resource("/token").route(web::post().to(token::post)))
        .service(resource("/revoke").route(web::post().to(revoke::post)))
        .service(resource("/par").route(web::post().to(par::post)))
        .service(
            resource("/device_authorization").route(web::post().to(device_authorization::post)),
        )
        .service(resource("/introspect").route(web::post().to(introspect::post)));
}

/// What a person sees. No other origin may read any of it.
fn for_people(config: &mut ServiceConfig) {
    config
        .service(web::resource("/").route(get_or_head().to(index::get)))
        .service(web::resource("/authorize").route(web::get().to(authorize::get)))
        .service(
            web::resource("/consent")
                .route(web::get().to(consent::get))
                .route(web::post().to(consent::post)),
        )
        .service(
            web::resource("/sign-in")
                .route(web::get().to(sign_in::get))
                .route(web::post().to(sign_in::post)),
        )
        .service(
            web::resource(device::PATH)
                .route(web::get().to(device::get))
                .route(web::post().to(device::post)),
        )
        .service(web::resource(device::CONNECTED_PATH).route(web::get().to(device::connected)))
        .service(web::resource(device::REFUSED_PATH).route(web::get().to(device::refused)))
        .service(web::resource("/callback").route(web::get().to(callback::get)))
        .service(web::resource("/success").route(web::get().to(success::get)))
        .service(web::resource("/error").route(web::get().to(error::get)))
        .service(web::resource("/assets/gateway.css").route(get_or_head().to(assets::style_sheet)))
        .service(web::resource("/assets/favicon.svg").route(get_or_head().to(assets::favicon)))
        .service(web::resource("/favicon.ico").route(get_or_head().to(assets::favicon)));
}
