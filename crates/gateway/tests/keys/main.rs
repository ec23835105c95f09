//! `gateway keys …` as the operator calls it: the executable, its output and its exit code.
#![expect(
    clippy::panic,
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "a test's helpers fail by panicking"
)]

mod https;
mod serving;

use std::fs;
use std::path::PathBuf;
use std::process::{Command, Output};
use std::time::Duration;

use serde_json::Value;
use tempfile::TempDir;

/// An operator with a deployment's two key directories.
struct Operator {
    home: TempDir,
    algorithm: &'static str,
}

impl Operator {
    fn new(algorithm: &'static str) -> Self {
        Self {
            home: TempDir::new().unwrap(),
            algorithm,
        }
    }

    fn directory(&self, name: &str) -> PathBuf {
        self.home.path().join(name)
    }

    fn output(&self, arguments: &[&str]) -> Output {
        self.output_with(arguments, &[])
    }

    fn output_with(&self, arguments: &[&str], settings: &[(&str, PathBuf)]) -> Output {
        Command::new(env!("CARGO_BIN_EXE_gateway"))
            .env_clear()
            .current_dir(&self.home)
            .arg("keys")
            .args(arguments)
            .env("JWT_KEY_DIR", self.directory("signing"))
            .env("ASSERTION_KEY_DIR", self.directory("assertion"))
            .env("JWT_ALGORITHM", self.algorithm)
            .envs(settings.iter().cloned())
            .output()
            .unwrap()
    }

    fn keys(&self, arguments: &[&str]) -> String {
        let output = self.output(arguments);
        assert!(output.status.success(), "{arguments:?}: {output:?}");
        String::from_utf8(output.stdout).unwrap()
    }

    fn refused(&self, arguments: &[&str]) -> String {
        let output = self.output(arguments);
        assert_eq!(output.status.code(), Some(1), "{arguments:?}: {output:?}");
        String::from_utf8(output.stderr).unwrap()
    }

    /// The keys of a purpose, the newest first.
    fn list(&self, purpose: &str) -> Vec<Value> {
        let list: Value = serde_json::from_str(&self.keys(&["list", "--json"])).unwrap();
        let mut keys = list.as_array().unwrap().clone();
        keys.retain(|key| key["purpose"] == purpose);
        keys
    }

    /// A successor signs a second after its predecessor at the earliest.
    fn wait_until_active(&self) {
        while self.states("tokens")[0] == "upcoming" {
            std::thread::sleep(Duration::from_millis(100));
        }
    }

    fn states(&self, purpose: &str) -> Vec<String> {
        let keys = self.list(purpose);
        let states = keys.iter().map(|key| key["state"].as_str().unwrap());
        states.map(str::to_owned).collect()
    }
}

fn kid(key: &Value) -> &str {
    key["kid"].as_str().unwrap()
}

#[test]
fn generate_makes_what_is_missing_and_follows_the_algorithm() {
    let mut operator = Operator::new("ES256");
    let made = operator.keys(&["generate"]);
    assert_eq!(
        made.lines().filter(|line| line.starts_with("made")).count(),
        2
    );
    let again = operator.keys(&["generate"]);
    assert_eq!(
        again
            .lines()
            .filter(|line| line.starts_with("kept"))
            .count(),
        2
    );
    operator.algorithm = "EdDSA";
    operator.keys(&["generate"]);
    let keys = operator.list("tokens");
    let algorithms: Vec<_> = keys
        .iter()
        .map(|key| key["algorithm"].as_str().unwrap())
        .collect();
    assert_eq!(algorithms, ["EdDSA", "ES256"]);
    assert_eq!(operator.states("tokens"), ["upcoming", "active"]);
    assert_eq!(operator.states("assertions"), ["active"]);
}

#[test]
fn rotate_announces_a_successor_once_and_for_the_purpose_that_was_asked() {
    let operator = Operator::new("RS256");
    assert!(operator.refused(&["rotate"]).contains("keys generate"));
    operator.keys(&["generate"]);
    operator.keys(&["rotate", "--only", "tokens"]);
    assert_eq!(operator.states("assertions"), ["active"]);
    assert!(operator.keys(&["rotate"]).contains("kept     tokens"));
    assert_eq!(operator.states("tokens"), ["upcoming", "active"]);
    assert_eq!(operator.states("assertions"), ["upcoming", "active"]);
    let keys = operator.list("tokens");
    assert_eq!(keys[0]["algorithm"], "RS256");
    assert_eq!(keys[0]["until"], Value::Null);
    let leeway = keys[1]["until"].as_u64().unwrap() - keys[0]["since"].as_u64().unwrap();
    assert_eq!(leeway, 3600 + 60, "a token's life and a little more");
}

#[test]
fn list_shows_public_names_as_a_table_and_no_private_key() {
    let operator = Operator::new("EdDSA");
    assert_eq!(
        operator.list("tokens").len(),
        0,
        "nothing yet, and no error"
    );
    operator.keys(&["generate"]);
    let table = operator.keys(&["list"]);
    let lines: Vec<_> = table.lines().collect();
    assert!(
        lines[0].starts_with("KID") && lines[0].ends_with("UNTIL"),
        "{table}"
    );
    assert_eq!(lines.len(), 3, "{table}");
    let column = |line: &str| line.find("EdDSA").unwrap();
    assert_eq!(column(lines[1]), column(lines[2]));
    assert!(lines[1].contains(kid(&operator.list("tokens")[0])));
    assert!(!table.contains("PRIVATE") && !operator.keys(&["list", "--json"]).contains("\"d\""));
}

#[test]
fn retire_refuses_the_active_key_and_spares_living_tokens_unless_told() {
    let operator = Operator::new("EdDSA");
    operator.keys(&["generate"]);
    let first = kid(&operator.list("tokens")[0]).to_owned();
    for nobody in [
        &["retire", "nobody"][..],
        // A thumbprint may begin with a hyphen.
        &["retire", "-nobody", "--now"],
        &["retire", "--now", "-nobody"],
    ] {
        assert!(operator.refused(nobody).contains("keys list"), "{nobody:?}");
    }
    assert!(
        operator
            .refused(&["retire", &first, "--now"])
            .contains("keys rotate")
    );
    operator.keys(&["rotate", "--only", "tokens", "--delay", "0"]);
    operator.wait_until_active();
    assert_eq!(operator.states("tokens"), ["active", "retired"]);
    let refused = operator.refused(&["retire", &first]);
    assert!(
        refused.contains("--now") && refused.contains("live until 2"),
        "{refused}"
    );
    let told = operator.keys(&["retire", &first, "--now"]);
    assert!(told.contains("refused within seconds"), "{told}");
    assert_eq!(operator.states("tokens"), ["active"]);
}

#[test]
fn rotate_deletes_what_has_expired() {
    let operator = Operator::new("EdDSA");
    operator.keys(&["generate"]);
    let signing = operator.directory("signing");
    let [active] = fs::read_dir(&signing)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .collect::<Vec<_>>()
        .try_into()
        .unwrap();
    fs::rename(active, signing.join("001000000000-eddsa.pem")).unwrap();
    let old = kid(&operator.list("tokens")[0]).to_owned();
    operator.keys(&["rotate", "--delay", "0", "--only", "tokens"]);
    assert_eq!(
        operator.states("tokens"),
        ["active", "retired"],
        "its tokens live"
    );
    // As it is long after a rotation: its successor is old too.
    let newest = fs::read_dir(&signing)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .max();
    fs::rename(newest.unwrap(), signing.join("001100000000-eddsa.pem")).unwrap();
    assert_eq!(operator.states("tokens"), ["active", "expired"]);
    let told = operator.keys(&["rotate", "--only", "tokens"]);
    assert!(told.contains(&old) && told.contains("expired"), "{told}");
    assert_eq!(operator.states("tokens"), ["upcoming", "active"]);
}

#[test]
fn the_single_process_has_its_keys_below_its_data_directory() {
    let operator = Operator::new("EdDSA");
    let data = operator.directory("data");
    let data = data.to_str().unwrap();
    operator.keys(&["generate", "--data-dir", data]);
    assert!(operator.directory("data/keys/signing").is_dir());
    assert!(!operator.directory("signing").exists());
    let list = operator.keys(&["list", "--json", "--data-dir", data]);
    assert_eq!(list.matches("\"kid\"").count(), 2, "{list}");
}
