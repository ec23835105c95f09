//! Sign-ins under way.

use ::redis::Cmd;
use async_trait::async_trait;
use token_core::Timestamp;
use token_core::secret::SecretHash;
use token_core::store::{PendingSignIn, SignInStore, StoreError};

use super::keys;
use super::store::RedisStore;
use super::value::{decode, dropped_at, encode};

#[async_trait]
impl SignInStore for RedisStore {
    async fn put_sign_in(
        &self,
        state: &SecretHash,
        pending: &PendingSignIn,
        _now: Timestamp,
    ) -> Result<(), StoreError> {
        let mut set = Cmd::set(keys::sign_in(state), encode(pending)?);
        set.arg("EXAT").arg(dropped_at(pending.expires_at));
        self.command(&set).await
    }

    async fn sign_in(
        &self,
        state: &SecretHash,
        now: Timestamp,
    ) -> Result<Option<PendingSignIn>, StoreError> {
        let found = self.command(&Cmd::get(keys::sign_in(state))).await?;
        unless_over(found, now)
    }

    async fn take_sign_in(
        &self,
        state: &SecretHash,
        now: Timestamp,
    ) -> Result<Option<PendingSignIn>, StoreError> {
        let found = self.command(&Cmd::get_del(keys::sign_in(state))).await?;
        unless_over(found, now)
    }
}

fn unless_over(
    record: Option<String>,
    now: Timestamp,
) -> Result<Option<PendingSignIn>, StoreError> {
    let pending: Option<PendingSignIn> = record.map(|record| decode(&record)).transpose()?;
    Ok(pending.filter(|pending| !pending.expires_at.has_passed(now)))
}
