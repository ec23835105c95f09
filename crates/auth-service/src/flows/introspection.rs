//! Token introspection (RFC 7662): a client asks about its own tokens, access and refresh tokens
//! both. About whatever else is presented it learns nothing (section 2.2): inactive.

use serde::Serialize;
use token_core::access_token::AccessTokenClaims;
use token_core::secret::RefreshToken;
use token_core::{ClientId, Issuer, Jti, ResourceId, Scopes, Timestamp, UserId, Username};

use super::client_authentication::AuthenticatedClient;
use super::{Context, OAuthFailure, Parameters};

/// The answer (RFC 7662 section 2.2).
#[derive(Debug, Serialize)]
pub struct Introspection {
    active: bool,
    #[serde(flatten)]
    token: Option<ActiveToken>,
}

/// What is said of an active token. A refresh token has no identifier, and its time of issue is
/// not kept.
#[derive(Debug, Serialize)]
struct ActiveToken {
    scope: Scopes,
    client_id: ClientId,
    username: Username,
    token_type: &'static str,
    exp: Timestamp,
    #[serde(skip_serializing_if = "Option::is_none")]
    iat: Option<Timestamp>,
    sub: UserId,
    aud: ResourceId,
    iss: Issuer,
    #[serde(skip_serializing_if = "Option::is_none")]
    jti: Option<Jti>,
}

/// Says whether a token of this client is good now. `token_type_hint` is not needed: the two kinds
/// differ in form.
pub async fn introspect(
    context: &Context,
    client: &AuthenticatedClient,
    form: &Parameters,
) -> Result<Introspection, OAuthFailure> {
    let token = form.required("token", "token is missing")?;
    let found = match RefreshToken::parse(token) {
        Ok(refresh_token) => active_refresh_token(context, &refresh_token).await?,
        Err(_) => active_access_token(context, token).await?,
    };
    // One that the verifier would turn away is not active, whatever the store says.
    let token = found.filter(|token| {
        token.client_id == client.client().client_id && context.admits(&token.sub, &token.username)
    });
    Ok(Introspection {
        active: token.is_some(),
        token,
    })
}

async fn active_access_token(
    context: &Context,
    token: &str,
) -> Result<Option<ActiveToken>, OAuthFailure> {
    let keys = context.keys.signing();
    let now = context.now();
    let verified = AccessTokenClaims::verify_signature(token, &context.issuer, &keys.published);
    let Ok(claims) = verified else {
        return Ok(None);
    };
    if claims.times.check(now).is_err() || !context.store.is_active(&claims.jti, now).await? {
        return Ok(None);
    }
    Ok(Some(ActiveToken {
        scope: claims.scope,
        client_id: claims.client_id,
        username: claims.username,
        token_type: "Bearer",
        exp: claims.times.exp,
        iat: Some(claims.times.iat),
        sub: claims.sub,
        aud: claims.aud,
        iss: claims.iss,
        jti: Some(claims.jti),
    }))
}

/// A refresh token that was replaced is not active, though for the grace it is still answered.
async fn active_refresh_token(
    context: &Context,
    token: &RefreshToken,
) -> Result<Option<ActiveToken>, OAuthFailure> {
    let Ok(key) = token.key() else {
        return Ok(None);
    };
    let view = context.store.refresh_token(&key, context.now()).await?;
    let Some(view) = view.filter(|view| !view.replaced) else {
        return Ok(None);
    };
    let grant = view.record.grant;
    Ok(Some(ActiveToken {
        scope: grant.scope,
        client_id: grant.client_id,
        username: grant.username,
        token_type: "refresh_token",
        exp: view.record.expires_at,
        iat: None,
        sub: grant.user_id,
        aud: grant.resource,
        iss: context.issuer.clone(),
        jti: None,
    }))
}
