//! Token revocation (RFC 7009): a client ends its own tokens, and with either kind the whole grant
//! (section 2.1): what is left of a pair would open the same door. Whatever else is presented is
//! answered with success too (section 2.2), so that nobody learns which tokens exist.

use token_core::access_token::AccessTokenClaims;
use token_core::audit::AuditEvent;
use token_core::secret::RefreshToken;
use token_core::store::StoreError;
use token_core::{GrantId, Timestamp};

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
    end(context, key.grant, now).await
}

/// Its signature is checked, so that nobody can name another's `jti`. One that has expired is no
/// token any more, and ends nothing.
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
    let now = context.now();
    if claims.client_id != client.client().client_id || claims.times.check(now).is_err() {
        return Ok(());
    }
    let grant = claims.jti.grant();
    if context.store.revoke_token(&claims.jti, now).await? {
        context.record(&AuditEvent::TokenRevoked { jti: claims.jti });
    }
    // Said again it is done again: a store that failed in between may have done the first half.
    end(context, grant, now).await
}

async fn end(context: &Context, grant: GrantId, now: Timestamp) -> Result<(), OAuthFailure> {
    if end_grant(context, &grant, now).await? {
        context.record(&AuditEvent::GrantRevoked { grant });
    }
    Ok(())
}

/// Ends a grant with all that it has; whether it had not ended before. Only that is worth a record:
/// who may end a grant may say so again and again. The mark stays for as long as any token of it
/// could live.
pub(super) async fn end_grant(
    context: &Context,
    grant: &GrantId,
    now: Timestamp,
) -> Result<bool, StoreError> {
    let until = context.lifetimes.grant_mark(now);
    context.store.end_grant(grant, now, until).await
}
