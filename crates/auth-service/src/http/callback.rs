//! `GET /callback`: the person returns from the identity provider (RFC 6749 section 4.1.2, with us
//! as the client).

use actix_web::{HttpRequest, HttpResponse, web};
use token_core::audit::{AuditEvent, FailureReason};
use token_core::oauth_error::OAuthErrorCode;
use token_core::secret::SignInState;
use token_core::store::{ConsentRequest, PendingSignIn, SignInPurpose};

use super::error::HttpFailure;
use super::pages::Trouble;
use super::{account, browser, consent, cookies, device, response, success, witness};
use crate::flows::authorization_response::{code_url, is_out_of_band};
use crate::flows::return_path::ReturnPath;
use crate::flows::sign_in::{self, SignedIn};
use crate::flows::{Context, OAuthFailure, Parameters};
use crate::identity::{IdentityProvider, Person, UpstreamError};
use token_core::ClaimedName;

pub(super) async fn get(
    request: HttpRequest,
    context: web::Data<Context>,
) -> Result<HttpResponse, HttpFailure> {
    let IdentityProvider::Upstream(provider) = &context.identity else {
        return Err(HttpFailure::page(Trouble::NotFound));
    };
    let query = Parameters::parse(request.query_string().as_bytes());
    let (state, code) = (
        browser::once(&query, "state")?,
        browser::once(&query, "code")?,
    );
    let state = SignInState::presented(state.unwrap_or_default());
    let pending = taken(&request, &context, &state).await?;

    let Some(code) = code else {
        let failure = refusal(query.first("error"));
        return Err(not_named(&context, &pending, &failure));
    };
    let verifier = consent::upstream_verifier(&context, state.expose())?;
    let person = provider
        .identify(code, &verifier)
        .await
        .map_err(|error| not_named(&context, &pending, &upstream_failure(error)))?;
    complete(&request, &context, &state, pending, person).await
}

/// The end of a local sign-in: the same from here on.
pub(super) async fn signed_in(
    request: &HttpRequest,
    context: &Context,
    state: &SignInState,
    person: Person,
) -> Result<HttpResponse, HttpFailure> {
    let pending = taken(request, context, state).await?;
    complete(request, context, state, pending, person).await
}

async fn taken(
    request: &HttpRequest,
    context: &Context,
    state: &SignInState,
) -> Result<PendingSignIn, HttpFailure> {
    let held = cookies::browser(request, &context.issuer, &cookies::sign_in_name(state));
    let pending = sign_in::take(context, state, held.as_ref())
        .await
        .map_err(|error| browser::sign_in_failure(context, ClaimedName::new(None), &error))?;
    witness::note(request, |seen| seen.pending(&pending));
    Ok(pending)
}

async fn complete(
    http: &HttpRequest,
    context: &Context,
    state: &SignInState,
    pending: PendingSignIn,
    person: Person,
) -> Result<HttpResponse, HttpFailure> {
    let mut answer = match pending.purpose {
        SignInPurpose::Approved(request) => give(http, context, request, person).await?,
        SignInPurpose::Account => account::enter(context, &person)?,
    };
    let over = cookies::clear(&context.issuer, &cookies::sign_in_name(state));
    answer
        .add_cookie(&over)
        .map_err(|error| HttpFailure::internal(&error))?;
    Ok(answer)
}

/// Gives the client what was approved.
async fn give(
    http: &HttpRequest,
    context: &Context,
    request: ConsentRequest,
    person: Person,
) -> Result<HttpResponse, HttpFailure> {
    let client_name = browser::client_name(context, &request).await?;
    let done = sign_in::complete(context, request, person)
        .await
        .map_err(|error| browser::sign_in_failure(context, client_name.clone(), &error))?;
    if let SignedIn::Code(_, code) = &done {
        let grant = code.key().ok().map(|key| key.grant);
        witness::note(http, |seen| seen.grant = grant);
    }
    Ok(match done {
        SignedIn::Code(redirect, code) if is_out_of_band(&context.issuer, &redirect) => {
            success::redirect(context, &code, &client_name)?
        }
        SignedIn::Code(redirect, code) => {
            response::see_other(&code_url(&context.issuer, &redirect, &code))
        }
        SignedIn::Device => response::see_other(&context.issuer.endpoint(device::CONNECTED_PATH)),
    })
}

/// What an answer without a code means (RFC 6749 section 4.1.2.1).
fn refusal(error: Option<&str>) -> OAuthFailure {
    if error == Some("access_denied") {
        let denied = "the person ended the sign-in at the identity provider";
        return OAuthFailure::new(OAuthErrorCode::AccessDenied, denied);
    }
    tracing::warn!(error, "the identity provider gave no code");
    let failed = "the identity provider could not sign the person in";
    OAuthFailure::new(OAuthErrorCode::ServerError, failed)
}

fn upstream_failure(error: UpstreamError) -> OAuthFailure {
    match error {
        UpstreamError::Refused => OAuthFailure::new(
            OAuthErrorCode::AccessDenied,
            "the identity provider refused the sign-in",
        ),
        UpstreamError::Unavailable(source) => OAuthFailure {
            code: OAuthErrorCode::TemporarilyUnavailable,
            description: "the identity provider does not answer; try again in a moment",
            momentary: false,
            source: Some(source),
        },
    }
}

fn not_named(context: &Context, pending: &PendingSignIn, failure: &OAuthFailure) -> HttpFailure {
    let approved = pending.purpose.approved();
    context.record(&AuditEvent::AuthFailure {
        reason: FailureReason::IdentityProvider,
        client_id: approved.map(|request| request.client_id().clone()),
        user_id: None,
    });
    match (approved, failure.code) {
        (Some(request), _) => browser::not_given(context, &ReturnPath::from(request), failure),
        (None, OAuthErrorCode::AccessDenied) => HttpFailure::page(Trouble::NotSignedIn),
        (None, _) => HttpFailure::page_for(failure),
    }
}
