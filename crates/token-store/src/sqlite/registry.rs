//! Registration and its management (RFC 7591, RFC 7592).

use async_trait::async_trait;
use rusqlite::{Transaction, params};
use token_core::client::Client;
use token_core::secret::SecretHash;
use token_core::store::{ClientRegistry, RegisterOutcome, StoreError};
use token_core::{ClientId, GrantId, Timestamp};

use super::SqliteStore;
use super::clients::{living, write};
use super::ending::delete;
use super::steps::{Fault, clear_away, decode, execute, seconds};

#[async_trait]
impl ClientRegistry for SqliteStore {
    async fn register_client(
        &self,
        client: &Client,
        ceiling: usize,
        keep_tokens: usize,
        now: Timestamp,
    ) -> Result<RegisterOutcome, StoreError> {
        let client = client.clone();
        self.write(move |transaction| {
            clear_away(transaction, now)?;
            if let Some(mut own) = living(transaction, &client.client_id, now)? {
                own.registration_tokens.extend(&client.registration_tokens);
                let surplus = own.registration_tokens.len().saturating_sub(keep_tokens);
                own.registration_tokens.drain(..surplus);
                write(transaction, &own)?;
                return Ok(RegisterOutcome::Joined);
            }
            if !make_room(transaction, ceiling, now)? {
                return Ok(RegisterOutcome::Full);
            }
            write(transaction, &client)?;
            Ok(RegisterOutcome::Created)
        })
        .await
    }

    async fn replace_client(&self, client: &Client, now: Timestamp) -> Result<bool, StoreError> {
        let client = client.clone();
        let id = client.client_id.clone();
        self.change_client(&id, now, move |own| {
            *own = client;
            true
        })
        .await
    }

    async fn prolong_client(
        &self,
        id: &ClientId,
        expires_at: Option<Timestamp>,
        now: Timestamp,
    ) -> Result<bool, StoreError> {
        self.change_client(id, now, move |own| {
            own.used = true;
            own.expires_at = expires_at;
            true
        })
        .await
    }

    async fn end_registration_token(
        &self,
        id: &ClientId,
        token: &SecretHash,
        now: Timestamp,
    ) -> Result<bool, StoreError> {
        let token = *token;
        self.change_client(id, now, move |own| {
            let before = own.registration_tokens.len();
            own.registration_tokens.retain(|own| *own != token);
            own.registration_tokens.len() < before
        })
        .await
    }

    async fn delete_client(&self, id: &ClientId, now: Timestamp) -> Result<bool, StoreError> {
        let id = id.clone();
        self.write(move |transaction| {
            clear_away(transaction, now)?;
            delete(transaction, &id, false, now)
        })
        .await
    }

    async fn client_grants(
        &self,
        id: &ClientId,
        now: Timestamp,
    ) -> Result<Vec<GrantId>, StoreError> {
        let id = id.clone();
        self.read(move |connection| {
            let grants: String = connection
                .prepare_cached(
                    "SELECT json_group_array(grant_id) FROM ( \
                         SELECT grant_id FROM token \
                         WHERE client_id = ?1 AND revoked = 0 AND expires_at > ?2 \
                         UNION \
                         SELECT grant_id FROM refresh_token \
                         WHERE client_id = ?1 AND expires_at > ?2)",
                )?
                .query_row(params![id.as_str(), seconds(now)], |row| row.get(0))?;
            decode(&grants)
        })
        .await
    }
}

impl SqliteStore {
    /// Changes a client that is alive; whether it was, and `change` changed it.
    async fn change_client(
        &self,
        id: &ClientId,
        now: Timestamp,
        change: impl FnOnce(&mut Client) -> bool + Send + 'static,
    ) -> Result<bool, StoreError> {
        let id = id.clone();
        self.write(move |transaction| {
            clear_away(transaction, now)?;
            let Some(mut own) = living(transaction, &id, now)? else {
                return Ok(false);
            };
            let changed = change(&mut own);
            if changed {
                write(transaction, &own)?;
            }
            Ok(changed)
        })
        .await
    }
}

/// Makes room for one more client; whether there is room. What is over goes first, and then what
/// never was used.
fn make_room(transaction: &Transaction<'_>, ceiling: usize, now: Timestamp) -> Result<bool, Fault> {
    let ceiling = i64::try_from(ceiling).unwrap_or(i64::MAX);
    let clients: i64 = transaction
        .prepare_cached("SELECT clients FROM client_count")?
        .query_row([], |row| row.get(0))?;
    let mut surplus = clients.saturating_add(1).saturating_sub(ceiling);
    if surplus > 0 {
        let cleared = execute(
            transaction,
            "DELETE FROM client WHERE rowid IN ( \
                 SELECT rowid FROM client WHERE expires_at <= ?1 LIMIT ?2)",
            params![seconds(now), surplus],
        )?;
        surplus -= i64::try_from(cleared).unwrap_or(surplus);
    }
    if surplus > 0 {
        let evicted = execute(
            transaction,
            "DELETE FROM client WHERE client_id IN ( \
                 SELECT client_id FROM client WHERE used = 0 \
                 ORDER BY issued_at, client_id LIMIT ?1)",
            [surplus],
        )?;
        surplus -= i64::try_from(evicted).unwrap_or(surplus);
    }
    Ok(surplus <= 0)
}
