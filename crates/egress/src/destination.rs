//! A URL that may be asked for, and an address that may be connected to: what the guard decides.

use std::net::{IpAddr, SocketAddr};

use url::{Host, Url};

use crate::address::{AddressClass, classify};
use crate::error::Rule;
use crate::policy::EgressPolicy;

/// Which addresses a destination may have.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Reach {
    /// Global unicast only.
    Public,
    /// What the operator opened, as far as that can be opened.
    Opened,
}

/// An address that was checked. The connector connects to nothing else.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct CheckedAddress(SocketAddr);

impl CheckedAddress {
    /// Where to connect.
    pub(crate) fn socket(self) -> SocketAddr {
        self.0
    }
}

/// A URL whose scheme, userinfo, port and host have been checked. Its addresses are still to be.
#[derive(Clone, Debug)]
pub(crate) struct Destination {
    pub(crate) host: Host<String>,
    pub(crate) port: u16,
    pub(crate) tls: bool,
    pub(crate) reach: Reach,
}

impl Destination {
    /// The first half of the guard: what can be said of a URL without asking anybody.
    pub(crate) fn of(url: &Url, policy: &EgressPolicy) -> Result<Self, Rule> {
        let tls = match url.scheme() {
            "https" => true,
            "http" => false,
            _ => return Err(Rule::Scheme),
        };
        if !url.username().is_empty() || url.password().is_some() {
            return Err(Rule::Userinfo);
        }
        let host = url.host().ok_or(Rule::Url)?.to_owned();
        if !is_sound(&host) {
            return Err(Rule::Url);
        }
        let port = url.port_or_known_default().ok_or(Rule::Url)?;
        let destination = Self {
            reach: policy.reach(&host, port)?,
            host,
            port,
            tls,
        };
        // `url` has brought the decimal, octal, hexadecimal, short and full-width spellings to one.
        if let Some(literal) = destination.literal() {
            destination.admit(literal)?;
        }
        Ok(destination)
    }

    /// The address that the URL itself names, if it names one.
    pub(crate) fn literal(&self) -> Option<IpAddr> {
        match self.host {
            Host::Ipv4(v4) => Some(IpAddr::V4(v4)),
            Host::Ipv6(v6) => Some(IpAddr::V6(v6)),
            Host::Domain(_) => None,
        }
    }

    /// The second half: whether this address of the host may be connected to.
    pub(crate) fn admit(&self, address: IpAddr) -> Result<CheckedAddress, Rule> {
        let class = classify(address);
        let admitted = match self.reach {
            Reach::Public => class == AddressClass::Global,
            Reach::Opened => class.may_be_opened(),
        };
        if admitted {
            Ok(CheckedAddress(SocketAddr::new(address, self.port)))
        } else {
            Err(Rule::Address(class))
        }
    }

    /// All addresses of an answer, or none if one of them is bad.
    pub(crate) fn admit_all(&self, answer: &[IpAddr]) -> Result<Vec<CheckedAddress>, Rule> {
        answer.iter().map(|address| self.admit(*address)).collect()
    }
}

/// No empty label but the one that a single trailing dot stands before: `1.2.3.4..` is a name for
/// `url`, and who knows what for a resolver.
fn is_sound(host: &Host<String>) -> bool {
    let Host::Domain(name) = host else {
        return true;
    };
    let name = name.strip_suffix('.').unwrap_or(name);
    name.split('.').all(|label| !label.is_empty())
}
