//! Any text as a URL: what is let through keeps every rule that can be told from text.

use egress::{AddressClass, EgressPolicy, Rule, classify};
use proptest::prelude::*;
use url::Host;

fn policy() -> EgressPolicy {
    EgressPolicy::strict()
        .open_ports([8443])
        .refuse_own_hosts(["auth.example.com".to_owned()])
}

/// What holds for whatever the guard lets through. The fuzz target calls the same.
fn judge(text: &str) {
    let Ok(url) = policy().check_url(text) else {
        return;
    };
    assert!(matches!(url.scheme(), "http" | "https"));
    assert_eq!((url.username(), url.password()), ("", None));
    let port = url.port_or_known_default().unwrap();
    assert!(matches!(port, 80 | 443 | 8443));
    match url.host().unwrap() {
        Host::Ipv4(v4) => assert_eq!(classify(v4.into()), AddressClass::Global),
        Host::Ipv6(v6) => assert_eq!(classify(v6.into()), AddressClass::Global),
        Host::Domain(name) => {
            assert!(name.is_ascii() && !name.contains(['@', '/', '%', ' ', '[']));
            let bare = name.strip_suffix('.').unwrap_or(name);
            assert_ne!(bare, "auth.example.com");
            // No resolver is asked for what it would take for an address.
            assert!(bare.parse::<std::net::IpAddr>().is_err());
            let last = bare.rsplit('.').next().unwrap();
            assert!(!last.bytes().all(|byte| byte.is_ascii_digit()));
        }
    }
    // Judged again, as the connector does, it is the same.
    assert_eq!(policy().check_url(url.as_str()).unwrap(), url);
}

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
        judge(&text);
        judge(&format!("http://{text}"));
    }

    #[test]
    fn any_text_at_all_is_judged_without_a_panic(text in any::<String>()) {
        judge(&text);
        judge(&format!("https://{text}/"));
    }
}

#[test]
fn the_first_broken_rule_is_named() {
    for (url, rule) in [
        ("nothing", Rule::Url),
        ("gopher://example.org", Rule::Scheme),
        ("http://a@example.org", Rule::Userinfo),
        ("http://example.org:22", Rule::Port(22)),
        ("http://auth.example.com.", Rule::OwnHost),
        ("http://0x7f.1", Rule::Address(AddressClass::Loopback)),
    ] {
        let broken = policy().check_url(url).unwrap_err();
        assert_eq!(broken, rule, "{url}");
        assert!(broken.to_string().contains(&format!("`{}`", broken.name())));
    }
    assert!(policy().check_url("http://example.org/").is_ok());
}
