//! Identity assertions: what the verifier tells a service behind it, signed, so that the service
//! needs to trust no network. Contract: section "Verifier".

use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::access_token::AccessTokenClaims;
use crate::clock::{Seconds, Timestamp};
use crate::identifiers::{ClientId, UserId, Username};
use crate::issuer::Issuer;
use crate::jose::{self, SignError, TimeClaims, TokenError};
use crate::keys::{LiveKeys, VerificationKeys};
use crate::resource::ResourceId;
use crate::scope::Scopes;

/// `typ` of an identity assertion. No access token has it, and no assertion has `at+jwt`.
pub const TYPE: &str = "gateway-assertion+jwt";
/// How long an assertion lives.
pub const LIFETIME: Seconds = Seconds(120);

/// Who makes a request, as the verifier saw it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Identity {
    /// The person.
    #[serde(rename = "sub")]
    pub user_id: UserId,
    /// His login name at sign-in.
    pub username: Username,
    /// The client he uses.
    pub client_id: ClientId,
    /// What the token allows.
    pub scope: Scopes,
}

impl From<&AccessTokenClaims> for Identity {
    fn from(claims: &AccessTokenClaims) -> Self {
        Self {
            user_id: claims.sub.clone(),
            username: claims.username.clone(),
            client_id: claims.client_id.clone(),
            scope: claims.scope.clone(),
        }
    }
}

/// The claims, owned where they are read and borrowed where they are signed.
#[derive(Serialize, Deserialize)]
struct AssertionClaims<Iss, Aud, Id> {
    iss: Iss,
    aud: Aud,
    #[serde(flatten)]
    identity: Id,
    #[serde(flatten)]
    times: TimeClaims,
}

/// Signs assertions for one service. Its keys sign nothing else.
#[derive(Debug, Clone)]
pub struct AssertionSigner {
    issuer: Issuer,
    keys: Arc<LiveKeys>,
}

impl AssertionSigner {
    /// A signer with the verifier's own keys.
    pub fn new(issuer: Issuer, keys: Arc<LiveKeys>) -> Self {
        Self { issuer, keys }
    }

    /// Grows after the keys have changed.
    pub fn keys_version(&self) -> u64 {
        self.keys.version()
    }

    /// Signs who makes a request to `audience`; valid for [`LIFETIME`] from `now`.
    pub fn sign(
        &self,
        identity: &Identity,
        audience: &ResourceId,
        now: Timestamp,
    ) -> Result<String, SignError> {
        let times = TimeClaims {
            exp: now.plus(LIFETIME),
            iat: now,
            nbf: None,
        };
        let claims = AssertionClaims {
            iss: &self.issuer,
            aud: audience,
            identity,
            times,
        };
        jose::sign(&self.keys.signing().active, TYPE, &claims)
    }
}

/// Checks assertions, inside a service.
#[derive(Debug, Clone)]
pub struct AssertionVerifier {
    issuer: Issuer,
    audience: ResourceId,
}

impl AssertionVerifier {
    /// A verifier for the service whose resource is `audience`.
    pub fn new(issuer: Issuer, audience: ResourceId) -> Self {
        Self { issuer, audience }
    }

    /// Gives the identity when the assertion is signed by one of `keys`, for this service, and
    /// alive at `now`.
    pub fn verify(
        &self,
        jwt: &str,
        keys: &VerificationKeys,
        now: Timestamp,
    ) -> Result<Identity, TokenError> {
        let claims: AssertionClaims<Issuer, ResourceId, Identity> = jose::verify(jwt, TYPE, keys)?;
        if claims.iss != self.issuer {
            return Err(TokenError::WrongIssuer);
        }
        if claims.aud != self.audience {
            return Err(TokenError::WrongAudience);
        }
        claims.times.check(now)?;
        Ok(claims.identity)
    }
}
