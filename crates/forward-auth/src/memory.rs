//! What the verifier remembers of tokens, bounded: of good ones what they let pass, of bad ones why
//! not. It knows a token at a service by the digest of both, and keeps no token.
//!
//! Nothing here decides. What is remembered is true only as long as the rules and the keys are
//! those with which it was found ([`Trust`]), and nothing was heard of the token since
//! ([`Mark`]); the verifier asks for both at every use.

use std::hash::{Hash, Hasher};
use std::sync::Arc;

use quick_cache::Weighter;
use quick_cache::sync::Cache;
use ring::digest::{Context, SHA256};
use token_core::store::{MAX_AGE, Mark};
use token_core::{ResourceId, Timestamp};

use crate::decide::Denial;
use crate::pass::Pass;

/// How many bad tokens are remembered. A flood of them pushes out one another and no good one.
const BAD_TOKENS: usize = 4096;

/// What an entry takes beside its pass: key, slot, and the allocator's share.
const OVERHEAD: usize = 192;

/// A token at a service: SHA-256 of both.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Digest([u8; 32]);

impl Digest {
    pub(crate) fn of(resource: &ResourceId, token: &str) -> Self {
        let mut context = Context::new(&SHA256);
        context.update(resource.as_str().as_bytes());
        // No resource has a space.
        context.update(b" ");
        context.update(token.as_bytes());
        let mut digest = [0; 32];
        for (to, from) in digest.iter_mut().zip(context.finish().as_ref()) {
            *to = *from;
        }
        Self(digest)
    }
}

impl Hash for Digest {
    fn hash<H: Hasher>(&self, state: &mut H) {
        // The cache's hasher is keyed, so nobody can aim at one place of it.
        let (head, _) = self.0.split_first_chunk::<8>().unwrap_or((&[0; 8], &[]));
        state.write_u64(u64::from_ne_bytes(*head));
    }
}

/// The rules and the keys with which something was found: versions, taken before they were used.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Trust {
    pub(crate) keys: u64,
    pub(crate) admission: u64,
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
    /// Whether it is too old to be believed.
    pub(crate) fn is_old(&self, now: Timestamp) -> bool {
        self.since.plus(MAX_AGE).has_passed(now)
    }
}

/// The two memories.
pub(crate) struct Memory {
    good: Cache<Digest, Good, Bytes>,
    bad: Cache<Digest, Bad>,
}

#[derive(Clone)]
struct Bytes;

impl Weighter<Digest, Good> for Bytes {
    fn weight(&self, _: &Digest, good: &Good) -> u64 {
        (good.pass.bytes() + OVERHEAD) as u64
    }
}

impl Memory {
    /// Remembers good tokens in about `bytes`.
    pub(crate) fn new(bytes: u64) -> Self {
        /// What one takes, for the first guess at how many there will be.
        const TYPICAL: u64 = 1400;
        let estimate = usize::try_from(bytes / TYPICAL).unwrap_or(usize::MAX);
        Self {
            good: Cache::with_weighter(estimate, bytes, Bytes),
            bad: Cache::new(BAD_TOKENS),
        }
    }

    pub(crate) fn good(&self, digest: &Digest) -> Option<Good> {
        self.good.get(digest)
    }

    pub(crate) fn bad(&self, digest: &Digest) -> Option<Bad> {
        self.bad.get(digest)
    }

    pub(crate) fn keep_good(&self, digest: Digest, good: Good) {
        self.good.insert(digest, good);
    }

    /// Keeps what is bad in the place of what was good.
    pub(crate) fn keep_bad(&self, digest: Digest, bad: Bad) {
        self.good.remove(&digest);
        self.bad.insert(digest, bad);
    }

    /// How many good tokens are remembered.
    pub(crate) fn len(&self) -> usize {
        self.good.len()
    }
}
