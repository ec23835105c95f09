//! The internal CA and the verifier's certificate, by the same commands.

use std::fs;
use std::path::PathBuf;

use serde_json::Value;

use crate::Operator;

impl Operator {
    fn internal_ca(&self) -> [(&'static str, PathBuf); 3] {
        [
            ("INTERNAL_CA_DIR", self.directory("ca")),
            (
                "INTERNAL_CA_CERTIFICATE_DIR",
                self.directory("ca-certificate"),
            ),
            ("VERIFIER_TLS_DIR", self.directory("tls")),
        ]
    }

    fn with_ca(&self, arguments: &[&str]) -> String {
        let output = self.output_with(arguments, &self.internal_ca());
        assert!(output.status.success(), "{arguments:?}: {output:?}");
        assert!(output.stderr.is_empty(), "{arguments:?}: {output:?}");
        String::from_utf8(output.stdout).unwrap()
    }

    fn certificates(&self) -> Vec<Value> {
        let list: Value = serde_json::from_str(&self.with_ca(&["list", "--json"])).unwrap();
        let mut keys = list.as_array().unwrap().clone();
        keys.retain(|key| ["ca", "https"].contains(&key["purpose"].as_str().unwrap()));
        keys
    }
}

#[test]
fn generate_makes_the_ca_and_the_verifiers_certificate_once() {
    let operator = Operator::new("EdDSA");
    assert_eq!(
        operator.certificates().len(),
        0,
        "nothing yet, and no error"
    );
    let made = operator.with_ca(&["generate"]);
    for purpose in ["ca ", "https "] {
        let line = made.lines().find(|line| line.contains(purpose)).unwrap();
        assert!(
            line.starts_with("made ") && line.contains("good until 2"),
            "{line}"
        );
    }
    let before = operator.certificates();
    let [ca, https] = before.as_slice() else {
        panic!("{before:?}")
    };
    assert_eq!(
        (&ca["state"], &https["state"]),
        (&"active".into(), &"active".into())
    );
    let seconds = |key: &Value| key["until"].as_u64().unwrap() - key["since"].as_u64().unwrap();
    assert!(seconds(ca) > 40 * seconds(https), "{before:?}");
    let again = operator.with_ca(&["generate"]);
    assert_eq!(
        again
            .lines()
            .filter(|line| line.starts_with("kept "))
            .count(),
        4
    );
    assert_eq!(operator.certificates(), before);
    let table = operator.with_ca(&["list"]);
    let kid = https["kid"].as_str().unwrap();
    let line = table.lines().find(|line| line.starts_with(kid)).unwrap();
    assert!(line.contains("https") && line.contains("ES256"), "{table}");
    for told in [made, again, table] {
        assert!(!told.contains("PRIVATE"), "{told}");
    }
}

#[test]
fn rotate_renews_the_verifiers_certificate_under_the_same_ca() {
    let operator = Operator::new("EdDSA");
    operator.with_ca(&["generate"]);
    let before = operator.certificates();
    operator.with_ca(&["rotate", "--only", "tokens"]);
    assert_eq!(operator.certificates(), before);
    for arguments in [&["rotate", "--only", "https"][..], &["rotate"]] {
        let before = operator.certificates();
        let told = operator.with_ca(arguments);
        assert!(told.contains("made     https"), "{told}");
        let after = operator.certificates();
        assert_eq!(after[0], before[0], "the CA");
        assert_ne!(after[1]["kid"], before[1]["kid"]);
    }
    let refused = operator.refused(&["rotate", "--only", "https"]);
    assert!(refused.contains("INTERNAL_CA_DIR"), "{refused}");
}

#[test]
fn the_single_process_and_a_deployment_without_it_have_no_ca() {
    let operator = Operator::new("EdDSA");
    operator.keys(&["generate"]);
    let data = operator.directory("data");
    operator.with_ca(&["generate", "--data-dir", data.to_str().unwrap()]);
    for (name, path) in operator.internal_ca() {
        assert!(!path.exists(), "{name}");
    }
    assert_eq!(fs::read_dir(data.join("keys")).unwrap().count(), 2);
}
