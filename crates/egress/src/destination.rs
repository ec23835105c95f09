//! A URL that may be asked for: the first of the guard's three places.

use std::net::IpAddr;

use url::{Host, Url};

use crate::address::{AddressClass, classify};
use crate::error::Refusal;
use crate::policy::EgressPolicy;

/// Which addresses a destination may have.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Reach {
    /// Global unicast only.
    Public,
    /// What the operator opened, as far as that can be opened.
    Opened,
}

impl Reach {
    /// Whether an address may be connected to.
    pub(crate) fn check(self, address: IpAddr) -> Result<(), Refusal> {
        let class = classify(address);
        let admitted = match self {
            Self::Public => class == AddressClass::Global,
            Self::Opened => class.may_be_opened(),
        };
        if admitted {
            Ok(())
        } else {
            Err(Refusal::Address(class))
        }
    }
}

/// A URL whose scheme, userinfo, port and host have been checked; an address literal in it is good,
/// a name is still to be resolved within its [`Reach`].
#[derive(Debug)]
pub(crate) struct Destination {
    pub(crate) url: Url,
    pub(crate) reach: Reach,
}

impl Destination {
    pub(crate) fn check(url: Url, policy: &EgressPolicy) -> Result<Self, Refusal> {
        if !matches!(url.scheme(), "http" | "https") {
            return Err(Refusal::Scheme);
        }
        if !url.username().is_empty() || url.password().is_some() {
            return Err(Refusal::Userinfo);
        }
        let host = url.host_str().ok_or(Refusal::Url)?;
        let port = url.port_or_known_default().ok_or(Refusal::Url)?;
        let reach = if policy.is_opened(host, port) {
            Reach::Opened
        } else if policy.is_own_host(host) {
            return Err(Refusal::OwnHost);
        } else if policy.is_open_port(port) {
            Reach::Public
        } else {
            return Err(Refusal::Port(port));
        };
        // A resolver never sees an address literal. `url` has already brought the decimal, octal,
        // hexadecimal, short and full-width spellings to one.
        match url.host() {
            Some(Host::Ipv4(v4)) => reach.check(IpAddr::V4(v4))?,
            Some(Host::Ipv6(v6)) => reach.check(IpAddr::V6(v6))?,
            Some(Host::Domain(_)) | None => {}
        }
        Ok(Self { url, reach })
    }
}
