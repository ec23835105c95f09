//! Client authentication by a signed assertion, `private_key_jwt` (RFC 7523 sections 2.2 and 3;
//! RFC 7521 section 4.2): good once, for us, signed with a key of the client's.

use token_core::client_assertion::{OneUse, verify};

use super::client_keys::{self, Presented, judged};
use super::errands::Patience;
use super::{Context, OAuthFailure};

/// Endpoints that an assertion may be for, besides the issuer itself (RFC 7523 section 3; RFC 9126
/// section 2).
const ENDPOINTS: [&str; 2] = ["/token", "/par"];

/// Whether an assertion proves this client.
pub(super) async fn proves(
    context: &Context,
    presented: &Presented<'_>,
    patience: Patience,
) -> Result<bool, OAuthFailure> {
    let Presented {
        client_id,
        keys,
        assertion,
    } = *presented;
    let issuer = &context.issuer;
    let mut audiences = vec![issuer.as_str().to_owned()];
    audiences.extend(ENDPOINTS.map(|path| issuer.endpoint(path)));
    let now = context.now();
    let check = |known: &_| verify(assertion, known, client_id, &audiences, now);
    let one_use = match judged(context, presented, patience, check).await? {
        Ok(one_use) => one_use,
        Err(error) => {
            tracing::info!(%client_id, %error, "a client assertion was not good");
            return Ok(false);
        }
    };
    let OneUse { mark, until } = one_use;
    let proved = context.store.first_use(&mark, until, now).await?;
    if proved {
        client_keys::note_use(context, client_id, keys);
    }
    Ok(proved)
}
