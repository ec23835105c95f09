//! Consent before anybody is sent to the identity provider (MCP security best practices,
//! "confused deputy"): asked for every request, bound to the browser that was asked.
//!
//! Nothing is stored until the person approves. The request travels in the form, sealed, together
//! with the hash of a cookie: a form from another browser, or one that was changed, is refused
//! (CSRF).

use serde::{Deserialize, Serialize};
use token_core::Timestamp;
use token_core::audit::{AuditEvent, FailureReason, Reference};
use token_core::client::{Client, GrantType};
use token_core::oauth_error::OAuthErrorCode;
use token_core::secret::{BrowserBinding, SecretHash};
use token_core::store::{ConsentRequest, SignInPurpose};

use super::clients::find;
use super::grant_types::may_use;
use super::return_path::ReturnPath;
use super::sign_in::{SignIn, begin};
use super::{Context, OAuthFailure, device_authorization};

/// What a consent form carries, sealed.
#[derive(Serialize, Deserialize)]
struct Ticket {
    request: ConsentRequest,
    browser: SecretHash,
    expires_at: Timestamp,
    flow: Reference,
}

/// What the person decided.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Decision {
    /// The client may have what it asks for.
    Approve,
    /// It may not.
    Refuse,
}

/// What follows from the decision.
pub enum Decided {
    /// The person is to sign in; the cookie is to be set now, and not earlier.
    SignIn(SignIn),
    /// The client is to be told: the person refused, or the client may not ask any more.
    Refused(ReturnPath, OAuthFailure),
}

/// Why a decision could not be taken.
#[derive(Debug, thiserror::Error)]
pub enum ConsentError {
    /// The form is not ours, is too old, or was shown to another browser.
    #[error("the consent form is expired or belongs to another browser")]
    Forged,
    /// The client was deleted since.
    #[error("the client is not registered any more")]
    UnknownClient,
    /// The client does not have the redirect URI any more: it was taken away for a reason.
    #[error("the redirect URI is not the client's any more")]
    RedirectWithdrawn(Box<Client>),
    /// Our fault or the store's.
    #[error("the decision could not be carried out")]
    Failed(#[source] OAuthFailure),
}

/// Seals a request for the form that `browser` is shown, and names the login that begins.
pub fn ticket(
    context: &Context,
    request: &ConsentRequest,
    browser: &BrowserBinding,
) -> Result<(String, Reference), OAuthFailure> {
    let flow = Reference::generate(context.entropy.as_ref())?;
    let expires_at = context.now().plus(context.lifetimes.session);
    let ticket = Ticket {
        request: request.clone(),
        browser: browser.hash(),
        expires_at,
        flow: flow.clone(),
    };
    let sealed = context
        .sealing
        .consent
        .seal(&ticket, context.entropy.as_ref())?;
    Ok((sealed, flow))
}

/// Carries out what the person decided, and names the login that it belongs to.
pub async fn decide(
    context: &Context,
    ticket: &str,
    browser: Option<&BrowserBinding>,
    decision: Decision,
) -> Result<(Reference, Decided), ConsentError> {
    let (request, flow) = opened(context, ticket, browser).inspect_err(|_| {
        let reason = FailureReason::ConsentForged;
        context.record(&AuditEvent::AuthFailure {
            reason,
            client_id: None,
            user_id: None,
        });
    })?;
    let client = find(context, request.client_id())
        .await
        .map_err(|error| ConsentError::Failed(error.into()))?
        .ok_or(ConsentError::UnknownClient)?;
    if let ConsentRequest::Redirect(wanted) = &request
        && !client.admits_redirect(&wanted.redirect_uri)
    {
        return Err(ConsentError::RedirectWithdrawn(Box::new(client)));
    }
    let (client_id, resource) = (request.client_id().clone(), request.resource().clone());
    match decision {
        Decision::Refuse => {
            context.record(&AuditEvent::ConsentRefused {
                client_id,
                resource,
            });
            if let ConsentRequest::Device(device) = &request {
                let denied = device_authorization::deny(context, device).await;
                denied.map_err(ConsentError::Failed)?;
            }
            let denied = OAuthFailure::new(
                OAuthErrorCode::AccessDenied,
                "the person refused the request",
            );
            Ok((flow, Decided::Refused(ReturnPath::from(&request), denied)))
        }
        Decision::Approve => {
            if let Err(refusal) = may_use(&client, grant_type(&request)) {
                return Ok((flow, Decided::Refused(ReturnPath::from(&request), refusal)));
            }
            let sign_in = begin(
                context,
                SignInPurpose::Approved(request),
                Some(flow.clone()),
            )
            .await
            .map_err(ConsentError::Failed)?;
            context.record(&AuditEvent::ConsentGiven {
                client_id,
                resource,
            });
            Ok((flow, Decided::SignIn(sign_in)))
        }
    }
}

/// By which grant the client will ask for what is approved.
fn grant_type(request: &ConsentRequest) -> GrantType {
    match request {
        ConsentRequest::Redirect(_) => GrantType::AuthorizationCode,
        ConsentRequest::Device(_) => GrantType::DeviceCode,
    }
}

fn opened(
    context: &Context,
    ticket: &str,
    browser: Option<&BrowserBinding>,
) -> Result<(ConsentRequest, Reference), ConsentError> {
    let ticket: Ticket = context
        .sealing
        .consent
        .open(ticket)
        .map_err(|_| ConsentError::Forged)?;
    let same_browser = browser.is_some_and(|browser| browser.hash() == ticket.browser);
    if !same_browser || ticket.expires_at.has_passed(context.now()) {
        return Err(ConsentError::Forged);
    }
    Ok((ticket.request, ticket.flow))
}
