//! `POST /revoke` (RFC 7009 section 2).

use actix_web::{HttpRequest, HttpResponse, web};

use super::error::HttpFailure;
use super::token::{authenticated, form};
use crate::flows::errands::Patience;
use crate::flows::{Context, revocation};

pub(super) async fn post(
    request: HttpRequest,
    body: Result<web::Bytes, actix_web::Error>,
    context: web::Data<Context>,
) -> Result<HttpResponse, HttpFailure> {
    let form = form(&request, body)?;
    let client = authenticated(&context, &request, &form, Patience::None).await?;
    revocation::revoke(&context, &client, &form).await?;
    Ok(HttpResponse::Ok().finish())
}
