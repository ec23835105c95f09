//! What one person gave to clients.

use std::collections::BTreeSet;

use async_trait::async_trait;
use token_core::store::{DeviceDecision, PersonStore, Session, StoreError};
use token_core::{GrantId, Timestamp, UserId};

use super::{Content, MemoryStore};

#[async_trait]
impl PersonStore for MemoryStore {
    async fn user_grants(&self, user: &UserId, now: Timestamp) -> Result<Vec<GrantId>, StoreError> {
        Ok(self.content().grants_of(user, now).into_iter().collect())
    }

    async fn user_sessions(
        &self,
        user: &UserId,
        now: Timestamp,
    ) -> Result<Vec<Session>, StoreError> {
        let content = self.content();
        let grants = content.grants_of(user, now);
        let sessions = grants
            .iter()
            .filter_map(|grant| content.session(grant, now));
        Ok(sessions.collect())
    }

    async fn sessions_last_used(
        &self,
        sessions: &[GrantId],
    ) -> Result<Vec<Option<Timestamp>>, StoreError> {
        // Who uses tokens notes it elsewhere: no verifier runs on this store.
        Ok(vec![None; sessions.len()])
    }
}

impl Content {
    fn grants_of(&self, user: &UserId, now: Timestamp) -> BTreeSet<GrantId> {
        let tokens = self.tokens.values();
        let tokens = tokens
            .filter(|token| token.user_id == *user && !token.expires_at.has_passed(now))
            .map(|token| token.jti.grant());
        let refresh = self.refresh_tokens.values().map(|refresh| &refresh.record);
        let refresh = refresh
            .filter(|own| own.grant.user_id == *user && !own.expires_at.has_passed(now))
            .map(|own| own.grant.id.clone());
        let codes = self.codes.values().map(|code| &code.record);
        let codes = codes
            .filter(|code| code.grant.user_id == *user && !code.expires_at.has_passed(now))
            .map(|code| code.grant.id.clone());
        let devices = self
            .devices
            .iter()
            .filter_map(|device| match &device.decision {
                Some(DeviceDecision::Approved(grant))
                    if grant.user_id == *user && !device.record.expires_at.has_passed(now) =>
                {
                    Some(grant.id.clone())
                }
                _ => None,
            });
        tokens.chain(refresh).chain(codes).chain(devices).collect()
    }

    fn session(&self, grant: &GrantId, now: Timestamp) -> Option<Session> {
        let tokens = self.tokens.values();
        let tokens = tokens
            .filter(|token| token.jti.grant() == *grant && !token.expires_at.has_passed(now))
            .cloned();
        let refresh = self.refresh_tokens.values();
        let refresh = refresh
            .filter(|own| own.replacement.is_none() && own.record.key.grant == *grant)
            .map(|own| &own.record)
            .find(|own| !own.expires_at.has_passed(now))
            .map(|own| (own.grant.clone(), own.expires_at));
        Session::of(tokens.collect(), refresh)
    }
}
