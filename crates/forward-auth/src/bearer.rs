//! The bearer of tokens: what a service is told of whoever makes a request, as header values that
//! are made once and then handed out, whichever of the bearer's tokens comes. A renewed token is
//! told of by the assertion that was signed for the one before.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};

use actix_web::http::header::{HeaderName, HeaderValue};
use actix_web::web::Bytes;
use token_core::access_token::AccessTokenClaims;
use token_core::assertion::{AssertionSigner, Identity, LIFETIME};
use token_core::jose::SignError;
use token_core::{ResourceId, Seconds, Timestamp};

use crate::bearers::{Bearers, Key};

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
    identity: Identity,
    resource: ResourceId,
    values: [HeaderValue; 4],
    assertion: Mutex<AssertionPlace>,
    key: Key,
    /// Where it is known, until it is forgotten.
    known_to: Weak<Bearers>,
}

#[derive(Default)]
struct AssertionPlace {
    last: Option<SignedAssertion>,
    renewing: bool,
}

struct SignedAssertion {
    value: HeaderValue,
    signed_at: Timestamp,
    keys: u64,
}

/// The assertion that is held of a bearer.
#[derive(Debug)]
pub(crate) enum Held {
    /// One to hand out.
    Good(HeaderValue),
    /// One to hand out, and to renew then. One caller alone is told so.
    Aging(HeaderValue),
    /// None that could be handed out.
    Nothing,
}

/// A claim cannot be a header's value; no token of ours has one that cannot.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct NotAHeader;

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

impl Bearer {
    /// Whoever has a token with these claims, at the service that is their audience.
    pub(crate) fn new(
        claims: &AccessTokenClaims,
        key: Key,
        known_to: &Arc<Bearers>,
    ) -> Result<Self, NotAHeader> {
        let identity = Identity::from(claims);
        Ok(Self {
            values: values(&identity)?,
            identity,
            resource: claims.aud.clone(),
            assertion: Mutex::default(),
            key,
            known_to: Arc::downgrade(known_to),
        })
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

    /// The identity headers with their values, the assertion last.
    pub fn headers(&self, assertion: HeaderValue) -> [(HeaderName, HeaderValue); 5] {
        let [id, name, client, scope, signed] = IDENTITY_HEADERS;
        let [user_id, user_name, client_id, scopes] = self.values.clone();
        [
            (id, user_id),
            (name, user_name),
            (client, client_id),
            (scope, scopes),
            (signed, assertion),
        ]
    }

    /// The assertion, where there is one that was signed by the present keys.
    pub(crate) fn held(&self, keys: u64, now: Timestamp) -> Held {
        let mut place = self.place();
        let AssertionPlace { last, renewing } = &mut *place;
        let Some(last) = last.as_ref().filter(|last| last.keys == keys) else {
            return Held::Nothing;
        };
        if last.signed_at.plus(HANDED_OUT_FOR).has_passed(now) {
            return Held::Nothing;
        }
        if last.signed_at.plus(RENEWED_AFTER).has_passed(now) && !*renewing {
            *renewing = true;
            return Held::Aging(last.value.clone());
        }
        Held::Good(last.value.clone())
    }

    /// Signs an assertion, and keeps it.
    pub(crate) fn sign(
        &self,
        signer: &AssertionSigner,
        now: Timestamp,
    ) -> Result<HeaderValue, SignError> {
        // Before the keys themselves: an assertion is never taken for one of newer keys.
        let keys = signer.keys_version();
        let outcome = signer
            .sign(&self.identity, &self.resource, now)
            .and_then(|text| HeaderValue::try_from(text).map_err(|_| SignError));
        let mut place = self.place();
        place.renewing = false;
        let value = outcome?;
        place.last = Some(SignedAssertion {
            value: value.clone(),
            signed_at: now,
            keys,
        });
        Ok(value)
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

    fn place(&self) -> MutexGuard<'_, AssertionPlace> {
        // Nothing is half done under this lock.
        self.assertion
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }
}

/// The values of all headers but the assertion's, in one piece of memory.
fn values(identity: &Identity) -> Result<[HeaderValue; 4], NotAHeader> {
    let scope = identity.scope.to_string();
    let texts = [
        identity.user_id.as_str(),
        identity.username.as_str(),
        identity.client_id.as_str(),
        scope.as_str(),
    ];
    let joined = Bytes::from(texts.concat());
    let mut at = 0;
    let mut value = |text: &str| {
        let end = at + text.len();
        let part = joined.slice(at..end);
        at = end;
        HeaderValue::from_maybe_shared(part).map_err(|_| NotAHeader)
    };
    let [user_id, username, client_id, scope] = texts;
    Ok([
        value(user_id)?,
        value(username)?,
        value(client_id)?,
        value(scope)?,
    ])
}
