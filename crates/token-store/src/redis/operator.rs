//! What the operator tells every process at once. Verifiers follow both keys, and so hear of a
//! change in the moment that it happens.

use ::redis::{Cmd, cmd, pipe};
use token_core::Timestamp;
use token_core::store::StoreError;

use super::keys;
use super::store::RedisStore;
use super::value::{dropped_at, seconds};

impl RedisStore {
    /// Takes a signing key back: no verifier believes it any more. `until` is when the last token
    /// that it signed would have expired.
    ///
    /// # Errors
    /// Redis cannot be asked.
    pub async fn retire_key(
        &self,
        kid: &str,
        until: Timestamp,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        let key = keys::retired_keys();
        let mut pipeline = pipe();
        pipeline
            .atomic()
            .zrembyscore(key, "-inf", seconds(now))
            .zadd(key, kid, seconds(until));
        // Never shortens what another key needs.
        pipeline
            .cmd("EXPIREAT")
            .arg(key)
            .arg(dropped_at(until))
            .arg("NX");
        pipeline
            .cmd("EXPIREAT")
            .arg(key)
            .arg(dropped_at(until))
            .arg("GT");
        self.pipeline(&pipeline).await
    }

    /// Tells every process to read its settings again.
    ///
    /// # Errors
    /// Redis cannot be asked.
    pub async fn announce_reload(&self) -> Result<(), StoreError> {
        self.command(cmd("INCR").arg(keys::reload())).await
    }

    /// A number that grows with each announcement.
    ///
    /// # Errors
    /// Redis cannot be asked.
    pub async fn reloads_announced(&self) -> Result<u64, StoreError> {
        let number: Option<u64> = self.command(&Cmd::get(keys::reload())).await?;
        Ok(number.unwrap_or_default())
    }
}
