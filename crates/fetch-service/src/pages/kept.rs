//! What is kept of an answer, and under which key.

use std::sync::Arc;

use egress::{Fetched, Validators};
use http::HeaderMap;
use http::header::{CONTENT_ENCODING, CONTENT_LENGTH, CONTENT_RANGE, CONTENT_TYPE};
use quick_cache::Weighter;
use token_core::{Timestamp, UserId};
use url::Url;

use super::freshness::{Audience, Keeping};
use super::{Snapshot, Wish};

/// What an entry takes beside its body and its key: headers, slots, and the allocator's share.
const OVERHEAD: usize = 2048;

/// Whose, which page, and whether `robots.txt` was asked on the way to it.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Key {
    owner: Owner,
    /// Without a fragment, which is not asked for.
    pub(crate) url: String,
    pub(crate) automatic: bool,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Owner {
    Person(UserId),
    Everybody,
}

impl Key {
    /// The person's own.
    pub(crate) fn of(wish: Wish<'_>) -> Self {
        let url = Url::parse(wish.url).map(|mut url| {
            url.set_fragment(None);
            url.into()
        });
        Self {
            owner: Owner::Person(wish.admitted.person().clone()),
            // The guard will say what is wrong with it.
            url: url.unwrap_or_else(|_| wish.url.to_owned()),
            automatic: wish.automatic,
        }
    }

    pub(crate) fn everybodys(&self) -> Self {
        Self {
            owner: Owner::Everybody,
            ..self.clone()
        }
    }

    pub(crate) fn of_person(&self, person: &UserId) -> Self {
        Self {
            owner: Owner::Person(person.clone()),
            ..self.clone()
        }
    }
}

/// An answer with what it says of itself.
pub(crate) struct Entry {
    pub(crate) snapshot: Arc<Snapshot>,
    pub(crate) keeping: Keeping,
    pub(crate) validators: Option<Validators>,
    headers: HeaderMap,
    at: Timestamp,
}

impl Entry {
    pub(crate) fn new(fetched: Fetched, id: u64, now: Timestamp) -> Self {
        Self {
            keeping: Keeping::of(&fetched, &fetched.headers, now),
            validators: Validators::of(&fetched),
            headers: fetched.headers.clone(),
            snapshot: Arc::new(Snapshot::new(fetched, id)),
            at: now,
        }
    }

    /// The same answer, confirmed: with the newer headers where there are any (RFC 9111 section
    /// 3.2), but for those that describe the body.
    pub(crate) fn revalidated(known: &Self, confirmation: &Fetched, now: Timestamp) -> Self {
        let mut headers = known.headers.clone();
        for name in confirmation.headers.keys() {
            if [
                CONTENT_ENCODING,
                CONTENT_LENGTH,
                CONTENT_RANGE,
                CONTENT_TYPE,
            ]
            .contains(name)
            {
                continue;
            }
            headers.remove(name);
            for value in confirmation.headers.get_all(name) {
                headers.append(name, value.clone());
            }
        }
        Self {
            keeping: Keeping::of(confirmation, &headers, now),
            validators: known.validators.clone(),
            snapshot: Arc::clone(&known.snapshot),
            headers,
            at: now,
        }
    }

    pub(crate) fn is_fresh(&self, now: Timestamp) -> bool {
        self.keeping.audience > Audience::Nobody
            && !self.at.plus(self.keeping.fresh_for).has_passed(now)
    }
}

/// What a person is reading.
#[derive(Clone)]
pub(crate) struct Going {
    pub(crate) snapshot: Arc<Snapshot>,
    /// When its last part was given.
    pub(crate) last: Timestamp,
    /// It began while another answer was being read there, by which some conversation may go on.
    pub(crate) took_over: bool,
}

#[derive(Clone)]
pub(crate) struct Weight;

impl Weighter<Key, Arc<Entry>> for Weight {
    fn weight(&self, key: &Key, entry: &Arc<Entry>) -> u64 {
        weight(key, &entry.snapshot)
    }
}

impl Weighter<Key, Going> for Weight {
    fn weight(&self, key: &Key, going: &Going) -> u64 {
        weight(key, &going.snapshot)
    }
}

fn weight(key: &Key, snapshot: &Snapshot) -> u64 {
    (OVERHEAD + key.url.len() + snapshot.page.body.len()) as u64
}
