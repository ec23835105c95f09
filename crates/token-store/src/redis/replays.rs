//! Things that may be used once.

use async_trait::async_trait;
use token_core::Timestamp;
use token_core::secret::SecretHash;
use token_core::store::{ReplayStore, StoreError};

use super::store::RedisStore;
use super::value::seconds;
use super::{keys, scripts};

#[async_trait]
impl ReplayStore for RedisStore {
    async fn first_use(
        &self,
        thing: &SecretHash,
        until: Timestamp,
        now: Timestamp,
    ) -> Result<bool, StoreError> {
        let mut script = scripts::FIRST_USE.prepare_invoke();
        script
            .key(keys::used(thing))
            .arg(seconds(now))
            .arg(seconds(until));
        self.answered(&script, "first", "again").await
    }
}
