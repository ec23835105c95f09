//! The registries as data, and what they say of an address: the most specific block that holds it.
//! A second implementation of the classifier, so that a slip in the one shows in the other.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::sync::LazyLock;

/// A row of a registry.
#[derive(Clone, Debug)]
pub(crate) struct Block {
    base: IpAddr,
    length: u32,
    /// The registry's word; `None` where it has none.
    pub(crate) globally_reachable: Option<bool>,
    /// Our class, or `carried`.
    pub(crate) class: &'static str,
}

impl Block {
    fn parse(line: &'static str) -> Self {
        let mut columns = line.split_whitespace();
        let (base, length) = columns.next().unwrap().split_once('/').unwrap();
        Self {
            base: base.parse().unwrap(),
            length: length.parse().unwrap(),
            globally_reachable: columns.next().unwrap().parse().ok(),
            class: columns.next().unwrap(),
        }
    }

    fn width(&self) -> u32 {
        if self.base.is_ipv4() { 32 } else { 128 }
    }

    pub(crate) fn holds(&self, address: IpAddr) -> bool {
        let distance = bits(address) ^ bits(self.base);
        let host_bits = self.width() - self.length;
        address.is_ipv4() == self.base.is_ipv4()
            && distance.checked_shr(host_bits).unwrap_or(0) == 0
    }

    /// The address at this place of the block, or beside it: 0 is its first, -1 the one before.
    pub(crate) fn at(&self, place: Place) -> IpAddr {
        let host_mask = u128::MAX.checked_shr(128 - (self.width() - self.length));
        let host_mask = host_mask.unwrap_or(0);
        let base = bits(self.base);
        let bits = match place {
            Place::Before => base.wrapping_sub(1),
            Place::First => base,
            Place::Inside(host) => base | (host & host_mask),
            Place::Last => base | host_mask,
            Place::After => (base | host_mask).wrapping_add(1),
        };
        if self.base.is_ipv4() {
            Ipv4Addr::from_bits(u32::try_from(bits & u128::from(u32::MAX)).unwrap()).into()
        } else {
            Ipv6Addr::from_bits(bits).into()
        }
    }
}

/// A place in relation to a block.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Place {
    Before,
    First,
    Inside(u128),
    Last,
    After,
}

fn bits(address: IpAddr) -> u128 {
    match address {
        IpAddr::V4(v4) => v4.to_bits().into(),
        IpAddr::V6(v6) => v6.to_bits(),
    }
}

fn rows(text: &'static str) -> Vec<Block> {
    let lines = text.lines().filter(|line| !line.starts_with('#'));
    lines.map(Block::parse).collect()
}

/// The two special-purpose registries.
pub(crate) fn special_purpose() -> Vec<Block> {
    let v4 = rows(include_str!("registries/iana-ipv4.txt"));
    let v6 = rows(include_str!("registries/iana-ipv6.txt"));
    assert_eq!((v4.len(), v6.len()), (26, 25), "the registries' own counts");
    [v4, v6].concat()
}

/// Everything beside them.
pub(crate) fn others() -> Vec<Block> {
    rows(include_str!("registries/address-space.txt"))
}

pub(crate) fn metadata() -> Vec<Block> {
    rows(include_str!("registries/metadata.txt"))
}

/// Read once.
pub(crate) static ORACLE: LazyLock<Oracle> = LazyLock::new(|| Oracle {
    metadata: metadata(),
    blocks: [special_purpose(), others()].concat(),
});

/// Answers for every address.
pub(crate) struct Oracle {
    metadata: Vec<Block>,
    blocks: Vec<Block>,
}

impl Oracle {
    /// The class by the registries.
    pub(crate) fn class(&self, address: IpAddr) -> &'static str {
        if self.metadata.iter().any(|block| block.holds(address)) {
            return "metadata";
        }
        let holders = self.blocks.iter().filter(|block| block.holds(address));
        let class = holders.max_by_key(|block| block.length).unwrap().class;
        match class {
            "carried" => {
                let carried = u32::try_from(bits(address) & u128::from(u32::MAX)).unwrap();
                self.class(Ipv4Addr::from_bits(carried).into())
            }
            // RFC 5214: below any prefix, and so in no registry.
            "global" if is_isatap(address) => "transition",
            class => class,
        }
    }
}

fn is_isatap(address: IpAddr) -> bool {
    let interface = bits(address) >> 32 & u128::from(u32::MAX);
    address.is_ipv6() && matches!(interface, 0x0000_5efe | 0x0200_5efe)
}
