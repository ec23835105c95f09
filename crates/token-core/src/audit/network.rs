//! Where a request came from, as far as it is recorded: the network, never the whole address.

use std::fmt;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use serde::{Serialize, Serializer};

/// An IPv4 /24 or an IPv6 /48. That tells one place from another, and no person from his
/// neighbours.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Network(Kind);

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
enum Kind {
    V4([u8; 3]),
    V6([u8; 6]),
}

/// Which kind a [`Network::bits`] is; so no network is 0.
const V4: u64 = 1 << 62;
const V6: u64 = 1 << 63;

impl Network {
    /// The network of an address as the edge writes it; `None` where it is no address.
    pub fn of(address: &str) -> Option<Self> {
        Some(Self(
            match address.trim().parse::<IpAddr>().ok()?.to_canonical() {
                IpAddr::V4(v4) => {
                    let [a, b, c, _] = v4.octets();
                    Kind::V4([a, b, c])
                }
                IpAddr::V6(v6) => Kind::V6(*v6.octets().first_chunk()?),
            },
        ))
    }

    /// The same in one number, for an atomic. It is never 0.
    pub fn bits(self) -> u64 {
        let (kind, octets): (u64, &[u8]) = match &self.0 {
            Kind::V4(octets) => (V4, octets),
            Kind::V6(octets) => (V6, octets),
        };
        octets
            .iter()
            .fold(0, |bits, octet| (bits << 8) | u64::from(*octet))
            | kind
    }
}

impl fmt::Display for Network {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            Kind::V4([a, b, c]) => write!(f, "{}/24", Ipv4Addr::new(a, b, c, 0)),
            Kind::V6(prefix) => {
                let mut octets = [0; 16];
                for (to, from) in octets.iter_mut().zip(prefix) {
                    *to = from;
                }
                write!(f, "{}/48", Ipv6Addr::from(octets))
            }
        }
    }
}

impl Serialize for Network {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_loses_what_tells_a_person() {
        for (address, network) in [
            ("203.0.113.9", "203.0.113.0/24"),
            (" 203.0.113.9", "203.0.113.0/24"),
            ("::ffff:203.0.113.9", "203.0.113.0/24"),
            ("2001:db8:1:2:3:4:5:6", "2001:db8:1::/48"),
            ("::1", "::/48"),
        ] {
            assert_eq!(
                Network::of(address).unwrap().to_string(),
                network,
                "{address}"
            );
        }
        for address in ["", "unknown", "203.0.113.9:80", "fetch.example.com"] {
            assert_eq!(Network::of(address), None, "{address}");
        }
    }

    #[test]
    fn bits_tell_networks_apart_and_are_never_none() {
        let bits = |address| Network::of(address).unwrap().bits();
        let all = [
            "0.0.0.0",
            "::1",
            "203.0.113.9",
            "203.0.114.9",
            "2001:db8:1::",
        ]
        .map(bits);
        for (at, one) in all.iter().enumerate() {
            assert!(*one != 0 && !all.split_at(at + 1).1.contains(one), "{at}");
        }
        assert_eq!(bits("203.0.113.9"), bits("203.0.113.200"));
    }
}
