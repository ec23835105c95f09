//! Things that may be used once.

use async_trait::async_trait;
use rusqlite::params;
use token_core::Timestamp;
use token_core::secret::SecretHash;
use token_core::store::{ReplayStore, StoreError};

use super::SqliteStore;
use super::steps::{clear_away, execute, seconds};

#[async_trait]
impl ReplayStore for SqliteStore {
    async fn first_use(
        &self,
        thing: &SecretHash,
        until: Timestamp,
        now: Timestamp,
    ) -> Result<bool, StoreError> {
        let thing = thing.to_string();
        self.write(move |transaction| {
            clear_away(transaction, now)?;
            let marked = execute(
                transaction,
                "INSERT INTO used_thing (thing_hash, expires_at) VALUES (?1, ?2) \
                 ON CONFLICT DO UPDATE SET expires_at = excluded.expires_at \
                 WHERE expires_at <= ?3",
                params![thing, seconds(until), seconds(now)],
            )?;
            Ok(marked > 0)
        })
        .await
    }
}
