//! The verifier's slice: whether a token is active, over one multiplexed connection (a pool costs
//! an additional round trip for each use).
//!
//! It needs little, and its Redis user should have no more (`resetchannels` and `-@all` are what a
//! new user starts with; said for certainty):
//!
//! ```text
//! user verifier on >PASSWORD resetchannels -@all +get +ping %R~oauth:token:*
//! ```

use std::sync::{Arc, PoisonError, RwLock};
use std::time::Duration;

use ::redis::aio::{ConnectionManager, ConnectionManagerConfig};
use ::redis::{Client, Cmd, ErrorKind, FromRedisValue, RedisResult, cmd};
use async_trait::async_trait;
use token_core::store::{ActiveTokens, StoreError};
use token_core::{Jti, Timestamp};

use super::fault::fault;
use super::settings::{RedisSettings, RedisSettingsError};
use super::tokens;

/// How long one attempt to connect, and one answer, may take.
const PATIENCE: Duration = Duration::from_millis(200);

/// How long an answer may take in all: the verifier then denies, since it cannot know.
const DEADLINE: Duration = Duration::from_millis(240);

/// The active tokens in Redis, and nothing else of it. Clones share one connection.
#[derive(Clone)]
pub struct RedisActiveTokens {
    client: Client,
    connection: Arc<RwLock<ConnectionManager>>,
}

impl std::fmt::Debug for RedisActiveTokens {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("RedisActiveTokens").finish_non_exhaustive()
    }
}

impl RedisActiveTokens {
    /// The tokens there. Nothing is connected yet, and a Redis that is down, now or later, is an
    /// error of the question that is asked then. To be called within a Tokio runtime.
    pub fn connect(settings: &RedisSettings) -> Result<Self, RedisSettingsError> {
        let client = Client::open(settings.connection_info()?).map_err(|_| RedisSettingsError)?;
        let connection = lazy_connection(&client).map_err(|_| RedisSettingsError)?;
        Ok(Self {
            client,
            connection: Arc::new(RwLock::new(connection)),
        })
    }

    async fn ask<T: FromRedisValue>(&self, question: &Cmd) -> Result<T, StoreError> {
        match tokio::time::timeout(DEADLINE, self.ask_twice(question)).await {
            Ok(Ok(answer)) => Ok(answer),
            Ok(Err(error)) => Err(fault(error)),
            Err(elapsed) => Err(StoreError::Unavailable(elapsed.into())),
        }
    }

    /// Asks, and once more where the connection was at fault: only a question finds out that a
    /// connection is lost, and a failure to connect is repeated to the next one who asks. Both
    /// make the manager connect anew, and the second question goes over that connection.
    async fn ask_twice<T: FromRedisValue>(&self, question: &Cmd) -> RedisResult<T> {
        match question.query_async(&mut self.connection()).await {
            Err(error) if error.is_io_error() => {}
            Err(error) if error.kind() == ErrorKind::AuthenticationFailed => self.renew()?,
            answer => return answer,
        }
        question.query_async(&mut self.connection()).await
    }

    fn connection(&self) -> ConnectionManager {
        self.connection
            .read()
            .unwrap_or_else(PoisonError::into_inner)
            .clone()
    }

    /// A manager that was refused never tries again; a new one does, so that a password that is
    /// set right in Redis needs no restart here.
    fn renew(&self) -> RedisResult<()> {
        let renewed = lazy_connection(&self.client)?;
        *self
            .connection
            .write()
            .unwrap_or_else(PoisonError::into_inner) = renewed;
        Ok(())
    }
}

/// A manager that connects when it is first asked. It makes one attempt at a time: who asks cannot
/// wait for more.
fn lazy_connection(client: &Client) -> RedisResult<ConnectionManager> {
    let config = ConnectionManagerConfig::new()
        .set_number_of_retries(0)
        .set_connection_timeout(Some(PATIENCE))
        .set_response_timeout(Some(PATIENCE));
    ConnectionManager::new_lazy_with_config(client.clone(), config)
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
