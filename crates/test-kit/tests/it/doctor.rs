//! `gateway doctor` beside a single process.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;

use serde_json::Value;
use tempfile::TempDir;
use test_kit::gateway::Gateway;

/// The checks that found something, and the exit code.
fn found(gateway: &Gateway, settings: &[(&str, &str)]) -> (Vec<String>, Option<i32>) {
    let output = gateway.operator(&["doctor", "--json"], settings);
    let text = String::from_utf8(output.stdout).unwrap();
    let findings: Vec<Value> = text
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    assert!(findings.len() > 30, "{text}");
    let wrong = findings
        .iter()
        .filter(|own| own["verdict"] == "warn" || own["verdict"] == "fail");
    let names = wrong.map(|own| own["check"].as_str().unwrap().to_owned());
    (names.collect(), output.status.code())
}

#[tokio::test]
async fn nothing_is_found_on_a_single_process_and_then_what_is_wrong() {
    let data = TempDir::new().unwrap();
    let port = test_kit::process::free_address().port();
    let gateway = Gateway::start_in(data.path(), port, &[]).await;
    assert_eq!(found(&gateway, &[]), (vec![], Some(0)));
    let long = [("ACCESS_TOKEN_LIFETIME", "2592000")];
    assert_eq!(
        found(&gateway, &long),
        (vec!["lifetimes".to_owned()], Some(3))
    );
    let secret = data.path().join("data/root.secret");
    fs::set_permissions(&secret, fs::Permissions::from_mode(0o644)).unwrap();
    assert_eq!(
        found(&gateway, &[]),
        (vec!["key-files".to_owned()], Some(1))
    );
    let only = gateway.operator(&["doctor", "--only", "login,challenge"], &[]);
    assert!(only.status.success(), "{only:?}");
    assert_eq!(
        String::from_utf8(only.stdout)
            .unwrap()
            .matches(" ok ")
            .count(),
        2
    );
    let none = gateway.operator(&["doctor", "--only", "nonsense"], &[]);
    assert_eq!(none.status.code(), Some(2));
}
