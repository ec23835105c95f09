//! The classifier against the IANA special-purpose registries, as CIDR arithmetic: a second
//! implementation, so that a slip in the one shows in the other.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use egress::{AddressClass, classify};
use proptest::prelude::*;

/// Every block of IPv4 that is not plain global unicast (the IANA registry, and class D).
const BLOCKS_V4: [(Ipv4Addr, u32); 16] = [
    (Ipv4Addr::UNSPECIFIED, 8),
    (Ipv4Addr::new(10, 0, 0, 0), 8),
    (Ipv4Addr::new(100, 64, 0, 0), 10),
    (Ipv4Addr::new(127, 0, 0, 0), 8),
    (Ipv4Addr::new(168, 63, 129, 16), 32),
    (Ipv4Addr::new(169, 254, 0, 0), 16),
    (Ipv4Addr::new(172, 16, 0, 0), 12),
    (Ipv4Addr::new(192, 0, 0, 0), 24),
    (Ipv4Addr::new(192, 0, 2, 0), 24),
    (Ipv4Addr::new(192, 88, 99, 0), 24),
    (Ipv4Addr::new(192, 168, 0, 0), 16),
    (Ipv4Addr::new(198, 18, 0, 0), 15),
    (Ipv4Addr::new(198, 51, 100, 0), 24),
    (Ipv4Addr::new(203, 0, 113, 0), 24),
    (Ipv4Addr::new(224, 0, 0, 0), 4),
    (Ipv4Addr::new(240, 0, 0, 0), 4),
];

/// The blocks inside `2000::/3` that are not plain global unicast.
const BLOCKS_V6: [(Ipv6Addr, u32); 4] = [
    (Ipv6Addr::new(0x2001, 0, 0, 0, 0, 0, 0, 0), 23),
    (Ipv6Addr::new(0x2001, 0xdb8, 0, 0, 0, 0, 0, 0), 32),
    (Ipv6Addr::new(0x2002, 0, 0, 0, 0, 0, 0, 0), 16),
    (Ipv6Addr::new(0x3fff, 0, 0, 0, 0, 0, 0, 0), 20),
];

fn within_v4(address: Ipv4Addr, (base, length): (Ipv4Addr, u32)) -> bool {
    (address.to_bits() ^ base.to_bits()) >> (32 - length) == 0
}

fn within_v6(address: Ipv6Addr, (base, length): (Ipv6Addr, u32)) -> bool {
    (address.to_bits() ^ base.to_bits()) >> (128 - length) == 0
}

fn is_global(address: impl Into<IpAddr>) -> bool {
    classify(address.into()) == AddressClass::Global
}

fn v4_by_registry(address: Ipv4Addr) -> bool {
    !BLOCKS_V4.iter().any(|block| within_v4(address, *block))
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(20_000))]

    #[test]
    fn v4_is_global_exactly_where_no_block_holds_it(bits: u32) {
        let address = Ipv4Addr::from_bits(bits);
        prop_assert_eq!(is_global(address), v4_by_registry(address));
    }

    #[test]
    fn no_address_of_a_v4_block_is_global(block in 0..BLOCKS_V4.len(), host: u32) {
        let (base, length) = BLOCKS_V4[block];
        let mask = u32::MAX.checked_shr(length).unwrap_or(0);
        let address = Ipv4Addr::from_bits(base.to_bits() | (host & mask));
        prop_assert!(!is_global(address), "{address}");
    }

    #[test]
    fn v6_is_global_exactly_in_2000_3_outside_the_blocks(bits: u128) {
        // Half of the cases are moved into 2000::/3, where all the decisions are.
        let bits = if bits & 1 == 0 { bits >> 3 | 1 << 125 } else { bits };
        let address = Ipv6Addr::from_bits(bits);
        let global = bits >> 125 == 1 && !BLOCKS_V6.iter().any(|block| within_v6(address, *block));
        prop_assert_eq!(is_global(address), global, "{}", address);
    }

    #[test]
    fn no_address_of_a_v6_block_is_global(block in 0..BLOCKS_V6.len(), host: u128) {
        let (base, length) = BLOCKS_V6[block];
        let address = Ipv6Addr::from_bits(base.to_bits() | (host & (u128::MAX >> length)));
        prop_assert!(!is_global(address), "{address}");
    }

    #[test]
    fn mapped_and_nat64_forms_are_what_they_carry(bits: u32) {
        let carried = Ipv4Addr::from_bits(bits);
        let nat64 = Ipv6Addr::from_bits(0x0064_ff9b << 96 | u128::from(bits));
        prop_assert_eq!(classify(carried.to_ipv6_mapped().into()), classify(carried.into()));
        prop_assert_eq!(classify(nat64.into()), classify(carried.into()));
    }

    #[test]
    fn what_a_tunnel_decides_is_never_global(bits: u32, rest: u64) {
        let carried = u128::from(bits);
        let six_to_four = 0x2002 << 112 | carried << 80 | u128::from(rest);
        let teredo = 0x2001 << 112 | carried << 64 | u128::from(rest);
        let local_nat64 = 0x0064_ff9b_0001 << 80 | u128::from(rest);
        let compatible = carried;
        for form in [six_to_four, teredo, local_nat64, compatible] {
            prop_assert!(!is_global(Ipv6Addr::from_bits(form)));
        }
    }
}

#[test]
fn each_class_has_its_addresses() {
    use AddressClass as Class;
    let table = [
        ("93.184.215.14", Class::Global),
        ("2606:2800:21f:cb07:6820:80da:af6b:8b2c", Class::Global),
        ("::ffff:93.184.215.14", Class::Global),
        ("64:ff9b::5db8:d70e", Class::Global),
        ("192.31.196.1", Class::Global),
        ("0.0.0.0", Class::Unspecified),
        ("::", Class::Unspecified),
        ("127.0.0.1", Class::Loopback),
        ("127.255.255.254", Class::Loopback),
        ("::1", Class::Loopback),
        ("::ffff:127.0.0.1", Class::Loopback),
        ("64:ff9b::7f00:1", Class::Loopback),
        ("10.1.2.3", Class::Private),
        ("172.16.0.1", Class::Private),
        ("172.31.255.255", Class::Private),
        ("172.32.0.0", Class::Global),
        ("192.168.1.1", Class::Private),
        ("100.64.0.1", Class::Shared),
        ("100.128.0.0", Class::Global),
        ("169.254.1.1", Class::LinkLocal),
        ("fe80::1", Class::LinkLocal),
        ("169.254.169.254", Class::Metadata),
        ("::ffff:169.254.169.254", Class::Metadata),
        ("64:ff9b::a9fe:a9fe", Class::Metadata),
        ("fd00:ec2::254", Class::Metadata),
        ("100.100.100.200", Class::Metadata),
        ("168.63.129.16", Class::Metadata),
        ("fc00::1", Class::UniqueLocal),
        ("fdff::1", Class::UniqueLocal),
        ("fec0::1", Class::UniqueLocal),
        ("192.0.0.8", Class::Protocol),
        ("2001:1::1", Class::Protocol),
        ("192.0.2.1", Class::Documentation),
        ("2001:db8::1", Class::Documentation),
        ("3fff:fff::1", Class::Documentation),
        ("3fff:1000::1", Class::Global),
        ("198.19.0.1", Class::Benchmarking),
        ("2001:2::1", Class::Benchmarking),
        ("224.0.0.1", Class::Multicast),
        ("ff02::1", Class::Multicast),
        ("255.255.255.255", Class::Broadcast),
        ("240.0.0.1", Class::Reserved),
        ("100::1", Class::Reserved),
        ("5f00::1", Class::Reserved),
        ("192.88.99.1", Class::Transition),
        ("2002:7f00:1::", Class::Transition),
        ("2001:0:4136:e378::1", Class::Transition),
        ("64:ff9b:1::7f00:1", Class::Transition),
        ("::7f00:1", Class::Transition),
    ];
    for (text, class) in table {
        assert_eq!(classify(text.parse().unwrap()), class, "{text}");
    }
}

#[test]
fn no_operator_can_open_what_has_no_business_behind_it() {
    use AddressClass as Class;
    for class in [
        Class::Metadata,
        Class::Unspecified,
        Class::LinkLocal,
        Class::Protocol,
        Class::Multicast,
        Class::Broadcast,
        Class::Transition,
        Class::Reserved,
    ] {
        assert!(!class.may_be_opened(), "{class}");
    }
}
