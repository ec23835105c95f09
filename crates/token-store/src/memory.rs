//! The store in memory, for tests: what the others promise, in its plainest form.
//!
//! Nothing is ever cleared away: it lives as long as a test.

mod clients;
mod key_sets;
mod people;
mod requests;

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use async_trait::async_trait;
use token_core::client::Client;
use token_core::secret::{SecretHash, SecretKey};
use token_core::store::{
    ActiveTokens, CodeOutcome, CodeRecord, GrantStore, IssueOutcome, IssuedTokens, KeySetRecord,
    PendingSignIn, PushedRequest, RefreshRecord, RefreshView, RotateOutcome, Rotation, SignInStore,
    StoreError, TokenRecord,
};
use token_core::{ClientId, GrantId, Jti, Timestamp};

/// A store in memory. Clones share their content.
#[derive(Debug, Clone, Default)]
pub struct MemoryStore(Arc<Mutex<Content>>);

#[derive(Debug, Default)]
struct Content {
    clients: HashMap<ClientId, Client>,
    key_sets: HashMap<ClientId, KeySetRecord>,
    sign_ins: HashMap<String, PendingSignIn>,
    codes: HashMap<String, Code>,
    tokens: HashMap<Jti, TokenRecord>,
    refresh_tokens: HashMap<String, Refresh>,
    ended_grants: HashMap<GrantId, Timestamp>,
    devices: Vec<requests::Device>,
    pushed_requests: HashMap<String, PushedRequest>,
    used: HashMap<String, Timestamp>,
}

#[derive(Debug)]
struct Code {
    record: CodeRecord,
    used: bool,
}

#[derive(Debug)]
struct Refresh {
    record: RefreshRecord,
    replacement: Option<Replacement>,
}

#[derive(Debug)]
struct Replacement {
    sealed_answer: String,
    grace_until: Timestamp,
}

impl MemoryStore {
    /// An empty one.
    pub fn new() -> Self {
        Self::default()
    }

    /// The content; each method is one atomic step because it holds this for its whole length.
    /// No step can panic half-way, so a poisoned lock still guards a whole content.
    fn content(&self) -> MutexGuard<'_, Content> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Content {
    fn activate(&mut self, tokens: IssuedTokens) {
        self.tokens.insert(tokens.token.jti.clone(), tokens.token);
        if let Some(record) = tokens.refresh {
            let refresh = Refresh {
                record,
                replacement: None,
            };
            self.refresh_tokens
                .insert(refresh.record.key.hash.to_string(), refresh);
        }
    }

    fn refresh_token(&mut self, key: &SecretKey, now: Timestamp) -> Option<&mut Refresh> {
        self.refresh_tokens
            .get_mut(&key.hash.to_string())
            .filter(|refresh| !refresh.record.expires_at.has_passed(now))
    }
}

#[async_trait]
impl SignInStore for MemoryStore {
    async fn put_sign_in(
        &self,
        state: &SecretHash,
        pending: &PendingSignIn,
        _now: Timestamp,
    ) -> Result<(), StoreError> {
        self.content()
            .sign_ins
            .insert(state.to_string(), pending.clone());
        Ok(())
    }

    async fn sign_in(
        &self,
        state: &SecretHash,
        now: Timestamp,
    ) -> Result<Option<PendingSignIn>, StoreError> {
        let found = self.content().sign_ins.get(&state.to_string()).cloned();
        Ok(found.filter(|pending| !pending.expires_at.has_passed(now)))
    }

    async fn take_sign_in(
        &self,
        state: &SecretHash,
        now: Timestamp,
    ) -> Result<Option<PendingSignIn>, StoreError> {
        let found = self.content().sign_ins.remove(&state.to_string());
        Ok(found.filter(|pending| !pending.expires_at.has_passed(now)))
    }
}

#[async_trait]
impl GrantStore for MemoryStore {
    async fn put_code(&self, code: &CodeRecord, _now: Timestamp) -> Result<(), StoreError> {
        let kept = Code {
            record: code.clone(),
            used: false,
        };
        self.content().codes.insert(code.key.hash.to_string(), kept);
        Ok(())
    }

    async fn consume_code(
        &self,
        code: &SecretKey,
        now: Timestamp,
    ) -> Result<CodeOutcome, StoreError> {
        let mut content = self.content();
        let found = content
            .codes
            .get_mut(&code.hash.to_string())
            .filter(|code| !code.record.expires_at.has_passed(now));
        Ok(match found {
            None => CodeOutcome::Unknown,
            Some(found) if found.used => CodeOutcome::Replayed(code.grant.clone()),
            Some(found) => {
                found.used = true;
                CodeOutcome::Fresh(Box::new(found.record.clone()))
            }
        })
    }

    async fn issue_tokens(
        &self,
        tokens: &IssuedTokens,
        now: Timestamp,
    ) -> Result<IssueOutcome, StoreError> {
        let mut content = self.content();
        let mark = content.ended_grants.get(&tokens.token.jti.grant());
        if mark.is_some_and(|until| !until.has_passed(now)) {
            return Ok(IssueOutcome::GrantEnded);
        }
        if tokens.client_is_stored && !content.has_client(&tokens.token.client_id, now) {
            return Ok(IssueOutcome::ClientGone);
        }
        content.activate(tokens.clone());
        Ok(IssueOutcome::Issued)
    }

    async fn refresh_token(
        &self,
        key: &SecretKey,
        now: Timestamp,
    ) -> Result<Option<RefreshView>, StoreError> {
        let mut content = self.content();
        Ok(content.refresh_token(key, now).map(|found| RefreshView {
            record: found.record.clone(),
            replaced: found.replacement.is_some(),
        }))
    }

    async fn rotate_refresh(
        &self,
        rotation: &Rotation,
        now: Timestamp,
    ) -> Result<RotateOutcome, StoreError> {
        let mut content = self.content();
        let client_is_gone =
            rotation.client_is_stored && !content.has_client(&rotation.token.client_id, now);
        let Some(presented) = content.refresh_token(&rotation.presented, now) else {
            return Ok(RotateOutcome::Unknown);
        };
        if client_is_gone {
            return Ok(RotateOutcome::ClientGone);
        }
        if let Some(replacement) = &presented.replacement {
            return Ok(if replacement.grace_until.has_passed(now) {
                RotateOutcome::Reused(rotation.presented.grant.clone())
            } else {
                RotateOutcome::Graced(replacement.sealed_answer.clone())
            });
        }
        presented.replacement = Some(Replacement {
            sealed_answer: rotation.sealed_answer.clone(),
            grace_until: rotation.grace_until,
        });
        content.activate(IssuedTokens {
            token: rotation.token.clone(),
            refresh: Some(rotation.successor.clone()),
            client_is_stored: rotation.client_is_stored,
        });
        Ok(RotateOutcome::Rotated)
    }

    async fn revoke_token(&self, jti: &Jti, now: Timestamp) -> Result<bool, StoreError> {
        let found = self.content().tokens.remove(jti);
        Ok(found.is_some_and(|token| !token.expires_at.has_passed(now)))
    }

    async fn end_grant(
        &self,
        grant: &GrantId,
        _now: Timestamp,
        until: Timestamp,
    ) -> Result<(), StoreError> {
        let mut content = self.content();
        let mark = content.ended_grants.entry(grant.clone()).or_insert(until);
        *mark = until.max(*mark);
        content.tokens.retain(|jti, _| jti.grant() != *grant);
        content
            .refresh_tokens
            .retain(|_, refresh| refresh.record.key.grant != *grant);
        Ok(())
    }
}

#[async_trait]
impl ActiveTokens for MemoryStore {
    async fn is_active(&self, jti: &Jti, now: Timestamp) -> Result<bool, StoreError> {
        let content = self.content();
        let found = content.tokens.get(jti);
        Ok(found.is_some_and(|token| !token.expires_at.has_passed(now)))
    }

    async fn ping(&self) -> Result<(), StoreError> {
        Ok(())
    }
}
