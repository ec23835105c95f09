//! The classifier against the IANA special-purpose registries.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use egress::{AddressClass, classify};
use proptest::prelude::*;

use crate::registries::{Block, ORACLE, Place, metadata, others, special_purpose};

fn any_block() -> impl Strategy<Value = Block> {
    let blocks = [special_purpose(), others(), metadata()].concat();
    proptest::sample::select(blocks)
}

fn any_place() -> impl Strategy<Value = Place> {
    prop_oneof![
        Just(Place::Before),
        Just(Place::First),
        any::<u128>().prop_map(Place::Inside),
        Just(Place::Last),
        Just(Place::After),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(20_000))]

    #[test]
    fn a_v4_address_has_the_class_that_the_registry_gives_it(bits: u32) {
        let address = IpAddr::V4(Ipv4Addr::from_bits(bits));
        prop_assert_eq!(classify(address).to_string(), ORACLE.class(address));
    }

    #[test]
    fn a_v6_address_has_the_class_that_the_registry_gives_it(bits: u128) {
        // Half of the cases are moved into 2000::/3, where most of the decisions are.
        let bits = if bits & 1 == 0 { bits >> 3 | 1 << 125 } else { bits };
        let address = IpAddr::V6(Ipv6Addr::from_bits(bits));
        prop_assert_eq!(classify(address).to_string(), ORACLE.class(address));
    }

    #[test]
    fn in_and_around_each_block_too(block in any_block(), place in any_place()) {
        let address = block.at(place);
        let class = ORACLE.class(address);
        prop_assert_eq!(classify(address).to_string(), class, "{}", address);
    }

    #[test]
    fn mapped_and_nat64_forms_are_what_they_carry(bits: u32) {
        let carried = Ipv4Addr::from_bits(bits);
        let nat64 = Ipv6Addr::from_bits(0x0064_ff9b << 96 | u128::from(bits));
        prop_assert_eq!(classify(carried.to_ipv6_mapped().into()), classify(carried.into()));
        prop_assert_eq!(classify(nat64.into()), classify(carried.into()));
    }

    #[test]
    fn what_a_tunnel_decides_is_never_global_and_never_opened(bits: u32, rest: u64) {
        let carried = u128::from(bits);
        let six_to_four = 0x2002 << 112 | carried << 80 | u128::from(rest);
        let teredo = 0x2001 << 112 | carried << 64 | u128::from(rest);
        let local_nat64 = 0x0064_ff9b_0001 << 80 | u128::from(rest);
        let compatible = carried;
        let isatap = 0x2606_4700 << 96 | 0x5efe << 32 | carried;
        for form in [six_to_four, teredo, local_nat64, compatible, isatap] {
            let class = classify(Ipv6Addr::from_bits(form).into());
            prop_assert_ne!(class, AddressClass::Global);
            prop_assert!(!class.may_be_opened() || form == 1);
        }
    }
}

/// Stricter than the registries: what they call globally reachable is anycast of a protocol, which
/// whoever is near may answer. Only an address that carries a global one is let through.
#[test]
fn nothing_in_the_special_purpose_registries_is_global() {
    for block in special_purpose() {
        for place in [Place::First, Place::Last] {
            let address = block.at(place);
            let global = classify(address) == AddressClass::Global;
            assert!(!global || block.class == "carried", "{address}");
        }
    }
    let reachable = special_purpose()
        .into_iter()
        .filter(|block| block.globally_reachable == Some(true));
    assert_eq!(reachable.count(), 14);
}

#[test]
fn each_class_has_its_addresses() {
    use AddressClass as Class;
    let table = [
        ("93.184.215.14", Class::Global),
        ("2606:2800:21f:cb07:6820:80da:af6b:8b2c", Class::Global),
        ("::ffff:93.184.215.14", Class::Global),
        ("64:ff9b::5db8:d70e", Class::Global),
        ("0.0.0.0", Class::Unspecified),
        ("::", Class::Unspecified),
        ("127.255.255.254", Class::Loopback),
        ("::1", Class::Loopback),
        ("::ffff:127.0.0.1", Class::Loopback),
        ("64:ff9b::7f00:1", Class::Loopback),
        ("10.1.2.3", Class::Private),
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
        ("fdff::1", Class::UniqueLocal),
        ("fec0::1", Class::UniqueLocal),
        ("192.0.0.8", Class::Protocol),
        ("192.31.196.1", Class::Protocol),
        ("2001:1::1", Class::Protocol),
        ("192.0.2.1", Class::Documentation),
        ("3fff:fff::1", Class::Documentation),
        ("3fff:1000::1", Class::Global),
        ("198.19.0.1", Class::Benchmarking),
        ("2001:2::1", Class::Benchmarking),
        ("224.0.0.1", Class::Multicast),
        ("ff02::1", Class::Multicast),
        ("255.255.255.255", Class::Broadcast),
        ("240.0.0.1", Class::Reserved),
        ("100::1", Class::Reserved),
        ("2002:7f00:1::", Class::Transition),
        ("2001:0:4136:e378::1", Class::Transition),
        ("64:ff9b:1::7f00:1", Class::Transition),
        ("::7f00:1", Class::Transition),
        ("2606:4700::5efe:7f00:1", Class::Transition),
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
