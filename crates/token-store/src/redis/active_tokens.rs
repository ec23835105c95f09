//! The verifier's slice: whether a token is active, over one multiplexed connection (a pool costs
//! an additional round trip for each use) over which Redis tells of each change.
//!
//! It needs little, and its Redis user should have no more (`resetchannels` and `-@all` are what a
//! new user starts with; said for certainty):
//!
//! ```text
//! user verifier on >PASSWORD resetchannels -@all +get +ping +zrange +client|tracking
//!      %R~oauth:token:* %R~oauth:retired_keys %R~oauth:reload
//! ```

use std::sync::Arc;
use std::time::Duration;

use ::redis::aio::MultiplexedConnection;
use ::redis::{Client, Cmd, FromRedisValue, ProtocolVersion, RedisError, cmd};
use async_trait::async_trait;
use token_core::store::{ActiveTokens, StoreError};
use token_core::{Clock, Jti, Timestamp};
use tokio::sync::watch;
use tokio::task::AbortHandle;

use super::fault::fault;
use super::settings::{RedisSettings, RedisSettingsError};
use super::tokens;
use super::tracking::{Heard, Tracking};

/// How long an answer may take in all: the verifier then denies, since it cannot know.
const DEADLINE: Duration = Duration::from_millis(240);

/// The active tokens in Redis, and nothing else of it. Clones share one connection, which ends
/// with the last of them.
#[derive(Clone)]
pub struct RedisActiveTokens {
    connection: watch::Receiver<Option<MultiplexedConnection>>,
    _tracking: Arc<Running>,
}

struct Running(AbortHandle);

impl Drop for Running {
    fn drop(&mut self) {
        self.0.abort();
    }
}

impl std::fmt::Debug for RedisActiveTokens {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("RedisActiveTokens").finish_non_exhaustive()
    }
}

impl RedisActiveTokens {
    /// The tokens there; what is heard of them and from the operator goes to `heard`. Nothing is
    /// connected yet, and a Redis that is down, now or later, is an error of the question that is
    /// asked then. To be called within a Tokio runtime, to which it belongs.
    ///
    /// # Errors
    /// The settings are not those of a Redis.
    pub fn connect(
        settings: &RedisSettings,
        heard: Heard,
        clock: Arc<dyn Clock>,
    ) -> Result<Self, RedisSettingsError> {
        let info = settings.connection_info()?;
        let redis = info
            .redis_settings()
            .clone()
            .set_protocol(ProtocolVersion::RESP3);
        let client =
            Client::open(info.set_redis_settings(redis)).map_err(|_| RedisSettingsError)?;
        let (publish, connection) = watch::channel(None);
        let tracking = Tracking {
            client,
            heard,
            clock,
            publish,
        };
        let running = Running(tokio::spawn(tracking.run()).abort_handle());
        Ok(Self {
            connection,
            _tracking: Arc::new(running),
        })
    }

    async fn ask<T: FromRedisValue>(&self, question: &Cmd) -> Result<T, StoreError> {
        match tokio::time::timeout(DEADLINE, self.ask_until_answered(question)).await {
            Ok(answer) => answer,
            Err(elapsed) => Err(StoreError::Unavailable(elapsed.into())),
        }
    }

    /// Waits for a connection, and for the next one where this one ends before the answer: it is
    /// only a question, so it may be asked again.
    async fn ask_until_answered<T: FromRedisValue>(&self, question: &Cmd) -> Result<T, StoreError> {
        let mut connections = self.connection.clone();
        loop {
            let current = connections.borrow_and_update().clone();
            if let Some(mut connection) = current {
                match question.query_async(&mut connection).await {
                    Err(error) if is_broken(&error) => {}
                    answer => return answer.map_err(fault),
                }
            }
            connections
                .changed()
                .await
                .map_err(|ended| StoreError::Unavailable(ended.into()))?;
        }
    }
}

fn is_broken(error: &RedisError) -> bool {
    error.is_io_error() && !error.is_timeout()
}

#[async_trait]
impl ActiveTokens for RedisActiveTokens {
    async fn is_active(&self, jti: &Jti, now: Timestamp) -> Result<bool, StoreError> {
        let answer: Option<String> = self.ask(&tokens::query(jti)).await?;
        tokens::is_active(answer.as_deref(), now)
    }

    async fn ping(&self) -> Result<(), StoreError> {
        self.ask(&cmd("PING")).await
    }
}
