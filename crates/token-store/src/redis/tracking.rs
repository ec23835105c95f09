//! One of the verifier's connections: Redis tells of each change to a key that was read over it (client
//! tracking, RESP3), in the same stream as its answers and in their order.
//!
//! That order is what makes an answer safe to remember. A change that happens after a read is
//! told after the read's answer, and an answer to a `PING` says that all was told that happened
//! before it. Where the connection ends nothing is told any more, so everything is forgotten; a
//! new one begins from nothing.

use std::sync::Arc;
use std::time::Duration;

use ::redis::aio::{MultiplexedConnection, SendError};
use ::redis::{
    AsyncConnectionConfig, Client, PushInfo, PushKind, RedisError, RedisResult, Value, cmd, pipe,
};
use token_core::Clock;
use token_core::keys::RetiredKeys;
use token_core::store::{Freshness, Voice};
use tokio::sync::{Notify, watch};
use tokio::time::{sleep, timeout};

use super::keys;

/// How long one attempt to connect, and one answer, may take.
const PATIENCE: Duration = Duration::from_millis(200);
/// How often Redis is asked for a sign of life. A silent partition is noticed after this and
/// [`PATIENCE`], well before what was heard is too old (`token_core::store::MAX_AGE`).
const HEARTBEAT: Duration = Duration::from_secs(1);
/// Between two attempts to connect.
const PAUSE: Duration = Duration::from_millis(50);

/// What is heard from Redis, as others read it.
#[derive(Clone)]
pub struct Heard {
    /// Which answers about tokens are still true.
    pub freshness: Arc<Freshness>,
    /// Keys that were taken back.
    pub retired_keys: Arc<RetiredKeys>,
    /// Told when settings are to be read again.
    pub reload: Arc<Notify>,
}

impl std::fmt::Debug for Heard {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Heard").finish_non_exhaustive()
    }
}

/// Connects, keeps the connection, and connects anew.
pub(super) struct Tracking {
    pub(super) client: Client,
    pub(super) heard: Heard,
    /// The first also tells what an operator announces.
    pub(super) voice: Voice,
    pub(super) clock: Arc<dyn Clock>,
    pub(super) publish: watch::Sender<Option<MultiplexedConnection>>,
}

/// What the stream of one connection says beside answers.
#[derive(Default)]
struct Told {
    ended: Notify,
    announcement: Notify,
}

/// Why a connection was not made, or not kept.
#[derive(Debug, thiserror::Error)]
enum Fault {
    #[error("no answer in time")]
    Slow,
    #[error("the connection was closed")]
    Closed,
    #[error(transparent)]
    Redis(#[from] RedisError),
}

impl Tracking {
    /// Runs until it is aborted.
    pub(super) async fn run(self) {
        let mut last_reload = None;
        let mut complained = false;
        loop {
            match in_time(self.connect(&mut last_reload)).await {
                Ok((connection, told)) => {
                    tracing::info!("connected to Redis, which tells of changes");
                    self.publish.send_replace(Some(connection.clone()));
                    let fault = self.keep(connection, &told, &mut last_reload).await;
                    self.publish.send_replace(None);
                    self.heard.freshness.lost(self.voice);
                    tracing::warn!(%fault, "Redis tells of changes no more; nothing is remembered");
                    complained = false;
                }
                Err(fault) if !complained => {
                    tracing::warn!(%fault, "Redis cannot be reached");
                    complained = true;
                }
                Err(_) => {}
            }
            sleep(PAUSE).await;
        }
    }

    async fn connect(
        &self,
        last_reload: &mut Option<String>,
    ) -> Result<(MultiplexedConnection, Arc<Told>), Fault> {
        let told = Arc::new(Told::default());
        let (listener, freshness) = (Arc::clone(&told), Arc::clone(&self.heard.freshness));
        let voice = self.voice;
        let config = AsyncConnectionConfig::new()
            .set_connection_timeout(Some(PATIENCE))
            // Whoever asks says how long he waits: a second timer for each question would cost a
            // system call.
            .set_response_timeout(None)
            // Called where the stream is read, so before any answer that comes after it.
            .set_push_sender(move |push| {
                hear(&push, &listener, &freshness, voice);
                Ok::<(), SendError>(())
            });
        let mut connection = self
            .client
            .get_multiplexed_async_connection_with_config(&config)
            .await?;
        let mut tracking = cmd("CLIENT");
        tracking.arg("TRACKING").arg("ON");
        tracking.exec_async(&mut connection).await?;
        self.look(&mut connection, last_reload).await?;
        Ok((connection, told))
    }

    /// Stays until the connection is of no use.
    async fn keep(
        &self,
        mut connection: MultiplexedConnection,
        told: &Told,
        last_reload: &mut Option<String>,
    ) -> Fault {
        loop {
            let asked = self.clock.now();
            let alive = async { Ok(cmd("PING").exec_async(&mut connection).await?) };
            if let Err(fault) = in_time(alive).await {
                return fault;
            }
            self.heard.freshness.complete_at(self.voice, asked);
            tokio::select! {
                () = told.ended.notified() => return Fault::Closed,
                () = told.announcement.notified() => {
                    let look = async { Ok(self.look(&mut connection, last_reload).await?) };
                    if let Err(fault) = in_time(look).await {
                        return fault;
                    }
                }
                () = sleep(HEARTBEAT) => {}
            }
        }
    }

    /// Reads what an operator announces, and so is told of its next change.
    async fn look(
        &self,
        connection: &mut MultiplexedConnection,
        last_reload: &mut Option<String>,
    ) -> RedisResult<()> {
        if self.voice != Voice::FIRST {
            return Ok(());
        }
        let mut questions = pipe();
        questions
            .cmd("ZRANGE")
            .arg(keys::retired_keys())
            .arg(0)
            .arg(-1);
        questions.get(keys::reload());
        let (kids, reload): (_, Option<String>) = questions.query_async(connection).await?;
        if *self.heard.retired_keys.current() != kids {
            self.heard.retired_keys.replace(kids);
        }
        let reload = reload.unwrap_or_default();
        let before = last_reload.replace(reload.clone());
        if before.is_some_and(|before| before != reload) {
            self.heard.reload.notify_one();
        }
        Ok(())
    }
}

async fn in_time<T>(step: impl Future<Output = Result<T, Fault>>) -> Result<T, Fault> {
    // Several round trips: each has its own limit, the whole one as well.
    timeout(PATIENCE * 2, step)
        .await
        .unwrap_or(Err(Fault::Slow))
}

/// Takes what the stream says beside answers. Waits for nothing.
fn hear(push: &PushInfo, told: &Told, freshness: &Freshness, voice: Voice) {
    match push.kind {
        PushKind::Disconnection => {
            freshness.lost(voice);
            told.ended.notify_one();
        }
        PushKind::Invalidate => {
            if let Some(Value::Array(changed)) = push.data.first() {
                for key in changed {
                    hear_change(key, told, freshness);
                }
            } else {
                // The whole database was emptied.
                freshness.everything_changed();
                told.announcement.notify_one();
            }
        }
        _ => {}
    }
}

fn hear_change(key: &Value, told: &Told, freshness: &Freshness) {
    let name = match key {
        Value::BulkString(bytes) => std::str::from_utf8(bytes).unwrap_or_default(),
        Value::SimpleString(name) => name,
        _ => "",
    };
    match keys::jti_of_token(name) {
        Some(jti) => freshness.token_changed(&jti),
        None if [keys::retired_keys(), keys::reload()].contains(&name) => {
            told.announcement.notify_one();
        }
        None => freshness.everything_changed(),
    }
}
