//! How long an answer of the store may be remembered: until the store tells that it has changed,
//! and never longer than [`MAX_AGE`] without a sign of life from it.
//!
//! Who asks takes a [`Mark`] *before* asking; who is told of a change spoils it here. A mark that
//! still [holds](Freshness::holds) says that nothing was heard of the token, and everything that
//! there was to hear was heard. One that does not says nothing: the store is asked again.
//!
//! A store may tell by several [`Voice`]s (connections, each of which tells of what was asked over
//! it). A mark is good as long as its own voice and the first one are heard: the first also tells
//! what the operator announces.

use std::hash::{DefaultHasher, Hash as _, Hasher as _};
use std::sync::atomic::{AtomicU32, AtomicU64, AtomicUsize, Ordering};

use crate::clock::{Seconds, Timestamp};
use crate::identifiers::Jti;

/// The longest time for which an answer is believed without a sign of life from the store.
pub const MAX_AGE: Seconds = Seconds(5);

/// How many counters the tokens share (64 KiB in all, which a processor keeps at hand). A change of
/// one token makes each 16,384th of the others be asked about once more, which costs little and
/// lets in nobody.
const COUNTERS: usize = 1 << 14;

/// How many voices can be heard: more than a process has threads.
const VOICES: usize = 1024;

/// One of the ways in which a store tells of changes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Voice(usize);

impl Voice {
    /// The one that every store has.
    pub const FIRST: Self = Self(0);
}

/// What was heard of the store. Shared by who is told of changes and who asks whether there were
/// any; neither waits for the other.
pub struct Freshness {
    /// For each voice: before this second everything that it had to tell has been heard. Zero: it
    /// tells nothing.
    good_before: Box<[AtomicU64]>,
    voices: AtomicUsize,
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
    voice: Voice,
    everything: u64,
    counter: u32,
    change: u32,
}

impl Default for Freshness {
    /// Nobody tells yet: no mark holds.
    fn default() -> Self {
        Self {
            good_before: (0..VOICES).map(|_| AtomicU64::new(0)).collect(),
            voices: AtomicUsize::new(1),
            everything: AtomicU64::new(0),
            tokens: (0..COUNTERS).map(|_| AtomicU32::new(0)).collect(),
        }
    }
}

impl Freshness {
    /// One more voice. Where there are too many, one that is never heard.
    pub fn add_voice(&self) -> Voice {
        Voice(self.voices.fetch_add(1, Ordering::Relaxed))
    }

    /// To be taken before the store is asked about the token; by this voice it will tell of it.
    pub fn mark(&self, voice: Voice, jti: &Jti) -> Mark {
        let counter = counter_of(jti.as_str());
        Mark {
            voice,
            everything: self.everything.load(Ordering::Acquire),
            counter,
            change: self.change(counter),
        }
    }

    /// Whether the answer to the question before which the mark was taken is still true at `now`.
    pub fn holds(&self, mark: &Mark, now: Timestamp) -> bool {
        self.hears(Voice::FIRST, now)
            && self.hears(mark.voice, now)
            && mark.everything == self.everything.load(Ordering::Acquire)
            && mark.change == self.change(mark.counter)
    }

    /// Whether the store tells by this voice, so that answers can be remembered.
    pub fn hears(&self, voice: Voice, now: Timestamp) -> bool {
        self.good_before
            .get(voice.0)
            .is_some_and(|until| now.0 < until.load(Ordering::Acquire))
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

    /// The store answered a question that was sent at `asked`, after all that it had to tell by
    /// this voice before: what was heard is complete up to then, and believed for [`MAX_AGE`] from
    /// then.
    pub fn complete_at(&self, voice: Voice, asked: Timestamp) {
        self.hear_until(voice, asked.plus(MAX_AGE).0);
    }

    /// By this voice nothing is told any more. What was heard is worth nothing, of whichever voice:
    /// what ended one may have happened to the store.
    pub fn lost(&self, voice: Voice) {
        self.hear_until(voice, 0);
        self.everything_changed();
    }

    fn hear_until(&self, voice: Voice, second: u64) {
        if let Some(until) = self.good_before.get(voice.0) {
            until.store(second, Ordering::Release);
        }
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

    const FIRST: Voice = Voice::FIRST;

    fn jti() -> Jti {
        let entropy = SystemEntropy::new();
        Jti::generate(&GrantId::generate(&entropy).unwrap(), &entropy).unwrap()
    }

    #[test]
    fn a_mark_holds_until_its_token_changes_and_no_other() {
        let (freshness, now) = (Freshness::default(), Timestamp(1000));
        freshness.complete_at(FIRST, now);
        let (one, other) = (jti(), jti());
        let (mark, others) = (freshness.mark(FIRST, &one), freshness.mark(FIRST, &other));
        assert!(freshness.holds(&mark, now));
        freshness.token_changed(one.as_str());
        assert!(!freshness.holds(&mark, now));
        assert!(
            freshness.holds(&freshness.mark(FIRST, &one), now),
            "asked again"
        );
        // Two of 16,384 counters: they meet once in 16,384 runs.
        if mark.counter != others.counter {
            assert!(freshness.holds(&others, now));
        }
        freshness.everything_changed();
        assert!(!freshness.holds(&others, now));
    }

    #[test]
    fn a_mark_that_was_taken_before_the_change_never_holds_after_it() {
        let (freshness, now, token) = (Freshness::default(), Timestamp(1000), jti());
        freshness.complete_at(FIRST, now);
        let mark = freshness.mark(FIRST, &token);
        // The answer is under way, and the change overtakes who waits for it.
        freshness.token_changed(token.as_str());
        assert!(!freshness.holds(&mark, now));
    }

    #[test]
    fn silence_is_believed_for_five_seconds_and_a_loss_at_once() {
        let (freshness, token) = (Freshness::default(), jti());
        let mark = freshness.mark(FIRST, &token);
        assert!(!freshness.holds(&mark, Timestamp(1000)), "nobody tells yet");
        freshness.complete_at(FIRST, Timestamp(1000));
        assert!(freshness.holds(&mark, Timestamp(1004)));
        assert!(!freshness.holds(&mark, Timestamp(1005)));
        freshness.complete_at(FIRST, Timestamp(1004));
        assert!(freshness.holds(&mark, Timestamp(1005)));
        freshness.lost(FIRST);
        assert!(!freshness.holds(&mark, Timestamp(1005)));
        freshness.complete_at(FIRST, Timestamp(1006));
        assert!(
            !freshness.holds(&mark, Timestamp(1006)),
            "asked over what was lost"
        );
    }

    #[test]
    fn a_mark_needs_its_own_voice_and_the_first() {
        let (freshness, now, token) = (Freshness::default(), Timestamp(1000), jti());
        let own = freshness.add_voice();
        let mark = freshness.mark(own, &token);
        freshness.complete_at(own, now);
        assert!(!freshness.holds(&mark, now), "the first says nothing");
        freshness.complete_at(FIRST, now);
        assert!(freshness.holds(&mark, now));
        assert!(!freshness.holds(&freshness.mark(freshness.add_voice(), &token), now));
        freshness.complete_at(FIRST, Timestamp(1004));
        assert!(
            !freshness.holds(&mark, Timestamp(1005)),
            "its own is silent"
        );
    }

    #[test]
    fn the_loss_of_one_voice_spoils_what_was_heard_by_all() {
        let (freshness, now, token) = (Freshness::default(), Timestamp(1000), jti());
        let (own, other) = (freshness.add_voice(), freshness.add_voice());
        for voice in [FIRST, own, other] {
            freshness.complete_at(voice, now);
        }
        let mark = freshness.mark(own, &token);
        freshness.lost(other);
        assert!(!freshness.holds(&mark, now));
        assert!(freshness.holds(&freshness.mark(own, &token), now));
    }

    #[test]
    fn one_voice_too_many_is_never_heard() {
        let (freshness, now) = (Freshness::default(), Timestamp(1000));
        freshness.complete_at(FIRST, now);
        let last = (0..VOICES).map(|_| freshness.add_voice()).last().unwrap();
        freshness.complete_at(last, now);
        assert!(!freshness.holds(&freshness.mark(last, &jti()), now));
    }
}
