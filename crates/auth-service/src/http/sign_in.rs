//! `GET` and `POST /sign-in`: the local identity provider's page.

use actix_web::http::StatusCode;
use actix_web::{HttpRequest, HttpResponse, web};
use token_core::audit::{AuditEvent, FailureReason};
use token_core::secret::SignInState;
use token_core::store::PendingSignIn;

use super::error::HttpFailure;
use super::pages::{SignInFor, SignInPage, Trouble};
use super::{browser, callback, cookies, response, witness};
use crate::flows::sign_in::{SignInError, pending};
use crate::flows::{Context, Parameters};
use crate::identity::IdentityProvider;
use crate::identity::local::PassphraseOutcome;

pub(super) async fn get(
    request: HttpRequest,
    context: web::Data<Context>,
) -> Result<HttpResponse, HttpFailure> {
    if !matches!(context.identity, IdentityProvider::Local(_)) {
        return Err(HttpFailure::page(Trouble::NotFound));
    }
    let query = Parameters::parse(request.query_string().as_bytes());
    let (state, pending) = waiting(&request, &context, &query).await?;
    show(&context, &state, &pending, None).await
}

pub(super) async fn post(
    request: HttpRequest,
    body: Result<web::Bytes, actix_web::Error>,
    context: web::Data<Context>,
) -> Result<HttpResponse, HttpFailure> {
    let IdentityProvider::Local(provider) = &context.identity else {
        return Err(HttpFailure::page(Trouble::NotFound));
    };
    let form = browser::own_form(&request, &context, body)?;
    let (state, pending) = waiting(&request, &context, &form).await?;
    let passphrase = browser::once(&form, "passphrase")?.unwrap_or_default();
    let passphrase = passphrase.to_owned();
    let outcome = provider.check(passphrase, context.now()).await;
    match outcome.map_err(|error| HttpFailure::internal(&error))? {
        PassphraseOutcome::Correct(person) => {
            callback::signed_in(&request, &context, &state, person).await
        }
        PassphraseOutcome::Wrong { attempts_left } => {
            failed(&context, &pending, FailureReason::WrongPassphrase);
            witness::note(&request, |seen| {
                seen.pending(&pending);
                seen.again = Some("wrong_passphrase");
            });
            show(&context, &state, &pending, Some(attempts_left)).await
        }
        PassphraseOutcome::TooMany { retry_after } => {
            failed(&context, &pending, FailureReason::TooManyAttempts);
            witness::note(&request, |seen| seen.pending(&pending));
            Err(HttpFailure::too_many_attempts(retry_after))
        }
    }
}

/// The sign-in of this browser that the request names.
async fn waiting(
    request: &HttpRequest,
    context: &Context,
    parameters: &Parameters,
) -> Result<(SignInState, PendingSignIn), HttpFailure> {
    let state = browser::once(parameters, "state")?.unwrap_or_default();
    let state = SignInState::presented(state);
    let held = cookies::browser(request, &context.issuer, &cookies::sign_in_name(&state));
    match pending(context, &state, held.as_ref()).await {
        Ok(pending) => Ok((state, pending)),
        Err(SignInError::Failed(failure)) => Err(HttpFailure::page_for(&failure)),
        Err(_) => Err(HttpFailure::page(Trouble::Expired)),
    }
}

async fn show(
    context: &Context,
    state: &SignInState,
    pending: &PendingSignIn,
    attempts_left: Option<u32>,
) -> Result<HttpResponse, HttpFailure> {
    let purpose = match pending.purpose.approved() {
        Some(request) => SignInFor::Approved {
            client_name: browser::client_name(context, request).await?,
            service_name: browser::service_name(context, request.resource()),
        },
        None => SignInFor::Account,
    };
    let page = SignInPage {
        purpose,
        state: state.expose().to_owned(),
        attempts_left,
    };
    response::page(StatusCode::OK, &page)
}

fn failed(context: &Context, pending: &PendingSignIn, reason: FailureReason) {
    let approved = pending.purpose.approved();
    let client_id = approved.map(|request| request.client_id().clone());
    context.record(&AuditEvent::AuthFailure {
        reason,
        client_id,
        user_id: None,
    });
}
