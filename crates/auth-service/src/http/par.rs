//! `POST /par` (RFC 9126 section 2).

use actix_web::http::StatusCode;
use actix_web::{HttpRequest, HttpResponse, web};
use serde_json::json;

use super::error::HttpFailure;
use super::response;
use super::token::{authenticated, form};
use crate::flows::errands::Patience;
use crate::flows::{Context, pushed_authorization_request};

pub(super) async fn post(
    request: HttpRequest,
    body: Result<web::Bytes, actix_web::Error>,
    context: web::Data<Context>,
) -> Result<HttpResponse, HttpFailure> {
    let form = form(&request, body)?;
    let client = authenticated(&context, &request, &form, Patience::ForThePerson).await?;
    let pushed = pushed_authorization_request::push(&context, &client, &form).await?;
    let body = json!({
        "request_uri": pushed.request_uri,
        "expires_in": pushed.expires_in.0,
    });
    Ok(response::json(StatusCode::CREATED, &body))
}
