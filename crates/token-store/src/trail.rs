//! The way of an event to the store: off the request's path, through a bounded queue. What has no
//! room there is counted and stays in the log alone.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use token_core::audit::{AuditEvent, AuditSink, Recorder, Room};
use token_core::store::AuditTrail;
use tokio::sync::{mpsc, oneshot};
use tokio::time::{Instant, sleep};

/// How many events may wait.
const QUEUE: usize = 4096;
/// How many are written at once.
const BATCH: usize = 256;
/// Events that come together are written together.
const GATHERED_FOR: Duration = Duration::from_millis(100);
/// Between two attempts to write to a store that takes nothing.
const PAUSE: Duration = Duration::from_secs(1);
/// How long the last events are given when the process ends.
const LAST_WORDS: Duration = Duration::from_secs(2);

/// What strangers can bring about is kept so many at once, of each kind. In the long run they take
/// half of the trail within this many seconds and no more ([`share`]), so that a flood of one kind
/// drives out neither what matters nor another.
const AT_ONCE: f64 = 500.0;
const WITHIN: f64 = 7.0 * 86_400.0;
/// How often the trail says what it lacks: that is an event too.
const TELL_EVERY: Duration = Duration::from_mins(1);

/// The figure that [`Trail::missing`] is, for Prometheus: its name and what it says.
pub const MISSING: (&str, &str) = (
    "gateway_audit_events_missing",
    "Audit events that the log has and the store has not, since the start.",
);

/// Writes events to the log and to the store. Clones write to the same.
#[derive(Clone, Debug)]
pub struct Trail {
    recorder: Recorder,
    queue: mpsc::Sender<Message>,
    missing: Arc<AtomicU64>,
}

enum Message {
    Event { record: String, room: Option<Room> },
    Finish(oneshot::Sender<()>),
}

impl Trail {
    /// A trail in this store, of about the newest `keep` records. To be called within a Tokio
    /// runtime, to which the writing belongs.
    pub fn start(recorder: Recorder, store: Arc<dyn AuditTrail>, keep: u64) -> Self {
        let (queue, events) = mpsc::channel(QUEUE);
        let missing = Arc::new(AtomicU64::new(0));
        let writer = Writer {
            recorder: recorder.clone(),
            store,
            keep,
            events,
            missing: Arc::clone(&missing),
            allowances: Allowances::of(keep),
            batch: Vec::new(),
        };
        tokio::spawn(writer.run());
        Self {
            recorder,
            queue,
            missing,
        }
    }

    /// How many events the store lacks that the log has, since the process began.
    pub fn missing(&self) -> u64 {
        self.missing.load(Ordering::Relaxed)
    }

    /// Waits until what was recorded before is in the store, or for two seconds.
    pub async fn finish(&self) {
        let (done, written) = oneshot::channel();
        let finish = async {
            if self.queue.send(Message::Finish(done)).await.is_ok() {
                // Where it ends without a word, there is nothing to wait for either.
                let _ = written.await;
            }
        };
        if tokio::time::timeout(LAST_WORDS, finish).await.is_err() {
            tracing::warn!("the last audit events did not reach the store; the log has them");
        }
    }
}

impl AuditSink for Trail {
    fn record(&self, event: &AuditEvent) {
        let Some(record) = self.recorder.log(event) else {
            return;
        };
        let room = event.room();
        let message = Message::Event { record, room };
        if self.queue.try_send(message).is_err() {
            self.missing.fetch_add(1, Ordering::Relaxed);
        }
    }
}

struct Writer {
    recorder: Recorder,
    store: Arc<dyn AuditTrail>,
    keep: u64,
    events: mpsc::Receiver<Message>,
    missing: Arc<AtomicU64>,
    allowances: Allowances,
    batch: Vec<String>,
}

impl Writer {
    /// Runs until every [`Trail`] is gone.
    async fn run(mut self) {
        let mut told = 0;
        let mut told_at: Option<Instant> = None;
        while let Some(first) = self.events.recv().await {
            let mut finishing = self.take(first).into_iter().collect::<Vec<_>>();
            if finishing.is_empty() {
                sleep(GATHERED_FOR).await;
            }
            while self.batch.len() < BATCH
                && let Ok(next) = self.events.try_recv()
            {
                finishing.extend(self.take(next));
            }
            let missing = self.missing.load(Ordering::Relaxed);
            let is_time = told_at.is_none_or(|at| at.elapsed() >= TELL_EVERY);
            if missing > told && (is_time || !finishing.is_empty()) {
                let count = missing - told;
                self.batch
                    .extend(self.recorder.log(&AuditEvent::EventsMissing { count }));
                told = missing;
                told_at = Some(Instant::now());
            }
            self.write().await;
            for done in finishing {
                // Whoever asked may have gone.
                let _ = done.send(());
            }
        }
    }

    fn take(&mut self, message: Message) -> Option<oneshot::Sender<()>> {
        match message {
            Message::Finish(done) => return Some(done),
            Message::Event { record, room } => {
                let has_room = room.is_none_or(|room| self.allowances.take(room, Instant::now()));
                if has_room {
                    self.batch.push(record);
                } else {
                    self.missing.fetch_add(1, Ordering::Relaxed);
                }
            }
        }
        None
    }

    /// Until the store has taken the batch. The queue fills meanwhile, and overflows.
    async fn write(&mut self) {
        let mut complained = false;
        while !self.batch.is_empty() {
            match self.store.append(&self.batch, self.keep).await {
                Ok(()) => self.batch.clear(),
                Err(error) => {
                    if !complained {
                        tracing::warn!(%error, "the store takes no audit events; they wait");
                        complained = true;
                    }
                    sleep(PAUSE).await;
                }
            }
        }
    }
}

/// What each kind may take of the trail: half of it together, and a login most, since it is what
/// people ask about.
fn share(room: Room) -> f64 {
    match room {
        Room::Login => 0.2,
        Room::Stranger | Room::Refused => 0.1,
        Room::Discovery | Room::UsedAgain => 0.05,
    }
}

/// How much of what strangers can bring about is still kept.
struct Allowances {
    discovery: Allowance,
    login: Allowance,
    stranger: Allowance,
    refused: Allowance,
    used_again: Allowance,
}

impl Allowances {
    /// For a trail of so many records.
    fn of(keep: u64) -> Self {
        Self {
            discovery: Allowance::of(Room::Discovery, keep),
            login: Allowance::of(Room::Login, keep),
            stranger: Allowance::of(Room::Stranger, keep),
            refused: Allowance::of(Room::Refused, keep),
            used_again: Allowance::of(Room::UsedAgain, keep),
        }
    }

    fn take(&mut self, room: Room, now: Instant) -> bool {
        let allowance = match room {
            Room::Discovery => &mut self.discovery,
            Room::Login => &mut self.login,
            Room::Stranger => &mut self.stranger,
            Room::Refused => &mut self.refused,
            Room::UsedAgain => &mut self.used_again,
        };
        allowance.take(now)
    }
}

/// That of one kind.
struct Allowance {
    /// In events a second.
    rate: f64,
    left: f64,
    at: Instant,
}

impl Allowance {
    fn of(room: Room, keep: u64) -> Self {
        #[expect(
            clippy::cast_precision_loss,
            reason = "a part of an event does not matter"
        )]
        let rate = keep as f64 * share(room) / WITHIN;
        Self {
            rate,
            left: AT_ONCE,
            at: Instant::now(),
        }
    }

    fn take(&mut self, now: Instant) -> bool {
        let passed = now.duration_since(self.at).as_secs_f64();
        self.at = now;
        self.left = (self.left + passed * self.rate).min(AT_ONCE);
        let there = self.left >= 1.0;
        if there {
            self.left -= 1.0;
        }
        there
    }
}
