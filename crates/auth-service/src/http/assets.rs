//! The pages' style sheet and mark.

use actix_web::HttpResponse;
use actix_web::http::header::{CACHE_CONTROL, CONTENT_TYPE};

use super::pages::{FAVICON_SVG, GATEWAY_CSS};

/// Short, since the address carries no version.
const MAX_AGE: (actix_web::http::header::HeaderName, &str) = (CACHE_CONTROL, "public, max-age=300");

/// `GET /assets/gateway.css`
pub(super) async fn style_sheet() -> HttpResponse {
    HttpResponse::Ok()
        .insert_header(MAX_AGE)
        .insert_header((CONTENT_TYPE, "text/css; charset=utf-8"))
        .body(GATEWAY_CSS)
}

/// `GET /assets/favicon.svg`
pub(super) async fn favicon() -> HttpResponse {
    HttpResponse::Ok()
        .insert_header(MAX_AGE)
        .insert_header((CONTENT_TYPE, "image/svg+xml"))
        .body(FAVICON_SVG)
}
