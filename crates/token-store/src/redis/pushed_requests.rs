//! Pushed authorization requests (RFC 9126).

use ::redis::Cmd;
use async_trait::async_trait;
use token_core::Timestamp;
use token_core::secret::SecretHash;
use token_core::store::{PushedRequest, PushedRequestStore, StoreError};

use super::keys;
use super::store::RedisStore;
use super::value::{decode, dropped_at, encode};

#[async_trait]
impl PushedRequestStore for RedisStore {
    async fn put_pushed_request(
        &self,
        request_uri: &SecretHash,
        request: &PushedRequest,
        _now: Timestamp,
    ) -> Result<(), StoreError> {
        let mut set = Cmd::set(keys::pushed_request(request_uri), encode(request)?);
        set.arg("EXAT").arg(dropped_at(request.expires_at));
        self.command(&set).await
    }

    async fn pushed_request(
        &self,
        request_uri: &SecretHash,
        now: Timestamp,
    ) -> Result<Option<PushedRequest>, StoreError> {
        let get = Cmd::get(keys::pushed_request(request_uri));
        let found: Option<String> = self.command(&get).await?;
        let request: Option<PushedRequest> = found.map(|record| decode(&record)).transpose()?;
        Ok(request.filter(|request| !request.expires_at.has_passed(now)))
    }
}
