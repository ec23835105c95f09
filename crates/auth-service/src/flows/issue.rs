//! Making the tokens of one token request: an access token (RFC 9068) and, for clients that may
//! have one, a refresh token. And what follows once they are active.

use token_core::audit::AuditEvent;
use token_core::client::{Client, GrantType};
use token_core::secret::{AccessToken, RefreshToken};
use token_core::store::{Grant, IssueOutcome, IssuedTokens, RefreshRecord, TokenRecord};
use token_core::{Jti, Scopes, Seconds};

use super::client_authentication;
use super::clients::is_stored;
use super::{Context, OAuthFailure, registration};

/// A successful token response (RFC 6749 section 5.1).
pub struct TokenResponse {
    /// The access token.
    pub access_token: AccessToken,
    /// How long it lives from now.
    pub expires_in: Seconds,
    /// The refresh token, if any.
    pub refresh_token: Option<RefreshToken>,
    /// What was granted.
    pub scope: Scopes,
}

/// New tokens: what is stored of them, and what the client gets.
pub(super) struct NewTokens {
    pub(super) records: IssuedTokens,
    pub(super) response: TokenResponse,
}

/// Makes tokens for `grant` with `scope`, which lies within the grant's. Stores nothing.
pub(super) fn new_tokens(
    context: &Context,
    grant: Grant,
    scope: Scopes,
    grant_types: &[GrantType],
) -> Result<NewTokens, OAuthFailure> {
    let client_is_stored = is_stored(context, &grant.client_id);
    let (access_token, token) = access_token(context, &grant, scope.clone())?;
    let (refresh_token, refresh) = if grant_types.contains(&GrantType::RefreshToken) {
        let (token, record) = refresh_token(context, grant)?;
        (Some(token), Some(record))
    } else {
        (None, None)
    };
    let expires_in = context.lifetimes.access_token;
    Ok(NewTokens {
        records: IssuedTokens {
            client_is_stored,
            token,
            refresh,
        },
        response: TokenResponse {
            access_token,
            expires_in,
            refresh_token,
            scope,
        },
    })
}

/// Makes and stores the one token of a grant that nobody signed in for, without a refresh token.
pub(super) async fn issue_without_refresh(
    context: &Context,
    client: &Client,
    grant: Grant,
    grant_type: &'static str,
) -> Result<TokenResponse, OAuthFailure> {
    let success = AuditEvent::AuthSuccess {
        user_id: grant.user_id.clone(),
        client_id: grant.client_id.clone(),
        grant: grant.id.clone(),
    };
    let scope = grant.scope.clone();
    let tokens = new_tokens(context, grant, scope, &[])?;
    let response = issue(context, client, tokens, grant_type).await?;
    context.record(&success);
    Ok(response)
}

/// Stores tokens as active, and so may hand them to their client.
pub(super) async fn issue(
    context: &Context,
    client: &Client,
    tokens: NewTokens,
    grant_type: &'static str,
) -> Result<TokenResponse, OAuthFailure> {
    let now = context.now();
    // Both at once: whoever comes as far as this has used his client.
    let (outcome, ()) = tokio::join!(
        context.store.issue_tokens(&tokens.records, now),
        registration::keep_alive(context, client),
    );
    match outcome? {
        IssueOutcome::Issued => {
            let jti = tokens.records.token.jti;
            context.record(&AuditEvent::TokenIssued { jti, grant_type });
            Ok(tokens.response)
        }
        IssueOutcome::GrantEnded => Err(OAuthFailure::invalid_grant("the grant has ended")),
        IssueOutcome::ClientGone => Err(client_authentication::refused(context, &client.client_id)),
    }
}

fn access_token(
    context: &Context,
    grant: &Grant,
    scope: Scopes,
) -> Result<(AccessToken, TokenRecord), OAuthFailure> {
    let now = context.now();
    let record = TokenRecord {
        jti: Jti::generate(&grant.id, context.entropy.as_ref())?,
        client_id: grant.client_id.clone(),
        user_id: grant.user_id.clone(),
        username: grant.username.clone(),
        resource: grant.resource.clone(),
        scope,
        issued_at: now,
        expires_at: now.plus(context.lifetimes.access_token),
    };
    let claims = record.claims(context.issuer.clone());
    Ok((claims.sign(&context.keys.signing().active)?, record))
}

fn refresh_token(
    context: &Context,
    grant: Grant,
) -> Result<(RefreshToken, RefreshRecord), OAuthFailure> {
    let token = RefreshToken::generate(&grant.id, context.entropy.as_ref())?;
    let key = token
        .key()
        .map_err(|_| OAuthFailure::invalid_grant("the token is ill-formed"))?;
    let expires_at = context.now().plus(context.lifetimes.refresh_token);
    Ok((
        token,
        RefreshRecord {
            key,
            grant,
            expires_at,
        },
    ))
}
