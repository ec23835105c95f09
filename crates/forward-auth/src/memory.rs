//! What the verifier remembers of tokens, bounded: of good ones what they let pass, of bad ones why
//! not. It knows a token at a service by the digest of both and by its last bytes, and keeps no
//! token.
//!
//! Nothing here decides. What is remembered is true only as long as the rules and the keys are
//! those with which it was found ([`Trust`]), and nothing was heard of the token since
//! ([`Mark`]); the verifier asks for both at every use.

mod table;

use std::hash::{Hash, Hasher};
use std::sync::Arc;

use quick_cache::sync::Cache;
use ring::digest::{Context, SHA256};
use token_core::store::{Freshness, MAX_AGE, Mark};
use token_core::{ResourceId, Timestamp};

use crate::bearer::Bearer;
use crate::decide::Denial;
use crate::pass::Pass;
use crate::prefetch::prefetch;
use crate::uses::{Due, Uses};
use table::{Table, bytes_of_place};

/// How many bad tokens are remembered. A flood of them pushes out one another and no good one.
const BAD_TOKENS: usize = 4096;

/// What an entry takes beside its pass: about half of the table's places are in use, and for a while
/// a third where they just came to fill a huge page. And the allocator's share.
const OVERHEAD: usize = 2 * bytes_of_place::<ByEnd, Known>() + 64;

/// A token at a service: SHA-256 of both, and the end of the token.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) struct Digest {
    sha256: [u8; 32],
    end: End,
}

/// The last eight bytes of a token. Of a good one they are those of a signature, which nobody can
/// choose.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
struct End(u64);

/// Among good tokens one is found by its end, so that its place can be fetched while its digest is
/// worked out.
#[derive(Clone, Copy, PartialEq, Eq)]
struct ByEnd(Digest);

impl Digest {
    pub(crate) fn of(resource: &ResourceId, token: &str) -> Self {
        let mut context = Context::new(&SHA256);
        context.update(resource.as_str().as_bytes());
        // No resource has a space.
        context.update(b" ");
        context.update(token.as_bytes());
        let mut sha256 = [0; 32];
        for (to, from) in sha256.iter_mut().zip(context.finish().as_ref()) {
            *to = *from;
        }
        let end = End::of(token);
        Self { sha256, end }
    }
}

impl End {
    fn of(token: &str) -> Self {
        let last = token.as_bytes().last_chunk();
        Self(last.map_or(0, |last| u64::from_ne_bytes(*last)))
    }
}

impl Hash for Digest {
    /// Not by the end: whoever makes tokens up chooses it.
    fn hash<H: Hasher>(&self, state: &mut H) {
        // The hashers are keyed, so nobody can aim at one place.
        let (head, _) = self
            .sha256
            .split_first_chunk::<8>()
            .unwrap_or((&[0; 8], &[]));
        state.write_u64(u64::from_ne_bytes(*head));
    }
}

impl Hash for ByEnd {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.0.end.hash(state);
    }
}

/// The rules and the keys with which something was found: versions, taken before they were used.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Trust {
    pub(crate) keys: u64,
    pub(crate) admission: u64,
}

/// What tells whether something that is remembered is still true.
pub(crate) struct Present<'a> {
    pub(crate) trust: Trust,
    pub(crate) freshness: &'a Freshness,
    pub(crate) now: Timestamp,
}

/// A good token.
#[derive(Debug, Clone)]
pub(crate) struct Good {
    pub(crate) trust: Trust,
    pub(crate) mark: Mark,
    pub(crate) pass: Arc<Pass>,
}

/// A bad one.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Bad {
    pub(crate) trust: Trust,
    pub(crate) denial: Denial,
    /// For one that the store does not know.
    pub(crate) mark: Option<Mark>,
    /// Seen at: it is looked at again after [`MAX_AGE`], whatever is heard, since that costs
    /// little.
    pub(crate) since: Timestamp,
}

impl Bad {
    fn is_true(&self, present: &Present<'_>) -> bool {
        let Present {
            trust,
            freshness,
            now,
        } = *present;
        let holds = |mark: Mark| freshness.holds(&mark, now);
        self.trust == trust
            && !self.since.plus(MAX_AGE).has_passed(now)
            && self.mark.is_none_or(holds)
    }
}

/// What is remembered of a good token, with all that a request needs of its pass: the pass itself
/// lies elsewhere in memory, and to go there is to wait.
struct Known {
    trust: Trust,
    mark: Mark,
    expires_at: Timestamp,
    bearer: Arc<Bearer>,
    uses: Uses,
    pass: Arc<Pass>,
}

/// A good token that came again.
pub(crate) enum Recalled {
    /// It is good now, and that it is used is due to be passed on, or not.
    Good(Arc<Bearer>, Option<DueUse>),
    /// It was verified; whether it is still active must be asked.
    Stale(Arc<Pass>),
    /// Its time is over.
    Expired(Arc<Pass>),
}

/// Uses of a token that are to be passed on.
pub(crate) struct DueUse {
    pub(crate) pass: Arc<Pass>,
    pub(crate) due: Due,
}

/// The two memories.
pub(crate) struct Memory {
    good: Table<ByEnd, Known>,
    bad: Cache<Digest, Bad>,
}

impl Memory {
    /// Remembers good tokens in about `bytes`.
    pub(crate) fn new(bytes: u64) -> Self {
        Self {
            good: Table::new(bytes),
            bad: Cache::new(BAD_TOKENS),
        }
    }

    /// Begins to fetch what [`Self::recall`] will look at, should the token be a good one.
    pub(crate) fn prefetch(&self, token: &str) {
        self.good.prefetch(&End::of(token));
    }

    /// What a good token is now. Where it is good, this is a use of it.
    pub(crate) fn recall(
        &self,
        digest: &Digest,
        present: &Present<'_>,
        has_room: impl FnOnce() -> bool,
    ) -> Option<Recalled> {
        let now = present.now;
        let recall = |known: &mut Known| {
            if known.trust != present.trust {
                return None;
            }
            if known.expires_at.has_passed(now) {
                return Some(Recalled::Expired(Arc::clone(&known.pass)));
            }
            prefetch(&*known.bearer);
            if !present.freshness.holds(&known.mark, now) {
                return Some(Recalled::Stale(Arc::clone(&known.pass)));
            }
            let due = known.note(now, has_room);
            Some(Recalled::Good(Arc::clone(&known.bearer), due))
        };
        self.good.look(&ByEnd(*digest), recall).flatten()
    }

    /// Notes the use of a token that was kept just now. Where it had no room it is a first one.
    pub(crate) fn note_use(
        &self,
        digest: &Digest,
        pass: &Arc<Pass>,
        now: Timestamp,
        has_room: impl FnOnce() -> bool,
    ) -> Option<DueUse> {
        let note = |known: &mut Known| known.note(now, has_room);
        self.good.peek(&ByEnd(*digest), note).unwrap_or_else(|| {
            let (pass, due) = (Arc::clone(pass), Due::FIRST);
            Some(DueUse { pass, due })
        })
    }

    /// Why a bad token is refused now, where that is remembered.
    pub(crate) fn denial(&self, digest: &Digest, present: &Present<'_>) -> Option<Denial> {
        let bad = self.bad.get(digest)?;
        bad.is_true(present).then_some(bad.denial)
    }

    /// Keeps what is good. Its uses go on where it was known before.
    pub(crate) fn keep_good(&self, digest: Digest, good: Good) {
        let Good { trust, mark, pass } = good;
        let bytes = u32::try_from(pass.bytes() + OVERHEAD).unwrap_or(u32::MAX);
        self.good.keep(ByEnd(digest), bytes, |old| Known {
            trust,
            mark,
            expires_at: pass.expires_at,
            bearer: Arc::clone(&pass.bearer),
            uses: old.map(|old| old.uses).unwrap_or_default(),
            pass,
        });
    }

    /// Keeps what is bad in the place of what was good.
    pub(crate) fn keep_bad(&self, digest: Digest, bad: Bad) {
        self.good.remove(&ByEnd(digest));
        self.bad.insert(digest, bad);
    }

    /// How many good tokens are remembered.
    pub(crate) fn len(&self) -> usize {
        self.good.len()
    }
}

impl Known {
    fn note(&mut self, now: Timestamp, has_room: impl FnOnce() -> bool) -> Option<DueUse> {
        let due = self.uses.note(now, has_room)?;
        let pass = Arc::clone(&self.pass);
        Some(DueUse { pass, due })
    }
}

#[cfg(test)]
mod tests {
    use std::hash::{BuildHasher as _, RandomState};

    use token_core::store::Voice;

    use super::*;
    use crate::bearers::Bearers;
    use crate::bearers::tests::claims;

    const NOW: Timestamp = Timestamp(1_800_000_000);
    const TRUST: Trust = Trust {
        keys: 1,
        admission: 1,
    };

    /// Tokens of one bearer, in a memory of so many bytes.
    struct Tokens {
        memory: Memory,
        freshness: Freshness,
        bearers: Arc<Bearers>,
    }

    impl Tokens {
        fn within(bytes: u64) -> Self {
            let freshness = Freshness::default();
            freshness.complete_at(Voice::FIRST, NOW);
            Self {
                memory: Memory::new(bytes),
                freshness,
                bearers: Arc::default(),
            }
        }

        /// As for a request whose token is not remembered.
        fn comes(&self, digest: Digest) -> Option<Due> {
            let claims = claims("alice");
            let bearer = self.bearers.of(&claims);
            let mark = self.freshness.mark(Voice::FIRST, &claims.jti);
            let pass = Arc::new(Pass::new(claims.jti, claims.times.exp, bearer));
            let good = Good {
                trust: TRUST,
                mark,
                pass: Arc::clone(&pass),
            };
            self.memory.keep_good(digest, good);
            let due = self.memory.note_use(&digest, &pass, NOW, || true);
            due.map(|noted| noted.due)
        }

        fn comes_again(&self, digest: Digest, now: Timestamp) -> Option<Recalled> {
            let present = Present {
                trust: TRUST,
                freshness: &self.freshness,
                now,
            };
            self.memory.recall(&digest, &present, || true)
        }
    }

    fn digest(number: u64) -> Digest {
        let mut sha256 = [0; 32];
        sha256[..8].copy_from_slice(&number.to_ne_bytes());
        let end = End(number);
        Digest { sha256, end }
    }

    #[test]
    fn a_good_token_is_fetched_where_it_is_looked_for_and_tokens_with_one_end_are_two() {
        let resource = claims("alice").aud;
        let hasher = RandomState::new();
        let (one, other) = ("header.claims.signature", "header.others.signature");
        let of = |token| Digest::of(&resource, token);
        let place = hasher.hash_one(End::of(one));
        assert!(place == hasher.hash_one(ByEnd(of(one))) && End::of(one) == End::of(other));
        assert!(ByEnd(of(one)) != ByEnd(of(other)));
        // Those that nobody signed do not meet.
        assert!(hasher.hash_one(of(one)) != hasher.hash_one(of(other)));
        assert!(End::of(one) != End::of("header.claims.another") && End::of("short") == End(0));
    }

    #[test]
    fn tokens_that_come_once_push_out_one_another_and_none_that_is_used() {
        let tokens = Tokens::within(64 * 1024);
        for regular in 0..10 {
            tokens.comes(digest(regular));
        }
        for once in 10..2000 {
            let regular = digest(once % 10);
            assert!(tokens.comes_again(regular, NOW).is_some(), "{once}");
            tokens.comes(digest(once));
        }
        assert!(tokens.memory.len() < 100);
    }

    #[test]
    fn of_many_at_the_same_time_one_passes_on_and_none_is_lost() {
        let tokens = Tokens::within(1024 * 1024);
        let one = digest(1);
        tokens.comes(one);
        let due = |recalled| match recalled {
            Some(Recalled::Good(_, due)) => due.map(|noted| noted.due.requests),
            _ => panic!("it is not remembered"),
        };
        let run = || {
            for at in 0..10_000 {
                assert_eq!(due(tokens.comes_again(one, NOW)), None);
                // As if the store had to be asked in between.
                if at % 100 == 0 {
                    assert_eq!(tokens.comes(one), None);
                }
            }
        };
        std::thread::scope(|scope| {
            let threads: Vec<_> = (0..4).map(|_| scope.spawn(run)).collect();
            for one in threads {
                one.join().unwrap();
            }
        });
        let later = Timestamp(NOW.0 + 60);
        tokens.freshness.complete_at(Voice::FIRST, later);
        assert_eq!(due(tokens.comes_again(one, later)), Some(4 * 10_100 + 1));
    }

    #[test]
    fn what_has_no_room_is_a_first_use_each_time() {
        let tokens = Tokens::within(0);
        let one = digest(1);
        assert_eq!(tokens.comes(one), Some(Due::FIRST));
        assert_eq!(tokens.comes(one), Some(Due::FIRST));
        assert_eq!(tokens.memory.len(), 0);
    }
}
