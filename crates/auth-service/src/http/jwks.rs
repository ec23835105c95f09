//! `GET /jwks` and `GET /.well-known/jwks.json`: the keys that verify access tokens (RFC 7517).

use actix_web::http::header::CACHE_CONTROL;
use actix_web::{HttpResponse, web};

use crate::flows::Context;

pub(super) const PATH: &str = "/jwks";
pub(super) const WELL_KNOWN_PATH: &str = "/.well-known/jwks.json";

/// Short enough that a cache knows an upcoming key before its first token
/// (`token_core::keys::ACTIVATION_DELAY`).
const MAX_AGE: &str = "public, max-age=15";

pub(super) async fn get(context: web::Data<Context>) -> HttpResponse {
    HttpResponse::Ok()
        .insert_header((CACHE_CONTROL, MAX_AGE))
        .json(context.keys.signing().published.jwk_set())
}
