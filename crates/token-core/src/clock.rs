//! Time as an argument: nothing else in the workspace reads the system's clock.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{SystemTime, UNIX_EPOCH};

use serde::{Deserialize, Serialize};

/// A length of time in whole seconds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Seconds(pub u64);

/// A point in time: seconds since 1970-01-01T00:00:00Z (a `NumericDate`, RFC 7519 section 2).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Timestamp(pub u64);

impl Timestamp {
    /// The point `by` later; stays at the end of time instead of wrapping.
    #[must_use]
    pub fn plus(self, by: Seconds) -> Self {
        Self(self.0.saturating_add(by.0))
    }

    /// Whether a thing that expires at `self` is over at `now`. The instant itself is over.
    pub fn has_passed(self, now: Timestamp) -> bool {
        now >= self
    }

    /// How long from `now` until `self`; zero when it has passed.
    pub fn remaining(self, now: Timestamp) -> Seconds {
        Seconds(self.0.saturating_sub(now.0))
    }
}

/// Tells the time.
pub trait Clock: Send + Sync {
    /// The present.
    fn now(&self) -> Timestamp;
}

/// The machine's clock.
#[derive(Debug, Clone, Copy, Default)]
pub struct SystemClock;

impl Clock for SystemClock {
    fn now(&self) -> Timestamp {
        #[expect(
            clippy::disallowed_methods,
            reason = "the one place that reads the machine's clock"
        )]
        let now = SystemTime::now();
        // A clock before 1970 reads as 0: every token is then not yet valid, which fails closed.
        Timestamp(
            now.duration_since(UNIX_EPOCH)
                .map_or(0, |since| since.as_secs()),
        )
    }
}

/// A clock that a test sets.
#[derive(Debug)]
pub struct ManualClock(AtomicU64);

impl ManualClock {
    /// A clock that stands at `now`.
    pub fn at(now: Timestamp) -> Self {
        Self(AtomicU64::new(now.0))
    }

    /// Moves the clock forward.
    pub fn advance(&self, by: Seconds) {
        self.0.fetch_add(by.0, Ordering::SeqCst);
    }
}

impl Clock for ManualClock {
    fn now(&self) -> Timestamp {
        Timestamp(self.0.load(Ordering::SeqCst))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn expiry_is_over_at_its_own_instant() {
        let expiry = Timestamp(100);
        assert!(!expiry.has_passed(Timestamp(99)));
        assert!(expiry.has_passed(Timestamp(100)));
        assert_eq!(expiry.remaining(Timestamp(90)), Seconds(10));
        assert_eq!(expiry.remaining(Timestamp(110)), Seconds(0));
        assert_eq!(Timestamp(u64::MAX).plus(Seconds(1)), Timestamp(u64::MAX));
    }
}
