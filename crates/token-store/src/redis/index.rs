//! The tokens of a person and of a client, and the grants of a client, as hints: written after the
//! token is active, in slots of their own. A reader checks each against its record, or does with
//! it what is right for one that has no token left.

use ::redis::{Pipeline, pipe};
use token_core::Timestamp;
use token_core::store::{RefreshRecord, TokenRecord};

use super::keys;
use super::store::RedisStore;
use super::value::{dropped_at, seconds};

impl RedisStore {
    /// Notes a new token, and the refresh token that came with it. They are active whether this
    /// succeeds or not, so its failure is not the caller's.
    pub(super) async fn note(
        &self,
        token: &TokenRecord,
        refresh: Option<&RefreshRecord>,
        now: Timestamp,
    ) {
        let (jti, grant) = (token.jti.as_str(), token.jti.grant());
        let token_expiry = token.expires_at;
        let last_expiry = refresh.map_or(token_expiry, |own| own.expires_at.max(token_expiry));
        let mut pipeline = pipe();
        for (key, member, expires_at) in [
            (keys::user_tokens(&token.user_id), jti, token_expiry),
            (keys::client_tokens(&token.client_id), jti, token_expiry),
            (
                keys::client_grants(&token.client_id),
                grant.as_str(),
                last_expiry,
            ),
        ] {
            add(&mut pipeline, &key, (member, expires_at), now);
        }
        if let Err(error) = self.pipeline(&pipeline).await {
            tracing::warn!(%error, "an active token is missing from the indexes");
        }
    }
}

/// Adds a member by its expiry; one that is there only becomes later.
fn add(
    pipeline: &mut Pipeline,
    key: &str,
    (member, expires_at): (&str, Timestamp),
    now: Timestamp,
) {
    pipeline
        .zrembyscore(key, "-inf", seconds(now))
        .cmd("ZADD")
        .arg(key)
        .arg("GT")
        .arg(seconds(expires_at))
        .arg(member);
    // `GT` alone sets none where there is none: a key without expiry counts as the latest.
    for condition in ["NX", "GT"] {
        pipeline
            .cmd("EXPIREAT")
            .arg(key)
            .arg(dropped_at(expires_at))
            .arg(condition);
    }
}
