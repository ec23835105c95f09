//! `gateway doctor` where there is nothing to look at: that is no clean bill of health.

use super::{Deployment, said};

const NAMED: (&str, &str) = ("BASE_DOMAIN", "gateway.invalid");

#[test]
fn a_gateway_that_is_down_is_never_well() {
    let deployment = Deployment::new();
    for only in ["ready,certificate", "public-keys", "hosts"] {
        let output = deployment.gateway(&["doctor", "--only", only], &[NAMED]);
        let shown = said(&output);
        assert_eq!(output.status.code(), Some(1), "{only}: {shown}");
        assert!(shown.contains("auth.gateway.invalid:443: "), "{shown}");
    }
}

#[test]
fn names_that_are_refused_are_a_failure_of_the_outside() {
    let deployment = Deployment::new();
    for (settings, fault) in [
        (
            [("BASE_DOMAIN", "Example.com"), ("MCP_SERVICES", "fetch")],
            "\"Example.com\"",
        ),
        ([NAMED, ("MCP_SERVICES", "fe tch")], "MCP_SERVICES"),
    ] {
        let output = deployment.gateway(&["doctor", "--outside-only"], &settings);
        let shown = said(&output);
        assert_eq!(output.status.code(), Some(1), "{shown}");
        assert!(
            shown.contains("FAIL  hosts") && shown.contains(fault),
            "{shown}"
        );
    }
}

#[test]
fn to_have_looked_at_nothing_is_a_failure_and_is_said() {
    let deployment = Deployment::new();
    let unnamed = [("REDIS_URL", "redis://localhost:1")];
    for command in [
        &["doctor", "--outside-only"][..],
        &["doctor", "--only", "routers,log-rotation"],
        &["doctor", "--only", "ready", "--inside-only"],
    ] {
        let output = deployment.gateway(command, &unnamed);
        let shown = said(&output);
        assert_eq!(output.status.code(), Some(1), "{command:?}: {shown}");
        assert!(
            shown.contains("Nothing was looked at"),
            "{command:?}: {shown}"
        );
    }
}

#[test]
fn the_password_of_traefiks_api_is_not_shown() {
    let api = "http://me:pass-word@127.0.0.1:1/traefik";
    let command = ["doctor", "--only", "routers", "--traefik-api", api];
    let output = Deployment::new().gateway(&command, &[]);
    let shown = said(&output);
    assert_eq!(output.status.code(), Some(3), "{shown}");
    assert!(
        shown.contains("http://127.0.0.1:1 cannot be asked"),
        "{shown}"
    );
    assert!(!shown.contains("pass-word"), "{shown}");
}
