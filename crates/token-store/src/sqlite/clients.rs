//! Registered clients.

use async_trait::async_trait;
use rusqlite::{Connection, OptionalExtension as _, params};
use token_core::client::Client;
use token_core::store::{ClientStore, StoreError};
use token_core::{ClientId, Timestamp};

use super::SqliteStore;
use super::steps::{Fault, clear_away, decode, encode, execute, seconds};

#[async_trait]
impl ClientStore for SqliteStore {
    async fn put_client(&self, client: &Client, now: Timestamp) -> Result<(), StoreError> {
        let client = client.clone();
        self.write(move |transaction| {
            clear_away(transaction, now)?;
            write(transaction, &client)
        })
        .await
    }

    async fn client(&self, id: &ClientId, now: Timestamp) -> Result<Option<Client>, StoreError> {
        let id = id.clone();
        self.read(move |connection| living(connection, &id, now))
            .await
    }
}

/// Writes a client; one with the same identifier is replaced, and is deleted no longer.
pub(super) fn write(connection: &Connection, client: &Client) -> Result<(), Fault> {
    // `OR REPLACE` would delete behind the back of the trigger that counts.
    execute(
        connection,
        "INSERT INTO client (client_id, record, expires_at) VALUES (?1, ?2, ?3) \
         ON CONFLICT (client_id) DO UPDATE \
         SET record = excluded.record, expires_at = excluded.expires_at",
        params![
            client.client_id.as_str(),
            encode(client)?,
            client.expires_at.map(seconds)
        ],
    )?;
    execute(
        connection,
        "DELETE FROM deleted_client WHERE client_id = ?1",
        [client.client_id.as_str()],
    )?;
    Ok(())
}

/// The client, unless it is expired.
pub(super) fn living(
    connection: &Connection,
    id: &ClientId,
    now: Timestamp,
) -> Result<Option<Client>, Fault> {
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
}
