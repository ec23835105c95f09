//! Whether a token is active, asked by the authorization server.

use ::redis::{Cmd, cmd};
use async_trait::async_trait;
use token_core::store::{ActiveTokens, StoreError};
use token_core::{Jti, Timestamp};

use super::store::RedisStore;
use super::{keys, value};

/// The one command that answers it.
pub(super) fn query(jti: &Jti) -> Cmd {
    Cmd::get(keys::token(jti))
}

/// What its answer means.
pub(super) fn is_active(answer: Option<&str>, now: Timestamp) -> Result<bool, StoreError> {
    let Some(answer) = answer else {
        return Ok(false);
    };
    let (expires_at, _, _) = value::parse(answer)?;
    Ok(!expires_at.has_passed(now))
}

#[async_trait]
impl ActiveTokens for RedisStore {
    async fn is_active(&self, jti: &Jti, now: Timestamp) -> Result<bool, StoreError> {
        let answer: Option<String> = self.command(&query(jti)).await?;
        is_active(answer.as_deref(), now)
    }

    async fn ping(&self) -> Result<(), StoreError> {
        self.command(&cmd("PING")).await
    }
}
