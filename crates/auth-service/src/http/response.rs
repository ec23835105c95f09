//! The shapes of an answer: a page, a redirect, JSON.

use actix_web::HttpResponse;
use actix_web::http::StatusCode;
use actix_web::http::header::{CACHE_CONTROL, CONTENT_TYPE, LOCATION, PRAGMA};
use askama::Template;
use serde::Serialize;

use super::error::HttpFailure;

/// A page. None is cached: each belongs to one moment of one person.
pub(super) fn page(status: StatusCode, page: &impl Template) -> Result<HttpResponse, HttpFailure> {
    let html = page
        .render()
        .map_err(|error| HttpFailure::internal(&error))?;
    Ok(HttpResponse::build(status)
        .insert_header((CACHE_CONTROL, "no-store"))
        .insert_header((CONTENT_TYPE, "text/html; charset=utf-8"))
        .body(html))
}

/// A redirect after a form or within a flow: the next request is a GET (RFC 9700 section 4.12).
pub(super) fn see_other(url: &str) -> HttpResponse {
    HttpResponse::SeeOther()
        .insert_header((CACHE_CONTROL, "no-store"))
        .insert_header((LOCATION, url))
        .finish()
}

/// JSON that must not be kept (RFC 6749 section 5.1).
pub(super) fn json(status: StatusCode, body: &impl Serialize) -> HttpResponse {
    HttpResponse::build(status)
        .insert_header((CACHE_CONTROL, "no-store"))
        .insert_header((PRAGMA, "no-cache"))
        .json(body)
}
