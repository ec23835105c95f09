//! What kind of address this is, by the IANA special-purpose registries for IPv4 and IPv6
//! (RFC 6890 as updated) and the addresses at which clouds keep their metadata services.

use std::fmt;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// The class of an address. Only [`AddressClass::Global`] is reached without the operator's word.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum AddressClass {
    /// Global unicast that no registry sets apart.
    Global,
    /// A cloud's metadata service: credentials for the asking, so never reachable.
    Metadata,
    /// `0.0.0.0/8` and `::`, which many systems take for themselves.
    Unspecified,
    /// `127.0.0.0/8` and `::1`.
    Loopback,
    /// RFC 1918.
    Private,
    /// RFC 6598, behind a carrier's translator.
    Shared,
    /// `169.254.0.0/16` and `fe80::/10`.
    LinkLocal,
    /// RFC 4193 `fc00::/7`, and the `fec0::/10` that it replaced.
    UniqueLocal,
    /// IETF protocol assignments, `192.0.0.0/24` and `2001::/23`, and the registries' anycast
    /// services (AS112, AMT), which whoever is near answers.
    Protocol,
    /// Addresses for examples in documents.
    Documentation,
    /// RFC 2544 and RFC 5180.
    Benchmarking,
    /// Multicast.
    Multicast,
    /// `255.255.255.255`.
    Broadcast,
    /// An address that a translator or tunnel turns into another one: 6to4, Teredo, ISATAP, local
    /// NAT64, IPv4-compatible.
    Transition,
    /// Reserved, or not (yet) given out as global unicast.
    Reserved,
}

impl AddressClass {
    /// Whether an operator may open an address of this class by `EGRESS_ALLOW_HOSTS`. Link-local is
    /// not among them: what lives there is metadata services.
    #[must_use]
    pub fn may_be_opened(self) -> bool {
        matches!(
            self,
            Self::Global
                | Self::Loopback
                | Self::Private
                | Self::Shared
                | Self::UniqueLocal
                | Self::Documentation
                | Self::Benchmarking
        )
    }

    /// The class's name, as in messages and in the audit trail.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Global => "global",
            Self::Metadata => "metadata",
            Self::Unspecified => "unspecified",
            Self::Loopback => "loopback",
            Self::Private => "private",
            Self::Shared => "shared",
            Self::LinkLocal => "link-local",
            Self::UniqueLocal => "unique-local",
            Self::Protocol => "protocol-assignment",
            Self::Documentation => "documentation",
            Self::Benchmarking => "benchmarking",
            Self::Multicast => "multicast",
            Self::Broadcast => "broadcast",
            Self::Transition => "transition",
            Self::Reserved => "reserved",
        }
    }
}

impl fmt::Display for AddressClass {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// Classifies an address. Total: every address has exactly one class.
#[must_use]
pub fn classify(address: IpAddr) -> AddressClass {
    match address {
        IpAddr::V4(v4) => classify_v4(v4),
        IpAddr::V6(v6) => classify_v6(v6),
    }
}

fn classify_v4(address: Ipv4Addr) -> AddressClass {
    use AddressClass as Class;
    if METADATA_V4.contains(&address) {
        return Class::Metadata;
    }
    match address.octets() {
        [0, ..] => Class::Unspecified,
        [10, ..] | [172, 16..=31, ..] | [192, 168, ..] => Class::Private,
        [100, 64..=127, ..] => Class::Shared,
        [127, ..] => Class::Loopback,
        [169, 254, ..] => Class::LinkLocal,
        // Assignments; AS112 (RFC 7534, RFC 7535); AMT (RFC 7450).
        [192, 0, 0, _] | [192, 31, 196, _] | [192, 175, 48, _] | [192, 52, 193, _] => {
            Class::Protocol
        }
        [192, 0, 2, _] | [198, 51, 100, _] | [203, 0, 113, _] => Class::Documentation,
        // The withdrawn 6to4 relay anycast (RFC 7526).
        [192, 88, 99, _] => Class::Transition,
        [198, 18..=19, ..] => Class::Benchmarking,
        [224..=239, ..] => Class::Multicast,
        [255, 255, 255, 255] => Class::Broadcast,
        [240..=255, ..] => Class::Reserved,
        _ => Class::Global,
    }
}

fn classify_v6(address: Ipv6Addr) -> AddressClass {
    use AddressClass as Class;
    if METADATA_V6.contains(&address) {
        return Class::Metadata;
    }
    match address.segments() {
        // AWS: metadata, resolver, clock and the pods' identities.
        [0xfd00, 0x0ec2, ..] => Class::Metadata,
        [0, 0, 0, 0, 0, 0, 0, 0] => Class::Unspecified,
        [0, 0, 0, 0, 0, 0, 0, 1] => Class::Loopback,
        // IPv4-mapped (RFC 4291) is connected to as IPv4. So is the well-known NAT64 prefix
        // (RFC 6052), through which an IPv6-only network with DNS64 reaches every IPv4 host:
        // both are as good or as bad as the address that they carry.
        [0, 0, 0, 0, 0, 0xffff, high, low] | [0x64, 0xff9b, 0, 0, 0, 0, high, low] => {
            classify_v4(embedded_v4(high, low))
        }
        // IPv4-compatible (RFC 4291, deprecated), local NAT64 (RFC 8215), 6to4 (RFC 3056) and
        // Teredo (RFC 4380): where these end up is for a translator to say, not for us.
        [0, 0, 0, 0, 0, 0, _, _] | [0x64, 0xff9b, 1, ..] | [0x2002, ..] | [0x2001, 0, ..] => {
            Class::Transition
        }
        [0x2001, 2, 0, ..] => Class::Benchmarking,
        [0x2001, 0x0db8, ..] | [0x3fff, 0..=0x0fff, ..] => Class::Documentation,
        // Assignments, AMT and AS112 among them; AS112 by direct delegation (RFC 7534).
        [0x2001, 0..=0x01ff, ..] | [0x2620, 0x4f, 0x8000, ..] => Class::Protocol,
        [0xfc00..=0xfdff | 0xfec0..=0xfeff, ..] => Class::UniqueLocal,
        [0xfe80..=0xfebf, ..] => Class::LinkLocal,
        [0xff00..=0xffff, ..] => Class::Multicast,
        // ISATAP (RFC 5214) carries an IPv4 address below any prefix.
        [0x2000..=0x3fff, _, _, _, 0 | 0x0200, 0x5efe, ..] => Class::Transition,
        [0x2000..=0x3fff, ..] => Class::Global,
        _ => Class::Reserved,
    }
}

fn embedded_v4(high: u16, low: u16) -> Ipv4Addr {
    Ipv4Addr::from_bits((u32::from(high) << 16) | u32::from(low))
}

const METADATA_V4: [Ipv4Addr; 9] = [
    Ipv4Addr::new(169, 254, 169, 254), // AWS, Google, Azure, Oracle, DigitalOcean, OpenStack
    Ipv4Addr::new(169, 254, 169, 253), // AWS's resolver
    Ipv4Addr::new(169, 254, 170, 2),   // AWS ECS task credentials
    Ipv4Addr::new(169, 254, 170, 23),  // AWS EKS pod identity
    Ipv4Addr::new(169, 254, 0, 23),    // Tencent
    Ipv4Addr::new(169, 254, 42, 42),   // Scaleway
    Ipv4Addr::new(100, 100, 100, 200), // Alibaba
    Ipv4Addr::new(168, 63, 129, 16),   // Azure's wire server, in the middle of global space
    Ipv4Addr::new(192, 0, 0, 192),     // Oracle, classic
];

const METADATA_V6: [Ipv6Addr; 5] = [
    Ipv6Addr::new(0xfd20, 0xce, 0, 0, 0, 0, 0, 0x254), // Google
    Ipv6Addr::new(0xfd00, 0xc1, 0, 0, 0, 0, 0xa9fe, 0xa9fe), // Oracle
    Ipv6Addr::new(0xfd00, 0xa9fe, 0xa9fe, 0, 0, 0, 0, 1), // Akamai (Linode)
    Ipv6Addr::new(0xfd00, 0x100, 0, 0, 0, 0, 0x100, 0x200), // Alibaba
    Ipv6Addr::new(0xfd00, 0x42, 0, 0, 0, 0, 0, 0x42),  // Scaleway
];
