//! What the operator is shown.

use std::collections::BTreeSet;

use serde_json::Value;

use super::world::World;

fn all(lines: &[Value], member: &str) -> BTreeSet<String> {
    let texts = lines
        .iter()
        .map(|line| line[member].as_str().expect("text"));
    texts.map(str::to_owned).collect()
}

#[actix_web::test]
async fn everything_is_listed_and_no_secret_of_it() {
    for world in World::both().await {
        let held = [world.sign_in("one").await, world.sign_in("two").await];
        let clients: BTreeSet<_> = held.iter().map(|held| held.client_id.clone()).collect();
        let jtis: BTreeSet<_> = held.iter().map(super::world::Held::jti).collect();
        let sessions: BTreeSet<_> = held.iter().map(super::world::Held::session).collect();

        let registrations = world.json(&["registrations", "list"]);
        assert_eq!(all(&registrations, "client_id"), clients);
        assert!(registrations.iter().all(|line| line["used"] == true));
        let listed = world.json(&["sessions", "list"]);
        assert_eq!(all(&listed, "grant"), sessions);
        assert_eq!(
            all(&listed, "service"),
            BTreeSet::from(["fetch".to_owned()])
        );
        let tokens = world.json(&["tokens", "list"]);
        assert_eq!(all(&tokens, "jti"), jtis);
        assert_eq!(all(&tokens, "client_id"), clients);
        let everything = world.json(&["show-all"]);
        assert_eq!(everything.len(), 6);

        let table = world.done(&["show-all", "--full"]);
        for id in clients.iter().chain(&sessions).chain(&jtis) {
            assert!(table.contains(id), "{id}: {table}");
        }
        let short = world.done(&["tokens", "list"]);
        assert!(!jtis.iter().any(|jti| short.contains(jti)), "{short}");
        assert!(
            !table.contains('\u{1b}'),
            "no colour where there is no terminal"
        );
        let printed = format!("{table}{short}{everything:?}");
        for held in &held {
            let hash = ring::digest::digest(&ring::digest::SHA256, held.refresh.as_bytes());
            let hash = base64_of(hash.as_ref());
            for secret in [&held.access, &held.refresh, &hash] {
                assert!(!printed.contains(secret.as_str()), "{secret}");
            }
        }

        let stats = world.json(&["stats"]).remove(0);
        let figure = |name: &str| stats[name].as_u64().expect("a number");
        assert_eq!(
            [
                figure("registrations"),
                figure("sessions"),
                figure("access_tokens"),
                figure("refresh_tokens")
            ],
            [2; 4],
            "{stats}"
        );
        assert_eq!(stats["services"]["fetch"]["sessions"], 2);
    }
}

fn base64_of(bytes: &[u8]) -> String {
    use base64::Engine as _;
    base64::engine::general_purpose::URL_SAFE_NO_PAD.encode(bytes)
}

#[actix_web::test]
async fn a_listing_is_narrowed_by_client_person_and_service() {
    let world = World::deployment_of_two().await;
    let fetch = world.sign_in("one").await;
    let notes = world.sign_in_for("two", "notes").await;
    world.stack().sign_in_as("hubot", 480_938).await;
    let hubots = world.sign_in("three").await;
    let sessions = |filter: &[&str]| {
        let lines = world.json(&[&["sessions", "list"], filter].concat());
        let tokens = world.json(&[&["tokens", "list"], filter].concat());
        assert_eq!(lines.len(), tokens.len(), "{filter:?}");
        all(&lines, "grant")
    };
    let [one, two, three] = [&fetch, &notes, &hubots].map(super::world::Held::session);
    for (filter, expected) in [
        (vec![], vec![&one, &two, &three]),
        (vec!["--client", &fetch.client_id], vec![&one]),
        (vec!["--user", "octocat"], vec![&one, &two]),
        (vec!["--user", "OctoCat"], vec![&one, &two]),
        (vec!["--user", "github|480938"], vec![&three]),
        (vec!["--user", "480938"], vec![&three]),
        (vec!["--user", "nobody"], vec![]),
        (vec!["--service", "notes"], vec![&two]),
        (
            vec!["--service", "https://notes.gateway.test/mcp"],
            vec![&two],
        ),
        (vec!["--service", "fetch", "--user", "octocat"], vec![&one]),
    ] {
        let expected: BTreeSet<_> = expected.into_iter().cloned().collect();
        assert_eq!(sessions(&filter), expected, "{filter:?}");
    }
    let of_one = world.json(&["show-all", "--user", "octocat"]);
    assert_eq!(
        all(&of_one, "kind").len(),
        2,
        "no registrations: {of_one:?}"
    );
    let of_client = world.json(&["show-all", "--client", &fetch.client_id]);
    assert_eq!(of_client.len(), 3, "{of_client:?}");
    let complaint = world.fails(1, &["sessions", "list", "--service", "nope"]);
    assert!(complaint.contains("fetch, notes"), "{complaint}");
}

#[actix_web::test]
async fn a_hostile_name_cannot_write_to_the_terminal() {
    for world in World::both().await {
        let metadata = serde_json::json!({
            "client_name": "evil\u{1b}[2J\u{202e}name\nnext line",
            "redirect_uris": ["http://127.0.0.1/callback"],
            "token_endpoint_auth_method": "none",
        });
        match &world {
            World::Deployment(stack) => {
                let client = stack.client("fetch").await;
                client.register_other(&metadata).await;
            }
            World::Single(gateway) => {
                gateway.register(&metadata).await;
            }
        }
        let table = world.done(&["registrations", "list"]);
        assert!(table.contains("evil [2Jname next line"), "{table}");
        assert!(!table.contains('\u{1b}') && !table.contains('\u{202e}'));
        let lines = world.done(&["registrations", "list", "--json"]);
        assert!(!lines.contains('\u{1b}'), "JSON escapes it: {lines}");
    }
}

#[actix_web::test]
async fn a_store_that_is_not_there_is_named_with_the_mend_and_not_made() {
    let directory = tempfile::TempDir::new().expect("a directory");
    let output = test_kit::process::program("gateway")
        .current_dir(directory.path())
        .args(["tokens", "list"])
        .output()
        .expect("gateway starts");
    assert_eq!(output.status.code(), Some(1));
    let complaint = String::from_utf8(output.stderr).expect("text");
    assert!(
        complaint.contains("--data-dir") && complaint.contains("REDIS_URL"),
        "{complaint}"
    );
    assert!(!directory.path().join("data").exists());
}
