//! `POST /device_authorization` (RFC 8628 sections 3.1 and 3.2).

use actix_web::http::StatusCode;
use actix_web::{HttpRequest, HttpResponse, web};
use serde_json::json;

use super::error::HttpFailure;
use super::token::{authenticated, form};
use super::{device, response};
use crate::flows::errands::Patience;
use crate::flows::{Context, device_authorization};

pub(super) async fn post(
    request: HttpRequest,
    body: Result<web::Bytes, actix_web::Error>,
    context: web::Data<Context>,
) -> Result<HttpResponse, HttpFailure> {
    let form = form(&request, body)?;
    let client = authenticated(&context, &request, &form, Patience::ForThePerson).await?;
    let begun = device_authorization::authorize(&context, &client, &form).await?;
    let verification_uri = context.issuer.endpoint(device::PATH);
    let user_code = begun.user_code.shown();
    let body = json!({
        "device_code": begun.device_code.expose(),
        "user_code": user_code,
        "verification_uri": verification_uri,
        "verification_uri_complete": format!("{verification_uri}?user_code={user_code}"),
        "expires_in": begun.expires_in.0,
        "interval": begun.interval.0,
    });
    Ok(response::json(StatusCode::OK, &body))
}
