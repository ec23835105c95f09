//! Clients and their registration.

use async_trait::async_trait;
use token_core::client::Client;
use token_core::secret::SecretHash;
use token_core::store::{ClientRegistry, ClientStore, RegisterOutcome, StoreError};
use token_core::{ClientId, GrantId, Timestamp};

use super::{Content, MemoryStore};

impl Content {
    pub(super) fn has_client(&mut self, id: &ClientId, now: Timestamp) -> bool {
        self.living_client(id, now).is_some()
    }

    fn living_client(&mut self, id: &ClientId, now: Timestamp) -> Option<&mut Client> {
        self.clients
            .get_mut(id)
            .filter(|client| !client.is_expired(now))
    }

    /// Makes room for one more client; whether there is room.
    fn make_room(&mut self, ceiling: usize, now: Timestamp) -> bool {
        self.clients.retain(|_, client| !client.is_expired(now));
        while self.clients.len() >= ceiling {
            let unused = self.clients.values().filter(|client| !client.used);
            let oldest = unused.min_by_key(|client| (client.issued_at, client.client_id.clone()));
            let Some(id) = oldest.map(|client| client.client_id.clone()) else {
                return false;
            };
            self.clients.remove(&id);
        }
        true
    }
}

#[async_trait]
impl ClientStore for MemoryStore {
    async fn put_client(&self, client: &Client, _now: Timestamp) -> Result<(), StoreError> {
        self.content()
            .clients
            .insert(client.client_id.clone(), client.clone());
        Ok(())
    }

    async fn client(&self, id: &ClientId, now: Timestamp) -> Result<Option<Client>, StoreError> {
        Ok(self.content().living_client(id, now).cloned())
    }
}

#[async_trait]
impl ClientRegistry for MemoryStore {
    async fn register_client(
        &self,
        client: &Client,
        ceiling: usize,
        keep_tokens: usize,
        now: Timestamp,
    ) -> Result<RegisterOutcome, StoreError> {
        let mut content = self.content();
        if let Some(own) = content.living_client(&client.client_id, now) {
            own.registration_tokens.extend(&client.registration_tokens);
            let surplus = own.registration_tokens.len().saturating_sub(keep_tokens);
            own.registration_tokens.drain(..surplus);
            return Ok(RegisterOutcome::Joined);
        }
        if !content.make_room(ceiling, now) {
            return Ok(RegisterOutcome::Full);
        }
        content
            .clients
            .insert(client.client_id.clone(), client.clone());
        Ok(RegisterOutcome::Created)
    }

    async fn replace_client(&self, client: &Client, now: Timestamp) -> Result<bool, StoreError> {
        let mut content = self.content();
        let own = content.living_client(&client.client_id, now);
        Ok(own.map(|own| *own = client.clone()).is_some())
    }

    async fn prolong_client(
        &self,
        id: &ClientId,
        expires_at: Option<Timestamp>,
        now: Timestamp,
    ) -> Result<bool, StoreError> {
        let mut content = self.content();
        let Some(own) = content.living_client(id, now) else {
            return Ok(false);
        };
        own.used = true;
        own.expires_at = expires_at;
        Ok(true)
    }

    async fn end_registration_token(
        &self,
        id: &ClientId,
        token: &SecretHash,
        now: Timestamp,
    ) -> Result<bool, StoreError> {
        let mut content = self.content();
        let Some(own) = content.living_client(id, now) else {
            return Ok(false);
        };
        let before = own.registration_tokens.len();
        own.registration_tokens.retain(|own| own != token);
        Ok(own.registration_tokens.len() < before)
    }

    async fn delete_client(&self, id: &ClientId, now: Timestamp) -> Result<bool, StoreError> {
        let mut content = self.content();
        let lived = content.living_client(id, now).is_some();
        content.clients.remove(id);
        content.key_sets.remove(id);
        Ok(lived)
    }

    async fn client_grants(
        &self,
        id: &ClientId,
        now: Timestamp,
    ) -> Result<Vec<GrantId>, StoreError> {
        let content = self.content();
        let tokens = content.tokens.values();
        let tokens =
            tokens.filter(|token| token.client_id == *id && !token.expires_at.has_passed(now));
        let refresh = content
            .refresh_tokens
            .values()
            .map(|refresh| &refresh.record);
        let refresh =
            refresh.filter(|own| own.grant.client_id == *id && !own.expires_at.has_passed(now));
        let mut grants: Vec<_> = tokens
            .map(|token| token.jti.grant())
            .chain(refresh.map(|own| own.grant.id.clone()))
            .collect();
        grants.sort();
        grants.dedup();
        Ok(grants)
    }
}
