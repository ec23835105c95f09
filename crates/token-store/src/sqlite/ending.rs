//! Ending many things: one transaction for all that are given at once, since it is the disk that
//! each transaction waits for.

use async_trait::async_trait;
use rusqlite::{Connection, Transaction, params};
use token_core::store::{ENDLESS, Ending, StoreError};
use token_core::{ClientId, GrantId, Jti, Timestamp};

use super::SqliteStore;
use super::clients::living;
use super::grants::{end, revoke};
use super::steps::{Fault, clear_away, execute, seconds};

#[async_trait]
impl Ending for SqliteStore {
    async fn end_grants(
        &self,
        grants: &[(GrantId, Timestamp)],
        now: Timestamp,
    ) -> Vec<Result<bool, StoreError>> {
        self.each(grants, now, |transaction, (grant, until), now| {
            end(transaction, grant, *until, now)
        })
        .await
    }

    async fn revoke_tokens(&self, tokens: &[Jti], now: Timestamp) -> Vec<Result<bool, StoreError>> {
        self.each(tokens, now, |transaction, jti, now| {
            revoke(transaction, jti, now)
        })
        .await
    }

    async fn delete_clients(
        &self,
        clients: &[ClientId],
        now: Timestamp,
    ) -> Vec<Result<bool, StoreError>> {
        self.each(clients, now, |transaction, id, now| {
            delete(transaction, id, true, now)
        })
        .await
    }
}

impl SqliteStore {
    async fn each<T: Clone + Send + 'static, O: Send + 'static>(
        &self,
        things: &[T],
        now: Timestamp,
        step: impl Fn(&Transaction<'_>, &T, Timestamp) -> Result<O, Fault> + Send + 'static,
    ) -> Vec<Result<O, StoreError>> {
        let things = things.to_vec();
        let done = self
            .write(move |transaction| {
                clear_away(transaction, now)?;
                things
                    .iter()
                    .map(|thing| step(transaction, thing, now))
                    .collect::<Result<Vec<_>, _>>()
            })
            .await;
        match done {
            Ok(outcomes) => outcomes.into_iter().map(Ok).collect(),
            Err(error) => vec![Err(error)],
        }
    }
}

/// Deletes a client, which leaves a mark if it was used, or in any case; whether it was there.
pub(super) fn delete(
    connection: &Connection,
    id: &ClientId,
    marked_unused_too: bool,
    now: Timestamp,
) -> Result<bool, Fault> {
    let deleted = match living(connection, id, now) {
        Ok(None) => return Ok(false),
        Ok(Some(client)) => Some(client),
        // It goes all the same.
        Err(Fault::Record(_)) => None,
        Err(error) => return Err(error),
    };
    execute(
        connection,
        "DELETE FROM client WHERE client_id = ?1",
        [id.as_str()],
    )?;
    if marked_unused_too || deleted.as_ref().is_some_and(|client| client.used) {
        let expires_at = deleted.and_then(|client| client.expires_at);
        mark_deleted(connection, id, expires_at.unwrap_or(now.plus(ENDLESS)))?;
    }
    Ok(true)
}

/// Marks a client as deleted, until then at least.
pub(super) fn mark_deleted(
    connection: &Connection,
    id: &ClientId,
    until: Timestamp,
) -> Result<(), Fault> {
    execute(
        connection,
        "INSERT INTO deleted_client (client_id, expires_at) VALUES (?1, ?2) \
         ON CONFLICT DO UPDATE SET expires_at = max(expires_at, excluded.expires_at)",
        params![id.as_str(), seconds(until)],
    )?;
    Ok(())
}
