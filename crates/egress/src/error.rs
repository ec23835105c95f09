//! Why a fetch did not happen. A refusal names the rule and the class of address, and never what
//! was found there: no address, no status, no bytes.

use crate::address::AddressClass;

/// A rule of the guard that a URL or a DNS answer broke.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, thiserror::Error)]
pub enum Rule {
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

impl Rule {
    /// The rule's name, as in its message and in docs/security.md.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Url => "url",
            Self::Scheme => "scheme",
            Self::Userinfo => "userinfo",
            Self::Port(_) => "port",
            Self::OwnHost => "own-host",
            Self::Address(_) => "address",
        }
    }

    /// The class of the address, where it was an address that broke the rule.
    #[must_use]
    pub fn address_class(self) -> Option<AddressClass> {
        match self {
            Self::Address(class) => Some(class),
            _ => None,
        }
    }
}

/// What the guard refused, for the caller to audit. Its text is for whoever asked for the fetch and
/// leaves the host out, which a redirect may have named.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("refused by the egress guard after {redirects} redirects, {rule}")]
pub struct Refusal {
    /// The rule that was broken.
    pub rule: Rule,
    /// Redirects followed before.
    pub redirects: u8,
    /// The host that was asked for, as it stands in the URL; empty where there was no URL.
    pub host: String,
}

/// The time limits of [`crate::Limits`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum TimeLimit {
    /// [`crate::Limits::connect`].
    #[error("no connection could be made")]
    Connect,
    /// [`crate::Limits::first_byte`].
    #[error("the host did not begin to answer")]
    FirstByte,
    /// [`crate::Limits::idle`].
    #[error("the host stopped in the middle of its answer")]
    Idle,
    /// [`crate::Limits::total`].
    #[error("the answer was not complete")]
    Total,
}

/// A fetch that gave no response.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum EgressError {
    /// The guard refused.
    #[error(transparent)]
    Refused(Refusal),
    /// A [`crate::Permission`] was not given, with its reason.
    #[error("{0}")]
    NotPermitted(String),
    /// The name has no address.
    #[error("the host name could not be resolved")]
    Unresolved,
    /// Refused or unreachable, by the host or by the operator's proxy.
    #[error("no connection to the host could be made")]
    Connect,
    /// TLS did not come about: most often a certificate that is not good.
    #[error("no secure connection to the host could be made: is its certificate good?")]
    Tls,
    /// One of the time limits passed.
    #[error("{0} within the time limit")]
    Timeout(TimeLimit),
    /// More redirects than the limit.
    #[error("more than {0} redirects")]
    TooManyRedirects(u8),
    /// The response's headers are larger than the limit, in bytes.
    #[error("the response's headers are larger than {0} bytes")]
    HeadersTooLarge(usize),
    /// A `Content-Encoding` that was not asked for, or a body that is not in the one it names.
    #[error(
        "the response is in a content encoding that was not asked for, or not in the one named"
    )]
    Encoding,
    /// The response broke off or was not HTTP.
    #[error("the response was broken off or malformed")]
    Response,
}

/// The client could not be built.
#[derive(Debug, thiserror::Error)]
pub enum BuildError {
    /// No usable CA certificates.
    #[error(
        "the outbound HTTP client could not be built (are CA certificates installed, or SSL_CERT_FILE set?)"
    )]
    Certificates(#[from] rustls::Error),
    /// The `User-Agent` has characters that a header cannot carry.
    #[error("the User-Agent is not a header's value")]
    UserAgent(#[from] http::header::InvalidHeaderValue),
}
