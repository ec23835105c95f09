//! Pushed authorization requests (RFC 9126).

use async_trait::async_trait;
use rusqlite::{OptionalExtension as _, params};
use token_core::Timestamp;
use token_core::secret::SecretHash;
use token_core::store::{PushedRequest, PushedRequestStore, StoreError};

use super::SqliteStore;
use super::steps::{clear_away, decode, encode, execute, seconds};

#[async_trait]
impl PushedRequestStore for SqliteStore {
    async fn put_pushed_request(
        &self,
        request_uri: &SecretHash,
        request: &PushedRequest,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        let (request_uri, request) = (request_uri.to_string(), request.clone());
        self.write(move |transaction| {
            clear_away(transaction, now)?;
            execute(
                transaction,
                "INSERT INTO pushed_request (request_uri_hash, record, expires_at) \
                 VALUES (?1, ?2, ?3)",
                params![request_uri, encode(&request)?, seconds(request.expires_at)],
            )?;
            Ok(())
        })
        .await
    }

    async fn pushed_request(
        &self,
        request_uri: &SecretHash,
        now: Timestamp,
    ) -> Result<Option<PushedRequest>, StoreError> {
        let request_uri = request_uri.to_string();
        self.read(move |connection| {
            connection
                .prepare_cached(
                    "SELECT record FROM pushed_request \
                     WHERE request_uri_hash = ?1 AND expires_at > ?2",
                )?
                .query_row(params![request_uri, seconds(now)], |row| {
                    row.get::<_, String>(0)
                })
                .optional()?
                .map(|record| decode(&record))
                .transpose()
        })
        .await
    }
}
