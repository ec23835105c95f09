//! Registered clients.

use async_trait::async_trait;
use rusqlite::{OptionalExtension as _, params};
use token_core::client::Client;
use token_core::store::{ClientStore, StoreError};
use token_core::{ClientId, Timestamp};

use super::SqliteStore;
use super::steps::{decode, encode, execute, seconds};

#[async_trait]
impl ClientStore for SqliteStore {
    async fn put_client(&self, client: &Client) -> Result<(), StoreError> {
        let client = client.clone();
        self.write(move |transaction| {
            execute(
                transaction,
                "INSERT OR REPLACE INTO client (client_id, record, expires_at) VALUES (?1, ?2, ?3)",
                params![
                    client.client_id.as_str(),
                    encode(&client)?,
                    client.expires_at.map(seconds)
                ],
            )?;
            Ok(())
        })
        .await
    }

    async fn client(&self, id: &ClientId, now: Timestamp) -> Result<Option<Client>, StoreError> {
        let id = id.clone();
        self.read(move |connection| {
            connection
                .prepare_cached(
                    "SELECT record FROM client \
                     WHERE client_id = ?1 AND (expires_at IS NULL OR expires_at > ?2)",
                )?
                .query_row(params![id.as_str(), seconds(now)], |row| {
                    row.get::<_, String>(0)
                })
                .optional()?
                .map(|record| decode(&record))
                .transpose()
        })
        .await
    }
}
