//! What one person gave to clients.

use async_trait::async_trait;
use rusqlite::{Connection, params};
use token_core::store::{PersonStore, Session, StoreError};
use token_core::{GrantId, Timestamp, UserId};

use super::SqliteStore;
use super::inspection::kept;
use super::steps::{Fault, decode, seconds};

#[async_trait]
impl PersonStore for SqliteStore {
    async fn user_grants(&self, user: &UserId, now: Timestamp) -> Result<Vec<GrantId>, StoreError> {
        let user = user.clone();
        self.read(move |connection| grants(connection, &user, now))
            .await
    }

    async fn user_sessions(
        &self,
        user: &UserId,
        now: Timestamp,
    ) -> Result<Vec<Session>, StoreError> {
        let user = user.clone();
        self.read(move |connection| {
            let mut sessions = Vec::new();
            for grant in grants(connection, &user, now)? {
                // What cannot be read is not shown, and ends all the same.
                sessions.extend(kept(connection, grant.as_str(), now)?.session);
            }
            Ok(sessions)
        })
        .await
    }

    async fn sessions_last_used(
        &self,
        sessions: &[GrantId],
    ) -> Result<Vec<Option<Timestamp>>, StoreError> {
        self.last_used(sessions.iter().map(ToString::to_string).collect())
            .await
    }
}

/// Of codes and devices those that were fetched too: their client may be about to get its tokens.
fn grants(connection: &Connection, user: &UserId, now: Timestamp) -> Result<Vec<GrantId>, Fault> {
    let grants: String = connection
        .prepare_cached(
            "SELECT json_group_array(grant_id) FROM ( \
                 SELECT grant_id FROM token \
                 WHERE user_id = ?1 AND revoked = 0 AND expires_at > ?2 \
                 UNION \
                 SELECT grant_id FROM refresh_token WHERE user_id = ?1 AND expires_at > ?2 \
                 UNION \
                 SELECT json_extract(record, '$.grant.id') FROM code \
                 WHERE user_id = ?1 AND expires_at > ?2 \
                 UNION \
                 SELECT json_extract(decision, '$.approved.id') FROM device \
                 WHERE user_id = ?1 AND expires_at > ?2)",
        )?
        .query_row(params![user.as_str(), seconds(now)], |row| row.get(0))?;
    decode(&grants)
}
