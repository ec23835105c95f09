//! What the operator decides: which hosts are opened, which ports, and what is the gateway's own.

use std::collections::{BTreeSet, HashSet};
use std::fmt;
use std::net::IpAddr;

use url::Host;

use crate::address::classify;

/// The operator's part of the guard. Empty, it is strict: global unicast on ports 80 and 443.
#[derive(Clone, Debug, Default)]
pub struct EgressPolicy {
    opened: BTreeSet<HostPort>,
    ports: HashSet<u16>,
    own_hosts: HashSet<String>,
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

    pub(crate) fn is_opened(&self, host: &str, port: u16) -> bool {
        let pair = HostPort {
            host: normalised(host),
            port,
        };
        self.opened.contains(&pair)
    }

    pub(crate) fn is_open_port(&self, port: u16) -> bool {
        matches!(port, 80 | 443) || self.ports.contains(&port)
    }

    pub(crate) fn is_own_host(&self, host: &str) -> bool {
        self.own_hosts.contains(&normalised(host))
    }
}

/// A host and a port, as in `EGRESS_ALLOW_HOSTS`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct HostPort {
    host: String,
    port: u16,
}

impl HostPort {
    /// Parses `host:port`; the host is normalised as in a URL.
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
}

/// One spelling per host: lower case, and `example.com.` is `example.com`.
fn normalised(host: &str) -> String {
    host.strip_suffix('.').unwrap_or(host).to_ascii_lowercase()
}
