//! The authorization server's connections to Redis.

use std::time::Duration;

use ::redis::{AsyncConnectionConfig, Cmd, FromRedisValue, Pipeline, RedisError, ScriptInvocation};
use deadpool_redis::{Connection, Manager, Pool, PoolConfig, PoolError, Runtime, Timeouts};
use token_core::store::StoreError;

use super::fault::fault;
use super::settings::{RedisSettings, RedisSettingsError};
use super::value::{unexpected, words};

/// How long one attempt to connect, and one answer, may take.
const PATIENCE: Duration = Duration::from_secs(1);

/// How long a step may take in all: a place in the pool, a connection, an answer.
const DEADLINE: Duration = Duration::from_secs(3);

/// How many steps go on at the same time; a step is shorter than a millisecond.
const CONNECTIONS: usize = 16;

/// A store in Redis 7. Clones share their connections.
#[derive(Clone)]
pub struct RedisStore {
    pool: Pool,
}

impl std::fmt::Debug for RedisStore {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("RedisStore").finish_non_exhaustive()
    }
}

impl RedisStore {
    /// A store there. Nothing is connected yet: each step does so when it must, so that a Redis
    /// that is down, now or later, is an error of the step and mends itself.
    pub fn connect(settings: &RedisSettings) -> Result<Self, RedisSettingsError> {
        let config = AsyncConnectionConfig::new()
            .set_connection_timeout(Some(PATIENCE))
            .set_response_timeout(Some(PATIENCE));
        let manager = Manager::new_with_config(settings.connection_info()?, config)
            .map_err(|_| RedisSettingsError)?;
        let pool = Pool::builder(manager)
            .config(PoolConfig {
                timeouts: Timeouts {
                    wait: Some(DEADLINE),
                    create: Some(PATIENCE),
                    recycle: Some(PATIENCE),
                },
                ..PoolConfig::new(CONNECTIONS)
            })
            .runtime(Runtime::Tokio1)
            .build()
            .map_err(|_| RedisSettingsError)?;
        Ok(Self { pool })
    }

    pub(super) async fn command<T: FromRedisValue>(&self, command: &Cmd) -> Result<T, StoreError> {
        within_deadline(async { Ok(command.query_async(&mut self.connection().await?).await?) })
            .await
    }

    /// Runs a script, whose answer is a word and what belongs to it.
    pub(super) async fn script(
        &self,
        script: &ScriptInvocation<'_>,
    ) -> Result<Vec<String>, StoreError> {
        within_deadline(async { Ok(script.invoke_async(&mut self.connection().await?).await?) })
            .await
    }

    /// Runs a script that answers `yes` or `no` in its own words.
    pub(super) async fn answered(
        &self,
        script: &ScriptInvocation<'_>,
        yes: &str,
        no: &str,
    ) -> Result<bool, StoreError> {
        match words(&self.script(script).await?).as_slice() {
            [word] if *word == yes => Ok(true),
            [word] if *word == no => Ok(false),
            _ => Err(unexpected()),
        }
    }

    pub(super) async fn pipeline(&self, pipeline: &Pipeline) -> Result<(), StoreError> {
        within_deadline(async { Ok(pipeline.exec_async(&mut self.connection().await?).await?) })
            .await
    }

    /// What each command of a pipeline answers.
    pub(super) async fn answers<T: FromRedisValue>(
        &self,
        pipeline: &Pipeline,
    ) -> Result<Vec<T>, StoreError> {
        within_deadline(async { Ok(pipeline.query_async(&mut self.connection().await?).await?) })
            .await
    }

    async fn connection(&self) -> Result<Connection, PoolError> {
        self.pool.get().await
    }
}

/// What can go wrong within a step.
enum Failure {
    Pool(PoolError),
    Redis(RedisError),
}

impl From<PoolError> for Failure {
    fn from(error: PoolError) -> Self {
        Self::Pool(error)
    }
}

impl From<RedisError> for Failure {
    fn from(error: RedisError) -> Self {
        Self::Redis(error)
    }
}

async fn within_deadline<T>(
    step: impl Future<Output = Result<T, Failure>>,
) -> Result<T, StoreError> {
    match tokio::time::timeout(DEADLINE, step).await {
        Ok(Ok(outcome)) => Ok(outcome),
        Ok(Err(Failure::Redis(error))) => Err(fault(error)),
        Ok(Err(Failure::Pool(error))) => Err(StoreError::Unavailable(error.into())),
        Err(elapsed) => Err(StoreError::Unavailable(elapsed.into())),
    }
}
