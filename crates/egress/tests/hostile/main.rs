//! The guard against an internet of the test's own: a network namespace in which every address
//! there is belongs to this machine, listeners on all of them that count who comes, and a name
//! server that says what `tables/zone.txt` says, asked by the system's own resolver.
//!
//! It needs `unshare` and `ip`, and fails without them. `tables/` is the list of attacks.
#![expect(clippy::unwrap_used, reason = "a test's helpers fail by panicking")]

mod dns;
mod internet;
mod namespace;
mod rebinding;
mod table;
mod tls;

use std::net::SocketAddr;

use internet::Internet;
use tokio::net::TcpStream;

/// What all four tables have together.
#[test]
fn the_tables_have_more_than_150_hostile_rows() {
    let hostile = table::ALL
        .iter()
        .flat_map(|table| table::rows(table))
        .filter(|row| !row.expected.starts_with("ok:"));
    assert!(hostile.count() > 300);
}

#[test]
fn no_spelling_of_a_forbidden_address_reaches_it() {
    namespace::inside(
        "no_spelling_of_a_forbidden_address_reaches_it",
        |internet| table::holds(internet, table::LITERALS),
    );
}

#[test]
fn no_url_reaches_what_its_host_must_not() {
    namespace::inside("no_url_reaches_what_its_host_must_not", |internet| {
        table::holds(internet, table::URLS)
    });
}

#[test]
fn no_answer_of_a_name_server_leads_to_a_forbidden_address() {
    namespace::inside(
        "no_answer_of_a_name_server_leads_to_a_forbidden_address",
        |internet| table::holds(internet, table::NAMES),
    );
}

#[test]
fn no_redirect_leads_to_a_forbidden_address() {
    namespace::inside("no_redirect_leads_to_a_forbidden_address", |internet| {
        table::holds(internet, table::REDIRECTS)
    });
}

/// The tests above can fail: who does connect to a forbidden address is seen.
#[test]
fn the_watch_sees_whoever_connects_anywhere() {
    namespace::inside(
        "the_watch_sees_whoever_connects_anywhere",
        async |internet: Internet| {
            let addresses = [
                "127.0.0.1:80",
                "10.0.0.1:80",
                "169.254.169.254:80",
                "240.0.0.1:443",
                "[::1]:22",
                "[fd00:ec2::254]:80",
                "[64:ff9b::7f00:1]:80",
                "[2002:7f00:1::]:6379",
                "[::127.0.0.1]:80",
            ];
            let mut addresses = addresses.map(|text| text.parse::<SocketAddr>().unwrap());
            for address in addresses {
                TcpStream::connect(address).await.unwrap();
            }
            let mut visits = internet.visits().await;
            visits.sort();
            addresses.sort();
            assert_eq!(visits, addresses);
        },
    );
}
