//! What cannot be read, and what cannot be done.

use token_core::store::{Inspection as _, IssueOutcome};

use super::world::{World, now};

#[actix_web::test]
async fn what_cannot_be_read_is_counted_and_the_rest_is_shown() {
    let world = World::new();
    world.session("good", "github|1").await;
    world.client("good", "a client").await;
    world.sql("CREATE TABLE kept AS SELECT grant_id FROM token");
    world.session("bad", "github|1").await;
    world.client("bad", "another").await;
    world.sql("UPDATE client SET record = '{}' WHERE client_id = 'bad'");
    for table in ["token", "refresh_token"] {
        world.sql(&format!(
            "UPDATE {table} SET record = '{{}}' WHERE grant_id NOT IN (SELECT grant_id FROM kept)"
        ));
    }
    for (command, lines, complaint) in [
        (&["sessions", "list"][..], 1, "2 records of sessions"),
        (&["tokens", "list"], 1, "2 records of sessions"),
        (&["registrations", "list"], 1, "1 record of clients"),
        (
            &["show-all"],
            3,
            "1 record of clients and 2 records of sessions",
        ),
        (&["stats"], 1, "2 records of sessions"),
        (&["explain", "octocat", "fetch"], 1, "2 records of sessions"),
    ] {
        let (shown, said) = world.fails(command);
        assert_eq!(shown.len(), lines, "{command:?}: {said}");
        assert!(said.contains(complaint), "{command:?}: {said}");
    }
}

#[actix_web::test]
async fn what_cannot_be_read_is_ended_by_its_name() {
    for command in ["--all", "GRANT"] {
        let world = World::new();
        let grant = world.session("bad", "github|1").await;
        world.sql("UPDATE token SET record = '{}'; UPDATE refresh_token SET record = '{}'");
        // Whose it is cannot be known.
        let (_, said) = world.fails(&["sessions", "revoke", "--user", "github|1", "--yes"]);
        assert!(said.contains("2 records of sessions"), "{said}");
        assert!(world.store.session(&grant.id, now()).await.is_err());

        let which = if command == "GRANT" {
            grant.id.as_str()
        } else {
            command
        };
        let output = world.run(&["sessions", "revoke", which, "--yes"]);
        let said = String::from_utf8(output.stdout).unwrap();
        assert!(said.contains("ended 1 session"), "{said}");
        assert_eq!(world.issue(&grant).await, IssueOutcome::GrantEnded);
        assert!(world.json(&["sessions", "list"]).is_empty());
    }
}

#[actix_web::test]
async fn what_was_ended_before_a_failure_is_recorded_and_counted() {
    let world = World::new();
    // Two more than are ended together.
    for _ in 0..130 {
        world.session("one", "github|1").await;
    }
    world.sql(
        "CREATE TRIGGER full BEFORE INSERT ON ended_grant
         WHEN (SELECT count(*) FROM ended_grant) > 128 BEGIN
             SELECT RAISE(ABORT, 'the disk is full');
         END;",
    );
    let (shown, said) = world.fails(&["sessions", "revoke", "--all", "--yes"]);
    assert!(shown.is_empty());
    let ended = "128 sessions with 128 access tokens";
    assert!(said.contains(ended), "{said}");
    assert!(
        said.contains("operator_acted") && said.contains(r#""grants":128"#),
        "{said}"
    );
    // Of what is ended together it is all or nothing.
    assert_eq!(world.json(&["sessions", "list"]).len(), 2);
}
