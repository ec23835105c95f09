//! Many requests with one new token are one question: the first one asks, the others wait for its
//! answer.

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use tokio::sync::watch;

use crate::decide::Denial;
use crate::memory::{Digest, Good};

/// What was found out.
pub(crate) type Outcome = Result<Good, Denial>;

type Waiting = watch::Receiver<Option<Outcome>>;

/// The questions under way: as many as there are requests that wait, and no more.
#[derive(Default)]
pub(crate) struct Flights(Mutex<HashMap<Digest, Waiting>>);

/// A request's part in a question.
pub(crate) enum Part<'a> {
    /// It asks, and says what it found.
    Asks(Ticket<'a>),
    /// It waits.
    Waits(Waiting),
}

/// The duty to say what was found. Dropped without (the client went away), it leaves the question
/// to another of those who wait.
pub(crate) struct Ticket<'a> {
    flights: &'a Flights,
    digest: Digest,
    outcome: watch::Sender<Option<Outcome>>,
    landed: bool,
}

impl Flights {
    pub(crate) fn join(&self, digest: Digest) -> Part<'_> {
        let mut flights = self.under_way();
        if let Some(waiting) = flights.get(&digest) {
            return Part::Waits(waiting.clone());
        }
        let (outcome, waiting) = watch::channel(None);
        flights.insert(digest, waiting);
        Part::Asks(Ticket {
            flights: self,
            digest,
            outcome,
            landed: false,
        })
    }

    fn under_way(&self) -> MutexGuard<'_, HashMap<Digest, Waiting>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Ticket<'_> {
    pub(crate) fn found(mut self, outcome: &Outcome) {
        // The end of the flight first: who comes after the answer asks anew.
        self.landed = true;
        self.flights.under_way().remove(&self.digest);
        self.outcome.send_replace(Some(outcome.clone()));
    }
}

impl Drop for Ticket<'_> {
    fn drop(&mut self) {
        if !self.landed {
            self.flights.under_way().remove(&self.digest);
        }
    }
}

/// Waits for the answer; `None` where nobody will say one.
pub(crate) async fn answer(mut waiting: Waiting) -> Option<Outcome> {
    let outcome = waiting.wait_for(Option::is_some).await.ok()?;
    outcome.clone()
}
