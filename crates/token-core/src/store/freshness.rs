//! How long an answer of the store may be remembered: until the store tells that it has changed,
//! and never longer than [`MAX_AGE`] without a sign of life from it.
//!
//! Who asks takes a [`Mark`] *before* asking; who is told of a change spoils it here. A mark that
//! still [holds](Freshness::holds) says that nothing was heard of the token, and everything that
//! there was to hear was heard. One that does not says nothing: the store is asked again.

use std::hash::{DefaultHasher, Hash as _, Hasher as _};
use std::sync::atomic::{AtomicU32, AtomicU64, Ordering};

use crate::clock::{Seconds, Timestamp};
use crate::identifiers::Jti;

/// The longest time for which an answer is believed without a sign of life from the store.
pub const MAX_AGE: Seconds = Seconds(5);

/// How many counters the tokens share (256 KiB in all). A change of one token makes each
/// 65,536th of the others be asked about once more, which costs little and lets in nobody.
const COUNTERS: usize = 1 << 16;

/// What was heard of the store. Shared by who is told of changes and who asks whether there were
/// any; neither waits for the other.
pub struct Freshness {
    /// Before this second everything that the store had to tell has been heard. Zero: nobody
    /// tells.
    good_before: AtomicU64,
    everything: AtomicU64,
    tokens: Box<[AtomicU32]>,
}

impl std::fmt::Debug for Freshness {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Freshness").finish_non_exhaustive()
    }
}

/// What had been heard when a question was about to be asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Mark {
    everything: u64,
    counter: u32,
    change: u32,
}

impl Default for Freshness {
    /// Nobody tells yet: no mark holds.
    fn default() -> Self {
        Self {
            good_before: AtomicU64::new(0),
            everything: AtomicU64::new(0),
            tokens: (0..COUNTERS).map(|_| AtomicU32::new(0)).collect(),
        }
    }
}

impl Freshness {
    /// To be taken before the store is asked about the token.
    pub fn mark(&self, jti: &Jti) -> Mark {
        let counter = counter_of(jti.as_str());
        Mark {
            everything: self.everything.load(Ordering::Acquire),
            counter,
            change: self.change(counter),
        }
    }

    /// Whether the answer to the question before which the mark was taken is still true at `now`.
    pub fn holds(&self, mark: &Mark, now: Timestamp) -> bool {
        self.is_heard(now)
            && mark.everything == self.everything.load(Ordering::Acquire)
            && mark.change == self.change(mark.counter)
    }

    /// Whether the store tells, so that answers can be remembered at all.
    pub fn is_heard(&self, now: Timestamp) -> bool {
        now.0 < self.good_before.load(Ordering::Acquire)
    }

    /// The store tells that it has changed what it knows of the token.
    pub fn token_changed(&self, jti: &str) {
        if let Some(counter) = self.tokens.get(counter_of(jti) as usize) {
            counter.fetch_add(1, Ordering::AcqRel);
        }
    }

    /// The store tells that it has changed everything, or something that cannot be named.
    pub fn everything_changed(&self) {
        self.everything.fetch_add(1, Ordering::AcqRel);
    }

    /// The store answered a question that was sent at `asked`, after all that it had to tell
    /// before: what was heard is complete up to then, and believed for [`MAX_AGE`] from then.
    pub fn complete_at(&self, asked: Timestamp) {
        self.good_before
            .store(asked.plus(MAX_AGE).0, Ordering::Release);
    }

    /// The store can tell nothing any more: what was heard is worth nothing.
    pub fn lost(&self) {
        self.good_before.store(0, Ordering::Release);
        self.everything_changed();
    }

    fn change(&self, counter: u32) -> u32 {
        self.tokens
            .get(counter as usize)
            .map_or(0, |counter| counter.load(Ordering::Acquire))
    }
}

#[expect(
    clippy::cast_possible_truncation,
    reason = "less than COUNTERS, which fits"
)]
fn counter_of(jti: &str) -> u32 {
    let mut hasher = DefaultHasher::new();
    jti.hash(&mut hasher);
    (hasher.finish() % COUNTERS as u64) as u32
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{GrantId, SystemEntropy};

    fn jti() -> Jti {
        let entropy = SystemEntropy::new();
        Jti::generate(&GrantId::generate(&entropy).unwrap(), &entropy).unwrap()
    }

    #[test]
    fn a_mark_holds_until_its_token_changes_and_no_other() {
        let (freshness, now) = (Freshness::default(), Timestamp(1000));
        freshness.complete_at(now);
        let (one, other) = (jti(), jti());
        let (mark, others) = (freshness.mark(&one), freshness.mark(&other));
        assert!(freshness.holds(&mark, now));
        freshness.token_changed(one.as_str());
        assert!(!freshness.holds(&mark, now));
        assert!(freshness.holds(&freshness.mark(&one), now), "asked again");
        // Two of 65,536 counters: they meet once in 65,536 runs.
        if mark.counter != others.counter {
            assert!(freshness.holds(&others, now));
        }
        freshness.everything_changed();
        assert!(!freshness.holds(&others, now));
    }

    #[test]
    fn a_mark_that_was_taken_before_the_change_never_holds_after_it() {
        let (freshness, now, token) = (Freshness::default(), Timestamp(1000), jti());
        freshness.complete_at(now);
        let mark = freshness.mark(&token);
        // The answer is under way, and the change overtakes who waits for it.
        freshness.token_changed(token.as_str());
        assert!(!freshness.holds(&mark, now));
    }

    #[test]
    fn silence_is_believed_for_five_seconds_and_a_loss_at_once() {
        let (freshness, token) = (Freshness::default(), jti());
        let mark = freshness.mark(&token);
        assert!(!freshness.holds(&mark, Timestamp(1000)), "nobody tells yet");
        freshness.complete_at(Timestamp(1000));
        assert!(freshness.holds(&mark, Timestamp(1004)));
        assert!(!freshness.holds(&mark, Timestamp(1005)));
        freshness.complete_at(Timestamp(1004));
        assert!(freshness.holds(&mark, Timestamp(1005)));
        freshness.lost();
        assert!(!freshness.holds(&mark, Timestamp(1005)));
        freshness.complete_at(Timestamp(1006));
        assert!(
            !freshness.holds(&mark, Timestamp(1006)),
            "asked over what was lost"
        );
    }
}
