//! `gateway service-add` on the files of a deployment. That what it writes works is tested behind
//! the real Traefik (`crates/test-kit/edge/added_service`).

use super::{Deployment, said};

const ENV: &str = "# mine\nBASE_DOMAIN=example.com\nREDIS_PASSWORD=a-secret\n#MCP_SERVICES=fetch\n";

fn deployment() -> Deployment {
    let deployment = Deployment::new();
    deployment.write(".env", ENV);
    deployment
}

const IMAGE: [&str; 6] = [
    "service-add",
    "notes",
    "example/notes:1",
    "--port",
    "3000",
    "--",
];

#[test]
fn a_dry_run_shows_what_would_be_and_changes_nothing() {
    let deployment = deployment();
    let before = deployment.files();
    let output = deployment.gateway(&[&IMAGE[..5], &["--dry-run"]].concat(), &[]);
    assert!(output.status.success(), "{output:?}");
    let shown = said(&output);
    for part in [
        "services/notes.yml",
        "protect-notes@file",
        "MCP_SERVICES=fetch,notes",
        "curl",
    ] {
        assert!(shown.contains(part), "{part}: {shown}");
    }
    assert!(!shown.contains("a-secret"));
    assert_eq!(deployment.files(), before);
    assert_eq!(deployment.text(".env"), ENV);
}

#[test]
fn it_is_added_once_and_what_somebody_edited_stays() {
    let deployment = deployment();
    let command = [&IMAGE[..], &["serve", "it's", "$HOME"]].concat();
    let output = deployment.gateway(&command, &[]);
    assert!(output.status.success(), "{output:?}");
    assert!(!said(&output).contains("a-secret"));
    let env = deployment.text(".env");
    assert_eq!(
        env,
        format!(
            "{ENV}MCP_SERVICES=fetch,notes\nCOMPOSE_FILE=docker-compose.yml:services/notes.yml\n"
        )
    );
    assert!(deployment.is_private(".env"));
    let file = deployment.text("services/notes.yml");
    assert!(
        file.contains(r#"command: ["serve","it's","$$HOME"]"#),
        "{file}"
    );
    assert!(file.contains("notes: {internal: true}"));

    let edited = file.replace("example/notes:1", "example/notes:2");
    deployment.write("services/notes.yml", &edited);
    let output = deployment.gateway(&command, &[]);
    assert!(output.status.success(), "{output:?}");
    assert!(said(&output).contains("left as somebody made it"));
    assert_eq!(deployment.text("services/notes.yml"), edited);
    assert_eq!(deployment.text(".env"), env);
}

#[test]
fn one_that_runs_elsewhere_gets_a_route_and_no_container() {
    let deployment = deployment();
    let output = deployment.gateway(&["service-add", "wiki", "http://10.0.0.5:3000/"], &[]);
    assert!(output.status.success(), "{output:?}");
    let route = deployment.text("traefik/dynamic/service-wiki.yml");
    assert!(route.contains(r#"url: "http://10.0.0.5:3000""#), "{route}");
    assert!(route.contains("middlewares: [protect-wiki]"));
    assert_eq!(deployment.setting("MCP_SERVICES"), "fetch,wiki");
    assert_eq!(deployment.setting("COMPOSE_FILE"), "");
}

#[test]
fn an_override_that_compose_took_by_itself_is_still_taken() {
    let deployment = deployment();
    deployment.write("docker-compose.override.yml", "services: {}\n");
    assert!(deployment.gateway(&IMAGE[..5], &[]).status.success());
    assert_eq!(
        deployment.setting("COMPOSE_FILE"),
        "docker-compose.yml:docker-compose.override.yml:services/notes.yml"
    );
}

#[test]
fn what_cannot_be_meant_is_refused_and_changes_nothing() {
    for (arguments, word) in [
        (
            &["redis", "example/notes:1", "--port", "1"][..],
            "part of the gateway",
        ),
        (
            &["auth", "example/notes:1", "--port", "1"],
            "part of the gateway",
        ),
        (&["verify", "http://10.0.0.5"], "part of the gateway"),
        (&["notes", "example/notes", "--port", "1"], "version"),
        (&["notes", "registry:5000/notes", "--port", "1"], "version"),
        (&["notes", "example/notes:1"], "--port"),
        (&["notes", "http://10.0.0.5/mcp"], "http://HOST:PORT"),
        (&["notes", "http://me:pw@10.0.0.5"], "http://HOST:PORT"),
        (&["notes", "ftp://10.0.0.5"], "http://HOST:PORT"),
        (&["notes", "http://10.0.0.5", "--internet"], "for an image"),
    ] {
        let deployment = deployment();
        let before = deployment.files();
        let output = deployment.gateway(&[&["service-add"], arguments].concat(), &[]);
        assert_eq!(output.status.code(), Some(1), "{arguments:?}: {output:?}");
        assert!(said(&output).contains(word), "{arguments:?}: {output:?}");
        assert_eq!(
            (deployment.files(), deployment.text(".env")),
            (before, ENV.to_owned())
        );
    }
    let output = Deployment::new().gateway(&IMAGE[..5], &[]);
    assert!(said(&output).contains("just setup"), "{output:?}");
}

#[test]
fn a_name_of_traefiks_files_is_refused_and_nothing_is_written() {
    let deployment = deployment();
    for name in ["issuer", "fetch-issuer"] {
        let output = deployment.gateway(&["service-add", name, "http://10.0.0.1:3000"], &[]);
        assert_eq!(output.status.code(), Some(1), "{output:?}");
        assert!(
            said(&output).contains("give the service another name"),
            "{output:?}"
        );
    }
    assert_eq!(deployment.text(".env"), ENV);
}
