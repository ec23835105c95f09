//! What must hold of a URL that somebody else chose, whatever the text. `crates/egress` tests it by
//! this file too.

use egress::{AddressClass, EgressPolicy, classify};
use url::Host;

/// A host of the gateway itself, as the policy below has it.
const OWN_HOST: &str = "auth.example.com";

/// The guard as an operator could have it, with one more port.
fn policy() -> EgressPolicy {
    EgressPolicy::strict()
        .open_ports([8443])
        .refuse_own_hosts([OWN_HOST.to_owned()])
}

/// What is let through keeps every rule that can be told from text, and is let through again.
pub fn url(text: &str) {
    let Ok(url) = policy().check_url(text) else {
        return;
    };
    assert!(matches!(url.scheme(), "http" | "https"), "{url}");
    assert!(
        url.username().is_empty() && url.password().is_none(),
        "{url}"
    );
    assert!(
        matches!(url.port_or_known_default(), Some(80 | 443 | 8443)),
        "{url}"
    );
    match url.host() {
        Some(Host::Ipv4(v4)) => assert_eq!(classify(v4.into()), AddressClass::Global, "{url}"),
        Some(Host::Ipv6(v6)) => assert_eq!(classify(v6.into()), AddressClass::Global, "{url}"),
        Some(Host::Domain(name)) => is_a_name(name),
        None => assert!(url.has_host(), "{url}"),
    }
    // The connector judges it once more.
    assert_eq!(policy().check_url(url.as_str()).as_ref(), Ok(&url));
}

/// No own host, and nothing that a resolver would take for an address.
fn is_a_name(name: &str) {
    assert!(
        name.is_ascii() && !name.contains(['@', '/', '%', ' ', '[']),
        "{name}"
    );
    let bare = name.strip_suffix('.').unwrap_or(name);
    assert_ne!(bare, OWN_HOST);
    let labels: Vec<&str> = bare.split('.').collect();
    assert!(labels.iter().all(|label| !label.is_empty()), "{name}");
    let last = labels.last().copied().unwrap_or_default();
    assert!(
        !last.bytes().all(|byte| byte.is_ascii_digit()),
        "{name} ends in a number"
    );
    assert!(
        !(last.starts_with("0x") && last.bytes().skip(2).all(|byte| byte.is_ascii_hexdigit())),
        "{name} ends in a hexadecimal number"
    );
}
