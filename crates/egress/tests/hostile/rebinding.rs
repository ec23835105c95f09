//! Names whose answer changes between one question and the next.

use egress::EgressClient;

use crate::internet::Internet;
use crate::namespace;
use crate::table::{client, only_permitted_visits, outcome};

/// The name, the class of its second answer, and where it was good before.
const REBINDING: [(&str, &str, &str); 6] = [
    ("rebind-loopback.test", "loopback", "93.184.216.34"),
    ("rebind-metadata.test", "metadata", "93.184.216.34"),
    ("rebind-private.test", "private", "93.184.216.34"),
    ("rebind-six.test", "metadata", "2606:4700:4700::1111"),
    ("rebind-alias.test", "loopback", "93.184.216.34"),
    ("rebind-mixed.test", "loopback", "93.184.216.34"),
];

async fn fetch(client: &EgressClient, name: &str) -> String {
    outcome(&client.get(&format!("http://{name}/"), "*/*").await)
}

/// Between check and connect there is no second question, and so nothing to rebind.
#[test]
fn a_name_is_asked_once_for_each_fetch_and_connected_where_it_was_checked() {
    namespace::inside(
        "rebinding::a_name_is_asked_once_for_each_fetch_and_connected_where_it_was_checked",
        async |internet: Internet| {
            for (name, class, good) in REBINDING {
                let client = client();
                assert_eq!(fetch(&client, name).await, format!("ok:{good}"), "{name}");
                assert_eq!(internet.names.asked(name), 1, "{name}");
                let again = fetch(&client, name).await;
                assert_eq!(again, format!("address:{class}"), "{name}");
                assert_eq!(internet.names.asked(name), 2, "{name}");
            }
            only_permitted_visits(&internet).await;
        },
    );
}

/// A bad answer is not remembered either.
#[test]
fn a_name_that_turns_good_is_fetched() {
    namespace::inside(
        "rebinding::a_name_that_turns_good_is_fetched",
        async |internet: Internet| {
            let client = client();
            let name = "rebind-back.test";
            assert_eq!(fetch(&client, name).await, "address:loopback");
            assert_eq!(fetch(&client, name).await, "ok:93.184.216.34");
            only_permitted_visits(&internet).await;
        },
    );
}

/// A hundred at once, while the answer changes: some see the one and some the other, and nobody
/// gets anywhere but where his answer was checked.
#[test]
fn a_crowd_finds_no_gap_between_check_and_connection() {
    namespace::inside(
        "rebinding::a_crowd_finds_no_gap_between_check_and_connection",
        async |internet: Internet| {
            let client = std::sync::Arc::new(client());
            let mut crowd = tokio::task::JoinSet::new();
            for _ in 0..100 {
                let client = std::sync::Arc::clone(&client);
                crowd.spawn(async move { fetch(&client, "rebind-metadata.test").await });
            }
            let outcomes = crowd.join_all().await;
            for outcome in &outcomes {
                assert!(["ok:93.184.216.34", "address:metadata"].contains(&outcome.as_str()));
            }
            assert!(outcomes.contains(&"address:metadata".to_owned()));
            only_permitted_visits(&internet).await;
        },
    );
}
