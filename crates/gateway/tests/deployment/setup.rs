//! `gateway setup`: answers from the environment, from before, and from a person.

use std::io::{Read as _, Write as _};
use std::process::{Command, Stdio};
use std::thread::sleep;
use std::time::Duration;

use super::{Deployment, said};

const SECRET: &str = "0123456789abcdef-a-secret";
const ANSWERS: [(&str, &str); 5] = [
    ("BASE_DOMAIN", "gateway.invalid"),
    ("ACME_EMAIL", "me@example.com"),
    ("GITHUB_CLIENT_ID", "Ov23liABC"),
    ("GITHUB_CLIENT_SECRET", SECRET),
    ("ALLOWED_GITHUB_USERS", "octocat, id:583231"),
];
const SETUP: [&str; 3] = ["setup", "--no-questions", "--skip-dns"];

#[test]
fn answers_go_into_env_and_nothing_else_of_it_changes() {
    let deployment = Deployment::new();
    let before = deployment.files();
    let output = deployment.gateway(&SETUP, &ANSWERS);
    assert!(output.status.success(), "{output:?}");
    let shown = said(&output);
    assert!(
        !shown.contains(SECRET) && shown.contains("just generate-all-secrets"),
        "{shown}"
    );
    let mut expected = deployment.text(".env.example");
    for (name, answer) in ANSWERS {
        let answer = if answer.contains(' ') {
            format!("'{answer}'")
        } else {
            answer.to_owned()
        };
        expected = expected.replacen(&format!("\n{name}=\n"), &format!("\n{name}={answer}\n"), 1);
    }
    assert_eq!(deployment.text(".env"), expected);
    assert!(deployment.is_private(".env"));
    let mut after = deployment.files();
    assert!(after.remove(".env"));
    assert_eq!(after, before, "no copy is left");
}

#[test]
fn a_second_run_keeps_every_answer_and_what_somebody_wrote() {
    let deployment = Deployment::new();
    assert!(deployment.gateway(&SETUP, &ANSWERS).status.success());
    let secrets = "GATEWAY_JWT_SECRET=1\nREDIS_PASSWORD=2\nREDIS_VERIFIER_PASSWORD=3\n";
    let mine = format!("{}# mine\n{secrets}", deployment.text(".env"));
    deployment.write(".env", &mine);
    let output = deployment.gateway(&SETUP, &[]);
    assert!(output.status.success(), "{output:?}");
    assert!(said(&output).contains("Next: just up"), "{output:?}");
    assert_eq!(deployment.text(".env"), mine);

    let output = deployment.gateway(&SETUP, &[("ACME_EMAIL", "you@example.com")]);
    assert!(output.status.success(), "{output:?}");
    assert_eq!(
        deployment.text(".env"),
        mine.replace("me@example.com", "you@example.com")
    );
}

/// As `set -a; . ./.env` leaves it: the secrets of before are no mistake.
#[test]
fn a_whole_env_file_may_be_exported() {
    let deployment = Deployment::new();
    let exported = [
        ("GATEWAY_JWT_SECRET", "8d1f"),
        ("REDIS_VERIFIER_PASSWORD", "2"),
    ];
    let output = deployment.gateway(&SETUP, &[&ANSWERS[..], &exported].concat());
    assert!(output.status.success(), "{output:?}");
    assert!(!said(&output).contains("GATEWAY_JWT_SECRET"), "{output:?}");
    assert_eq!(deployment.setting("GATEWAY_JWT_SECRET"), "");
}

#[test]
fn what_is_missing_or_makes_no_sense_is_named_and_nothing_is_written() {
    let deployment = Deployment::new();
    let output = deployment.gateway(&SETUP, &ANSWERS[..3]);
    assert_eq!(output.status.code(), Some(1));
    let shown = said(&output);
    assert!(
        shown.contains("GITHUB_CLIENT_SECRET, ALLOWED_GITHUB_USERS"),
        "{shown}"
    );
    for (name, bad) in [
        ("BASE_DOMAIN", "https://x.y"),
        ("GITHUB_CLIENT_SECRET", "a secret'"),
    ] {
        let mut answers = ANSWERS;
        answers.iter_mut().find(|(own, _)| *own == name).unwrap().1 = bad;
        let output = deployment.gateway(&SETUP, &answers);
        assert_eq!(output.status.code(), Some(1));
        let shown = said(&output);
        assert!(
            shown.contains(name) && !shown.contains("a secret'"),
            "{shown}"
        );
    }
    assert!(!deployment.files().contains(".env"));
}

#[test]
fn names_that_do_not_resolve_are_told_and_stop_nothing() {
    let deployment = Deployment::new();
    deployment.write(".env", "MCP_SERVICES=notes\n");
    let output = deployment.gateway(&["setup", "--no-questions"], &ANSWERS);
    assert!(output.status.success(), "{output:?}");
    let shown = said(&output);
    for name in ["auth", "notes"] {
        let line = format!("{name}.gateway.invalid: does not resolve yet");
        assert!(shown.contains(&line), "{shown}");
    }
}

/// On a terminal of `script`'s, answering as each question comes.
#[test]
fn a_person_is_asked_offered_the_answer_of_before_and_shown_no_secret() {
    let deployment = Deployment::new();
    deployment.write(".env", "ALLOWED_GITHUB_USERS=octocat\n");
    let gateway = env!("CARGO_BIN_EXE_gateway");
    let mut script = Command::new("script")
        .args(["--quiet", "--return", "--command"])
        .arg(format!("{gateway} setup --skip-dns"))
        .arg("/dev/null")
        .env_clear()
        .env("PATH", "/usr/bin:/bin")
        .env("BASE_DOMAIN", "gateway.invalid")
        .current_dir(deployment.path())
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .expect("script starts");
    let (mut input, mut output) = (script.stdin.take().unwrap(), script.stdout.take().unwrap());
    let mut shown = String::new();
    for (question, answer) in [
        ("E-mail", "nonsense"),
        ("no e-mail address\r\nE-mail", "me@example.com"),
        ("Client ID", "Ov23liABC"),
        ("Client secret", SECRET),
        ("[octocat]", ""),
    ] {
        let mut bytes = [0; 4096];
        while !shown
            .split(question)
            .nth(1)
            .is_some_and(|rest| rest.ends_with(": "))
        {
            let read = output.read(&mut bytes).unwrap();
            assert!(read > 0, "no {question:?}: {shown}");
            shown += &String::from_utf8_lossy(&bytes[..read]);
        }
        // The terminal stops echoing after it has asked.
        sleep(Duration::from_millis(300));
        writeln!(input, "{answer}").unwrap();
    }
    output.read_to_string(&mut shown).unwrap();
    assert!(script.wait().unwrap().success(), "{shown}");
    assert!(
        !shown.contains(SECRET) && !shown.contains("Domain of"),
        "{shown}"
    );
    for (name, answer) in &ANSWERS[..4] {
        assert_eq!(deployment.setting(name), *answer);
    }
    assert_eq!(deployment.setting("ALLOWED_GITHUB_USERS"), "octocat");
}
