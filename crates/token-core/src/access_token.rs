//! Access tokens as JWTs (RFC 9068): the claims, the making, the checking.

use serde::{Deserialize, Serialize};

use crate::clock::Timestamp;
use crate::identifiers::{ClientId, Jti, UserId, Username};
use crate::issuer::Issuer;
use crate::jose::{self, SignError, TimeClaims, TokenError};
use crate::keys::{SigningKey, VerificationKeys};
use crate::resource::ResourceId;
use crate::scope::Scopes;
use crate::secret::AccessToken;

/// `typ` of an access token (RFC 9068 section 2.1).
pub const TYPE: &str = "at+jwt";

/// The claims of an access token (RFC 9068 section 2.2). No e-mail and no name.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(from = "Flat")]
pub struct AccessTokenClaims {
    /// Who issued it.
    pub iss: Issuer,
    /// The person.
    pub sub: UserId,
    /// The one service it is for.
    pub aud: ResourceId,
    /// The client that it was issued to.
    pub client_id: ClientId,
    /// Its identifier; the store knows whether it is active.
    pub jti: Jti,
    /// What it allows.
    pub scope: Scopes,
    /// The person's login name at sign-in.
    pub username: Username,
    /// `exp`, `iat` and `nbf`.
    #[serde(flatten)]
    pub times: TimeClaims,
}

/// As they are read: serde reads flattened members by way of a copy of all of them.
#[derive(Deserialize)]
struct Flat {
    iss: Issuer,
    sub: UserId,
    aud: ResourceId,
    client_id: ClientId,
    jti: Jti,
    scope: Scopes,
    username: Username,
    exp: Timestamp,
    iat: Timestamp,
    nbf: Option<Timestamp>,
}

impl From<Flat> for AccessTokenClaims {
    fn from(flat: Flat) -> Self {
        Self {
            iss: flat.iss,
            sub: flat.sub,
            aud: flat.aud,
            client_id: flat.client_id,
            jti: flat.jti,
            scope: flat.scope,
            username: flat.username,
            times: TimeClaims {
                exp: flat.exp,
                iat: flat.iat,
                nbf: flat.nbf,
            },
        }
    }
}

/// Why a token is not good.
#[derive(Debug)]
pub struct NotGood {
    /// Why.
    pub error: TokenError,
    /// What it says, where we signed it.
    pub claims: Option<Box<AccessTokenClaims>>,
}

impl From<TokenError> for NotGood {
    /// A token that we did not sign.
    fn from(error: TokenError) -> Self {
        let claims = None;
        Self { error, claims }
    }
}

impl AccessTokenClaims {
    /// Signs the claims.
    pub fn sign(&self, key: &SigningKey) -> Result<AccessToken, SignError> {
        jose::sign(key, TYPE, self).map(AccessToken::presented)
    }

    /// Checks everything that can be checked without the store: `typ`, key, algorithm, signature,
    /// `iss`, `aud` and time (RFC 9068 section 4). Whether `jti` is active is the store's to say.
    pub fn verify(
        token: &str,
        issuer: &Issuer,
        audience: &ResourceId,
        keys: &VerificationKeys,
        now: Timestamp,
    ) -> Result<Self, NotGood> {
        let claims = Self::verify_signature(token, issuer, keys)?;
        let checked = if claims.aud == *audience {
            claims.times.check(now)
        } else {
            Err(TokenError::WrongAudience)
        };
        match checked {
            Ok(()) => Ok(claims),
            Err(error) => Err(NotGood {
                error,
                claims: Some(Box::new(claims)),
            }),
        }
    }

    /// Checks that we signed it, whatever its audience and time: for revocation, which must take
    /// an expired token too.
    pub fn verify_signature(
        token: &str,
        issuer: &Issuer,
        keys: &VerificationKeys,
    ) -> Result<Self, TokenError> {
        let claims: Self = jose::verify(token, TYPE, keys)?;
        if claims.iss != *issuer {
            return Err(TokenError::WrongIssuer);
        }
        Ok(claims)
    }
}
