//! Token revocation (RFC 7009): a client ends its own tokens. Whatever else is presented is
//! answered with success too (section 2.2), so that nobody learns which tokens exist.

use token_core::access_token::AccessTokenClaims;
use token_core::audit::AuditEvent;
use token_core::secret::RefreshToken;

use super::client_authentication::AuthenticatedClient;
use super::{Context, OAuthFailure, Parameters};

/// Revokes a token. `token_type_hint` is not needed: the two kinds differ in form.
pub async fn revoke(
    context: &Context,
    client: &AuthenticatedClient,
    form: &Parameters,
) -> Result<(), OAuthFailure> {
    let token = form.required("token", "token is missing")?;
    match RefreshToken::parse(token) {
        Ok(refresh_token) => revoke_refresh_token(context, client, &refresh_token).await,
        Err(_) => revoke_access_token(context, client, token).await,
    }
}

/// Ends the grant, access tokens included (RFC 7009 section 2.1).
async fn revoke_refresh_token(
    context: &Context,
    client: &AuthenticatedClient,
    token: &RefreshToken,
) -> Result<(), OAuthFailure> {
    let Ok(key) = token.key() else { return Ok(()) };
    let now = context.now();
    let Some(view) = context.store.refresh_token(&key, now).await? else {
        return Ok(());
    };
    if view.record.grant.client_id != client.client().client_id {
        return Ok(());
    }
    context
        .store
        .end_grant(&key.grant, now, context.lifetimes.grant_mark(now))
        .await?;
    context.record(&AuditEvent::GrantRevoked { grant: key.grant });
    Ok(())
}

/// Ends one access token. Its signature is checked, so that nobody can name another's `jti`.
async fn revoke_access_token(
    context: &Context,
    client: &AuthenticatedClient,
    token: &str,
) -> Result<(), OAuthFailure> {
    let keys = context.keys.signing();
    let verified = AccessTokenClaims::verify_signature(token, &context.issuer, &keys.published);
    let Ok(claims) = verified else {
        return Ok(());
    };
    if claims.client_id != client.client().client_id {
        return Ok(());
    }
    if context
        .store
        .revoke_token(&claims.jti, context.now())
        .await?
    {
        context.record(&AuditEvent::TokenRevoked { jti: claims.jti });
    }
    Ok(())
}
