//! The verifier's slice.

use async_trait::async_trait;
use rusqlite::params;
use token_core::store::{ActiveTokens, StoreError};
use token_core::{Jti, Timestamp};

use super::SqliteStore;
use super::steps::seconds;

#[async_trait]
impl ActiveTokens for SqliteStore {
    async fn is_active(&self, jti: &Jti, now: Timestamp) -> Result<bool, StoreError> {
        let jti = jti.clone();
        self.read(move |connection| {
            Ok(connection
                .prepare_cached(
                    "SELECT 1 FROM token WHERE jti = ?1 AND revoked = 0 AND expires_at > ?2",
                )?
                .exists(params![jti.as_str(), seconds(now)])?)
        })
        .await
    }

    async fn ping(&self) -> Result<(), StoreError> {
        self.read(|connection| {
            // Reads the file, unlike `SELECT 1`.
            connection
                .prepare_cached("SELECT 1 FROM ended_grant LIMIT 1")?
                .exists([])?;
            Ok(())
        })
        .await
    }
}
