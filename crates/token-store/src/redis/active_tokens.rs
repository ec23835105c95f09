//! The verifier's slice: whether a token is active. (What it may write, beside: `trail`.) Each thread asks over one multiplexed connection
//! of its own, over which Redis tells of each change: a pool would cost an additional round trip
//! for each use, and a connection that is shared wakes two threads for each answer.
//!
//! It needs little, and its Redis user should have no more (`resetchannels` and `-@all` are what a
//! new user starts with; said for certainty):
//!
//! ```text
//! user verifier on >PASSWORD resetchannels -@all +get +ping +zrange +client|tracking
//!      %R~oauth:token:* %R~oauth:retired_keys %R~oauth:reload
//!      (+set %W~oauth:last_used:*) (+xadd %W~oauth:audit:verifier)
//! ```

use std::sync::Arc;
use std::time::Duration;

use ::redis::aio::MultiplexedConnection;
use ::redis::{Client, Cmd, FromRedisValue, Pipeline, ProtocolVersion, RedisError, cmd};
use async_trait::async_trait;
use thread_local::ThreadLocal;
use token_core::store::{ActiveTokens, StoreError, Voice};
use token_core::{Clock, Jti, Timestamp};
use tokio::sync::watch;
use tokio::task::AbortHandle;

use super::fault::fault;
use super::settings::{RedisSettings, RedisSettingsError};
use super::tokens;
use super::tracking::{Heard, Tracking};

/// How long an answer may take in all: the verifier then denies, since it cannot know.
const DEADLINE: Duration = Duration::from_millis(220);

/// The active tokens in Redis, and nothing else of it. Clones share their connections, which end
/// with the last of them.
#[derive(Clone)]
pub struct RedisActiveTokens(Arc<Shared>);

struct Shared {
    client: Client,
    heard: Heard,
    clock: Arc<dyn Clock>,
    lines: ThreadLocal<Line>,
    /// The connection that also tells what the operator announces.
    first: watch::Receiver<Option<MultiplexedConnection>>,
}

/// One thread's connection, as it comes and goes.
struct Line {
    voice: Voice,
    connection: watch::Receiver<Option<MultiplexedConnection>>,
    _tracking: Running,
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
        let (tell_first, first) = watch::channel(None);
        let shared = Shared {
            client,
            heard,
            clock,
            lines: ThreadLocal::new(),
            first,
        };
        let line = || shared.connected(Voice::FIRST, tell_first, shared.first.clone());
        shared.lines.get_or(line);
        Ok(Self(Arc::new(shared)))
    }

    async fn ask<T: FromRedisValue>(&self, question: &Cmd) -> Result<T, StoreError> {
        match tokio::time::timeout(DEADLINE, self.ask_until_answered(question)).await {
            Ok(answer) => answer,
            Err(elapsed) => Err(StoreError::Unavailable(elapsed.into())),
        }
    }

    /// Writes, once: what was sent over a connection that then ended may have been done.
    pub(super) async fn tell<T: FromRedisValue>(
        &self,
        pipeline: &Pipeline,
    ) -> Result<Vec<T>, StoreError> {
        let mut connections = self.0.line().connection.clone();
        let step = async {
            let connected = connections.wait_for(Option::is_some).await;
            let connection = connected
                .map_err(|ended| StoreError::Unavailable(ended.into()))?
                .clone();
            let mut connection =
                connection.ok_or_else(|| StoreError::Unavailable("not connected".into()))?;
            pipeline.query_async(&mut connection).await.map_err(fault)
        };
        match tokio::time::timeout(DEADLINE, step).await {
            Ok(answer) => answer,
            Err(elapsed) => Err(StoreError::Unavailable(elapsed.into())),
        }
    }

    /// Waits for a connection, and for the next one where this one ends before the answer: it is
    /// only a question, so it may be asked again.
    async fn ask_until_answered<T: FromRedisValue>(&self, question: &Cmd) -> Result<T, StoreError> {
        let mut connections = self.0.line().connection.clone();
        self.0.first_is_there().await?;
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

impl Shared {
    /// The calling thread's.
    fn line(&self) -> &Line {
        self.lines.get_or(|| {
            let (publish, connection) = watch::channel(None);
            self.connected(self.heard.freshness.add_voice(), publish, connection)
        })
    }

    /// While nobody tells what the operator announces, nothing is answered: a person who was
    /// dropped must not pass because of it.
    async fn first_is_there(&self) -> Result<(), StoreError> {
        if self.first.borrow().is_none() {
            let mut first = self.first.clone();
            let there = first.wait_for(Option::is_some).await;
            there.map_err(|ended| StoreError::Unavailable(ended.into()))?;
        }
        Ok(())
    }

    /// A line that belongs to the calling thread's runtime.
    fn connected(
        &self,
        voice: Voice,
        publish: watch::Sender<Option<MultiplexedConnection>>,
        connection: watch::Receiver<Option<MultiplexedConnection>>,
    ) -> Line {
        let tracking = Tracking {
            client: self.client.clone(),
            heard: self.heard.clone(),
            voice,
            clock: Arc::clone(&self.clock),
            publish,
        };
        Line {
            voice,
            connection,
            _tracking: Running(tokio::spawn(tracking.run()).abort_handle()),
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

    fn voice(&self) -> Voice {
        self.0.line().voice
    }

    async fn ping(&self) -> Result<(), StoreError> {
        self.ask(&cmd("PING")).await
    }
}
