//! The bearers of the tokens that are remembered, each once. One is forgotten with the last of its
//! tokens.

use std::collections::HashMap;
use std::hash::{BuildHasher as _, RandomState};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};

use token_core::access_token::AccessTokenClaims;

use crate::bearer::Bearer;

/// Where a bearer is found. The hash is keyed, so nobody can aim at another's place.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) struct Key(u64);

/// All of them.
#[derive(Default)]
pub(crate) struct Bearers {
    hasher: RandomState,
    known: Mutex<HashMap<Key, Weak<Bearer>>>,
}

impl Bearers {
    /// The bearer of a token with these claims.
    pub(crate) fn of(self: &Arc<Self>, claims: &AccessTokenClaims) -> Arc<Bearer> {
        let key = self.key(claims);
        // Upgraded outside the lock: who is the last to let go of a bearer takes it.
        let known = self.held().get(&key).cloned();
        let known = known.and_then(|known| known.upgrade());
        if let Some(known) = known.filter(|known| known.is_of(claims)) {
            return known;
        }
        let bearer = Arc::new(Bearer::new(claims, key, self));
        self.held().insert(key, Arc::downgrade(&bearer));
        bearer
    }

    /// Whoever was there is gone, unless another has taken the place.
    pub(crate) fn forget(&self, key: Key) {
        let mut known = self.held();
        if known
            .get(&key)
            .is_some_and(|known| known.strong_count() == 0)
        {
            known.remove(&key);
        }
    }

    fn key(&self, claims: &AccessTokenClaims) -> Key {
        Key(self.hasher.hash_one((
            claims.aud.as_str(),
            claims.sub.as_str(),
            claims.username.as_str(),
            claims.client_id.as_str(),
            claims.scope.to_string(),
        )))
    }

    fn held(&self) -> MutexGuard<'_, HashMap<Key, Weak<Bearer>>> {
        // Nothing is half done under this lock.
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use token_core::jose::TimeClaims;
    use token_core::{
        ClientId, GrantId, Issuer, Jti, ResourceId, Scopes, Services, SystemEntropy, Timestamp,
        UserId, Username,
    };

    use super::*;

    pub(crate) fn claims(login: &str) -> AccessTokenClaims {
        let entropy = SystemEntropy::new();
        let grant = GrantId::generate(&entropy).unwrap();
        AccessTokenClaims {
            iss: Issuer::parse("https://auth.example.com").unwrap(),
            sub: UserId::parse("github|1").unwrap(),
            aud: resource(),
            client_id: ClientId::parse("client-1").unwrap(),
            jti: Jti::generate(&grant, &entropy).unwrap(),
            scope: Scopes::from_request(None),
            username: Username::parse(login).unwrap(),
            times: TimeClaims {
                exp: Timestamp(1_800_003_600),
                iat: Timestamp(1_800_000_000),
                nbf: None,
            },
        }
    }

    fn resource() -> ResourceId {
        let services = Services::parse("fetch", "example.com").unwrap();
        services.resource("fetch").unwrap().clone()
    }

    #[test]
    fn a_bearer_is_one_until_the_last_of_his_tokens_is_forgotten() {
        let bearers = Arc::new(Bearers::default());
        let (one, again) = (bearers.of(&claims("alice")), bearers.of(&claims("alice")));
        let other = bearers.of(&claims("bob"));
        assert!(Arc::ptr_eq(&one, &again) && !Arc::ptr_eq(&one, &other));
        drop(one);
        assert_eq!(bearers.held().len(), 2);
        drop((again, other));
        assert!(bearers.held().is_empty());
    }

    #[test]
    fn who_takes_the_place_of_another_stays_when_that_one_goes() {
        let bearers = Arc::new(Bearers::default());
        let alice = claims("alice");
        let key = bearers.key(&alice);
        let before = bearers.of(&claims("bob"));
        // As if both had the same key.
        bearers.held().insert(key, Arc::downgrade(&before));
        let own = bearers.of(&alice);
        assert!(own.is_of(&alice) && !Arc::ptr_eq(&own, &before));
        bearers.forget(key);
        assert!(Arc::ptr_eq(&own, &bearers.of(&alice)));
    }
}
