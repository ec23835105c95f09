//! Any text as a URL: what is let through keeps every rule that can be told from text. The fuzz
//! target `outbound_url` asks the same.

#[path = "../../../../fuzz/src/outbound.rs"]
#[expect(
    unreachable_pub,
    reason = "where the fuzz target calls it, it is a library"
)]
mod outbound;

use egress::{AddressClass, EgressPolicy, Rule};
use proptest::prelude::*;

/// Pieces that mean something in URLs, put together at random.
fn hostile_text() -> impl Strategy<Value = String> {
    let pieces = proptest::sample::select(vec![
        "http://",
        "https://",
        "HTTP:",
        "//",
        "/",
        "\\",
        "@",
        ":",
        "#",
        "?",
        "%",
        "%40",
        "%2e",
        ".",
        "[",
        "]",
        "::1",
        "::ffff:",
        "127.0.0.1",
        "0x7f",
        "0177",
        "2130706433",
        "1",
        "10.",
        "169.254.",
        "%25lo",
        "localhost",
        "auth.example.com",
        "AUTH.Example.COM.",
        "example.org",
        "80",
        "443",
        "22",
        "user",
        "\t",
        "\n",
        " ",
        "\u{0}",
        "。",
        "１２７",
        "ⓛⓞⓒⓐⓛⓗⓞⓢⓣ",
        "\u{ad}",
        "\u{200b}",
        "xn--",
        "64:ff9b::",
        "2002:",
        "fe80::1",
    ]);
    proptest::collection::vec(pieces, 1..12).prop_map(|pieces| pieces.concat())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(5_000))]

    #[test]
    fn what_is_let_through_keeps_every_rule(text in hostile_text()) {
        outbound::url(&text);
        outbound::url(&format!("http://{text}"));
    }

    #[test]
    fn any_text_at_all_is_judged_without_a_panic(text in any::<String>()) {
        outbound::url(&text);
        outbound::url(&format!("https://{text}/"));
    }
}

#[test]
fn the_first_broken_rule_is_named() {
    let policy = EgressPolicy::strict().refuse_own_hosts(["auth.example.com".to_owned()]);
    for (url, rule) in [
        ("nothing", Rule::Url),
        ("gopher://example.org", Rule::Scheme),
        ("http://a@example.org", Rule::Userinfo),
        ("http://example.org:22", Rule::Port(22)),
        ("http://auth.example.com.", Rule::OwnHost),
        ("http://0x7f.1", Rule::Address(AddressClass::Loopback)),
    ] {
        let broken = policy.check_url(url).unwrap_err();
        assert_eq!(broken, rule, "{url}");
        assert!(broken.to_string().contains(&format!("`{}`", broken.name())));
    }
    assert!(policy.check_url("http://example.org/").is_ok());
}
