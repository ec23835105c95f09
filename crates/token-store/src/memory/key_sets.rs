//! The keys of clients as they were fetched.

use async_trait::async_trait;
use token_core::store::{KeySetRecord, KeySetStore, StoreError};
use token_core::{ClientId, Timestamp};

use super::MemoryStore;

#[async_trait]
impl KeySetStore for MemoryStore {
    async fn put_key_set(&self, set: &KeySetRecord, _now: Timestamp) -> Result<(), StoreError> {
        self.content()
            .key_sets
            .insert(set.client_id.clone(), set.clone());
        Ok(())
    }

    async fn key_set(
        &self,
        client: &ClientId,
        now: Timestamp,
    ) -> Result<Option<KeySetRecord>, StoreError> {
        let found = self.content().key_sets.get(client).cloned();
        Ok(found.filter(|set| !set.expires_at.has_passed(now)))
    }

    async fn clients_with_key_sets(&self, now: Timestamp) -> Result<Vec<ClientId>, StoreError> {
        let content = self.content();
        let sets = content.key_sets.values();
        let living = sets.filter(|set| !set.expires_at.has_passed(now));
        Ok(living.map(|set| set.client_id.clone()).collect())
    }
}
