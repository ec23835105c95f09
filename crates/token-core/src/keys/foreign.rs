//! Somebody else's public keys (RFC 7517 section 5): named as their owner names them, not by
//! thumbprint.

use super::jwk::JwkSet;
use super::{KeyError, VerificationKey};
use jsonwebtoken::Algorithm;

/// The most keys of one set that are looked at.
const MAX_KEYS: usize = 20;

/// The usable keys of a foreign JWK Set.
#[derive(Debug, Clone)]
pub struct ForeignKeys(Vec<(Option<String>, VerificationKey)>);

impl ForeignKeys {
    /// Reads a set. Keys of kinds that are not supported are passed over (RFC 7517 section 5); a
    /// set without one usable key is an error.
    pub fn from_jwks_json(json: &[u8]) -> Result<Self, KeyError> {
        let keys: Vec<_> = JwkSet::read_foreign(json)?
            .into_iter()
            .take(MAX_KEYS)
            .filter_map(|(kid, jwk)| Some((kid, VerificationKey::from_jwk(jwk).ok()?)))
            .collect();
        if keys.is_empty() {
            Err(KeyError::NotAJwkSet)
        } else {
            Ok(Self(keys))
        }
    }

    /// The key that a header means: by `kid`, or the only one of its algorithm where it has none.
    pub(crate) fn find(&self, kid: Option<&str>, algorithm: Algorithm) -> Option<&VerificationKey> {
        let mut fitting = self.0.iter().filter(|(own, key)| {
            key.algorithm.jose() == algorithm && (kid.is_none() || own.as_deref() == kid)
        });
        let (_, first) = fitting.next()?;
        (kid.is_some() || fitting.next().is_none()).then_some(first)
    }
}
