//! What a client is about to have while its access is ended.

use std::process::{Command, Stdio};

use token_core::store::IssueOutcome;

use super::world::World;

#[actix_web::test]
async fn a_code_that_was_used_gives_no_tokens_after_its_access_was_ended() {
    let world = World::new();
    let (his, hers) = (
        world.used_code("github|1").await,
        world.used_code("github|2").await,
    );
    world.session("some-client", "github|1").await;
    let went = world.json(&["sessions", "revoke", "--user", "github|1", "--yes"]);
    assert_eq!(
        (&went[0]["sessions"], &went[0]["approvals"]),
        (&1.into(), &0.into())
    );
    assert_eq!(world.issue(&his).await, IssueOutcome::GrantEnded);
    assert_eq!(world.issue(&hers).await, IssueOutcome::Issued);
}

#[actix_web::test]
async fn a_session_whose_code_is_remembered_is_counted_once() {
    let world = World::new();
    let grant = world.used_code("github|1").await;
    world.issue(&grant).await;
    for how in ["--dry-run", "--yes"] {
        let went = world.json(&["sessions", "revoke", "--all", how]);
        assert_eq!(
            (&went[0]["sessions"], &went[0]["approvals"]),
            (&1.into(), &0.into())
        );
    }
}

#[actix_web::test]
async fn a_device_that_has_polled_gets_no_tokens_after_its_access_was_ended() {
    let world = World::new();
    let (his, hers) = (
        world.polled_device("github|1").await,
        world.polled_device("github|2").await,
    );
    world.session("some-client", "github|1").await;
    let went = world.json(&["sessions", "revoke", "--user", "github|1", "--yes"]);
    assert_eq!(went[0]["sessions"], 1);
    assert_eq!(world.issue(&his).await, IssueOutcome::GrantEnded);
    assert_eq!(world.issue(&hers).await, IssueOutcome::Issued);
}

/// On a terminal, since only there somebody can be asked.
#[actix_web::test]
async fn nothing_is_done_unasked_where_there_was_nothing_to_ask_about() {
    let world = World::new();
    let grant = world.used_code("github|1").await;
    for command in ["sessions revoke --all", "tokens delete --all"] {
        let words: Vec<_> = command.split(' ').collect();
        let gateway = world.command(&words);
        let line: Vec<_> = std::iter::once(gateway.get_program())
            .chain(gateway.get_args())
            .map(|word| word.to_str().unwrap())
            .collect();
        let output = Command::new("script")
            .args([
                "--quiet",
                "--return",
                "--command",
                &line.join(" "),
                "/dev/null",
            ])
            .stdin(Stdio::null())
            .output()
            .expect("script starts");
        let said = String::from_utf8(output.stdout).unwrap();
        assert!(output.status.success(), "{said}");
        assert!(
            said.contains("ended nothing") && !said.contains("operator_acted"),
            "{said}"
        );
    }
    assert_eq!(world.issue(&grant).await, IssueOutcome::Issued);
}
