//! The tokens of a person and of a client, as hints: written after the token is active, in slots
//! of their own. A reader checks each against its record.

use ::redis::{Pipeline, pipe};
use token_core::Timestamp;
use token_core::store::TokenRecord;

use super::keys;
use super::store::RedisStore;
use super::value::{dropped_at, seconds};

impl RedisStore {
    /// Notes a new token. The token is active whether this succeeds or not, so its failure is not
    /// the caller's.
    pub(super) async fn note(&self, token: &TokenRecord, now: Timestamp) {
        let mut pipeline = pipe();
        add(
            &mut pipeline,
            &keys::user_tokens(&token.user_id),
            token,
            now,
        );
        add(
            &mut pipeline,
            &keys::client_tokens(&token.client_id),
            token,
            now,
        );
        if let Err(error) = self.pipeline(&pipeline).await {
            tracing::warn!(%error, "an active token is missing from the indexes");
        }
    }
}

fn add(pipeline: &mut Pipeline, key: &str, token: &TokenRecord, now: Timestamp) {
    pipeline.zrembyscore(key, "-inf", seconds(now)).zadd(
        key,
        token.jti.as_str(),
        seconds(token.expires_at),
    );
    // `GT` alone sets none where there is none: a key without expiry counts as the latest.
    for condition in ["NX", "GT"] {
        pipeline
            .cmd("EXPIREAT")
            .arg(key)
            .arg(dropped_at(token.expires_at))
            .arg(condition);
    }
}
