//! `GET /success`: for clients whose redirect URI is this page, since they cannot receive one. It
//! shows only what the browser's own session holds, never what stands in the address.

use actix_web::http::StatusCode;
use actix_web::{HttpRequest, HttpResponse, web};
use serde::{Deserialize, Serialize};
use token_core::Timestamp;
use token_core::secret::AuthorizationCode;

use super::error::HttpFailure;
use super::pages::{CodeToCopy, SuccessPage};
use super::{cookies, response};
use crate::flows::Context;
use token_core::ClaimedName;

#[derive(Serialize, Deserialize)]
struct Held {
    code: String,
    client_name: String,
    expires_at: Timestamp,
}

/// Hands the code to the browser, sealed in a cookie, and goes to the page.
pub(super) fn redirect(
    context: &Context,
    code: &AuthorizationCode,
    client_name: &ClaimedName,
) -> Result<HttpResponse, HttpFailure> {
    let lifetime = context.lifetimes.code;
    let held = Held {
        code: code.expose().to_owned(),
        client_name: client_name.to_string(),
        expires_at: context.now().plus(lifetime),
    };
    let sealed = context
        .sealing
        .success
        .seal(&held, context.entropy.as_ref())
        .map_err(|error| HttpFailure::internal(&error))?;
    let mut answer = response::see_other(&context.issuer.endpoint("/success"));
    let cookie = cookies::set(&context.issuer, cookies::SUCCESS, &sealed, lifetime);
    answer
        .add_cookie(&cookie)
        .map_err(|error| HttpFailure::internal(&error))?;
    Ok(answer)
}

pub(super) async fn get(
    request: HttpRequest,
    context: web::Data<Context>,
) -> Result<HttpResponse, HttpFailure> {
    let now = context.now();
    let held = cookies::get(&request, &context.issuer, cookies::SUCCESS)
        .and_then(|sealed| context.sealing.success.open::<Held>(&sealed).ok())
        .filter(|held| !held.expires_at.has_passed(now));
    let code = held.map(|held| CodeToCopy {
        code: held.code,
        client_name: ClaimedName::new(Some(&held.client_name)),
        valid_minutes: held.expires_at.remaining(now).0.div_ceil(60),
    });
    response::page(StatusCode::OK, &SuccessPage { code })
}
