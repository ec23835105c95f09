//! JSON Web Tokens: `jsonwebtoken` with ring behind it, and the checks that it leaves to its caller
//! (RFC 7515, RFC 7519, RFC 8725).
//!
//! `jsonwebtoken` reads headers and checks signatures. Its `decode` is not used: it checks neither
//! `typ` nor `crit`, reads the system clock, and parses header and claims twice. What it leaves is
//! done here and in [`TimeClaims::check`]; nothing else in the workspace decodes a token.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jsonwebtoken::{Header, crypto};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use thiserror::Error;

use crate::clock::{Seconds, Timestamp};
use crate::keys::{ForeignKeys, SigningKey, VerificationKey, VerificationKeys};

mod ring_provider;

pub(crate) use ring_provider::install as install_ring;

/// How far a signer's clock may be ahead of ours, for `nbf` and `iat` only. `exp` has no leeway.
pub const LEEWAY: Seconds = Seconds(30);
/// Most tokens of ours have room in as many bytes.
const TYPICAL_BYTES: usize = 1024;
/// The longest token that is looked at, in bytes.
pub const MAX_TOKEN_BYTES: usize = 8192;

/// Why a token is not good. One word each, fit for a log and a metric label.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Error, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum TokenError {
    /// Not a JWT, or not one of ours by its claims.
    #[error("malformed")]
    Malformed,
    /// A header that tells the verifier what to trust (`jku`, `jwk`, `x5u`, `x5c`) or to
    /// understand (`crit`).
    #[error("forbidden header")]
    ForbiddenHeader,
    /// `typ` is another kind of token's.
    #[error("wrong type")]
    WrongType,
    /// `alg` is not that of the key named by `kid`.
    #[error("wrong algorithm")]
    WrongAlgorithm,
    /// No key has this `kid`.
    #[error("unknown key")]
    UnknownKey,
    /// The signature does not verify.
    #[error("bad signature")]
    BadSignature,
    /// `iss` is not the expected issuer.
    #[error("wrong issuer")]
    WrongIssuer,
    /// `aud` is not the expected resource.
    #[error("wrong audience")]
    WrongAudience,
    /// `exp` has passed.
    #[error("expired")]
    Expired,
    /// `nbf` or `iat` lies in the future by more than the leeway.
    #[error("not yet valid")]
    NotYetValid,
}

impl TokenError {
    /// One word, as in the log.
    pub fn reason(self) -> &'static str {
        match self {
            Self::Malformed => "malformed",
            Self::ForbiddenHeader => "forbidden_header",
            Self::WrongType => "wrong_type",
            Self::WrongAlgorithm => "wrong_algorithm",
            Self::UnknownKey => "unknown_key",
            Self::BadSignature => "bad_signature",
            Self::WrongIssuer => "wrong_issuer",
            Self::WrongAudience => "wrong_audience",
            Self::Expired => "expired",
            Self::NotYetValid => "not_yet_valid",
        }
    }
}

/// A token could not be signed: the key is not usable.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
#[error("the signing key cannot sign")]
pub struct SignError;

/// The time claims of RFC 7519 sections 4.1.4 to 4.1.6.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct TimeClaims {
    /// Expiry; at this second the token is over.
    pub exp: Timestamp,
    /// When it was made.
    pub iat: Timestamp,
    /// Not before; optional.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub nbf: Option<Timestamp>,
}

impl TimeClaims {
    /// Whether the token is valid at `now`.
    pub fn check(&self, now: Timestamp) -> Result<(), TokenError> {
        if self.exp.has_passed(now) {
            return Err(TokenError::Expired);
        }
        let latest = now.plus(LEEWAY);
        if self.iat > latest || self.nbf.is_some_and(|nbf| nbf > latest) {
            return Err(TokenError::NotYetValid);
        }
        Ok(())
    }
}

/// Signs claims as a JWT of the given `typ` (RFC 7515 section 7.1). Not by `jsonwebtoken`, which
/// would parse the private key at each signature.
pub(crate) fn sign<T: Serialize>(
    key: &SigningKey,
    typ: &str,
    claims: &T,
) -> Result<String, SignError> {
    let mut header = Header::new(key.algorithm().jose());
    header.typ = Some(typ.to_owned());
    header.kid = Some(key.kid().to_owned());
    let mut token = String::with_capacity(TYPICAL_BYTES);
    append(&mut token, &header)?;
    token.push('.');
    append(&mut token, claims)?;
    let signature = key.sign(token.as_bytes()).map_err(|_| SignError)?;
    token.push('.');
    URL_SAFE_NO_PAD.encode_string(signature, &mut token);
    Ok(token)
}

fn append(token: &mut String, part: &impl Serialize) -> Result<(), SignError> {
    let json = serde_json::to_vec(part).map_err(|_| SignError)?;
    URL_SAFE_NO_PAD.encode_string(json, token);
    Ok(())
}

/// Verifies type, header, key, algorithm and signature (RFC 8725 sections 3.1, 3.2, 3.10, 3.11),
/// and gives the claims. Issuer, audience and time are the caller's to check.
pub(crate) fn verify<T: DeserializeOwned>(
    token: &str,
    typ: &str,
    keys: &VerificationKeys,
) -> Result<T, TokenError> {
    let header = header(token)?;
    if !is_type(header.typ.as_deref(), typ) {
        return Err(TokenError::WrongType);
    }
    let kid = header.kid.as_deref().ok_or(TokenError::UnknownKey)?;
    let key = keys.find(kid).ok_or(TokenError::UnknownKey)?;
    if header.alg != key.algorithm().jose() {
        return Err(TokenError::WrongAlgorithm);
    }
    decode(token, key)
}

/// As [`verify`], for an assertion that somebody else signed (RFC 7523 section 3): no `typ` is
/// asked for, and `kid` may be absent where one key alone fits. Never for a token of ours.
pub(crate) fn verify_foreign<T: DeserializeOwned>(
    token: &str,
    keys: &ForeignKeys,
) -> Result<T, TokenError> {
    let header = header(token)?;
    let key = keys
        .find(header.kid.as_deref(), header.alg)
        .ok_or(TokenError::UnknownKey)?;
    decode(token, key)
}

/// As [`verify_foreign`], for an assertion of one `typ`.
pub(crate) fn verify_foreign_of_type<T: DeserializeOwned>(
    token: &str,
    typ: &str,
    keys: &ForeignKeys,
) -> Result<T, TokenError> {
    if !is_type(header(token)?.typ.as_deref(), typ) {
        return Err(TokenError::WrongType);
    }
    verify_foreign(token, keys)
}

/// The header, when it tells the verifier neither what to trust nor what to understand.
fn header(token: &str) -> Result<Header, TokenError> {
    if token.len() > MAX_TOKEN_BYTES {
        return Err(TokenError::Malformed);
    }
    let header = jsonwebtoken::decode_header(token).map_err(|_| TokenError::Malformed)?;
    if header.crit.is_some()
        || header.jku.is_some()
        || header.jwk.is_some()
        || header.x5u.is_some()
        || header.x5c.is_some()
    {
        return Err(TokenError::ForbiddenHeader);
    }
    Ok(header)
}

/// Checks the signature and reads the claims. The header is the one that [`header`] has read: so
/// it is parsed once, as are the claims, and none of them before the signature is known to be good.
fn decode<T: DeserializeOwned>(token: &str, key: &VerificationKey) -> Result<T, TokenError> {
    let (message, signature) = token.rsplit_once('.').ok_or(TokenError::Malformed)?;
    let (_, claims) = message.rsplit_once('.').ok_or(TokenError::Malformed)?;
    let algorithm = key.algorithm().jose();
    match crypto::verify(signature, message.as_bytes(), key.decoding(), algorithm) {
        Ok(true) => {}
        Ok(false) => return Err(TokenError::BadSignature),
        Err(_) => return Err(TokenError::Malformed),
    }
    let claims = URL_SAFE_NO_PAD.decode(claims);
    let claims = claims.map_err(|_| TokenError::Malformed)?;
    serde_json::from_slice(&claims).map_err(|_| TokenError::Malformed)
}

/// `typ` compares without case, and `application/` may stand before it (RFC 7515 section 4.1.9).
fn is_type(given: Option<&str>, expected: &str) -> bool {
    given.is_some_and(|given| {
        let given = given.to_ascii_lowercase();
        given.strip_prefix("application/").unwrap_or(&given) == expected
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn leeway_is_for_the_beginning_only() {
        let times = |exp, iat, nbf: Option<u64>| TimeClaims {
            exp: Timestamp(exp),
            iat: Timestamp(iat),
            nbf: nbf.map(Timestamp),
        };
        let now = Timestamp(1000);
        assert_eq!(times(1001, 1000, None).check(now), Ok(()));
        assert_eq!(times(1000, 900, None).check(now), Err(TokenError::Expired));
        assert_eq!(times(2000, 1030, None).check(now), Ok(()));
        assert_eq!(
            times(2000, 1031, None).check(now),
            Err(TokenError::NotYetValid)
        );
        assert_eq!(
            times(2000, 1000, Some(1031)).check(now),
            Err(TokenError::NotYetValid)
        );
    }
}
