//! `GET` and `POST /device` (RFC 8628 section 3.3): where a person types the code that a device
//! shows. The code is shown for confirmation even when it came with the address (section 3.3.1),
//! and the consent page follows.

use actix_web::http::StatusCode;
use actix_web::{HttpRequest, HttpResponse, web};
use token_core::audit::{AuditEvent, FailureReason};
use token_core::store::ConsentRequest;

use super::error::HttpFailure;
use super::pages::{DeviceDonePage, DeviceOutcome, DevicePage};
use super::{authorize, browser, response};
use crate::flows::device_authorization::{Typed, typed};
use crate::flows::user_code::UserCode;
use crate::flows::{Context, Parameters};

/// The verification URI's path.
pub(super) const PATH: &str = "/device";
/// Where a person ends who approved a device.
pub(super) const CONNECTED_PATH: &str = "/device/connected";
/// Where a person ends who refused one.
pub(super) const REFUSED_PATH: &str = "/device/refused";

pub(super) async fn get(request: HttpRequest) -> Result<HttpResponse, HttpFailure> {
    let query = Parameters::parse(request.query_string().as_bytes());
    // Only what can be a code is repeated on the page.
    let user_code = browser::once(&query, "user_code")?.and_then(UserCode::parse);
    let user_code = user_code.map(|code| code.shown()).unwrap_or_default();
    show(user_code, false)
}

pub(super) async fn post(
    request: HttpRequest,
    body: Result<web::Bytes, actix_web::Error>,
    context: web::Data<Context>,
) -> Result<HttpResponse, HttpFailure> {
    let form = browser::own_form(&request, &context, body)?;
    let user_code = browser::once(&form, "user_code")?.unwrap_or_default();
    let outcome = typed(&context, user_code)
        .await
        .map_err(|failure| HttpFailure::page_for(&failure))?;
    match outcome {
        Typed::Waiting(client, device) => {
            authorize::ask(&request, &context, &client, &ConsentRequest::Device(device))
        }
        Typed::Unknown => {
            failed(&context, FailureReason::InvalidUserCode);
            let user_code = UserCode::parse(user_code).map(|code| code.shown());
            show(user_code.unwrap_or_default(), true)
        }
        Typed::TooMany(retry_after) => {
            failed(&context, FailureReason::TooManyAttempts);
            Err(HttpFailure::too_many_codes(retry_after))
        }
    }
}

fn show(user_code: String, unknown: bool) -> Result<HttpResponse, HttpFailure> {
    response::page(StatusCode::OK, &DevicePage { user_code, unknown })
}

fn failed(context: &Context, reason: FailureReason) {
    context.record(&AuditEvent::AuthFailure {
        reason,
        client_id: None,
        user_id: None,
    });
}

pub(super) async fn connected() -> Result<HttpResponse, HttpFailure> {
    let outcome = DeviceOutcome::Connected;
    response::page(StatusCode::OK, &DeviceDonePage { outcome })
}

pub(super) async fn refused() -> Result<HttpResponse, HttpFailure> {
    let outcome = DeviceOutcome::Refused;
    response::page(StatusCode::OK, &DeviceDonePage { outcome })
}
