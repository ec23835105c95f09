//! Client authentication by a signed assertion, `private_key_jwt` (RFC 7523 sections 2.2 and 3;
//! RFC 7521 section 4.2): good once, for us, signed with a key of the client's.

use token_core::ClientId;
use token_core::client::ClientKeys;
use token_core::client_assertion::{OneUse, verify};
use token_core::jose::TokenError;

use super::client_keys::keys;
use super::{Context, OAuthFailure};

/// Endpoints that an assertion may be for, besides the issuer itself (RFC 7523 section 3; RFC 9126
/// section 2).
const ENDPOINTS: [&str; 2] = ["/token", "/par"];

/// Whether an assertion proves this client.
pub(super) async fn proves(
    context: &Context,
    client_id: &ClientId,
    of: &ClientKeys,
    assertion: &str,
) -> Result<bool, OAuthFailure> {
    let one_use = match check(context, client_id, of, assertion).await? {
        Ok(one_use) => one_use,
        Err(error) => {
            tracing::info!(%client_id, %error, "a client assertion was not good");
            return Ok(false);
        }
    };
    let now = context.now();
    let OneUse { mark, until } = one_use;
    Ok(context.store.first_use(&mark, until, now).await?)
}

/// The keys of a client may have changed: where none fits, they are looked at once more.
async fn check(
    context: &Context,
    client_id: &ClientId,
    of: &ClientKeys,
    assertion: &str,
) -> Result<Result<OneUse, TokenError>, OAuthFailure> {
    let issuer = &context.issuer;
    let mut audiences = vec![issuer.as_str().to_owned()];
    audiences.extend(ENDPOINTS.map(|path| issuer.endpoint(path)));
    let now = context.now();
    let known = keys(context, of, false).await?;
    match verify(assertion, &known, client_id, &audiences, now) {
        Err(TokenError::UnknownKey) => {
            let newer = keys(context, of, true).await?;
            Ok(verify(assertion, &newer, client_id, &audiences, now))
        }
        checked => Ok(checked),
    }
}
