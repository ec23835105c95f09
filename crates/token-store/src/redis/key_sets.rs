//! The keys of clients as they were fetched. The script that deletes a client deletes them too.

use ::redis::{Cmd, pipe};
use async_trait::async_trait;
use token_core::store::{KeySetRecord, KeySetStore, StoreError};
use token_core::{ClientId, Timestamp};

use super::keys;
use super::store::RedisStore;
use super::value::{decode, dropped_at, encode, seconds};

#[async_trait]
impl KeySetStore for RedisStore {
    async fn put_key_set(&self, set: &KeySetRecord, now: Timestamp) -> Result<(), StoreError> {
        let (index, drop) = (keys::clients_with_keys(), dropped_at(set.expires_at));
        let mut changes = pipe();
        changes.atomic();
        changes
            .cmd("SET")
            .arg(keys::client_keys(&set.client_id))
            .arg(encode(set)?)
            .arg("EXAT")
            .arg(drop);
        changes.zadd(index, set.client_id.as_str(), seconds(set.expires_at));
        changes.zrembyscore(index, "-inf", seconds(now));
        for condition in ["NX", "GT"] {
            changes.cmd("EXPIREAT").arg(index).arg(drop).arg(condition);
        }
        self.pipeline(&changes).await
    }

    async fn key_set(
        &self,
        client: &ClientId,
        now: Timestamp,
    ) -> Result<Option<KeySetRecord>, StoreError> {
        let get = Cmd::get(keys::client_keys(client));
        let found: Option<String> = self.command(&get).await?;
        let set: Option<KeySetRecord> = found.map(|record| decode(&record)).transpose()?;
        Ok(set.filter(|set| !set.expires_at.has_passed(now)))
    }

    async fn clients_with_key_sets(&self, now: Timestamp) -> Result<Vec<ClientId>, StoreError> {
        let living = format!("({}", seconds(now));
        let query = Cmd::zrangebyscore(keys::clients_with_keys(), living, "+inf");
        let clients: Vec<String> = self.command(&query).await?;
        clients
            .into_iter()
            .map(ClientId::parse)
            .collect::<Result<_, _>>()
            .map_err(|error| StoreError::Corrupt(error.into()))
    }
}
