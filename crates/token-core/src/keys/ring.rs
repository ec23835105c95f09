//! The key ring: which key signs, which are published beside it, and until when.
//!
//! A key is known by the time from which it signs. Before that it is *upcoming*: published, so that
//! every verifier knows it before its first token. The newest whose time has come is *active*,
//! whatever its algorithm. Once a newer one is active it is *retired*, and published until the last
//! token that it signed has expired; then it is *expired*.

use std::cmp::Ordering;
use std::iter::once;
use std::sync::Arc;

use serde::Serialize;

use super::{SigningKey, SigningKeys, VerificationKeys};
use crate::clock::{Seconds, Timestamp};

/// How long before its first signature a new key is published. Longer than it takes until every
/// process knows it: the signer looks at its directory each 2 s, verifiers at the key set each 5 s,
/// and caches may keep the key set for 15 s.
pub const ACTIVATION_DELAY: Seconds = Seconds(30);

/// What is added to a retired key's life for signers that turn to the next one a little late:
/// their clocks differ, and they look each 2 s only.
pub const RETIREMENT_LEEWAY: Seconds = Seconds(60);

/// A key and the time from which it signs.
#[derive(Debug, Clone)]
pub struct DatedKey {
    /// From when it signs.
    pub active_from: Timestamp,
    /// The key.
    pub key: SigningKey,
    /// When the last token has expired that it signed for longer than tokens live otherwise.
    pub needed_until: Option<Timestamp>,
}

/// What a key does. In the order in which keys are published.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum KeyState {
    /// Signs; published.
    Active,
    /// Will sign; published.
    Upcoming,
    /// Signs no more, but its tokens may live; published.
    Retired,
    /// No token of it lives; not published.
    Expired,
}

/// A key of the ring as it is at some instant.
#[derive(Debug, Clone, Copy)]
pub struct RingKey<'a> {
    /// The key.
    pub key: &'a SigningKey,
    /// What it does.
    pub state: KeyState,
    /// From when it signs or signed.
    pub since: Timestamp,
    /// When the last token that it signed has expired; known once it has a successor.
    pub until: Option<Timestamp>,
}

/// All keys of one purpose: never empty, and never without an active key.
#[derive(Debug, Clone)]
pub struct KeyRing {
    oldest: DatedKey,
    later: Vec<DatedKey>,
    token_lifetime: Seconds,
}

impl KeyRing {
    /// A ring of `keys`, whose tokens live for `token_lifetime` at most; none without a key. Of
    /// keys with the same time the last one is the newest.
    pub fn new(mut keys: Vec<DatedKey>, token_lifetime: Seconds) -> Option<Self> {
        keys.sort_by_key(|key| key.active_from);
        let mut keys = keys.into_iter();
        Some(Self {
            oldest: keys.next()?,
            later: keys.collect(),
            token_lifetime,
        })
    }

    /// The keys that sign and verify at `now`.
    pub fn at(&self, now: Timestamp) -> SigningKeys {
        let mut keys = self.states(now);
        keys.retain(|key| key.state != KeyState::Expired);
        keys.sort_by_key(|key| key.state);
        SigningKeys {
            active: self.active(now).key.clone(),
            active_since: Some(self.active(now).active_from),
            published: Arc::new(VerificationKeys::of(keys.into_iter().map(|key| key.key))),
        }
    }

    /// Every key as it is at `now`, the oldest first.
    pub fn states(&self, now: Timestamp) -> Vec<RingKey<'_>> {
        let keys: Vec<_> = once(&self.oldest).chain(&self.later).collect();
        let active = keys.iter().rposition(|key| key.active_from.has_passed(now));
        let active = active.unwrap_or(0);
        let described = keys.iter().enumerate().map(|(at, key)| {
            let successor = keys.get(at + 1);
            let until = successor.map(|next| self.last_token_before(next.active_from));
            let until = until.map(|until| key.needed_until.map_or(until, |own| own.max(until)));
            let state = match at.cmp(&active) {
                Ordering::Greater => KeyState::Upcoming,
                Ordering::Equal => KeyState::Active,
                Ordering::Less if until.is_some_and(|until| until.has_passed(now)) => {
                    KeyState::Expired
                }
                Ordering::Less => KeyState::Retired,
            };
            RingKey {
                key: &key.key,
                state,
                since: key.active_from,
                until,
            }
        });
        described.collect()
    }

    /// The newest key whose time has come. The oldest signs before its time rather than none.
    fn active(&self, now: Timestamp) -> &DatedKey {
        self.later
            .iter()
            .rfind(|key| key.active_from.has_passed(now))
            .unwrap_or(&self.oldest)
    }

    /// When the last token of a key has expired whose successor signs from `succeeded`.
    fn last_token_before(&self, succeeded: Timestamp) -> Timestamp {
        succeeded.plus(self.token_lifetime).plus(RETIREMENT_LEEWAY)
    }
}

#[cfg(test)]
mod tests;
