//! From a completed sign-in to an authorization code (RFC 6749 sections 4.1.2 and 10.12), or to an
//! approved device (RFC 8628 section 3.3): `state` must be ours, unused, in time and this
//! browser's; the person must be admitted.

use token_core::GrantId;
use token_core::audit::{AuditEvent, FailureReason, Reference};
use token_core::oauth_error::OAuthErrorCode;
use token_core::secret::{AuthorizationCode, BrowserBinding, SignInState};
use token_core::store::{
    AuthorizationRequest, CodeRecord, ConsentRequest, DeviceRequest, Grant, PendingSignIn,
    SignInPurpose,
};

use super::authorization_request::TrustedRedirect;
use super::return_path::ReturnPath;
use super::{Context, OAuthFailure, clients, device_authorization};
use crate::identity::Person;

/// Why a sign-in cannot go on.
#[derive(Debug, thiserror::Error)]
pub enum SignInError {
    /// `state` is unknown, used, expired, or another browser's: a page, since nothing tells whose
    /// redirect URI it would be.
    #[error("the sign-in is over or belongs to another browser")]
    UnknownState,
    /// The person is not on the allow-list: a page that says so, with a way back.
    #[error("the person is not admitted")]
    NotAdmitted(Box<ReturnPath>, Box<Person>),
    /// Everything else goes back to the client.
    #[error("the sign-in failed")]
    Refused(Box<ReturnPath>, #[source] OAuthFailure),
    /// Our fault or the store's, before the redirect is known.
    #[error("the sign-in could not be looked up")]
    Failed(#[source] OAuthFailure),
}

/// A sign-in that was begun.
pub struct SignIn {
    /// `state` towards the identity provider.
    pub state: SignInState,
    /// What the browser is to hold until it comes back.
    pub browser: BrowserBinding,
}

/// Begins one: `state` is made and stored only now, when the person has asked for it.
/// `flow` is the login that it belongs to.
pub async fn begin(
    context: &Context,
    purpose: SignInPurpose,
    flow: Option<Reference>,
) -> Result<SignIn, OAuthFailure> {
    let state = SignInState::generate(context.entropy.as_ref())?;
    let browser = BrowserBinding::generate(context.entropy.as_ref())?;
    let pending = PendingSignIn {
        purpose,
        browser: browser.hash(),
        expires_at: context.now().plus(context.lifetimes.state),
        flow,
    };
    context
        .store
        .put_sign_in(&state.hash(), &pending, context.now())
        .await?;
    Ok(SignIn { state, browser })
}

/// A sign-in that ended well.
pub enum SignedIn {
    /// The browser takes the code to the client.
    Code(TrustedRedirect, AuthorizationCode),
    /// The device gets its tokens when it asks next.
    Device,
}

/// Looks at a sign-in of this browser without ending it.
pub async fn pending(
    context: &Context,
    state: &SignInState,
    browser: Option<&BrowserBinding>,
) -> Result<PendingSignIn, SignInError> {
    let pending = context
        .store
        .sign_in(&state.hash(), context.now())
        .await
        .map_err(|error| SignInError::Failed(error.into()))?;
    of_this_browser(context, pending, browser)
}

/// Takes a sign-in of this browser out of the store: it can be completed once.
pub async fn take(
    context: &Context,
    state: &SignInState,
    browser: Option<&BrowserBinding>,
) -> Result<PendingSignIn, SignInError> {
    // Looked at first: a stranger who has the state but not the cookie cannot use it up.
    pending(context, state, browser).await?;
    let taken = context
        .store
        .take_sign_in(&state.hash(), context.now())
        .await
        .map_err(|error| SignInError::Failed(error.into()))?;
    of_this_browser(context, taken, browser)
}

fn of_this_browser(
    context: &Context,
    pending: Option<PendingSignIn>,
    browser: Option<&BrowserBinding>,
) -> Result<PendingSignIn, SignInError> {
    pending
        .filter(|pending| browser.is_some_and(|browser| browser.hash() == pending.browser))
        .ok_or_else(|| {
            let reason = FailureReason::InvalidState;
            context.record(&AuditEvent::AuthFailure {
                reason,
                client_id: None,
                user_id: None,
            });
            SignInError::UnknownState
        })
}

/// Gives the client what was approved, for a person whom the identity provider has named.
pub async fn complete(
    context: &Context,
    request: ConsentRequest,
    person: Person,
) -> Result<SignedIn, SignInError> {
    let back = Box::new(ReturnPath::from(&request));
    if !context.admits(&person.user_id, &person.username) {
        context.record(&AuditEvent::AuthFailure {
            reason: FailureReason::NotAdmitted,
            client_id: Some(request.client_id().clone()),
            user_id: Some(person.user_id.clone()),
        });
        return Err(SignInError::NotAdmitted(back, Box::new(person)));
    }
    clients::keep(context, request.client_id())
        .await
        .map_err(|error| SignInError::Failed(error.into()))?;
    let done = match &request {
        ConsentRequest::Redirect(request) => issue_code(context, request, person).await,
        ConsentRequest::Device(device) => approve_device(context, device, person).await,
    };
    done.map_err(|failure| SignInError::Refused(back, failure))
}

async fn issue_code(
    context: &Context,
    request: &AuthorizationRequest,
    person: Person,
) -> Result<SignedIn, OAuthFailure> {
    let id = GrantId::generate(context.entropy.as_ref())?;
    let code = AuthorizationCode::generate(&id, context.entropy.as_ref())?;
    let key = code
        .key()
        .map_err(|_| OAuthFailure::invalid_request("the code is ill-formed"))?;
    let record = CodeRecord {
        key,
        grant: Grant {
            id: id.clone(),
            client_id: request.client_id.clone(),
            user_id: person.user_id.clone(),
            username: person.username,
            resource: request.resource.clone(),
            scope: request.scope.clone(),
            approved_at: Some(context.now()),
        },
        redirect_uri: request.redirect_uri.clone(),
        code_challenge: request.code_challenge.clone(),
        expires_at: context.now().plus(context.lifetimes.code),
    };
    context.store.put_code(&record, context.now()).await?;
    context.record(&AuditEvent::AuthSuccess {
        user_id: person.user_id,
        client_id: request.client_id.clone(),
        grant: id,
    });
    Ok(SignedIn::Code(TrustedRedirect::from(request), code))
}

async fn approve_device(
    context: &Context,
    device: &DeviceRequest,
    person: Person,
) -> Result<SignedIn, OAuthFailure> {
    let grant = Grant {
        id: GrantId::generate(context.entropy.as_ref())?,
        client_id: device.client_id.clone(),
        user_id: person.user_id.clone(),
        username: person.username,
        resource: device.resource.clone(),
        scope: device.scope.clone(),
        approved_at: Some(context.now()),
    };
    let grant = device_authorization::approve(context, device, grant).await?;
    context.record(&AuditEvent::AuthSuccess {
        user_id: person.user_id,
        client_id: device.client_id.clone(),
        grant,
    });
    Ok(SignedIn::Device)
}

/// What the client is told when the person is not admitted and goes back to it.
pub fn not_admitted() -> OAuthFailure {
    OAuthFailure::new(
        OAuthErrorCode::AccessDenied,
        "the person is not admitted to this gateway",
    )
}
