//! Why somebody was refused, in one word.

use serde::Serialize;

use crate::jose::TokenError;

/// Why somebody was refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum FailureReason {
    /// The client is not known or could not prove itself.
    InvalidClient,
    /// An authorization request that could not be trusted or was ill-formed.
    InvalidRequest,
    /// The consent form came from another browser, or too late.
    ConsentForged,
    /// `state` is unknown, used or expired, or belongs to another browser.
    InvalidState,
    /// The identity provider said no, or could not be asked.
    IdentityProvider,
    /// A wrong passphrase.
    WrongPassphrase,
    /// A user code under which no device waits.
    InvalidUserCode,
    /// Too many attempts.
    TooManyAttempts,
    /// The person is not on the allow-list.
    NotAdmitted,
    /// A code or refresh token that is not good.
    InvalidGrant,
    /// The PKCE verifier does not answer the challenge.
    PkceMismatch,
    /// A request at the edge whose header is ill-formed.
    NoToken,
    /// A request at the edge whose host or path is not the service's.
    WrongHost,
    /// A token whose `jti` is not active.
    InactiveToken,
    /// A good token without the scope that is needed.
    InsufficientScope,
    /// The verifier could not know: its store or its keys could not be asked.
    CannotDecide,
    /// Too many bad tokens came from one place: the others were not looked at.
    Flood,
    /// A token that is not good by itself.
    #[serde(untagged)]
    Token(TokenError),
}
