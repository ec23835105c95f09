//! Registration and its management (RFC 7591, RFC 7592).

use async_trait::async_trait;
use token_core::client::Client;
use token_core::secret::SecretHash;
use token_core::store::{ClientRegistry, RegisterOutcome, StoreError};
use token_core::{ClientId, GrantId, Timestamp};

use super::clients::{add_client, expiry, script_for};
use super::store::RedisStore;
use super::value::{unexpected, words};
use super::{keys, scripts};

#[async_trait]
impl ClientRegistry for RedisStore {
    async fn register_client(
        &self,
        client: &Client,
        ceiling: usize,
        keep_tokens: usize,
        now: Timestamp,
    ) -> Result<RegisterOutcome, StoreError> {
        let mut script = script_for(&scripts::REGISTER_CLIENT, &client.client_id, now);
        add_client(&mut script, client)?;
        script.arg(ceiling).arg(keep_tokens);
        match words(&self.script(&script).await?).as_slice() {
            ["created"] => Ok(RegisterOutcome::Created),
            ["joined"] => Ok(RegisterOutcome::Joined),
            ["full"] => Ok(RegisterOutcome::Full),
            _ => Err(unexpected()),
        }
    }

    async fn replace_client(&self, client: &Client, now: Timestamp) -> Result<bool, StoreError> {
        let mut script = script_for(&scripts::REPLACE_CLIENT, &client.client_id, now);
        add_client(&mut script, client)?;
        self.answered(&script, "replaced", "unknown").await
    }

    async fn prolong_client(
        &self,
        id: &ClientId,
        expires_at: Option<Timestamp>,
        now: Timestamp,
    ) -> Result<bool, StoreError> {
        let mut script = script_for(&scripts::PROLONG_CLIENT, id, now);
        script.arg(expiry(expires_at));
        self.answered(&script, "prolonged", "unknown").await
    }

    async fn end_registration_token(
        &self,
        id: &ClientId,
        token: &SecretHash,
        now: Timestamp,
    ) -> Result<bool, StoreError> {
        let mut script = script_for(&scripts::END_REGISTRATION_TOKEN, id, now);
        script.arg(token.to_string());
        self.answered(&script, "ended", "unknown").await
    }

    async fn delete_client(&self, id: &ClientId, now: Timestamp) -> Result<bool, StoreError> {
        self.delete(id, false, now).await
    }

    async fn client_grants(
        &self,
        id: &ClientId,
        now: Timestamp,
    ) -> Result<Vec<GrantId>, StoreError> {
        self.grants_named(&keys::client_grants(id), now).await
    }
}
