//! What the operator ends: each command is counted first, done, and then seen at the edge.

use super::world::{Held, World, three};

/// A client that stays, beside those that go.
async fn stays(world: &World, held: &Held) {
    assert_eq!(world.status(held).await, 200, "another's token");
    assert_eq!(world.refresh(held).await, 200, "another's refresh token");
}

async fn is_over(world: &World, held: &Held) {
    world.is_refused(held).await;
    assert!([400, 401].contains(&world.refresh(held).await));
}

#[actix_web::test]
async fn a_client_is_ended_with_all_that_it_has() {
    for world in World::both().await {
        let [gone, left, _] = three(&world).await;
        let command = ["registrations", "delete", &gone.client_id, "--complete"];
        let went = world.dry_and_done(&command);
        assert_eq!(went["registrations"], 1);
        assert_eq!(
            (&went["sessions"], &went["access_tokens"]),
            (&1.into(), &1.into())
        );
        is_over(&world, &gone).await;
        stays(&world, &left).await;
        let complaint = world.fails(1, &[&command[..], &["--yes"]].concat());
        assert!(complaint.contains(&gone.client_id), "{complaint}");
    }
}

/// A public client that registers the same again is the same client.
#[actix_web::test]
async fn a_code_of_a_client_that_was_ended_gives_no_token_though_it_registers_again() {
    let ends_the_approval = |world: &World, client_id: &str| {
        let went = world.dry_and_done(&["registrations", "delete", client_id, "--complete"]);
        assert_eq!(
            (&went["approvals"], &went["sessions"]),
            (&1.into(), &0.into())
        );
    };
    for world in World::both().await {
        match &world {
            World::Single(gateway) => {
                let client_id = gateway.public_client("the same").await;
                let code = gateway.code(&client_id).await;
                ends_the_approval(&world, &client_id);
                assert_eq!(gateway.public_client("the same").await, client_id);
                let answer = gateway.redeem(&client_id, &code).await;
                assert_eq!(answer.error(), (400, "invalid_grant".to_owned()));
            }
            World::Deployment(stack) => {
                let mut client = stack.client("fetch").await;
                let code = stack.code(&mut client).await;
                ends_the_approval(&world, &client.client_id);
                let answer = client.redeem(&code).await;
                assert_eq!(
                    (answer.status.as_u16(), answer.error()),
                    (401, "invalid_client")
                );
            }
        }
    }
}

#[actix_web::test]
async fn the_sessions_of_one_client_end_and_the_client_stays() {
    for world in World::both().await {
        let [gone, left, _] = three(&world).await;
        let went = world.dry_and_done(&["sessions", "revoke", "--client", &gone.client_id]);
        assert_eq!(
            (&went["sessions"], &went["registrations"]),
            (&1.into(), &0.into())
        );
        is_over(&world, &gone).await;
        stays(&world, &left).await;
        let clients = world.json(&["registrations", "list", "--client", &gone.client_id]);
        assert_eq!(clients.len(), 1);
    }
}

#[actix_web::test]
async fn one_session_ends_alone() {
    for world in World::both().await {
        let [gone, left, _] = three(&world).await;
        world.dry_and_done(&["sessions", "revoke", &gone.session()]);
        is_over(&world, &gone).await;
        stays(&world, &left).await;
        let again = ["sessions", "revoke", &gone.session(), "--yes"];
        assert!(world.fails(1, &again).contains("sessions list"));
    }
}

#[actix_web::test]
async fn one_access_token_ends_alone_and_its_client_may_renew_it() {
    for world in World::both().await {
        let [gone, left, _] = three(&world).await;
        let went = world.dry_and_done(&["tokens", "delete", &gone.jti()]);
        assert_eq!(
            (&went["access_tokens"], &went["sessions"]),
            (&1.into(), &0.into())
        );
        world.is_refused(&gone).await;
        assert_eq!(world.refresh(&gone).await, 200);
        assert_eq!(world.status(&gone).await, 401, "for good");
        stays(&world, &left).await;
        let again = ["tokens", "delete", &gone.jti(), "--yes"];
        assert!(world.fails(1, &again).contains("tokens list"));
    }
}

#[actix_web::test]
async fn every_access_token_ends_and_every_client_may_renew() {
    for world in World::both().await {
        let held = three(&world).await;
        let went = world.dry_and_done(&["tokens", "delete", "--all"]);
        assert_eq!(
            (&went["access_tokens"], &went["sessions"]),
            (&3.into(), &0.into())
        );
        for held in &held {
            world.is_refused(held).await;
            assert_eq!(world.refresh(held).await, 200);
        }
    }
}

#[actix_web::test]
async fn every_session_ends() {
    for world in World::both().await {
        let held = three(&world).await;
        let went = world.dry_and_done(&["sessions", "revoke", "--all"]);
        assert_eq!(
            (&went["sessions"], &went["refresh_tokens"]),
            (&3.into(), &3.into())
        );
        for held in &held {
            is_over(&world, held).await;
        }
        assert!(world.json(&["sessions", "list"]).is_empty());
        world.done(&["sessions", "revoke", "--all", "--yes"]);
    }
}

#[actix_web::test]
async fn one_person_is_out_everywhere_and_no_other() {
    let world = World::deployment_of_two().await;
    let [one, two] = [
        world.sign_in("one").await,
        world.sign_in_for("two", "notes").await,
    ];
    world.stack().sign_in_as("hubot", 480_938).await;
    let hubots = world.sign_in("three").await;
    for held in [&one, &two, &hubots] {
        assert_eq!(world.status(held).await, 200);
    }
    let went = world.dry_and_done(&["sessions", "revoke", "--user", "octocat"]);
    assert_eq!(went["sessions"], 2);
    is_over(&world, &one).await;
    is_over(&world, &two).await;
    stays(&world, &hubots).await;
    let nobody = ["sessions", "revoke", "--user", "octocta", "--yes"];
    assert!(world.fails(1, &nobody).contains("sessions list"));
}

#[actix_web::test]
async fn registrations_go_alone_or_all_together() {
    for world in World::both().await {
        let [one, two, _] = three(&world).await;
        let went = world.dry_and_done(&["registrations", "delete", &one.client_id]);
        assert_eq!(
            (&went["registrations"], &went["sessions"]),
            (&1.into(), &0.into())
        );
        assert_eq!(world.status(&one).await, 200, "until it expires");
        assert_eq!(world.refresh(&one).await, 401, "a client that is not known");
        stays(&world, &two).await;
        let went = world.dry_and_done(&["registrations", "delete", "--all"]);
        assert_eq!(went["registrations"], 2);
        assert!(world.json(&["registrations", "list"]).is_empty());
    }
}

#[actix_web::test]
async fn what_has_expired_is_cleared_away_and_nothing_else() {
    for world in World::both().await {
        let held = three(&world).await;
        let went = world.dry_and_done(&["purge-expired"]);
        assert_eq!(went["records"], 0, "{went}");
        for held in &held {
            stays(&world, held).await;
        }
    }
}

#[actix_web::test]
async fn nothing_is_destroyed_without_a_yes_where_nobody_can_be_asked() {
    for world in World::both().await {
        let held = world.sign_in("one").await;
        for command in [
            &["sessions", "revoke", "--all"][..],
            &["sessions", "revoke", "--client", &held.client_id],
            &["tokens", "delete", "--all"],
            &["tokens", "delete", &held.jti()],
            &["registrations", "delete", "--all"],
            &["registrations", "delete", &held.client_id, "--complete"],
            &["purge-expired"],
        ] {
            let complaint = world.fails(2, command);
            assert!(complaint.contains("--yes"), "{complaint}");
        }
        stays(&world, &held).await;
    }
}

#[actix_web::test]
async fn a_wrong_command_line_is_exit_code_2_and_says_what_is_meant() {
    let [_, world] = World::both().await;
    for (command, word) in [
        (&["sessions", "revoke", "--yes"][..], "--all"),
        (&["sessions", "revoke", "short", "--yes"], "22 base64url"),
        (
            &["sessions", "revoke", "--all", "--user", "x", "--yes"],
            "--user",
        ),
        (&["tokens", "delete", "no-jti", "--yes"], "grant id"),
        (&["registrations", "delete", "--yes"], "CLIENT_ID|--all"),
        (
            &["registrations", "delete", "--all", "--complete"],
            "--complete",
        ),
        (&["tokens", "list", "--user", "two words"], "ASCII"),
    ] {
        let complaint = world.fails(2, command);
        assert!(complaint.contains(word), "{command:?}: {complaint}");
    }
}

#[actix_web::test]
async fn what_an_operator_ended_is_an_audit_event_with_the_operator_as_actor() {
    for world in World::both().await {
        let held = world.sign_in("one").await;
        let command = ["sessions", "revoke", "--client", &held.client_id];
        let dry = world.run(&[&command[..], &["--dry-run"]].concat());
        let said = String::from_utf8(dry.stderr).expect("text");
        assert!(!said.contains("operator_acted"), "{said}");
        let done = world.run(&[&command[..], &["--yes"]].concat());
        let said = String::from_utf8(done.stderr).expect("text");
        for word in [
            r#""event":"operator_acted""#,
            r#""actor":"operator""#,
            r#""action":"revoke_sessions""#,
            &format!(r#""client_id":"{}""#, held.client_id),
            r#""grants":1"#,
        ] {
            assert!(said.contains(word), "{word}: {said}");
        }
    }
}
