//! `GET /assertion-jwks`: the public keys of identity assertions, nothing else (RFC 7517).

use actix_web::http::header::CACHE_CONTROL;
use actix_web::{HttpResponse, web};

use super::AssertionKeys;

pub(super) async fn get(keys: web::Data<AssertionKeys>) -> HttpResponse {
    HttpResponse::Ok()
        .insert_header((CACHE_CONTROL, "public, max-age=60"))
        .json(keys.0.jwk_set())
}
