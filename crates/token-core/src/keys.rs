//! Signing keys, the public halves that verify, and JSON Web Key Sets (RFC 7517, RFC 7638).

use std::sync::Arc;

use jsonwebtoken::{Algorithm, DecodingKey};
use serde::{Deserialize, Serialize};
use thiserror::Error;

mod foreign;
mod generate;
mod jwk;
mod key_pair;
mod live;
mod pkcs8;
mod ring;

pub use foreign::ForeignKeys;
#[cfg(feature = "keygen")]
pub use generate::generate_rsa_pem;
pub use generate::{PrivatePem, generate_ed25519_pem, generate_p256_pem};
pub use jwk::{Jwk, JwkSet};
pub(crate) use key_pair::KeyPair;
pub use live::{LiveKeys, SigningKeys};
pub use ring::{ACTIVATION_DELAY, DatedKey, KeyRing, KeyState, RETIREMENT_LEEWAY, RingKey};

/// The smallest RSA modulus that is accepted, in bits.
pub const MIN_RSA_BITS: usize = 2048;

/// The algorithms that tokens are signed with.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum SigningAlgorithm {
    /// RSASSA-PKCS1-v1_5 with SHA-256: the default, since every client library has it.
    #[serde(rename = "RS256")]
    Rs256,
    /// ECDSA on P-256 with SHA-256.
    #[serde(rename = "ES256")]
    Es256,
    /// Ed25519 (RFC 8037).
    #[serde(rename = "EdDSA")]
    EdDsa,
}

impl SigningAlgorithm {
    /// The name that JOSE headers and `JWT_ALGORITHM` carry.
    pub fn name(self) -> &'static str {
        match self {
            Self::Rs256 => "RS256",
            Self::Es256 => "ES256",
            Self::EdDsa => "EdDSA",
        }
    }

    pub(crate) fn jose(self) -> Algorithm {
        match self {
            Self::Rs256 => Algorithm::RS256,
            Self::Es256 => Algorithm::ES256,
            Self::EdDsa => Algorithm::EdDSA,
        }
    }
}

impl std::str::FromStr for SigningAlgorithm {
    type Err = &'static str;
    fn from_str(name: &str) -> Result<Self, Self::Err> {
        [Self::Rs256, Self::Es256, Self::EdDsa]
            .into_iter()
            .find(|algorithm| algorithm.name() == name)
            .ok_or("not one of RS256, ES256 and EdDSA")
    }
}

/// Why a key was not accepted. Never shows the key.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum KeyError {
    /// Not PEM with one PKCS#8 private key.
    #[error("not a PEM file with one PKCS#8 private key (BEGIN PRIVATE KEY)")]
    NotPkcs8Pem,
    /// A PKCS#8 key of a kind that is not supported, or too small.
    #[error("not an RSA key of at least {MIN_RSA_BITS} bits, a P-256 key or an Ed25519 key")]
    Unsupported,
    /// Not a JWK Set.
    #[error("not a JSON Web Key Set")]
    NotAJwkSet,
    /// A key could not be generated.
    #[error("a key could not be generated")]
    NotGenerated,
}

/// A private key that signs tokens. `kid` is the RFC 7638 thumbprint of its public half.
#[derive(Clone)]
pub struct SigningKey {
    pair: Arc<KeyPair>,
    public: VerificationKey,
}

impl std::fmt::Debug for SigningKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "SigningKey({}, [redacted])", self.public.kid)
    }
}

impl SigningKey {
    /// Reads a PKCS#8 private key in PEM (RFC 7468 section 10): RSA, P-256 or Ed25519.
    pub fn from_pkcs8_pem(text: &[u8]) -> Result<Self, KeyError> {
        let (pair, jwk) = pkcs8::read(text)?;
        Ok(Self {
            pair: Arc::new(pair),
            public: VerificationKey::from_jwk(jwk)?,
        })
    }

    /// Its thumbprint.
    pub fn kid(&self) -> &str {
        &self.public.kid
    }

    /// Its algorithm.
    pub fn algorithm(&self) -> SigningAlgorithm {
        self.public.algorithm
    }

    /// Its public half.
    pub fn public(&self) -> &VerificationKey {
        &self.public
    }

    pub(crate) fn pair(&self) -> &KeyPair {
        &self.pair
    }
}

/// A public key that verifies tokens of exactly one algorithm.
#[derive(Debug, Clone)]
pub struct VerificationKey {
    kid: String,
    algorithm: SigningAlgorithm,
    decoding: DecodingKey,
    jwk: Jwk,
}

impl VerificationKey {
    /// Takes a public JWK; its `kid` must be its thumbprint when it has one.
    fn from_jwk(jwk: Jwk) -> Result<Self, KeyError> {
        crate::jose::install_ring();
        Ok(Self {
            kid: jwk.thumbprint(),
            algorithm: jwk.algorithm(),
            decoding: jwk.decoding()?,
            jwk,
        })
    }

    /// Its thumbprint.
    pub fn kid(&self) -> &str {
        &self.kid
    }

    /// Its algorithm.
    pub fn algorithm(&self) -> SigningAlgorithm {
        self.algorithm
    }

    pub(crate) fn decoding(&self) -> &DecodingKey {
        &self.decoding
    }
}

/// The public keys that verify: the active one, upcoming ones, and those whose tokens may still
/// live.
#[derive(Debug, Clone)]
pub struct VerificationKeys(Vec<VerificationKey>);

impl VerificationKeys {
    /// The public halves of some signing keys.
    pub fn of<'a>(keys: impl IntoIterator<Item = &'a SigningKey>) -> Self {
        Self(keys.into_iter().map(|key| key.public.clone()).collect())
    }

    /// Reads a JWK Set (RFC 7517 section 5). Keys of kinds that are not supported are passed over,
    /// as section 5 asks; a set without one usable key is an error.
    pub fn from_jwks_json(json: &[u8]) -> Result<Self, KeyError> {
        let keys: Vec<_> = JwkSet::read(json)?
            .into_iter()
            .filter_map(|jwk| VerificationKey::from_jwk(jwk).ok())
            .collect();
        if keys.is_empty() {
            Err(KeyError::NotAJwkSet)
        } else {
            Ok(Self(keys))
        }
    }

    /// The set as it is published.
    pub fn jwk_set(&self) -> JwkSet {
        JwkSet::of(self.0.iter().map(|key| &key.jwk))
    }

    /// The keys, in the order in which they are published.
    pub fn iter(&self) -> impl Iterator<Item = &VerificationKey> {
        self.0.iter()
    }

    /// The key with this `kid`.
    pub fn find(&self, kid: &str) -> Option<&VerificationKey> {
        self.0.iter().find(|key| key.kid == kid)
    }
}

/// Where a verifier has its keys from: they may change while it runs.
pub trait VerificationKeySource: Send + Sync {
    /// The keys as last known; `None` until they are known for the first time.
    fn current(&self) -> Option<Arc<VerificationKeys>>;

    /// Asks for an early look, since a token names a key that is not known. Does not wait.
    fn refresh_soon(&self);
}

/// Keys that never change while the process runs.
#[derive(Debug, Clone)]
pub struct FixedKeys(pub Arc<VerificationKeys>);

impl VerificationKeySource for FixedKeys {
    fn current(&self) -> Option<Arc<VerificationKeys>> {
        Some(Arc::clone(&self.0))
    }

    fn refresh_soon(&self) {}
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::SystemEntropy;

    #[test]
    fn a_key_survives_its_jwk_set_and_keeps_its_thumbprint() {
        for pem in [
            generate_p256_pem().unwrap(),
            generate_ed25519_pem(&SystemEntropy::new()).unwrap(),
        ] {
            let key = SigningKey::from_pkcs8_pem(pem.as_bytes()).unwrap();
            let json = serde_json::to_vec(&VerificationKeys::of([&key]).jwk_set()).unwrap();
            let read = VerificationKeys::from_jwks_json(&json).unwrap();
            assert_eq!(read.find(key.kid()).unwrap().algorithm(), key.algorithm());
            let text = String::from_utf8(json).unwrap();
            assert!(!text.contains("\"d\""), "no private part: {text}");
            assert!(format!("{key:?}").contains("redacted"));
        }
    }

    #[test]
    fn what_is_no_key_is_refused_in_words() {
        assert_eq!(
            SigningKey::from_pkcs8_pem(b"").unwrap_err(),
            KeyError::NotPkcs8Pem
        );
        let wrong = "-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n";
        assert_eq!(
            SigningKey::from_pkcs8_pem(wrong.as_bytes()).unwrap_err(),
            KeyError::Unsupported
        );
        assert!(VerificationKeys::from_jwks_json(b"{\"keys\":[]}").is_err());
        assert!(VerificationKeys::from_jwks_json(b"[]").is_err());
        assert!("HS256".parse::<SigningAlgorithm>().is_err());
    }
}
