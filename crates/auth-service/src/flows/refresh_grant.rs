//! The `refresh_token` grant with rotation (OAuth 2.1 section 4.3; RFC 6749 section 6; RFC 9700
//! section 4.14).
//!
//! Real clients race: several processes refresh with one token within a minute. For
//! `REFRESH_GRACE` a token that was just replaced is answered with the same successor pair, which
//! is kept sealed under a key derived from the replaced token itself: only its bearer can open it.
//! After that its reuse means that somebody has a copy, and ends the family.

use std::borrow::Cow;

use serde::{Deserialize, Serialize};
use token_core::audit::{AuditEvent, FailureReason};
use token_core::client::GrantType;
use token_core::sealing::{RootSecret, SealError, Sealer};
use token_core::secret::{AccessToken, RefreshToken, SecretKey};
use token_core::store::{RefreshRecord, RotateOutcome, Rotation};
use token_core::{Jti, Scopes, Timestamp};

use super::client_authentication::{AuthenticatedClient, refused};
use super::code_grant::same_resource;
use super::grant_types::may_use;
use super::issue::{NewTokens, TokenResponse, new_tokens};
use super::revocation::end_grant;
use super::{Context, OAuthFailure, Parameters, registration};

/// `grant_type` of this grant.
pub const GRANT_TYPE: &str = "refresh_token";

/// The answer that a repeat gets again. Its expiry is a time, so that the repeat is told what
/// remains.
#[derive(Serialize, Deserialize)]
struct GraceAnswer<'a> {
    jti: Jti,
    access_token: Cow<'a, str>,
    refresh_token: Cow<'a, str>,
    expires_at: Timestamp,
    scope: Scopes,
}

/// A refresh token that was presented, and what the store has of it.
pub struct Presented {
    token: RefreshToken,
    record: Option<RefreshRecord>,
}

/// Looks at the refresh token of a request, which may still turn out to be nobody's: so that it
/// can be done while the client is looked up.
pub async fn look_up(context: &Context, form: &Parameters) -> Result<Presented, OAuthFailure> {
    let token = form.required("refresh_token", "refresh_token is missing")?;
    let token = RefreshToken::parse(token).map_err(|_| unknown())?;
    let key = token.key().map_err(|_| unknown())?;
    let view = context.store.refresh_token(&key, context.now()).await?;
    let record = view.map(|view| view.record);
    Ok(Presented { token, record })
}

/// Gives the next pair for a refresh token.
pub async fn refresh(
    context: &Context,
    client: &AuthenticatedClient,
    form: &Parameters,
    presented: Presented,
) -> Result<TokenResponse, OAuthFailure> {
    may_use(client.client(), GrantType::RefreshToken)?;
    let scope = form.single("scope")?;
    let record = of_client(context, client, presented.record)?;
    let presented = presented.token;
    same_resource(context, form, &record.grant)?;
    still_admitted(context, &record).await?;

    let scope = record.grant.scope.narrowed(scope);
    let tokens = new_tokens(context, record.grant, scope, &[GrantType::RefreshToken])?;
    let (rotation, response) = rotation(context, &presented, record.key, tokens)?;
    let now = context.now();
    match context.store.rotate_refresh(&rotation, now).await? {
        RotateOutcome::Rotated => {
            registration::keep_alive(context, client.client()).await;
            context.record(&AuditEvent::TokenIssued {
                jti: rotation.token.jti,
                grant_type: GRANT_TYPE,
            });
            Ok(response)
        }
        RotateOutcome::Graced(sealed) => repeated(context, &presented, &sealed).await,
        RotateOutcome::Unknown => Err(unknown()),
        RotateOutcome::ClientGone => Err(refused(context, &client.client().client_id)),
        RotateOutcome::Reused(grant) => {
            end_grant(context, &grant, now).await?;
            context.record(&AuditEvent::RefreshReused { grant });
            Err(OAuthFailure::invalid_grant(
                "the refresh token was used before",
            ))
        }
    }
}

/// The record of a token that is this client's.
fn of_client(
    context: &Context,
    client: &AuthenticatedClient,
    record: Option<RefreshRecord>,
) -> Result<RefreshRecord, OAuthFailure> {
    let client_id = &client.client().client_id;
    if let Some(record) = record.filter(|record| record.grant.client_id == *client_id) {
        return Ok(record);
    }
    context.record(&AuditEvent::AuthFailure {
        reason: FailureReason::InvalidGrant,
        client_id: Some(client_id.clone()),
        user_id: None,
    });
    Err(unknown())
}

/// A person who was taken off the list keeps nothing: his grant ends here.
async fn still_admitted(context: &Context, record: &RefreshRecord) -> Result<(), OAuthFailure> {
    if context.admits(&record.grant.user_id, &record.grant.username) {
        return Ok(());
    }
    end_grant(context, &record.grant.id, context.now()).await?;
    context.record(&AuditEvent::AuthFailure {
        reason: FailureReason::NotAdmitted,
        client_id: Some(record.grant.client_id.clone()),
        user_id: Some(record.grant.user_id.clone()),
    });
    Err(OAuthFailure::invalid_grant(
        "the person is not admitted any more",
    ))
}

/// The step that the store takes, and what the client gets when it has.
fn rotation(
    context: &Context,
    presented: &RefreshToken,
    key: SecretKey,
    tokens: NewTokens,
) -> Result<(Rotation, TokenResponse), OAuthFailure> {
    let NewTokens { records, response } = tokens;
    let (Some(refresh_token), Some(successor)) = (&response.refresh_token, records.refresh) else {
        return Err(OAuthFailure::invalid_grant("the client may not refresh"));
    };
    let answer = GraceAnswer {
        jti: records.token.jti.clone(),
        access_token: response.access_token.expose().into(),
        refresh_token: refresh_token.expose().into(),
        expires_at: records.token.expires_at,
        scope: response.scope.clone(),
    };
    let rotation = Rotation {
        presented: key,
        successor,
        token: records.token,
        sealed_answer: sealer(presented)?.seal(&answer, context.entropy.as_ref())?,
        grace_until: context.now().plus(context.lifetimes.refresh_grace),
        client_is_stored: records.client_is_stored,
    };
    Ok((rotation, response))
}

async fn repeated(
    context: &Context,
    presented: &RefreshToken,
    sealed: &str,
) -> Result<TokenResponse, OAuthFailure> {
    let answer: GraceAnswer<'static> = sealer(presented)?.open(sealed)?;
    // Revoked since: the pair is not given again, and nobody is taken for a thief.
    if !context.store.is_active(&answer.jti, context.now()).await? {
        return Err(unknown());
    }
    Ok(TokenResponse {
        access_token: AccessToken::presented(answer.access_token),
        expires_in: answer.expires_at.remaining(context.now()),
        refresh_token: Some(RefreshToken::parse(answer.refresh_token).map_err(|_| unknown())?),
        scope: answer.scope,
    })
}

fn sealer(presented: &RefreshToken) -> Result<Sealer, SealError> {
    RootSecret::new(presented.expose())
        .ok_or(SealError::NotOurs)?
        .sealer("refresh grace")
}

fn unknown() -> OAuthFailure {
    OAuthFailure::invalid_grant("the refresh token is unknown, expired or revoked")
}
