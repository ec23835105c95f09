//! Identity assertions of an identity provider that the operator trusts, "ID-JAG"
//! (draft-ietf-oauth-identity-assertion-authz-grant section 4; RFC 7523 section 3): whether one is
//! good for this client, here and now.

use serde::Deserialize;

use crate::clock::{Seconds, Timestamp};
use crate::identifiers::ClientId;
use crate::issuer::Issuer;
use crate::jose::{self, TimeClaims, TokenError};
use crate::keys::ForeignKeys;
use crate::secret::SecretHash;

/// `typ` of an ID-JAG.
pub const TYPE: &str = "oauth-id-jag+jwt";
/// The longest time that an assertion may still be good for: its `jti` is kept until then.
pub const MAX_LIFETIME: Seconds = Seconds(3600);

/// The claims of an assertion that is good by itself. Whether it was used before, and whether its
/// resource is a service, is the caller's to say.
#[derive(Debug, Clone, Deserialize)]
pub struct IdJag {
    iss: String,
    /// The person, as the identity provider names him.
    pub sub: String,
    /// A list is not taken: of several audiences another could use the assertion here.
    aud: String,
    /// The client that it was given to.
    pub client_id: ClientId,
    jti: String,
    /// The service that it is for.
    pub resource: String,
    /// What the identity provider allows; absent, it does not say.
    pub scope: Option<String>,
    #[serde(flatten)]
    times: TimeClaims,
}

impl IdJag {
    /// Verifies an assertion of `trusted` for `client` at `us`.
    pub fn verify(
        assertion: &str,
        keys: &ForeignKeys,
        trusted: &str,
        us: &Issuer,
        now: Timestamp,
    ) -> Result<Self, TokenError> {
        let claims: Self = jose::verify_foreign_of_type(assertion, TYPE, keys)?;
        if claims.iss != trusted {
            return Err(TokenError::WrongIssuer);
        }
        if claims.aud != us.as_str() {
            return Err(TokenError::WrongAudience);
        }
        claims.times.check(now)?;
        if claims.times.exp > now.plus(MAX_LIFETIME).plus(jose::LEEWAY) {
            return Err(TokenError::NotYetValid);
        }
        if claims.jti.is_empty() || claims.sub.is_empty() {
            return Err(TokenError::Malformed);
        }
        Ok(claims)
    }

    /// Stands for the assertion's `jti`, which is its issuer's.
    pub fn mark(&self) -> SecretHash {
        SecretHash::of(&format!("id-jag {} {}", self.iss, self.jti))
    }

    /// Until when the mark must stay.
    pub fn expires_at(&self) -> Timestamp {
        self.times.exp
    }
}
