//! `GET /.well-known/oauth-protected-resource` and its path form (RFC 9728 section 3).

use actix_web::http::header::HOST;
use actix_web::http::uri::Authority;
use actix_web::{HttpRequest, HttpResponse, web};
use serde_json::json;

use crate::Verifier;
use crate::protected_resource::find;

pub(super) const PATHS: [&str; 2] = [
    "/.well-known/oauth-protected-resource",
    "/.well-known/oauth-protected-resource/{path:.*}",
];

pub(super) async fn get(request: HttpRequest, verifier: web::Data<Verifier>) -> HttpResponse {
    let header = request
        .headers()
        .get(HOST)
        .and_then(|value| value.to_str().ok());
    let authority = header
        .or_else(|| request.uri().authority().map(Authority::as_str))
        .unwrap_or_default();
    match find(
        &verifier.parts.services,
        &verifier.parts.issuer,
        authority,
        request.path(),
    ) {
        Some(document) => HttpResponse::Ok().json(document),
        None => HttpResponse::NotFound().json(json!({ "error": "not_found" })),
    }
}
