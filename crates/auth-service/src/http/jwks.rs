//! `GET /jwks` and `GET /.well-known/jwks.json`: the keys that verify access tokens (RFC 7517).

use actix_web::http::header::CACHE_CONTROL;
use actix_web::{HttpResponse, web};

use crate::flows::Context;

pub(super) const PATHS: [&str; 2] = ["/jwks", "/.well-known/jwks.json"];

pub(super) async fn get(context: web::Data<Context>) -> HttpResponse {
    HttpResponse::Ok()
        .insert_header((CACHE_CONTROL, "public, max-age=60"))
        .json(context.keys.published.jwk_set())
}
