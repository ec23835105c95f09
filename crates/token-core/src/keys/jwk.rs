//! JSON Web Keys (RFC 7517, RFC 7518 section 6, RFC 8037) and thumbprints (RFC 7638).

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jsonwebtoken::DecodingKey;
use serde::{Deserialize, Serialize};

use super::{KeyError, SigningAlgorithm};
use crate::secret::sha256;

/// A public key. Fields are base64url texts as the JWK has them.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kty")]
pub enum Jwk {
    /// RFC 7518 section 6.3.
    #[serde(rename = "RSA")]
    Rsa {
        /// Modulus.
        n: String,
        /// Exponent.
        e: String,
    },
    /// RFC 7518 section 6.2; `crv` is `P-256`.
    #[serde(rename = "EC")]
    P256 {
        /// The curve's name.
        crv: P256Name,
        /// The point's first coordinate.
        x: String,
        /// The point's second coordinate.
        y: String,
    },
    /// RFC 8037 section 2; `crv` is `Ed25519`.
    #[serde(rename = "OKP")]
    Ed25519 {
        /// The curve's name.
        crv: Ed25519Name,
        /// The public key.
        x: String,
    },
}

/// The name of the only EC curve.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum P256Name {
    /// `P-256`
    #[serde(rename = "P-256")]
    P256,
}

/// The name of the only OKP curve.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Ed25519Name {
    /// `Ed25519`
    Ed25519,
}

impl Jwk {
    pub(super) fn rsa(modulus: &[u8], exponent: &[u8]) -> Self {
        Self::Rsa {
            n: URL_SAFE_NO_PAD.encode(modulus),
            e: URL_SAFE_NO_PAD.encode(exponent),
        }
    }

    /// From an uncompressed point (SEC 1 section 2.3.3): `04`, x, y.
    pub(super) fn p256(point: &[u8]) -> Option<Self> {
        let (x, y) = point.strip_prefix(&[4])?.split_at_checked(32)?;
        Some(Self::P256 {
            crv: P256Name::P256,
            x: URL_SAFE_NO_PAD.encode(x),
            y: URL_SAFE_NO_PAD.encode(y),
        })
    }

    pub(super) fn ed25519(public: &[u8]) -> Self {
        Self::Ed25519 {
            crv: Ed25519Name::Ed25519,
            x: URL_SAFE_NO_PAD.encode(public),
        }
    }

    /// The one algorithm that this key is used with.
    pub fn algorithm(&self) -> SigningAlgorithm {
        match self {
            Self::Rsa { .. } => SigningAlgorithm::Rs256,
            Self::P256 { .. } => SigningAlgorithm::Es256,
            Self::Ed25519 { .. } => SigningAlgorithm::EdDsa,
        }
    }

    /// SHA-256 over the required members in lexicographic order (RFC 7638 section 3).
    pub fn thumbprint(&self) -> String {
        let canonical = match self {
            Self::Rsa { n, e } => format!(r#"{{"e":"{e}","kty":"RSA","n":"{n}"}}"#),
            Self::P256 { x, y, .. } => {
                format!(r#"{{"crv":"P-256","kty":"EC","x":"{x}","y":"{y}"}}"#)
            }
            Self::Ed25519 { x, .. } => format!(r#"{{"crv":"Ed25519","kty":"OKP","x":"{x}"}}"#),
        };
        URL_SAFE_NO_PAD.encode(sha256(canonical.as_bytes()))
    }

    pub(super) fn decoding(&self) -> Result<DecodingKey, KeyError> {
        match self {
            Self::Rsa { n, e } => DecodingKey::from_rsa_components(n, e),
            Self::P256 { x, y, .. } => DecodingKey::from_ec_components(x, y),
            Self::Ed25519 { x, .. } => DecodingKey::from_ed_components(x),
        }
        .map_err(|_| KeyError::NotAJwkSet)
    }
}

/// A JWK Set as it is published (RFC 7517 section 5).
#[derive(Debug, Clone, Serialize)]
pub struct JwkSet {
    keys: Vec<PublishedJwk>,
}

#[derive(Debug, Clone, Serialize)]
struct PublishedJwk {
    #[serde(flatten)]
    key: Jwk,
    kid: String,
    alg: SigningAlgorithm,
    #[serde(rename = "use")]
    key_use: &'static str,
}

#[derive(Deserialize)]
struct ReadJwkSet {
    keys: Vec<serde_json::Value>,
}

impl JwkSet {
    pub(super) fn of<'a>(keys: impl Iterator<Item = &'a Jwk>) -> Self {
        let published = |key: &Jwk| PublishedJwk {
            key: key.clone(),
            kid: key.thumbprint(),
            alg: key.algorithm(),
            key_use: "sig",
        };
        Self {
            keys: keys.map(published).collect(),
        }
    }

    /// The usable keys of somebody else's set, each with the `kid` that it has there. Keys for
    /// encryption, or for an algorithm that is not the key's own here, are passed over.
    pub(super) fn read_foreign(json: &[u8]) -> Result<Vec<(Option<String>, Jwk)>, KeyError> {
        let set: ReadJwkSet = serde_json::from_slice(json).map_err(|_| KeyError::NotAJwkSet)?;
        Ok(set.keys.into_iter().filter_map(foreign).collect())
    }

    pub(super) fn read(json: &[u8]) -> Result<Vec<Jwk>, KeyError> {
        let set: ReadJwkSet = serde_json::from_slice(json).map_err(|_| KeyError::NotAJwkSet)?;
        Ok(set
            .keys
            .into_iter()
            .filter_map(|key| serde_json::from_value(key).ok())
            .collect())
    }
}

fn foreign(key: serde_json::Value) -> Option<(Option<String>, Jwk)> {
    let member = |name| key.get(name).and_then(serde_json::Value::as_str);
    let kid = member("kid").map(str::to_owned);
    let (key_use, alg) = (member("use"), member("alg").map(str::to_owned));
    if key_use.is_some_and(|key_use| key_use != "sig") {
        return None;
    }
    let jwk: Jwk = serde_json::from_value(key).ok()?;
    alg.is_none_or(|alg| alg == jwk.algorithm().name())
        .then_some((kid, jwk))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_example_of_rfc_7638_section_3_1() {
        let key = Jwk::Rsa {
            n: "0vx7agoebGcQSuuPiLJXZptN9nndrQmbXEps2aiAFbWhM78LhWx4cbbfAAtVT86zwu1RK7aPFFxuhDR1L6tSoc_BJECPebWKRXjBZCiFV4n3oknjhMstn64tZ_2W-5JsGY4Hc5n9yBXArwl93lqt7_RN5w6Cf0h4QyQ5v-65YGjQR0_FDW2QvzqY368QQMicAtaSqzs8KJZgnYb9c7d0zgdAZHzu6qMQvRL5hajrn1n91CbOpbISD08qNLyrdkt-bFTWhAI4vMQFh6WeZu0fM4lFd2NcRwr3XPksINHaQ-G_xBniIqbw0Ls1jF44-csFCur-kEgU8awapJzKnqDKgw".into(),
            e: "AQAB".into(),
        };
        assert_eq!(
            key.thumbprint(),
            "NzbLsXh8uDCcd-6MNwXF4W_7noWXFZAfHkxZsRGC9Xs"
        );
    }
}
