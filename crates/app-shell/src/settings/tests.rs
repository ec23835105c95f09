use std::fs;
use std::path::{Path, PathBuf};

use tempfile::TempDir;

use super::{Pair, Settings};

const KNOWN: [&str; 5] = [
    "ACCESS_TOKEN_LIFETIME",
    "BASE_DOMAIN",
    "GATEWAY_JWT_SECRET",
    "LISTEN_ADDRESS",
    "REDIS_URL",
];

fn settings(pairs: &[(&str, &str)]) -> Settings {
    Settings::from_pairs(&KNOWN, pairs.iter().copied())
}

fn layered(toml: &Path, pairs: &[(&str, &str)]) -> Settings {
    let pairs = pairs
        .iter()
        .map(|&(name, value)| -> Pair { (name.to_owned(), value.into()) });
    Settings::from_layers(&KNOWN, Some(toml), pairs.collect())
}

fn file(dir: &TempDir, name: &str, text: &str) -> PathBuf {
    let path = dir.path().join(name);
    fs::write(&path, text).unwrap();
    path
}

fn error(settings: Settings) -> String {
    settings.finish().unwrap_err().to_string()
}

#[test]
fn values_that_look_like_other_types_stay_strings() {
    for value in [
        "0123",
        "1e3",
        "true",
        "[a,b]",
        "{a=1}",
        "\"quoted\"",
        "'q'",
        " x ",
        "a=b#c",
    ] {
        let mut settings = settings(&[("GATEWAY_JWT_SECRET", value)]);
        assert_eq!(settings.text("GATEWAY_JWT_SECRET").as_deref(), Some(value));
        assert!(settings.finish().is_ok());
    }
}

#[test]
fn an_empty_value_is_unset() {
    let dir = TempDir::new().unwrap();
    let toml = file(&dir, "gateway.toml", "base_domain = 'from.file'");
    let mut settings = layered(&toml, &[("BASE_DOMAIN", ""), ("LISTEN_ADDRESS", "")]);
    assert_eq!(settings.text("BASE_DOMAIN").as_deref(), Some("from.file"));
    assert_eq!(settings.text("LISTEN_ADDRESS"), None);
}

#[test]
fn the_environment_is_over_the_file_and_the_file_over_the_default() {
    let dir = TempDir::new().unwrap();
    let toml = file(
        &dir,
        "gateway.toml",
        "access_token_lifetime = 60\nBASE_DOMAIN = 'file'",
    );
    let mut settings = layered(&toml, &[("BASE_DOMAIN", "environment")]);
    assert_eq!(settings.text("BASE_DOMAIN").as_deref(), Some("environment"));
    assert_eq!(settings.parsed("ACCESS_TOKEN_LIFETIME", 1, "a number"), 60);
    assert_eq!(settings.parsed("LISTEN_ADDRESS", 7, "a number"), 7);
    assert!(settings.finish().is_ok());
}

#[test]
fn toml_values_read_as_the_environment_would_write_them() {
    let dir = TempDir::new().unwrap();
    let text = "BASE_DOMAIN = ['a', 'b', 3]\nLISTEN_ADDRESS = true\nREDIS_URL = 1.5";
    let mut settings = layered(&file(&dir, "gateway.toml", text), &[]);
    assert_eq!(settings.text("BASE_DOMAIN").as_deref(), Some("a,b,3"));
    assert_eq!(settings.text("LISTEN_ADDRESS").as_deref(), Some("true"));
    assert_eq!(settings.text("REDIS_URL").as_deref(), Some("1.5"));
    assert!(settings.finish().is_ok());
}

#[test]
fn a_named_file_holds_the_value_without_one_trailing_newline() {
    let dir = TempDir::new().unwrap();
    for (text, value) in [
        ("s3cret", Some("s3cret")),
        ("s3cret\n", Some("s3cret")),
        ("s3cret\r\n", Some("s3cret")),
        ("s3cret\n\n", Some("s3cret\n")),
        ("\n", None),
    ] {
        let path = file(&dir, "secret", text);
        let mut settings = settings(&[("GATEWAY_JWT_SECRET_FILE", path.to_str().unwrap())]);
        assert_eq!(
            settings.text("GATEWAY_JWT_SECRET").as_deref(),
            value,
            "{text:?}"
        );
        assert!(settings.finish().is_ok());
    }
}

#[test]
fn a_named_file_in_the_environment_is_over_a_value_in_the_toml_file() {
    let dir = TempDir::new().unwrap();
    let toml = file(&dir, "gateway.toml", "REDIS_URL = 'redis://file'");
    let path = file(&dir, "url", "redis://named");
    let mut settings = layered(&toml, &[("REDIS_URL_FILE", path.to_str().unwrap())]);
    assert_eq!(settings.text("REDIS_URL").as_deref(), Some("redis://named"));
    assert!(settings.finish().is_ok());
}

#[test]
fn both_forms_at_once_are_a_fault() {
    let settings = settings(&[("REDIS_URL", "redis://a"), ("REDIS_URL_FILE", "/run/url")]);
    assert_eq!(
        error(settings),
        "REDIS_URL (environment): REDIS_URL_FILE and REDIS_URL are both set; unset one of them"
    );
}

#[test]
fn a_named_file_that_cannot_be_read_is_a_fault() {
    let mut settings = settings(&[("REDIS_URL_FILE", "/nonexistent/url")]);
    // Not set either, but one line is enough.
    assert_eq!(settings.required("REDIS_URL", "set it"), None);
    assert_eq!(
        error(settings),
        "REDIS_URL_FILE (environment): cannot read /nonexistent/url: No such file or directory \
         (os error 2); correct the path or the file"
    );
}

#[test]
fn every_fault_is_named_at_once() {
    let mut settings = settings(&[
        ("ACCESS_TOKEN_LIFETIME", "abc"),
        ("LISTEN_ADDRESS", "here"),
        ("GATEWAY_JWT_SECRT", "x"),
    ]);
    let domain = settings.required("BASE_DOMAIN", "set it to the domain of all hosts");
    let lifetime = settings.parsed("ACCESS_TOKEN_LIFETIME", 3600, "a number of seconds");
    let address = settings.parse_with("LISTEN_ADDRESS", |_| Err::<(), _>("has no port; add one"));
    settings.fault("REDIS_URL", "names the wrong database", "use database 0");
    assert_eq!((domain, lifetime, address), (None, 3600, None));
    assert_eq!(
        error(settings),
        "GATEWAY_JWT_SECRT (environment): is not a known name; did you mean GATEWAY_JWT_SECRET?\n\
         BASE_DOMAIN: is not set; set it to the domain of all hosts\n\
         ACCESS_TOKEN_LIFETIME (environment): \"abc\" is not a number of seconds; correct it, or \
         unset it for the default\n\
         LISTEN_ADDRESS (environment): \"here\": has no port; add one\n\
         REDIS_URL: names the wrong database; use database 0"
    );
}

#[test]
fn a_fault_names_the_file_that_the_value_came_from() {
    let dir = TempDir::new().unwrap();
    let toml = file(&dir, "gateway.toml", "access_token_lifetime = 'abc'");
    let url = file(&dir, "url", "nonsense");
    let mut settings = layered(&toml, &[("REDIS_URL_FILE", url.to_str().unwrap())]);
    settings.parsed("ACCESS_TOKEN_LIFETIME", 1, "a number");
    settings.fault("REDIS_URL", "is no URL", "correct it");
    assert_eq!(
        error(settings),
        format!(
            "ACCESS_TOKEN_LIFETIME (file {}): \"abc\" is not a number; correct it, or unset it \
             for the default\nREDIS_URL (REDIS_URL_FILE {}): is no URL; correct it",
            toml.display(),
            url.display()
        )
    );
}

#[test]
fn unknown_names_in_the_toml_file_are_faults() {
    let dir = TempDir::new().unwrap();
    let text = "base_domian = 'a'\nunheard_of = 1\n[server]\nport = 1";
    let toml = file(&dir, "gateway.toml", text);
    let origin = format!("file {}", toml.display());
    assert_eq!(
        error(layered(&toml, &[])),
        format!(
            "server ({origin}): is a table; write all names at the top level\n\
             BASE_DOMIAN ({origin}): is not a known name; did you mean BASE_DOMAIN?\n\
             UNHEARD_OF ({origin}): is not a known name; remove it"
        )
    );
}

#[test]
fn one_name_in_both_cases_is_a_fault() {
    let dir = TempDir::new().unwrap();
    let toml = file(&dir, "gateway.toml", "base_domain = 'a'\nBASE_DOMAIN = 'b'");
    assert!(error(layered(&toml, &[])).contains("is set in upper and in lower case"));
}

#[test]
fn only_our_prefix_makes_an_unknown_variable_a_fault() {
    let settings = settings(&[
        ("PATH", "/bin"),
        ("SSH_AUTH_SOCK_FILE", "x"),
        ("GATEWAY_X", "1"),
    ]);
    assert_eq!(
        error(settings),
        "GATEWAY_X (environment): is not a known name; remove it"
    );
}

#[test]
fn a_toml_file_that_cannot_be_read_is_a_fault() {
    let settings = layered(Path::new("/nonexistent.toml"), &[]);
    assert!(error(settings).starts_with("settings (file /nonexistent.toml): cannot read it: No "));
}

#[test]
fn secrets_are_in_no_text_that_can_be_logged() {
    const SECRET: &str = "hunter2-hunter2";
    let mut settings = settings(&[("GATEWAY_JWT_SECRET", SECRET)]);
    assert_eq!(
        settings.required("GATEWAY_JWT_SECRET", "set it").as_deref(),
        Some(SECRET)
    );
    let parsed = settings.parse_secret_with("GATEWAY_JWT_SECRET", |text| {
        Err::<(), _>(format!("bad key {text}"))
    });
    assert_eq!(parsed, None);
    assert!(!format!("{settings:?}").contains("hunter2"), "{settings:?}");
    let error = settings.finish().unwrap_err();
    assert_eq!(
        error.to_string(),
        "GATEWAY_JWT_SECRET (environment): bad key [redacted]"
    );
    assert!(!format!("{error:?}").contains("hunter2"));
}

#[test]
fn a_broken_toml_file_is_not_quoted_in_the_error() {
    let dir = TempDir::new().unwrap();
    let toml = file(
        &dir,
        "gateway.toml",
        "BASE_DOMAIN = 'a'\nGATEWAY_JWT_SECRET = hunter2",
    );
    assert_eq!(
        error(layered(&toml, &[])),
        format!(
            "settings (file {}): TOML parse error at line 2, column 22; strings need quotes",
            toml.display()
        )
    );
}

#[test]
fn a_long_value_is_shown_in_part_and_on_one_line() {
    let value = format!("a\n{}", "b".repeat(100));
    let mut settings = settings(&[("ACCESS_TOKEN_LIFETIME", &value)]);
    settings.parsed("ACCESS_TOKEN_LIFETIME", 1, "a number");
    let shown = format!("\"a\\n{}\"… is not a number", "b".repeat(38));
    assert!(error(settings).contains(&shown));
}

#[test]
fn a_name_that_was_not_declared_is_a_fault() {
    let mut settings = settings(&[]);
    assert_eq!(settings.text("FORGOTTEN"), None);
    assert!(error(settings).starts_with("FORGOTTEN: is read by the program"));
}

#[test]
fn finish_with_builds_what_is_complete() {
    let mut complete = settings(&[("BASE_DOMAIN", "example.org")]);
    let domain = complete.required("BASE_DOMAIN", "set it");
    assert_eq!(complete.finish_with(|| domain).unwrap(), "example.org");

    let mut missing = settings(&[]);
    let domain = missing.required("BASE_DOMAIN", "set it");
    let error = missing.finish_with(|| domain).unwrap_err();
    assert_eq!(error.to_string(), "BASE_DOMAIN: is not set; set it");
}
