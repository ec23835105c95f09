//! Why a fetch did not happen. A refusal names the rule and the class of address, and never what
//! was found there: no address, no status, no bytes.

use crate::address::AddressClass;

/// A rule of the guard that a URL or a DNS answer broke.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// The text is no absolute URL.
    #[error("rule `url`: not a valid absolute URL")]
    Url,
    /// Neither `http` nor `https`.
    #[error("rule `scheme`: only http and https are fetched")]
    Scheme,
    /// A user name or password in the URL.
    #[error("rule `userinfo`: a URL must not carry a user name or a password")]
    Userinfo,
    /// A port that is neither 80 nor 443 nor opened by the operator.
    #[error("rule `port`: port {0} is not open for outbound requests")]
    Port(u16),
    /// A host of the gateway itself.
    #[error("rule `own-host`: the gateway does not fetch from itself")]
    OwnHost,
    /// An address that is not global unicast.
    #[error("rule `address`: the host has a {0} address")]
    Address(AddressClass),
}

/// A fetch that gave no response.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum EgressError {
    /// The guard refused. `redirects` is how many redirects had been followed when it did.
    #[error("refused by the egress guard after {redirects} redirects, {refusal}")]
    Refused {
        /// The rule that was broken.
        refusal: Refusal,
        /// Redirects followed before.
        redirects: u8,
    },
    /// The name has no address.
    #[error("the host name could not be resolved")]
    Unresolved,
    /// No connection: refused, unreachable, or TLS did not come about.
    #[error("no connection to the host could be made")]
    Connect,
    /// One of the time limits passed.
    #[error("the host did not answer within the time limit")]
    Timeout,
    /// More redirects than the limit.
    #[error("more than {0} redirects")]
    TooManyRedirects(u8),
    /// The response's headers are larger than the limit, in bytes.
    #[error("the response's headers are larger than {0} bytes")]
    HeadersTooLarge(usize),
    /// A `Content-Encoding` that was not asked for.
    #[error("the response is in a content encoding that was not asked for")]
    Encoding,
    /// The response broke off or was not HTTP.
    #[error("the response was broken off or malformed")]
    Response,
}

/// The client could not be built: no usable CA certificates, or a bad `User-Agent`.
#[derive(Debug, thiserror::Error)]
#[error(
    "the outbound HTTP client could not be built (are CA certificates installed, or SSL_CERT_FILE set?)"
)]
pub struct BuildError(#[from] reqwest::Error);
