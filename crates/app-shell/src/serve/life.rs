//! From serving to closed in two steps, so that nobody is cut off.
//!
//! A server that leaves says so first, while it still answers everybody: it is not ready any
//! more, an answer over HTTP/1.1 closes its connection, and an HTTP/2 connection is sent GOAWAY.
//! Only then does it close: no more connections, and those that are left end with the requests
//! that are in flight.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use tokio::sync::watch;

/// Where in its life a process's server is. Clones are one.
#[derive(Clone)]
pub(crate) struct Life {
    /// Looked at for each answer.
    leaving: Arc<AtomicBool>,
    step: watch::Sender<Step>,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Step {
    Serving,
    Leaving,
    Closing,
}

impl Life {
    /// It serves.
    pub(crate) fn new() -> Self {
        Self {
            leaving: Arc::default(),
            step: watch::Sender::new(Step::Serving),
        }
    }

    /// From now on it says that it leaves.
    pub(super) fn leave(&self) {
        self.go_on_to(Step::Leaving);
    }

    /// From now on it closes.
    pub(super) fn close(&self) {
        self.go_on_to(Step::Closing);
    }

    fn go_on_to(&self, step: Step) {
        self.leaving.store(true, Ordering::Relaxed);
        self.step.send_replace(step);
    }

    /// Whether it leaves or closes.
    pub(crate) fn is_leaving(&self) -> bool {
        self.leaving.load(Ordering::Relaxed)
    }

    /// Resolves at the next step from here: for a connection that came while it was leaving
    /// already, that is the closing.
    pub(super) async fn next_step(&self) {
        // An error says that nobody can send any more, but `self` can.
        let _ = self.step.subscribe().changed().await;
    }

    /// Resolves when it closes.
    pub(super) async fn closing(&self) {
        let mut steps = self.step.subscribe();
        let _ = steps.wait_for(|step| *step == Step::Closing).await;
    }
}

#[cfg(test)]
mod tests {
    use std::pin::pin;

    use futures_util::FutureExt as _;

    use super::Life;

    #[actix_web::test]
    async fn a_connection_is_told_by_the_step_that_follows_it() {
        let life = Life::new();
        let mut early = pin!(life.next_step());
        assert!(early.as_mut().now_or_never().is_none());
        assert!(!life.is_leaving());
        let mut closing = pin!(life.closing());
        life.leave();
        assert!(closing.as_mut().now_or_never().is_none());
        assert!(early.now_or_never().is_some());
        assert!(life.is_leaving());
        let mut late = pin!(life.next_step());
        assert!(late.as_mut().now_or_never().is_none());
        life.close();
        assert!(closing.now_or_never().is_some());
        assert!(late.now_or_never().is_some());
    }
}
