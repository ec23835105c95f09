//! A thread's own way to Redis: a connection from a pool, kept while it is of use.
//!
//! The pool asks a connection whether it is alive each time that it gives it away: a round trip
//! before each step's own. So a thread keeps what it was given, for all its steps at once (the
//! connection is multiplexed), and gives it back to be asked again only when it failed, ended, or
//! was idle for [`TRUSTED`]. And a connection is served by the runtime that made it: were it shared between
//! threads, each answer would wake two.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use ::redis::aio::{MultiplexedConnection, SendError};
use ::redis::{
    AsyncConnectionConfig, ConnectionInfo, ProtocolVersion, PushInfo, PushKind, RedisError,
};
use deadpool_redis::{Connection, Manager, Pool, PoolConfig, PoolError, Runtime, Timeouts};
use token_core::store::StoreError;
use tokio::runtime::{self, Handle};

use super::fault::fault;
use super::settings::RedisSettingsError;

/// How long one attempt to connect may take.
const CONNECT_LIMIT: Duration = Duration::from_secs(1);

/// How long Redis is waited for.
#[derive(Debug, Clone, Copy)]
pub(super) struct Patience {
    /// For one answer.
    answer: Duration,
    /// For a connection and a step over it in all. Over one that is trusted it is `answer` for each
    /// command of the step: one, or three where Redis does not know its script yet.
    step: Duration,
}

impl Patience {
    /// Where somebody waits for a response.
    pub(super) const SHORT: Self = Self {
        answer: Duration::from_secs(1),
        step: Duration::from_secs(3),
    };
    /// Where a walk of a million steps would begin anew: Redis stands still for seconds while it
    /// copies itself to a busy disk.
    pub(super) const LONG: Self = Self {
        answer: Duration::from_secs(30),
        step: Duration::from_secs(40),
    };
}

/// How long a connection that has just been good is taken for good without being asked.
const TRUSTED: Duration = Duration::from_secs(1);

/// More than one only for the moment in which several steps find none.
const CONNECTIONS: usize = 4;

/// One thread's.
pub(super) struct Lane {
    pool: Pool,
    kept: Mutex<Option<Kept>>,
    /// A connection of this lane has ended since the last one was taken from the pool.
    ended: Arc<AtomicBool>,
    patience: Patience,
}

struct Kept {
    connection: Connection,
    /// The runtime that serves it; it ends with it, without a word.
    runtime: runtime::Id,
    good_at: Instant,
}

fn unavailable(error: impl std::error::Error + Send + Sync + 'static) -> StoreError {
    StoreError::Unavailable(error.into())
}

impl Lane {
    /// One to this Redis; nothing is connected yet.
    pub(super) fn to(
        redis: &ConnectionInfo,
        patience: Patience,
    ) -> Result<Self, RedisSettingsError> {
        let ended = Arc::new(AtomicBool::new(false));
        let told = Arc::clone(&ended);
        let config = AsyncConnectionConfig::new()
            .set_connection_timeout(Some(CONNECT_LIMIT))
            .set_response_timeout(Some(patience.answer))
            .set_push_sender(move |push: PushInfo| {
                if push.kind == PushKind::Disconnection {
                    told.store(true, Ordering::Release);
                }
                Ok::<(), SendError>(())
            });
        // The driver says that a connection has ended in the words of this version alone.
        let protocol = redis.redis_settings().clone();
        let redis = redis
            .clone()
            .set_redis_settings(protocol.set_protocol(ProtocolVersion::RESP3));
        let manager = Manager::new_with_config(redis, config);
        let pool = Pool::builder(manager.map_err(|_| RedisSettingsError)?)
            .config(PoolConfig {
                timeouts: Timeouts {
                    wait: Some(patience.step),
                    create: Some(CONNECT_LIMIT),
                    recycle: Some(patience.answer),
                },
                ..PoolConfig::new(CONNECTIONS)
            })
            .runtime(Runtime::Tokio1)
            .build()
            .map_err(|_| RedisSettingsError)?;
        Ok(Self {
            pool,
            kept: Mutex::default(),
            ended,
            patience,
        })
    }

    /// Runs a step over this thread's connection.
    pub(super) async fn run<T, Step>(
        &self,
        step: impl FnOnce(MultiplexedConnection) -> Step,
    ) -> Result<T, StoreError>
    where
        Step: Future<Output = Result<T, RedisError>>,
    {
        let outcome = match self.trusted() {
            // The driver itself waits for each answer no longer than it may take.
            Some(kept) => step(kept).await.map_err(fault),
            // In a box: a step that has its connection does not carry all that makes one.
            None => Box::pin(self.run_afresh(step)).await,
        };
        match &outcome {
            Ok(_) => self.was_good(),
            Err(_) => self.give_back(),
        }
        outcome
    }

    async fn run_afresh<T, Step>(
        &self,
        step: impl FnOnce(MultiplexedConnection) -> Step,
    ) -> Result<T, StoreError>
    where
        Step: Future<Output = Result<T, RedisError>>,
    {
        let outcome = tokio::time::timeout(self.patience.step, async {
            let connection = self.fresh().await.map_err(unavailable)?;
            step(connection).await.map_err(fault)
        });
        outcome.await.map_err(unavailable)?
    }

    /// One that the pool has just asked, or made.
    async fn fresh(&self) -> Result<MultiplexedConnection, PoolError> {
        self.give_back();
        self.ended.store(false, Ordering::Release);
        let connection = self.pool.get().await?;
        let shared = MultiplexedConnection::clone(&connection);
        *self.kept() = Some(Kept {
            connection,
            runtime: Handle::current().id(),
            good_at: Instant::now(),
        });
        Ok(shared)
    }

    fn trusted(&self) -> Option<MultiplexedConnection> {
        let kept = self.kept();
        let kept = kept.as_ref()?;
        let trusted = !self.ended.load(Ordering::Acquire)
            && kept.runtime == Handle::current().id()
            && kept.good_at.elapsed() < TRUSTED;
        trusted.then(|| MultiplexedConnection::clone(&kept.connection))
    }

    fn was_good(&self) {
        if let Some(kept) = self.kept().as_mut() {
            kept.good_at = Instant::now();
        }
    }

    /// The pool asks it before it is used again.
    fn give_back(&self) {
        *self.kept() = None;
    }

    fn kept(&self) -> MutexGuard<'_, Option<Kept>> {
        // Nothing is half done under this lock.
        self.kept.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
