//! The decision about one request, as far as it can be taken without the store: pure functions of
//! the request, the rules, the keys and the time. Contract: section "Verifier".
//!
//! [`presented`] looks at what differs from request to request, and is asked each time. [`judge`]
//! looks at the token, and its answer is the same until the rules, the keys or the store change.

use token_core::access_token::{AccessTokenClaims, NotGood};
use token_core::admission::Admission;
use token_core::jose::TokenError;
use token_core::keys::VerificationKeys;
use token_core::scope::MCP;
use token_core::{Issuer, ResourceId, Timestamp};

use crate::forwarded::{ForwardedRequest, Presented};

/// The rules of one service.
#[derive(Debug, Clone, Copy)]
pub struct Rules<'a> {
    /// Who issues tokens.
    pub issuer: &'a Issuer,
    /// The service, from configuration and never from a header.
    pub resource: &'a ResourceId,
    /// Who may come in.
    pub admission: &'a Admission,
}

/// Why a request does not pass.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Denial {
    /// No token was presented.
    NoToken,
    /// An `Authorization` header that is no token.
    IllFormed,
    /// The forwarded host or path is not the service's, or the edge did not say what was asked.
    WrongHost,
    /// The token is not good by itself.
    Token(TokenError),
    /// The token is not active: revoked, or never issued.
    Inactive,
    /// The person is not admitted any more.
    NotAdmitted,
    /// The token is good, but lacks the scope.
    InsufficientScope,
    /// It cannot be decided now: the store or the keys cannot be asked.
    CannotDecide,
    /// Too many bad tokens came from the same address: an unknown one is not looked at.
    Flood,
}

impl Denial {
    /// One word, for a metric's label.
    pub fn reason(self) -> &'static str {
        match self {
            Self::NoToken => "no_token",
            Self::IllFormed => "ill_formed",
            Self::WrongHost => "wrong_host",
            Self::Token(error) => error.reason(),
            Self::Inactive => "inactive",
            Self::NotAdmitted => "not_admitted",
            Self::InsufficientScope => "insufficient_scope",
            Self::CannotDecide => "cannot_decide",
            Self::Flood => "flood",
        }
    }
}

/// The token of a request that was sent to this service.
pub fn presented<'a>(
    request: &ForwardedRequest<'a>,
    resource: &ResourceId,
) -> Result<&'a str, Denial> {
    let token = match request.presented {
        Presented::Nothing => return Err(Denial::NoToken),
        Presented::IllFormed => return Err(Denial::IllFormed),
        Presented::Token(token) => token,
    };
    let on_path = request
        .path()
        .is_some_and(|path| resource.covers_path(path));
    if !on_path || !request.is_for_host(resource.host()) || request.method.is_none() {
        return Err(Denial::WrongHost);
    }
    Ok(token)
}

/// Why a token is not good.
#[derive(Debug)]
pub struct Refusal {
    /// In one word.
    pub denial: Denial,
    /// What it says, where we signed it.
    pub claims: Option<Box<AccessTokenClaims>>,
}

/// Checks everything of a token but whether it is active. `Ok` is not yet leave to pass.
pub fn judge(
    token: &str,
    rules: Rules<'_>,
    keys: &VerificationKeys,
    now: Timestamp,
) -> Result<AccessTokenClaims, Refusal> {
    let claims = AccessTokenClaims::verify(token, rules.issuer, rules.resource, keys, now);
    let claims = claims.map_err(|NotGood { error, claims }| Refusal {
        denial: Denial::Token(error),
        claims,
    })?;
    let denial = if !rules.admission.admits(&claims.sub, &claims.username) {
        Denial::NotAdmitted
    } else if !claims.scope.contains(MCP) {
        Denial::InsufficientScope
    } else {
        return Ok(claims);
    };
    Err(Refusal {
        denial,
        claims: Some(Box::new(claims)),
    })
}
