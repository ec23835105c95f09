//! `GET`, `PUT` and `DELETE /register/{client_id}` (RFC 7592 section 2), by the registration access
//! token (RFC 6750 section 2.1).

use actix_web::http::StatusCode;
use actix_web::http::header::AUTHORIZATION;
use actix_web::{HttpRequest, HttpResponse, web};
use token_core::secret::RegistrationToken;

use super::error::HttpFailure;
use super::register::answer;
use crate::flows::registration_management::{Managed, managed};
use crate::flows::{Context, OAuthFailure};

pub(super) async fn get(
    request: HttpRequest,
    client_id: web::Path<String>,
    context: web::Data<Context>,
) -> Result<HttpResponse, HttpFailure> {
    let managed = of(&context, &client_id, &request).await?;
    answer(&context, StatusCode::OK, &managed.read())
}

pub(super) async fn put(
    request: HttpRequest,
    client_id: web::Path<String>,
    body: Result<web::Bytes, actix_web::Error>,
    context: web::Data<Context>,
) -> Result<HttpResponse, HttpFailure> {
    let managed = of(&context, &client_id, &request).await?;
    let body = body.map_err(|_| OAuthFailure::invalid_request("the body is larger than 64 KiB"))?;
    let registered = managed.replace(&context, &body).await?;
    answer(&context, StatusCode::OK, &registered)
}

pub(super) async fn delete(
    request: HttpRequest,
    client_id: web::Path<String>,
    context: web::Data<Context>,
) -> Result<HttpResponse, HttpFailure> {
    let managed = of(&context, &client_id, &request).await?;
    managed.delete(&context).await?;
    Ok(HttpResponse::NoContent().finish())
}

async fn of(
    context: &Context,
    client_id: &str,
    request: &HttpRequest,
) -> Result<Managed, OAuthFailure> {
    managed(context, client_id, bearer(request)).await
}

/// The one Bearer token of the request.
fn bearer(request: &HttpRequest) -> Option<RegistrationToken> {
    let mut headers = request.headers().get_all(AUTHORIZATION);
    let (Some(header), None) = (headers.next(), headers.next()) else {
        return None;
    };
    let (scheme, token) = header.to_str().ok()?.split_once(' ')?;
    scheme
        .eq_ignore_ascii_case("bearer")
        .then(|| RegistrationToken::presented(token.trim()))
}
