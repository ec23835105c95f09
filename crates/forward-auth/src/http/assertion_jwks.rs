//! `GET /assertion-jwks`: the public keys of identity assertions, nothing else (RFC 7517).

use actix_web::http::header::CACHE_CONTROL;
use actix_web::{HttpResponse, web};

use super::AssertionKeys;

/// Short enough that a cache knows an upcoming key before its first assertion
/// (`token_core::keys::ACTIVATION_DELAY`).
const MAX_AGE: &str = "public, max-age=15";

pub(super) async fn get(keys: web::Data<AssertionKeys>) -> HttpResponse {
    HttpResponse::Ok()
        .insert_header((CACHE_CONTROL, MAX_AGE))
        .json(keys.0.signing().published.jwk_set())
}
