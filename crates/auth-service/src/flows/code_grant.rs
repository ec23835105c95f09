//! The `authorization_code` grant (OAuth 2.1 section 4.1.3; RFC 6749 section 4.1.3; RFC 7636
//! section 4.6).
//!
//! The code is consumed before anything about it is checked: a wrong verifier burns it, and of
//! many callers one gets it. A second use ends what the first one gave (RFC 6749 section 4.1.2).

use token_core::audit::{AuditEvent, FailureReason};
use token_core::client::GrantType;
use token_core::oauth_error::OAuthErrorCode;
use token_core::pkce::CodeVerifier;
use token_core::secret::AuthorizationCode;
use token_core::store::{CodeOutcome, CodeRecord};

use super::client_authentication::AuthenticatedClient;
use super::grant_types::may_use;
use super::issue::{TokenResponse, issue, new_tokens};
use super::revocation::end_grant;
use super::{Context, OAuthFailure, Parameters};

/// `grant_type` of this grant.
pub const GRANT_TYPE: &str = "authorization_code";

/// What the store had of the code of a request, which is used up now.
pub struct Consumed(CodeOutcome);

/// Uses up the code of a request, whose client may still turn out to be nobody or to have a secret:
/// so that it can be done while a client is looked up that shows none.
pub async fn consume(context: &Context, form: &Parameters) -> Result<Consumed, OAuthFailure> {
    // An ill-formed request uses nothing up.
    let code = form.required("code", "code is missing")?;
    code_verifier(form)?;
    form.single("redirect_uri")?;
    let key = AuthorizationCode::parse(code)
        .and_then(|code| code.key())
        .map_err(|_| unknown())?;
    let outcome = context.store.consume_code(&key, context.now()).await?;
    Ok(Consumed(outcome))
}

/// Gives tokens for a code that was used up.
pub async fn redeem(
    context: &Context,
    client: &AuthenticatedClient,
    form: &Parameters,
    consumed: Consumed,
) -> Result<TokenResponse, OAuthFailure> {
    let record = fresh(context, consumed).await?;
    bound(context, client, &record)?;
    may_use(client.client(), GrantType::AuthorizationCode)?;
    let redirect_uri = form.single("redirect_uri")?;
    if redirect_uri.is_some_and(|uri| uri != record.redirect_uri.as_str()) {
        return Err(OAuthFailure::invalid_grant(
            "redirect_uri is not the one of the request",
        ));
    }
    same_resource(context, form, &record.grant)?;
    answered(context, code_verifier(form)?, &record)?;

    let grant_types = &client.client().grant_types;
    let scope = record.grant.scope.clone();
    let tokens = new_tokens(context, record.grant, scope, grant_types)?;
    issue(context, client.client(), tokens, GRANT_TYPE).await
}

fn code_verifier(form: &Parameters) -> Result<&str, OAuthFailure> {
    let description = "code_verifier is missing: PKCE is required";
    form.required("code_verifier", description)
}

async fn fresh(context: &Context, consumed: Consumed) -> Result<CodeRecord, OAuthFailure> {
    match consumed.0 {
        CodeOutcome::Fresh(record) => Ok(*record),
        CodeOutcome::Unknown => Err(unknown()),
        CodeOutcome::Replayed(grant) => {
            // Recorded also where the grant had ended before: somebody has a code that he should not.
            end_grant(context, &grant, context.now()).await?;
            context.record(&AuditEvent::CodeReplayed { grant });
            Err(used_up())
        }
    }
}

/// A code is its client's (RFC 6749 section 4.1.3).
fn bound(
    context: &Context,
    client: &AuthenticatedClient,
    record: &CodeRecord,
) -> Result<(), OAuthFailure> {
    if client.client().client_id == record.grant.client_id {
        return Ok(());
    }
    context.record(&AuditEvent::AuthFailure {
        reason: FailureReason::InvalidGrant,
        client_id: Some(client.client().client_id.clone()),
        user_id: None,
    });
    Err(unknown())
}

/// `resource` absent means the grant's; another one is refused (RFC 8707 section 2.2).
pub(super) fn same_resource(
    context: &Context,
    form: &Parameters,
    grant: &token_core::store::Grant,
) -> Result<(), OAuthFailure> {
    let same = match form.resource() {
        Ok(None) => true,
        Ok(Some(requested)) => context.services.requested(requested) == Some(&grant.resource),
        Err(_) => false,
    };
    if same {
        return Ok(());
    }
    let description = "resource is not the one that was approved";
    Err(OAuthFailure::new(
        OAuthErrorCode::InvalidTarget,
        description,
    ))
}

fn answered(context: &Context, verifier: &str, record: &CodeRecord) -> Result<(), OAuthFailure> {
    let answers = CodeVerifier::parse(verifier)
        .is_ok_and(|verifier| verifier.answers(&record.code_challenge));
    if answers {
        return Ok(());
    }
    context.record(&AuditEvent::AuthFailure {
        reason: FailureReason::PkceMismatch,
        client_id: Some(record.grant.client_id.clone()),
        user_id: Some(record.grant.user_id.clone()),
    });
    Err(OAuthFailure::invalid_grant(
        "code_verifier does not answer the code_challenge",
    ))
}

fn unknown() -> OAuthFailure {
    OAuthFailure::invalid_grant("the code is unknown or expired")
}

fn used_up() -> OAuthFailure {
    OAuthFailure::invalid_grant("the code was used before")
}
