//! `POST /introspect` (RFC 7662 section 2.1).

use actix_web::http::StatusCode;
use actix_web::{HttpRequest, HttpResponse, web};

use super::error::HttpFailure;
use super::response;
use super::token::{authenticated, form};
use crate::flows::errands::Patience;
use crate::flows::{Context, introspection};

pub(super) async fn post(
    request: HttpRequest,
    body: Result<web::Bytes, actix_web::Error>,
    context: web::Data<Context>,
) -> Result<HttpResponse, HttpFailure> {
    let form = form(&request, body)?;
    let client = authenticated(&context, &request, &form, Patience::None).await?;
    let answer = introspection::introspect(&context, &client, &form).await?;
    Ok(response::json(StatusCode::OK, &answer))
}
