//! `GET /openapi.json`: every endpoint of this server, as `OpenAPI` 3.1 describes them.

use actix_web::HttpResponse;
use actix_web::http::header::CACHE_CONTROL;

pub(super) const PATH: &str = "/openapi.json";

const DOCUMENT: &str = include_str!("../../assets/openapi.json");

pub(super) async fn get() -> HttpResponse {
    HttpResponse::Ok()
        .insert_header((CACHE_CONTROL, "public, max-age=300"))
        .content_type("application/json")
        .body(DOCUMENT)
}
