//! The bearer of tokens: what a service is told of whoever makes a request, as header values that
//! are made once and then handed out, whichever of the bearer's tokens comes. A renewed token is
//! told of by the assertion that was signed for the one before.
//!
//! Of a million tokens the next one's values are in no cache of the processor. So all values of a
//! bearer lie in one piece of memory and share one counter, and they are fetched at once: to copy
//! one after the other would wait for memory each time.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};

use actix_web::http::header::{HeaderName, HeaderValue};
use actix_web::web::Bytes;
use token_core::access_token::AccessTokenClaims;
use token_core::assertion::{AssertionSigner, Identity, LIFETIME};
use token_core::jose::SignError;
use token_core::{ResourceId, Seconds, Timestamp};

use crate::bearers::{Bearers, Key};
use crate::prefetch::prefetch;

/// The identity headers; the contract lists them in `authResponseHeaders`, so that forged ones
/// die at the edge.
pub const IDENTITY_HEADERS: [HeaderName; 5] = [
    HeaderName::from_static("x-user-id"),
    HeaderName::from_static("x-user-name"),
    HeaderName::from_static("x-client-id"),
    HeaderName::from_static("x-auth-scope"),
    HeaderName::from_static("x-auth-assertion"),
];

/// An assertion is renewed when half its life is over.
const RENEWED_AFTER: Seconds = Seconds(LIFETIME.0 / 2);
/// While it is renewed, the old one is handed out: it lives for half a minute at least.
const HANDED_OUT_FOR: Seconds = Seconds(LIFETIME.0 * 3 / 4);

/// A person with a client and what it was allowed, at one service.
pub struct Bearer {
    place: Mutex<Place>,
    identity: Identity,
    resource: ResourceId,
    key: Key,
    /// Where it is known, until it is forgotten.
    known_to: Weak<Bearers>,
}

#[derive(Default)]
struct Place {
    last: Option<Kept>,
    renewing: bool,
}

struct Kept {
    told: Told,
    /// The texts of `told`, one after the other.
    texts: Bytes,
    signed_at: Timestamp,
    keys: u64,
}

impl Kept {
    /// Whether it may be handed out.
    fn is_good(&self, keys: u64, now: Timestamp) -> bool {
        self.keys == keys && !self.signed_at.plus(HANDED_OUT_FOR).has_passed(now)
    }
}

/// What a service is told of a request: who makes it, and an assertion of that.
#[derive(Clone)]
pub struct Told([HeaderValue; 5]);

impl std::fmt::Debug for Told {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Told").finish_non_exhaustive()
    }
}

/// Nothing can be told of a bearer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub(crate) enum CannotTell {
    /// There is no assertion.
    #[error(transparent)]
    NotSigned(#[from] SignError),
    /// No token of ours has such a claim.
    #[error("a claim of the token cannot be the value of a header")]
    NotAHeader,
}

/// What is held of a bearer.
#[derive(Debug)]
pub(crate) enum Held {
    /// To hand out.
    Good(Told),
    /// To hand out, and to renew then. One caller alone is told so.
    Aging(Told),
    /// Nothing that could be handed out.
    Nothing,
}

impl std::fmt::Debug for Bearer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Bearer").finish_non_exhaustive()
    }
}

impl Drop for Bearer {
    fn drop(&mut self) {
        if let Some(bearers) = self.known_to.upgrade() {
            bearers.forget(self.key);
        }
    }
}

impl Told {
    /// With its texts, one after the other.
    fn of(identity: &Identity, assertion: &str) -> Result<(Self, Bytes), CannotTell> {
        let scope = identity.scope.to_string();
        let texts = [
            identity.user_id.as_str(),
            identity.username.as_str(),
            identity.client_id.as_str(),
            scope.as_str(),
            assertion,
        ];
        let joined = Bytes::from(texts.concat());
        let mut at = 0;
        let mut value = |text: &str| {
            let end = at + text.len();
            let part = joined.slice(at..end);
            at = end;
            HeaderValue::from_maybe_shared(part).map_err(|_| CannotTell::NotAHeader)
        };
        let [user_id, username, client_id, scope, assertion] = texts;
        let told = Self([
            value(user_id)?,
            value(username)?,
            value(client_id)?,
            value(scope)?,
            value(assertion)?,
        ]);
        Ok((told, joined))
    }

    /// The assertion alone.
    pub fn assertion(&self) -> &HeaderValue {
        let [.., assertion] = &self.0;
        assertion
    }

    /// The identity headers with their values, the assertion last.
    pub fn headers(self) -> impl Iterator<Item = (HeaderName, HeaderValue)> {
        IDENTITY_HEADERS.into_iter().zip(self.0)
    }
}

impl Bearer {
    /// Whoever has a token with these claims, at the service that is their audience.
    pub(crate) fn new(claims: &AccessTokenClaims, key: Key, known_to: &Arc<Bearers>) -> Self {
        Self {
            place: Mutex::default(),
            identity: Identity::from(claims),
            resource: claims.aud.clone(),
            key,
            known_to: Arc::downgrade(known_to),
        }
    }

    /// Whether it is the one of a token with these claims.
    pub(crate) fn is_of(&self, claims: &AccessTokenClaims) -> bool {
        self.resource == claims.aud
            && self.identity.user_id == claims.sub
            && self.identity.username == claims.username
            && self.identity.client_id == claims.client_id
            && self.identity.scope == claims.scope
    }

    /// Who it is.
    pub(crate) fn identity(&self) -> &Identity {
        &self.identity
    }

    /// At which service.
    pub(crate) fn resource(&self) -> &ResourceId {
        &self.resource
    }

    /// What a service is told, where there is an assertion that was signed by the present keys.
    pub(crate) fn held(&self, keys: u64, now: Timestamp) -> Held {
        let mut place = self.place();
        let Place { last, renewing } = &mut *place;
        let Some(last) = last.as_ref().filter(|last| last.is_good(keys, now)) else {
            return Held::Nothing;
        };
        prefetch(&last.texts[..]);
        if last.signed_at.plus(RENEWED_AFTER).has_passed(now) && !*renewing {
            *renewing = true;
            return Held::Aging(last.told.clone());
        }
        Held::Good(last.told.clone())
    }

    /// Whether there is none. Who is to renew an old one is not told by this.
    pub(crate) fn holds_nothing(&self, keys: u64, now: Timestamp) -> bool {
        let place = self.place();
        !place
            .last
            .as_ref()
            .is_some_and(|last| last.is_good(keys, now))
    }

    /// Signs an assertion, and keeps it.
    pub(crate) fn sign(
        &self,
        signer: &AssertionSigner,
        now: Timestamp,
    ) -> Result<Told, CannotTell> {
        // Before the keys themselves: an assertion is never taken for one of newer keys.
        let keys = signer.keys_version();
        let outcome = signer
            .sign(&self.identity, &self.resource, now)
            .map_err(CannotTell::from)
            .and_then(|assertion| Told::of(&self.identity, &assertion));
        let mut place = self.place();
        place.renewing = false;
        let (told, texts) = outcome?;
        place.last = Some(Kept {
            told: told.clone(),
            texts,
            signed_at: now,
            keys,
        });
        Ok(told)
    }

    /// About how many bytes it takes, in memory and on the heap.
    pub(crate) fn bytes(&self) -> usize {
        /// The assertion: header, claims and signature, in base64.
        const ASSERTION: usize = 512;
        let identity = &self.identity;
        let texts = identity.user_id.as_str().len()
            + identity.username.as_str().len()
            + identity.client_id.as_str().len();
        size_of::<Self>() + 3 * texts + self.resource.as_str().len() + ASSERTION
    }

    fn place(&self) -> MutexGuard<'_, Place> {
        // Nothing is half done under this lock.
        self.place.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
