//! Ending many things: each is a script, many of them under way at once.

use async_trait::async_trait;
use futures_util::{StreamExt as _, stream};
use token_core::store::{ENDLESS, Ending, GrantStore as _, StoreError};
use token_core::{ClientId, GrantId, Jti, Timestamp};

use super::clients::script_for;
use super::store::RedisStore;
use super::value::seconds;
use super::{keys, scripts};

/// How many scripts are under way at once: the way to Redis is longer than its work, and whoever
/// else asks Redis waits for as many at most.
const AT_ONCE: usize = 128;

/// What becomes of many steps, in their order.
pub(super) async fn each<T>(steps: Vec<impl Future<Output = T>>) -> Vec<T> {
    stream::iter(steps).buffered(AT_ONCE).collect().await
}

#[async_trait]
impl Ending for RedisStore {
    async fn end_grants(
        &self,
        grants: &[(GrantId, Timestamp)],
        now: Timestamp,
    ) -> Vec<Result<(), StoreError>> {
        let steps = grants.iter();
        each(
            steps
                .map(|(grant, until)| self.end_grant(grant, now, *until))
                .collect(),
        )
        .await
    }

    async fn revoke_tokens(&self, tokens: &[Jti], now: Timestamp) -> Vec<Result<bool, StoreError>> {
        let steps = tokens.iter();
        each(steps.map(|jti| self.revoke_token(jti, now)).collect()).await
    }

    async fn delete_clients(
        &self,
        clients: &[ClientId],
        now: Timestamp,
    ) -> Vec<Result<bool, StoreError>> {
        let steps = clients.iter();
        each(steps.map(|id| self.delete(id, true, now)).collect()).await
    }
}

impl RedisStore {
    /// Deletes a client, which leaves a mark if it was used, or in any case; whether it was there.
    pub(super) async fn delete(
        &self,
        id: &ClientId,
        marked_unused_too: bool,
        now: Timestamp,
    ) -> Result<bool, StoreError> {
        let mut script = script_for(&scripts::DELETE_CLIENT, id, now);
        script
            .key(keys::client_keys(id))
            .arg(u8::from(marked_unused_too))
            .arg(seconds(now.plus(ENDLESS)));
        self.answered(&script, "deleted", "unknown").await
    }
}
