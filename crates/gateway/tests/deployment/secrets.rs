//! The recipes that fill in secrets.

use std::process::{Command, Output};

use super::{Deployment, said};

const JUSTFILE: &str = include_str!("../../../../justfile");
const NAMES: [&str; 3] = [
    "GATEWAY_JWT_SECRET",
    "REDIS_PASSWORD",
    "REDIS_VERIFIER_PASSWORD",
];

/// Runs what a recipe runs.
fn recipe(deployment: &Deployment, name: &str, options: &str) -> Output {
    let head = format!("\n{name} *options:\n");
    let (_, body) = JUSTFILE.split_once(&head).expect("the recipe");
    let line = body.lines().next().unwrap().trim();
    assert!(line.starts_with("scripts/generate-secrets"), "{line}");
    Command::new("sh")
        .args(["-c", &line.replace("{{ options }}", options)])
        .current_dir(deployment.path())
        .output()
        .unwrap()
}

fn secrets(deployment: &Deployment) -> [String; 3] {
    NAMES.map(|name| deployment.setting(name))
}

fn says_none(output: &Output, deployment: &Deployment) {
    assert!(output.status.success(), "{output:?}");
    let said = said(output);
    for secret in secrets(deployment)
        .iter()
        .filter(|secret| !secret.is_empty())
    {
        assert!(!said.contains(secret), "{said}");
    }
}

#[test]
fn every_secret_is_made_once_and_told_to_nobody() {
    let deployment = Deployment::new();
    let before = deployment.files();
    let output = recipe(&deployment, "generate-all-secrets", "");
    says_none(&output, &deployment);
    let made = secrets(&deployment);
    for secret in &made {
        assert!(secret.len() == 64 && secret.bytes().all(|b| b.is_ascii_hexdigit()));
    }
    assert!(made[0] != made[1] && made[1] != made[2] && made[0] != made[2]);
    assert!(deployment.is_private(".env"));
    let mut after = deployment.files();
    assert!(after.remove(".env"));
    assert_eq!(after, before, "no copy is left");

    // Nothing else of the file is another.
    let mut text = deployment.text(".env");
    for secret in &made {
        text = text.replace(secret, "");
    }
    assert_eq!(text, deployment.text(".env.example"));

    let text = deployment.text(".env");
    says_none(
        &recipe(&deployment, "generate-all-secrets", ""),
        &deployment,
    );
    assert_eq!(deployment.text(".env"), text, "what is there stays");
}

#[test]
fn each_recipe_looks_at_its_own_secrets() {
    let deployment = Deployment::new();
    says_none(&recipe(&deployment, "generate-jwt-secret", ""), &deployment);
    let [jwt, redis, verifier] = secrets(&deployment);
    assert!(!jwt.is_empty() && redis.is_empty() && verifier.is_empty());
    says_none(
        &recipe(&deployment, "generate-redis-password", ""),
        &deployment,
    );
    let [still, redis, verifier] = secrets(&deployment);
    assert!(still == jwt && !redis.is_empty() && !verifier.is_empty());

    let output = recipe(&deployment, "generate-jwt-secret", "--force");
    assert!(!said(&output).contains(&jwt));
    says_none(&output, &deployment);
    let after = secrets(&deployment);
    assert_ne!(after[0], jwt);
    assert_eq!(after[1..], [redis, verifier]);
}

#[test]
fn what_a_person_wrote_stays_and_a_line_that_is_not_there_is_added() {
    let deployment = Deployment::new();
    deployment.write(
        ".env",
        "# mine\nBASE_DOMAIN=example.com\nREDIS_PASSWORD=kept=as it is\n",
    );
    says_none(
        &recipe(&deployment, "generate-all-secrets", ""),
        &deployment,
    );
    let text = deployment.text(".env");
    assert!(text.starts_with("# mine\nBASE_DOMAIN=example.com\nREDIS_PASSWORD=kept=as it is\n"));
    assert!(secrets(&deployment).iter().all(|secret| !secret.is_empty()));
    assert!(deployment.is_private(".env"), "it was not");
}

#[test]
fn a_wrong_command_line_changes_nothing() {
    for options in [
        "--all",
        "--only",
        "--only PATH",
        "--only REDIS_PASSWORD,PATH",
    ] {
        let deployment = Deployment::new();
        let output = recipe(&deployment, "generate-all-secrets", options);
        assert_eq!(output.status.code(), Some(2), "{options}");
        assert!(!deployment.files().contains(".env"));
    }
}

#[test]
fn a_name_that_compose_would_read_elsewhere_is_refused_and_nothing_changed() {
    for text in [
        "REDIS_PASSWORD=first\nREDIS_PASSWORD=in-force\n",
        "REDIS_PASSWORD=first\nexport REDIS_PASSWORD=in-force\n",
        "REDIS_PASSWORD=first\n  REDIS_PASSWORD = in-force\n",
        "export REDIS_PASSWORD=in-force\n",
    ] {
        for options in ["", "--force"] {
            let deployment = Deployment::new();
            deployment.write(".env", text);
            let output = recipe(&deployment, "generate-all-secrets", options);
            assert_eq!(output.status.code(), Some(1), "{text}");
            let said = said(&output);
            assert!(
                said.contains(".env: REDIS_PASSWORD must stand in one line"),
                "{said}"
            );
            assert!(
                !said.contains("first") && !said.contains("in-force"),
                "{said}"
            );
            assert_eq!(deployment.text(".env"), text);
        }
    }
}

#[test]
fn a_link_stays_one_and_no_copy_of_the_secrets_lies_beside_it() {
    let deployment = Deployment::new();
    let elsewhere = tempfile::tempdir().unwrap();
    let real = elsewhere.path().join("settings");
    std::fs::write(&real, "BASE_DOMAIN=example.com\n").unwrap();
    let link = deployment.path().join(".env");
    std::os::unix::fs::symlink(&real, &link).unwrap();
    let output = recipe(&deployment, "generate-all-secrets", "");
    says_none(&output, &deployment);
    assert!(link.is_symlink());
    assert!(
        std::fs::read_to_string(&real)
            .unwrap()
            .contains("REDIS_PASSWORD=")
    );
    assert_eq!(std::fs::read_dir(elsewhere.path()).unwrap().count(), 1);
}
