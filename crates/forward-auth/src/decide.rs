//! The decision about one request, as far as it can be taken without the store: a pure function of
//! the request, the rules, the keys and the time. Contract: section "Verifier".

use token_core::access_token::AccessTokenClaims;
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
    /// The forwarded host or path is not the service's.
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
}

/// Checks everything but whether the token is active. `Ok` is not yet leave to pass.
pub fn decide(
    request: &ForwardedRequest<'_>,
    rules: Rules<'_>,
    keys: &VerificationKeys,
    now: Timestamp,
) -> Result<AccessTokenClaims, Denial> {
    let token = match request.presented {
        Presented::Nothing => return Err(Denial::NoToken),
        Presented::IllFormed => return Err(Denial::IllFormed),
        Presented::Token(token) => token,
    };
    let on_path = request
        .path()
        .is_some_and(|path| rules.resource.covers_path(path));
    if !on_path || !request.is_for_host(rules.resource.host()) {
        return Err(Denial::WrongHost);
    }
    let claims = AccessTokenClaims::verify(token, rules.issuer, rules.resource, keys, now)
        .map_err(Denial::Token)?;
    if !rules.admission.admits(&claims.sub, &claims.username) {
        return Err(Denial::NotAdmitted);
    }
    if !claims.scope.contains(MCP) {
        return Err(Denial::InsufficientScope);
    }
    Ok(claims)
}
