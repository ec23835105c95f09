//! A client's assertion of itself, `private_key_jwt` (RFC 7523 section 3; RFC 7521 section 4.2):
//! who it claims to be, and whether that is true.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::Deserialize;

use crate::clock::{Seconds, Timestamp};
use crate::identifiers::ClientId;
use crate::jose::{self, LEEWAY, MAX_TOKEN_BYTES, TokenError};
use crate::keys::ForeignKeys;
use crate::secret::SecretHash;

/// `client_assertion_type` (RFC 7523 section 2.2).
pub const TYPE: &str = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer";
/// The longest time that an assertion may still be good for.
pub const MAX_LIFETIME: Seconds = Seconds(300);

#[derive(Deserialize)]
struct Claims {
    iss: ClientId,
    sub: ClientId,
    aud: Audience,
    jti: String,
    exp: Timestamp,
    iat: Option<Timestamp>,
    nbf: Option<Timestamp>,
}

/// `aud` is a string or a list (RFC 7519 section 4.1.3).
#[derive(Deserialize)]
#[serde(untagged)]
enum Audience {
    One(String),
    Several(Vec<String>),
}

/// What is left to check of an assertion that is good by itself: that it is used once.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct OneUse {
    /// Stands for the client's `jti`.
    pub mark: SecretHash,
    /// Until when the mark must stay.
    pub until: Timestamp,
}

/// Whom an assertion speaks of. Nothing is verified: it says only whose keys to verify with.
pub fn claimed_client(assertion: &str) -> Result<ClientId, TokenError> {
    #[derive(Deserialize)]
    struct Subject {
        sub: ClientId,
    }
    if assertion.len() > MAX_TOKEN_BYTES {
        return Err(TokenError::Malformed);
    }
    let payload = assertion.split('.').nth(1).unwrap_or_default();
    let payload = URL_SAFE_NO_PAD
        .decode(payload)
        .map_err(|_| TokenError::Malformed)?;
    let Subject { sub } = serde_json::from_slice(&payload).map_err(|_| TokenError::Malformed)?;
    Ok(sub)
}

/// Verifies an assertion of `client` for one of `audiences`.
pub fn verify(
    assertion: &str,
    keys: &ForeignKeys,
    client: &ClientId,
    audiences: &[String],
    now: Timestamp,
) -> Result<OneUse, TokenError> {
    let claims: Claims = jose::verify_foreign(assertion, keys)?;
    if claims.iss != *client || claims.sub != *client {
        return Err(TokenError::WrongIssuer);
    }
    // Of several audiences another could replay the assertion here.
    let audience = match &claims.aud {
        Audience::One(one) => Some(one),
        Audience::Several(several) => match several.as_slice() {
            [one] => Some(one),
            _ => None,
        },
    };
    if !audience.is_some_and(|one| audiences.contains(one)) {
        return Err(TokenError::WrongAudience);
    }
    if claims.exp.has_passed(now) {
        return Err(TokenError::Expired);
    }
    let latest = now.plus(LEEWAY);
    let early = |at: Option<Timestamp>| at.is_some_and(|at| at > latest);
    if claims.exp > latest.plus(MAX_LIFETIME) || early(claims.iat) || early(claims.nbf) {
        return Err(TokenError::NotYetValid);
    }
    if claims.jti.is_empty() {
        return Err(TokenError::Malformed);
    }
    Ok(OneUse {
        mark: SecretHash::of(&format!("client assertion {client} {}", claims.jti)),
        until: claims.exp,
    })
}
