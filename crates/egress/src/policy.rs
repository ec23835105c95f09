//! What the operator decides: which hosts are opened, which ports, and what is the gateway's own.

use std::collections::{BTreeSet, HashSet};
use std::fmt;
use std::net::IpAddr;

use url::{Host, Url};

use crate::address::classify;
use crate::destination::{Destination, Reach};
use crate::error::Rule;

/// The operator's part of the guard. Empty, it is strict: global unicast on ports 80 and 443.
#[derive(Clone, Debug, Default)]
pub struct EgressPolicy {
    opened: BTreeSet<HostPort>,
    ports: HashSet<u16>,
    own_hosts: HashSet<String>,
    proxy: Option<HostPort>,
}

impl EgressPolicy {
    /// The strict policy.
    #[must_use]
    pub fn strict() -> Self {
        Self::default()
    }

    /// Opens exactly these pairs, although their addresses may be private or their ports unusual.
    /// A metadata, link-local, multicast or unspecified address stays closed all the same.
    #[must_use]
    pub fn open(mut self, pairs: impl IntoIterator<Item = HostPort>) -> Self {
        self.opened.extend(pairs);
        self
    }

    /// Ports beside 80 and 443 that are open on every global address.
    #[must_use]
    pub fn open_ports(mut self, ports: impl IntoIterator<Item = u16>) -> Self {
        self.ports.extend(ports);
        self
    }

    /// Hosts of the gateway itself, as they stand in its URLs; refused unless opened as a pair.
    #[must_use]
    pub fn refuse_own_hosts(mut self, hosts: impl IntoIterator<Item = String>) -> Self {
        self.own_hosts
            .extend(hosts.into_iter().map(|host| normalised(&host)));
        self
    }

    /// The forward proxy for everything that is not an opened pair. None comes from the
    /// environment.
    #[must_use]
    pub fn through_proxy(mut self, proxy: Option<HostPort>) -> Self {
        self.proxy = proxy;
        self
    }

    /// Whether `url` could be asked for, as far as its text tells: what a name resolves to is
    /// checked when it is connected to.
    ///
    /// # Errors
    /// The first rule that it breaks.
    pub fn check_url(&self, url: &str) -> Result<Url, Rule> {
        let url = Url::parse(url).map_err(|_| Rule::Url)?;
        Destination::of(&url, self)?;
        Ok(url)
    }

    /// Reads `EGRESS_ALLOW_HOSTS`: comma-separated `host:port`, IPv6 addresses in brackets.
    pub fn parse_allow_hosts(text: &str) -> Result<Vec<HostPort>, HostPortError> {
        text.split(',')
            .map(str::trim)
            .filter(|entry| !entry.is_empty())
            .map(HostPort::parse)
            .collect()
    }

    /// The pairs that are opened, in a fixed order.
    pub fn opened(&self) -> impl Iterator<Item = &HostPort> {
        self.opened.iter()
    }

    /// Which addresses a host may have at this port.
    pub(crate) fn reach(&self, host: &Host<String>, port: u16) -> Result<Reach, Rule> {
        let pair = HostPort {
            host: normalised(&host.to_string()),
            port,
        };
        if self.opened.contains(&pair) {
            Ok(Reach::Opened)
        } else if self.own_hosts.contains(&pair.host) {
            Err(Rule::OwnHost)
        } else if matches!(port, 80 | 443) || self.ports.contains(&port) {
            Ok(Reach::Public)
        } else {
            Err(Rule::Port(port))
        }
    }

    /// The forward proxy, if one was declared.
    #[must_use]
    pub fn proxy(&self) -> Option<&HostPort> {
        self.proxy.as_ref()
    }
}

/// A host and a port, as in `EGRESS_ALLOW_HOSTS`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct HostPort {
    host: String,
    port: u16,
}

impl HostPort {
    /// Parses an entry of `EGRESS_ALLOW_HOSTS`.
    ///
    /// # Errors
    /// Not `host:port`, or an address that nobody can open.
    pub fn parse(text: &str) -> Result<Self, HostPortError> {
        let malformed = || HostPortError::Malformed(text.to_owned());
        let (host, port) = text.rsplit_once(':').ok_or_else(malformed)?;
        let host = Host::parse(host).map_err(|_| malformed())?;
        let port = port.parse().map_err(|_| malformed())?;
        let address = match &host {
            Host::Domain(_) => None,
            Host::Ipv4(v4) => Some(IpAddr::V4(*v4)),
            Host::Ipv6(v6) => Some(IpAddr::V6(*v6)),
        };
        if address.is_some_and(|address| !classify(address).may_be_opened()) {
            return Err(HostPortError::NeverOpen(text.to_owned()));
        }
        Ok(Self {
            host: normalised(&host.to_string()),
            port,
        })
    }

    /// Parses `EGRESS_PROXY`, `http://host:port`.
    ///
    /// # Errors
    /// Anything else: another scheme, a user name, a path.
    pub fn parse_proxy(text: &str) -> Result<Self, HostPortError> {
        let pair = text.trim_end_matches('/').strip_prefix("http://");
        let pair = pair.ok_or(HostPortError::NoProxy)?;
        Self::parse(pair).map_err(|_| HostPortError::NoProxy)
    }

    /// The host as a resolver takes it, without the brackets of an IPv6 address.
    pub(crate) fn bare_host(&self) -> &str {
        self.host.trim_matches(['[', ']'])
    }

    pub(crate) fn port(&self) -> u16 {
        self.port
    }
}

impl fmt::Display for HostPort {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.host, self.port)
    }
}

/// An entry of `EGRESS_ALLOW_HOSTS` that cannot be taken.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum HostPortError {
    /// Not `host:port`.
    #[error("`{0}` is not host:port")]
    Malformed(String),
    /// An address of a class that nobody can open.
    #[error("`{0}` can never be opened (metadata, link-local or no single host)")]
    NeverOpen(String),
    /// Not `http://host:port`; the text is not repeated, since it may hold a password.
    #[error("it is not http://host:port, without a user name or a path")]
    NoProxy,
}

/// One spelling per host: as in a URL, and `example.com.` is `example.com`.
fn normalised(host: &str) -> String {
    let host = host.trim_end_matches('.');
    Host::parse(host).map_or_else(|_| host.to_ascii_lowercase(), |host| host.to_string())
}
