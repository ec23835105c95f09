//! Registered clients.

use ::redis::Cmd;
use async_trait::async_trait;
use token_core::client::Client;
use token_core::store::{ClientStore, StoreError};
use token_core::{ClientId, Timestamp};

use super::keys;
use super::store::RedisStore;
use super::value::{decode, dropped_at, encode};

#[async_trait]
impl ClientStore for RedisStore {
    async fn put_client(&self, client: &Client) -> Result<(), StoreError> {
        let mut set = Cmd::set(keys::client(&client.client_id), encode(client)?);
        if let Some(expires_at) = client.expires_at {
            set.arg("EXAT").arg(dropped_at(expires_at));
        }
        self.command(&set).await
    }

    async fn client(&self, id: &ClientId, now: Timestamp) -> Result<Option<Client>, StoreError> {
        let found: Option<String> = self.command(&Cmd::get(keys::client(id))).await?;
        let client: Option<Client> = found.map(|record| decode(&record)).transpose()?;
        Ok(client.filter(|client| !client.is_expired(now)))
    }
}
