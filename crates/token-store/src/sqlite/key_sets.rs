//! The keys of clients as they were fetched. A trigger deletes them with their client.

use async_trait::async_trait;
use rusqlite::{OptionalExtension as _, params};
use token_core::store::{KeySetRecord, KeySetStore, StoreError};
use token_core::{ClientId, Timestamp};

use super::SqliteStore;
use super::steps::{clear_away, decode, encode, execute, seconds};

#[async_trait]
impl KeySetStore for SqliteStore {
    async fn put_key_set(&self, set: &KeySetRecord, now: Timestamp) -> Result<(), StoreError> {
        let set = set.clone();
        self.write(move |transaction| {
            clear_away(transaction, now)?;
            execute(
                transaction,
                "INSERT OR REPLACE INTO client_keys (client_id, record, expires_at) \
                 VALUES (?1, ?2, ?3)",
                params![
                    set.client_id.as_str(),
                    encode(&set)?,
                    seconds(set.expires_at)
                ],
            )?;
            Ok(())
        })
        .await
    }

    async fn key_set(
        &self,
        client: &ClientId,
        now: Timestamp,
    ) -> Result<Option<KeySetRecord>, StoreError> {
        let client = client.clone();
        self.read(move |connection| {
            connection
                .prepare_cached(
                    "SELECT record FROM client_keys WHERE client_id = ?1 AND expires_at > ?2",
                )?
                .query_row(params![client.as_str(), seconds(now)], |row| {
                    row.get::<_, String>(0)
                })
                .optional()?
                .map(|record| decode(&record))
                .transpose()
        })
        .await
    }

    async fn clients_with_key_sets(&self, now: Timestamp) -> Result<Vec<ClientId>, StoreError> {
        self.read(move |connection| {
            let clients: String = connection
                .prepare_cached(
                    "SELECT json_group_array(client_id) FROM client_keys WHERE expires_at > ?1",
                )?
                .query_row([seconds(now)], |row| row.get(0))?;
            decode(&clients)
        })
        .await
    }
}
