//! `.env.example`, `docker-compose.yml` and `docs/configuration.md` know the settings that the
//! programs know, with the same defaults.

use std::collections::{BTreeMap, BTreeSet};

use app_shell::{metrics, telemetry, traces};

use crate::{quoted, rows, text};

/// Read by the TLS library.
const OF_A_LIBRARY: &str = "SSL_CERT_FILE";

fn is_name(text: &str) -> bool {
    let allowed = |b: u8| b.is_ascii_uppercase() || b.is_ascii_digit() || b == b'_';
    text.len() > 3 && text.bytes().all(allowed)
}

/// The names that a program keeps to itself: constants of its source.
fn named_in(path: &str) -> Vec<String> {
    let source = text(path);
    let before_tests = source.split("#[cfg(test)]").next().unwrap_or_default();
    let constants = before_tests
        .split("const ")
        .skip(1)
        .filter_map(|rest| rest.split(';').find(|part| part.contains('=')));
    let strings = constants.flat_map(|constant| constant.split('"').skip(1).step_by(2));
    let names: Vec<_> = strings
        .filter(|text| is_name(text))
        .map(str::to_owned)
        .collect();
    assert!(!names.is_empty(), "{path} names no setting");
    names
}

/// Which settings each program knows.
fn known() -> BTreeMap<&'static str, BTreeSet<String>> {
    use {
        auth_service::config as auth, fetch_service::config as fetch,
        forward_auth::config as verifier,
    };
    let of = |lists: &[&[&str]], own: Vec<String>| {
        let listed = lists.iter().flat_map(|list| list.iter());
        listed.map(|name| (*name).to_owned()).chain(own).collect()
    };
    BTreeMap::from([
        (
            "auth-service",
            of(
                &[
                    &auth::SETTINGS,
                    &auth::OWN_SETTINGS,
                    &metrics::SETTINGS,
                    &telemetry::SETTINGS,
                    &traces::SETTINGS,
                ],
                named_in("crates/auth-service/src/main.rs"),
            ),
        ),
        (
            "forward-auth",
            of(
                &[
                    &verifier::SETTINGS,
                    &metrics::SETTINGS,
                    &telemetry::SETTINGS,
                    &traces::SETTINGS,
                ],
                named_in("crates/forward-auth/src/main.rs"),
            ),
        ),
        (
            "fetch-service",
            of(
                &[
                    &fetch::SETTINGS,
                    &fetch::OWN_SETTINGS,
                    &metrics::SETTINGS,
                    &telemetry::SETTINGS,
                    &traces::SETTINGS,
                ],
                named_in("crates/fetch-service/src/main.rs"),
            ),
        ),
        (
            "gateway serve",
            of(
                &[
                    &auth::SETTINGS,
                    &fetch::SETTINGS,
                    &metrics::SETTINGS,
                    &telemetry::SETTINGS,
                    &traces::SETTINGS,
                ],
                named_in("crates/gateway/src/serve_config.rs"),
            ),
        ),
        (
            "gateway keys",
            of(
                &[&telemetry::SETTINGS],
                [
                    named_in("crates/gateway/src/keys_command.rs"),
                    named_in("crates/gateway/src/internal_ca.rs"),
                    named_in("crates/gateway/src/deployment.rs"),
                ]
                .concat(),
            ),
        ),
        (
            "operator",
            of(
                &[&telemetry::SETTINGS],
                [
                    named_in("crates/gateway/src/operator/backup.rs"),
                    named_in("crates/gateway/src/operator/system.rs"),
                    named_in("crates/gateway/src/deployment.rs"),
                ]
                .concat(),
            ),
        ),
        (
            "gateway reload",
            of(&[], named_in("crates/gateway/src/deployment.rs")),
        ),
    ])
}

/// Those, and what the compose file reads for itself.
fn every_name() -> BTreeSet<String> {
    let compose = text("docker-compose.yml");
    let variables = compose.split("${").skip(1);
    let variables = variables.filter_map(|rest| rest.split([':', '}']).next());
    let known = known().into_values().flatten();
    known
        .chain(variables.map(str::to_owned))
        .chain([OF_A_LIBRARY.to_owned()])
        .collect()
}

/// The names of `.env.example`, each with its default if one is shown.
fn env_example() -> BTreeMap<String, Option<String>> {
    let mut names = BTreeMap::new();
    for line in text(".env.example").lines() {
        let assigned = line.trim_start_matches('#').split_once('=');
        let listed = line
            .strip_prefix("# ")
            .and_then(|line| line.split_once("  "));
        match (assigned, listed) {
            (Some((name, value)), _) if is_name(name) => {
                let default = Some(value.to_owned()).filter(|_| line.starts_with('#'));
                names.insert(name.to_owned(), default);
            }
            (_, Some((name, _))) if is_name(name) => {
                names.insert(name.to_owned(), None);
            }
            _ => {}
        }
    }
    names
}

fn assert_same(explained: &BTreeSet<String>, read: &BTreeSet<String>) {
    let missing: Vec<_> = read.difference(explained).collect();
    let needless: Vec<_> = explained.difference(read).collect();
    assert!(missing.is_empty(), "not explained: {missing:?}");
    assert!(needless.is_empty(), "read by nobody: {needless:?}");
}

#[test]
fn env_example_has_every_setting_and_no_other() {
    let explained: BTreeSet<_> = env_example().into_keys().collect();
    assert_same(&explained, &every_name());
}

#[test]
fn the_compose_file_and_env_example_have_the_same_defaults() {
    let compose = text("docker-compose.yml");
    for (name, default) in env_example() {
        let Some(default) = default else { continue };
        let wanted = format!("${{{name}:-{default}}}");
        assert!(compose.contains(&wanted), "docker-compose.yml: no {wanted}");
    }
}

#[test]
fn configuration_md_has_every_setting_its_default_and_its_readers() {
    let examples = env_example();
    let known = known();
    let mut explained = BTreeSet::new();
    for row in rows(&text("docs/configuration.md")) {
        let [name, default, readers, meaning] = row.as_slice() else {
            assert!(row.len() == 2, "a row of {} cells: {row:?}", row.len());
            continue;
        };
        let name = quoted(name).concat();
        assert!(explained.insert(name.clone()), "{name} is explained twice");
        assert!(!meaning.is_empty(), "{name} is not explained");
        let read_by: BTreeSet<_> = known
            .iter()
            .filter(|(_, names)| names.contains(&name))
            .map(|(program, _)| *program)
            .collect();
        let said: BTreeSet<_> = readers
            .split(", ")
            .filter(|who| known.contains_key(who))
            .collect();
        assert_eq!(said, read_by, "who reads {name}");
        if let Some(Some(example)) = examples.get(&name) {
            assert_eq!(quoted(default).concat(), *example, "the default of {name}");
        }
    }
    assert_same(&explained, &every_name());
}

/// The variables that a service of the compose file is given the values of; of what it takes from
/// other services (`<<: *…`) none.
fn variables(service: &str) -> BTreeSet<String> {
    let compose = text("docker-compose.yml");
    let (_, block) = compose.split_once(&format!("\n  {service}:\n")).unwrap();
    let lines = block
        .lines()
        .take_while(|line| line.is_empty() || line.starts_with("   "));
    let values = lines.filter_map(|line| line.split_once(": ${"));
    let names = values.filter_map(|(_, rest)| rest.split([':', '}']).next());
    let names: BTreeSet<_> = names.map(str::to_owned).collect();
    assert!(names.len() > 2, "{service} has {names:?}");
    names
}

#[test]
fn the_doctor_is_told_what_each_service_is_told() {
    let compose = text("docker-compose.yml");
    let (_, doctor) = compose.split_once("\n  doctor:\n").unwrap();
    assert!(doctor.contains("<<: *auth-environment"), "of auth-service");
    let told: BTreeSet<_> = variables("doctor")
        .union(&variables("auth-service"))
        .cloned()
        .collect();
    for service in ["forward-auth", "fetch-service", "key-keeper"] {
        let missing: Vec<_> = variables(service).difference(&told).cloned().collect();
        assert!(missing.is_empty(), "{service} alone is told {missing:?}");
    }
}
