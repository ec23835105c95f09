//! The authorization server's connections to Redis.

use std::sync::Arc;
use std::time::{Duration, Instant};

use ::redis::aio::MultiplexedConnection;
use ::redis::{Cmd, ConnectionInfo, FromRedisValue, Pipeline, RedisError, ScriptInvocation};
use thread_local::ThreadLocal;
use token_core::store::StoreError;

use super::clients::Records;
use super::lane::{Lane, Patience};
use super::settings::{RedisSettings, RedisSettingsError};
use super::value::{unexpected, words};

/// A store in Redis 7. Clones share their connections, of which each thread has its own.
#[derive(Clone)]
pub struct RedisStore {
    redis: ConnectionInfo,
    lanes: Arc<ThreadLocal<Lane>>,
    patience: Patience,
    watch: Option<Watch>,
    pub(super) records: Arc<Records>,
}

/// Who is told how long each step took, and whether it was answered.
pub type Watch = Arc<dyn Fn(Duration, bool) + Send + Sync>;

impl std::fmt::Debug for RedisStore {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("RedisStore").finish_non_exhaustive()
    }
}

impl RedisStore {
    /// A store there. Nothing is connected yet: each step does so when it must, so that a Redis
    /// that is down, now or later, is an error of the step and mends itself.
    pub fn connect(settings: &RedisSettings) -> Result<Self, RedisSettingsError> {
        let store = Self {
            redis: settings.connection_info()?,
            lanes: Arc::default(),
            patience: Patience::SHORT,
            watch: None,
            records: Arc::default(),
        };
        // So that what is wrong with the settings is said here.
        store.lane()?;
        Ok(store)
    }

    /// The same for the operator's walks, which wait half a minute for a Redis that is busy with
    /// itself rather than begin anew.
    #[must_use]
    pub fn patient(self) -> Self {
        Self {
            lanes: Arc::default(),
            patience: Patience::LONG,
            ..self
        }
    }

    /// The same, watched.
    #[must_use]
    pub fn watched_by(self, watch: Watch) -> Self {
        Self {
            watch: Some(watch),
            ..self
        }
    }

    async fn run<T, Step>(
        &self,
        step: impl FnOnce(MultiplexedConnection) -> Step,
    ) -> Result<T, StoreError>
    where
        Step: Future<Output = Result<T, RedisError>>,
    {
        let began = Instant::now();
        let answer = self.lane()?.run(step).await;
        if let Some(watch) = &self.watch {
            watch(began.elapsed(), answer.is_ok());
        }
        answer
    }

    /// The calling thread's.
    fn lane(&self) -> Result<&Lane, RedisSettingsError> {
        self.lanes
            .get_or_try(|| Lane::to(&self.redis, self.patience))
    }

    pub(super) async fn command<T: FromRedisValue>(&self, command: &Cmd) -> Result<T, StoreError> {
        self.run(|mut connection| async move { command.query_async(&mut connection).await })
            .await
    }

    /// Runs a script, whose answer is a word and what belongs to it.
    pub(super) async fn script(
        &self,
        script: &ScriptInvocation<'_>,
    ) -> Result<Vec<String>, StoreError> {
        self.run(|mut connection| async move { script.invoke_async(&mut connection).await })
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
        self.run(|mut connection| async move { pipeline.exec_async(&mut connection).await })
            .await
    }

    /// What each command of a pipeline answers.
    pub(super) async fn answers<T: FromRedisValue>(
        &self,
        pipeline: &Pipeline,
    ) -> Result<Vec<T>, StoreError> {
        self.run(|mut connection| async move { pipeline.query_async(&mut connection).await })
            .await
    }
}

impl From<RedisSettingsError> for StoreError {
    fn from(error: RedisSettingsError) -> Self {
        Self::Unavailable(error.into())
    }
}
