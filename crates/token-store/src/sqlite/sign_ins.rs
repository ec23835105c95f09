//! Sign-ins under way.

use async_trait::async_trait;
use rusqlite::{OptionalExtension as _, params};
use token_core::Timestamp;
use token_core::secret::SecretHash;
use token_core::store::{PendingSignIn, SignInStore, StoreError};

use super::SqliteStore;
use super::steps::{clear_away, decode, encode, execute, seconds};

#[async_trait]
impl SignInStore for SqliteStore {
    async fn put_sign_in(
        &self,
        state: &SecretHash,
        pending: &PendingSignIn,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        let (state, pending) = (state.to_string(), pending.clone());
        self.write(move |transaction| {
            clear_away(transaction, now)?;
            execute(
                transaction,
                "INSERT OR REPLACE INTO sign_in (state_hash, record, expires_at) \
                 VALUES (?1, ?2, ?3)",
                params![state, encode(&pending)?, seconds(pending.expires_at)],
            )?;
            Ok(())
        })
        .await
    }

    async fn sign_in(
        &self,
        state: &SecretHash,
        now: Timestamp,
    ) -> Result<Option<PendingSignIn>, StoreError> {
        let state = state.to_string();
        self.read(move |connection| {
            connection
                .prepare_cached(
                    "SELECT record FROM sign_in WHERE state_hash = ?1 AND expires_at > ?2",
                )?
                .query_row(params![state, seconds(now)], |row| row.get::<_, String>(0))
                .optional()?
                .map(|record| decode(&record))
                .transpose()
        })
        .await
    }

    async fn take_sign_in(
        &self,
        state: &SecretHash,
        now: Timestamp,
    ) -> Result<Option<PendingSignIn>, StoreError> {
        let state = state.to_string();
        self.write(move |transaction| {
            clear_away(transaction, now)?;
            transaction
                .prepare_cached(
                    "DELETE FROM sign_in WHERE state_hash = ?1 AND expires_at > ?2 \
                     RETURNING record",
                )?
                .query_row(params![state, seconds(now)], |row| row.get::<_, String>(0))
                .optional()?
                .map(|record| decode(&record))
                .transpose()
        })
        .await
    }
}
