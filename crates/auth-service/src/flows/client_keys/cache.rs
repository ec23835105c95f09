//! What is known of the keys that clients keep at addresses of their own: which may be believed, for
//! how long, and when their owner is to be asked again (RFC 9111 section 4.2, RFC 5861 section 4).
//!
//! An owner who takes a key back has it refused five minutes later where the client is in use, ten
//! where it is not, and a day later where he cannot be reached to say so.

use std::collections::{HashMap, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use token_core::keys::ForeignKeys;
use token_core::secret::SecretHash;
use token_core::store::KeySetRecord;
use token_core::{ClientId, Seconds, Timestamp};

use super::read;
use crate::flows::remote::RemoteFault;

/// From this age on keys are used, and fetched again behind the back of who uses them.
const FRESH: Seconds = Seconds(300);
/// From this age on the keys of a client in use are fetched again without being asked for, so that
/// they hardly ever get older than [`FRESH`].
const EARLY: Seconds = Seconds(240);
/// From this age on they are not used before their owner has been asked again.
const BELIEVED: Seconds = Seconds(600);
/// And from this age on not even where he cannot be reached.
const STALE_IF_ERROR: Seconds = Seconds(86_400);
/// For how long a client counts as in use.
const IN_USE: Seconds = Seconds(86_400);
/// The least time between two questions to one owner, of those that have one reason: whoever names
/// keys that nobody has must not make us ask each time.
const PAUSE: Seconds = Seconds(10);
/// Anybody can register a client: this bounds what they fill.
const MAX_SETS: usize = 1000;
/// How many keys that a set does not have are remembered of each.
const MAX_MISSED: usize = 8;

/// The key sets, by their client.
#[derive(Default)]
pub(in crate::flows) struct KeyCache(Mutex<HashMap<ClientId, Kept>>);

/// Why an owner is asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(in crate::flows) enum Reason {
    /// His keys are not known, or old.
    Age,
    /// Somebody named a key that is not among them.
    Missed,
}

/// What may be made of the keys of a client now.
pub(super) enum Standing {
    /// They are good.
    Known {
        keys: Arc<ForeignKeys>,
        /// Whether they are to be fetched again.
        old: bool,
    },
    /// What was at the address a moment ago is not good.
    Refused(RemoteFault),
    /// Their owner is to be asked first.
    Unknown,
}

/// A question that is under way. It is over when this is dropped, answered or not.
pub(super) struct Question<'a> {
    cache: &'a KeyCache,
    client_id: &'a ClientId,
    jwks_uri: &'a str,
    number: u64,
    asked_at: Timestamp,
}

struct Kept {
    jwks_uri: String,
    good: Option<Good>,
    last: Option<Last>,
    /// How many questions were put.
    asked: u64,
    /// The number of the newest that was answered with keys.
    answered: u64,
    under_way: bool,
    asked_for_missed_at: Option<Timestamp>,
    /// Keys that were named and not there, with the number of the last question before.
    missed: VecDeque<(SecretHash, u64)>,
    used_at: Timestamp,
}

#[derive(Clone)]
struct Good {
    keys: Arc<ForeignKeys>,
    jwks: String,
    fetched_at: Timestamp,
}

/// The last question whose outcome is known.
struct Last {
    asked_at: Timestamp,
    fault: Option<RemoteFault>,
}

impl Kept {
    fn nothing(jwks_uri: &str) -> Self {
        Self {
            jwks_uri: jwks_uri.to_owned(),
            good: None,
            last: None,
            asked: 0,
            answered: 0,
            under_way: false,
            asked_for_missed_at: None,
            missed: VecDeque::new(),
            used_at: Timestamp(0),
        }
    }

    /// The keys, where they may be believed at `now`.
    fn believed(&self, now: Timestamp) -> Option<&Good> {
        let good = self.good.as_ref()?;
        let within = |at: Timestamp, limit| !at.plus(limit).has_passed(now);
        let silent = self.last.as_ref().is_some_and(|last| {
            last.fault == Some(RemoteFault::Unreachable) && within(last.asked_at, BELIEVED)
        });
        let stands = within(good.fetched_at, BELIEVED)
            || (silent && within(good.fetched_at, STALE_IF_ERROR));
        stands.then_some(good)
    }

    fn may_ask(&self, reason: Reason, now: Timestamp) -> bool {
        let before = match reason {
            Reason::Age => self.last.as_ref().map(|last| last.asked_at),
            Reason::Missed => self.asked_for_missed_at,
        };
        !self.under_way && before.is_none_or(|at| at.plus(PAUSE).has_passed(now))
    }

    fn is_in_use(&self, now: Timestamp) -> bool {
        !self.used_at.plus(IN_USE).has_passed(now)
    }
}

impl KeyCache {
    pub(super) fn standing(&self, client_id: &ClientId, uri: &str, now: Timestamp) -> Standing {
        let sets = self.lock();
        let Some(kept) = sets.get(client_id).filter(|kept| kept.jwks_uri == uri) else {
            return Standing::Unknown;
        };
        if let Some(good) = kept.believed(now) {
            return Standing::Known {
                keys: Arc::clone(&good.keys),
                old: good.fetched_at.plus(FRESH).has_passed(now),
            };
        }
        match &kept.last {
            Some(Last {
                asked_at,
                fault: Some(fault @ RemoteFault::Refused(_)),
            }) if !asked_at.plus(PAUSE).has_passed(now) => Standing::Refused(*fault),
            _ => Standing::Unknown,
        }
    }

    /// Whether the owner, asked since this key was first named, has just shown that he does not
    /// have it. Until then it may be newer than what is known.
    pub(super) fn has_not(&self, client_id: &ClientId, key: &SecretHash, now: Timestamp) -> bool {
        let mut sets = self.lock();
        let Some(kept) = sets.get_mut(client_id) else {
            return false;
        };
        let just = kept.good.as_ref();
        let just = just.is_some_and(|good| !good.fetched_at.plus(PAUSE).has_passed(now));
        let before = kept.missed.iter().position(|(missed, _)| missed == key);
        match before.and_then(|at| kept.missed.get_mut(at)) {
            Some((_, asked)) if kept.answered > *asked => {
                if !just {
                    *asked = kept.asked;
                }
                just
            }
            Some(_) => false,
            None => {
                if kept.missed.len() >= MAX_MISSED {
                    kept.missed.pop_front();
                }
                kept.missed.push_back((*key, kept.asked));
                false
            }
        }
    }

    /// Begins to ask the owner; not where he is being asked, or was a moment ago.
    pub(super) fn ask<'a>(
        &'a self,
        client_id: &'a ClientId,
        jwks_uri: &'a str,
        reason: Reason,
        now: Timestamp,
    ) -> Option<Question<'a>> {
        let mut sets = self.lock();
        let kept = entry(&mut sets, client_id, jwks_uri, now);
        if !kept.may_ask(reason, now) {
            return None;
        }
        kept.under_way = true;
        kept.asked += 1;
        if reason == Reason::Missed {
            kept.asked_for_missed_at = Some(now);
        }
        Some(Question {
            cache: self,
            client_id,
            jwks_uri,
            number: kept.asked,
            asked_at: now,
        })
    }

    /// Takes in what another process, or this one in an earlier life, fetched. What is newer here
    /// stays.
    pub(super) fn adopt(&self, set: KeySetRecord, now: Timestamp) {
        let Ok(keys) = read(set.jwks.as_bytes()) else {
            return;
        };
        let mut sets = self.lock();
        let kept = entry(&mut sets, &set.client_id, &set.jwks_uri, now);
        let known = kept.good.as_ref().map(|good| good.fetched_at);
        let taken_back = kept
            .last
            .as_ref()
            .filter(|last| matches!(last.fault, Some(RemoteFault::Refused(_))));
        let newest = known.max(taken_back.map(|last| last.asked_at));
        if newest.is_some_and(|at| at >= set.fetched_at) {
            return;
        }
        if kept
            .last
            .as_ref()
            .is_none_or(|last| last.asked_at < set.asked_at)
        {
            let failed = set.asked_at > set.fetched_at;
            kept.last = Some(Last {
                asked_at: set.asked_at,
                fault: failed.then_some(RemoteFault::Unreachable),
            });
        }
        kept.used_at = kept.used_at.max(set.used_at);
        kept.good = Some(Good {
            keys,
            jwks: set.jwks,
            fetched_at: set.fetched_at,
        });
    }

    /// What other processes are to know of it; what is over, where the owner has no keys any more.
    pub(super) fn record(&self, client_id: &ClientId, now: Timestamp) -> Option<KeySetRecord> {
        let sets = self.lock();
        let kept = sets.get(client_id)?;
        let asked_at = kept.last.as_ref()?.asked_at;
        let good = kept.good.as_ref();
        if good.is_none() && kept.last.as_ref()?.fault == Some(RemoteFault::Unreachable) {
            return None;
        }
        Some(KeySetRecord {
            client_id: client_id.clone(),
            jwks_uri: kept.jwks_uri.clone(),
            jwks: good.map(|good| good.jwks.clone()).unwrap_or_default(),
            fetched_at: good.map_or(asked_at, |good| good.fetched_at),
            asked_at,
            used_at: kept.used_at,
            expires_at: good.map_or(now, |good| good.fetched_at.plus(STALE_IF_ERROR)),
        })
    }

    /// Notes that the client is in use.
    pub(super) fn note_use(&self, client_id: &ClientId, jwks_uri: &str, now: Timestamp) {
        entry(&mut self.lock(), client_id, jwks_uri, now).used_at = now;
    }

    /// The clients in use whose keys are to be fetched again.
    pub(in crate::flows) fn due(&self, now: Timestamp) -> Vec<ClientId> {
        let sets = self.lock();
        let due = sets.iter().filter(|(_, kept)| {
            let asked = kept.last.as_ref();
            let asked_early = asked.is_none_or(|last| last.asked_at.plus(EARLY).has_passed(now));
            kept.is_in_use(now) && asked_early
        });
        due.map(|(client_id, _)| client_id.clone()).collect()
    }

    /// Drops what is known of a client's keys.
    pub(in crate::flows) fn forget(&self, client_id: &ClientId) {
        self.lock().remove(client_id);
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<ClientId, Kept>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The client's place. What was known of another address says nothing of this one. Where there is
/// no room, the one goes that was not used for longest.
fn entry<'a>(
    sets: &'a mut HashMap<ClientId, Kept>,
    client_id: &ClientId,
    jwks_uri: &str,
    now: Timestamp,
) -> &'a mut Kept {
    if sets.len() >= MAX_SETS && !sets.contains_key(client_id) {
        sets.retain(|_, kept| kept.believed(now).is_some());
        if sets.len() >= MAX_SETS {
            let longest = sets.iter().min_by_key(|(_, kept)| kept.used_at);
            let longest = longest.map(|(client_id, _)| client_id.clone());
            longest.map(|client_id| sets.remove(&client_id));
        }
    }
    let kept = sets
        .entry(client_id.clone())
        .or_insert_with(|| Kept::nothing(jwks_uri));
    if kept.jwks_uri != jwks_uri {
        *kept = Kept::nothing(jwks_uri);
    }
    kept
}

impl Question<'_> {
    /// Takes in what came of it. Keys that were good stay while their owner cannot be asked.
    pub(super) fn answered(self, answer: Result<(Arc<ForeignKeys>, String), RemoteFault>) {
        let mut sets = self.cache.lock();
        let kept = entry(&mut sets, self.client_id, self.jwks_uri, self.asked_at);
        kept.last = Some(Last {
            asked_at: self.asked_at,
            fault: answer.as_ref().err().copied(),
        });
        match answer {
            Ok((keys, jwks)) => {
                kept.answered = self.number;
                kept.good = Some(Good {
                    keys,
                    jwks,
                    fetched_at: self.asked_at,
                });
            }
            Err(RemoteFault::Refused(_)) => kept.good = None,
            Err(RemoteFault::Unreachable) => {}
        }
    }
}

impl Drop for Question<'_> {
    fn drop(&mut self) {
        if let Some(kept) = self.cache.lock().get_mut(self.client_id) {
            kept.under_way = false;
        }
    }
}
