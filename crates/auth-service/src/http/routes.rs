//! The table: path, methods, handlers.

use std::sync::Arc;

use actix_web::middleware::from_fn;
use actix_web::web::{self, ServiceConfig, delete, get, post, put};
use actix_web::{Resource, Route};
use app_shell::cors;
use app_shell::serve::get_or_head;

use super::{
    account, assets, authorize, callback, consent, device, device_authorization, error, index,
    introspect, jwks, metadata, openapi, par, register, register_management, revoke, sign_in,
    success, token, witness,
};
use crate::flows::Context;

/// Bodies are forms and client metadata; nothing larger is read (contract, "Errors").
const MAX_BODY_BYTES: usize = 64 * 1024;

/// A path and what answers its methods. Any other method is told which there are (405, `Allow`).
type Endpoint = (&'static str, Vec<Route>);

/// Adds the authorization server's endpoints.
pub fn routes(context: Arc<Context>) -> impl Fn(&mut ServiceConfig) + Send + Sync + Clone {
    move |config| {
        config
            .app_data(web::Data::from(Arc::clone(&context)))
            .app_data(web::PayloadConfig::new(MAX_BODY_BYTES));
        for endpoint in for_clients().into_iter().chain(discovery()) {
            let resource = resource(endpoint).wrap(from_fn(witness::watch));
            config.service(resource.wrap(from_fn(cors::public)));
        }
        for endpoint in for_people() {
            config.service(resource(endpoint).wrap(from_fn(witness::watch)));
        }
        // Clients try every well-known name there is: a plain 404 sends them on.
        let others = web::resource("/.well-known/{name:.*}").wrap(from_fn(cors::public));
        config
            .service(others.to(error::not_found_plain))
            .default_service(web::to(error::not_found));
    }
}

/// The pattern of every path that is served.
pub fn paths() -> impl Iterator<Item = &'static str> {
    let table = discovery()
        .into_iter()
        .chain(for_clients())
        .chain(for_people());
    table.map(|(path, _)| path)
}

fn resource((path, routes): Endpoint) -> Resource {
    routes
        .into_iter()
        .fold(web::resource(path), Resource::route)
}

/// What any web page may read.
fn discovery() -> Vec<Endpoint> {
    vec![
        (
            metadata::OAUTH_PATH,
            vec![get_or_head().to(metadata::oauth)],
        ),
        (
            metadata::OAUTH_PATH_WITH_SUFFIX,
            vec![get_or_head().to(metadata::oauth)],
        ),
        (
            metadata::OPENID_PATH,
            vec![get_or_head().to(metadata::openid)],
        ),
        (jwks::PATH, vec![get_or_head().to(jwks::get)]),
        (jwks::WELL_KNOWN_PATH, vec![get_or_head().to(jwks::get)]),
        (openapi::PATH, vec![get_or_head().to(openapi::get)]),
    ]
}

/// What clients post to, from a browser too. Paths are tried in this order: what is asked for most
/// comes first.
fn for_clients() -> Vec<Endpoint> {
    vec![
        ("/token", vec![post().to(token::post)]),
        ("/register", vec![post().to(register::post)]),
        ("/revoke", vec![post().to(revoke::post)]),
        ("/introspect", vec![post().to(introspect::post)]),
        ("/par", vec![post().to(par::post)]),
        (
            "/device_authorization",
            vec![post().to(device_authorization::post)],
        ),
        (
            "/register/{client_id}",
            vec![
                get().to(register_management::get),
                put().to(register_management::put),
                delete().to(register_management::delete),
            ],
        ),
    ]
}

/// What a person sees. No other origin may read any of it.
fn for_people() -> Vec<Endpoint> {
    vec![
        ("/", vec![get_or_head().to(index::get)]),
        ("/authorize", vec![get().to(authorize::get)]),
        (
            "/consent",
            vec![get().to(consent::get), post().to(consent::post)],
        ),
        (
            "/sign-in",
            vec![get().to(sign_in::get), post().to(sign_in::post)],
        ),
        (
            device::PATH,
            vec![get().to(device::get), post().to(device::post)],
        ),
        (device::CONNECTED_PATH, vec![get().to(device::connected)]),
        (device::REFUSED_PATH, vec![get().to(device::refused)]),
        (account::PATH, vec![get().to(account::get)]),
        (
            account::SIGN_IN_PATH,
            vec![post().to(account::post_sign_in)],
        ),
        (account::END_PATH, vec![post().to(account::post_end)]),
        (
            account::END_ALL_PATH,
            vec![post().to(account::post_end_all)],
        ),
        (
            account::SIGN_OUT_PATH,
            vec![post().to(account::post_sign_out)],
        ),
        ("/callback", vec![get().to(callback::get)]),
        ("/success", vec![get().to(success::get)]),
        ("/error", vec![get().to(error::get)]),
        (
            "/assets/gateway.css",
            vec![get_or_head().to(assets::style_sheet)],
        ),
        (
            "/assets/favicon.svg",
            vec![get_or_head().to(assets::favicon)],
        ),
        ("/favicon.ico", vec![get_or_head().to(assets::favicon)]),
    ]
}
