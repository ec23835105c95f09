//! What one person gave to clients.

use ::redis::{Cmd, pipe};
use async_trait::async_trait;
use token_core::store::{Grant, PersonStore, Session, StoreError};
use token_core::{GrantId, Timestamp, UserId};

use super::keys;
use super::store::RedisStore;
use super::value::{dropped_at, seconds};

#[async_trait]
impl PersonStore for RedisStore {
    async fn user_grants(&self, user: &UserId, now: Timestamp) -> Result<Vec<GrantId>, StoreError> {
        self.grants_named(&keys::user_grants(user), now).await
    }

    async fn user_sessions(
        &self,
        user: &UserId,
        now: Timestamp,
    ) -> Result<Vec<Session>, StoreError> {
        let grants = self.user_grants(user, now).await?;
        let members: Vec<_> = grants.iter().map(keys::members).collect();
        // What cannot be read is not shown, and ends all the same.
        let (mut sessions, _) = self.sessions_of(&members, now).await?;
        sessions.retain(|session| session.user_id == *user);
        Ok(sessions)
    }

    async fn sessions_last_used(
        &self,
        sessions: &[GrantId],
    ) -> Result<Vec<Option<Timestamp>>, StoreError> {
        self.last_used(sessions.iter().map(keys::session_use).collect())
            .await
    }
}

impl RedisStore {
    /// The grants that an index names and that are not over.
    pub(super) async fn grants_named(
        &self,
        index: &str,
        now: Timestamp,
    ) -> Result<Vec<GrantId>, StoreError> {
        let living = format!("({}", seconds(now));
        let query = Cmd::zrangebyscore(index, living, "+inf");
        let grants: Vec<String> = self.command(&query).await?;
        grants
            .into_iter()
            .map(GrantId::parse)
            .collect::<Result<_, _>>()
            .map_err(|error| StoreError::Corrupt(error.into()))
    }

    /// Names a grant among its person's before there is anything of it. Its tokens prolong that.
    pub(super) async fn name_grant(
        &self,
        grant: &Grant,
        until: Timestamp,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        let (index, drop) = (keys::user_grants(&grant.user_id), dropped_at(until));
        let mut changes = pipe();
        changes.zrembyscore(&index, "-inf", seconds(now));
        changes
            .cmd("ZADD")
            .arg(&index)
            .arg("GT")
            .arg(seconds(until))
            .arg(grant.id.as_str());
        // `GT` alone sets none where there is none: a key without expiry counts as the latest.
        for condition in ["NX", "GT"] {
            changes.cmd("EXPIREAT").arg(&index).arg(drop).arg(condition);
        }
        self.pipeline(&changes).await
    }
}
