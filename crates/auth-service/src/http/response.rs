//! The shapes of an answer: a page, a redirect, JSON.

use actix_web::HttpResponse;
use actix_web::error::JsonPayloadError;
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
    /// A token response has room in as many bytes.
    const TYPICAL: usize = 1536;
    let mut json = Vec::with_capacity(TYPICAL);
    if let Err(error) = serde_json::to_writer(&mut json, body) {
        return HttpResponse::from_error(JsonPayloadError::Serialize(error));
    }
    HttpResponse::build(status)
        .insert_header((CACHE_CONTROL, "no-store"))
        .insert_header((PRAGMA, "no-cache"))
        .insert_header((CONTENT_TYPE, "application/json"))
        .body(json)
}
