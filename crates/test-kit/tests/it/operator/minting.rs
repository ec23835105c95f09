//! Tokens that the operator makes pass the edge like every other, and end like every other.

use serde_json::Value;
use test_kit::forger::Token;
use test_kit::process::eventually;

use super::world::World;

#[actix_web::test]
async fn a_minted_token_opens_its_service_is_listed_and_can_be_revoked() {
    for world in World::both().await {
        let other = world.sign_in("a person's").await;
        let mint = [
            "tokens",
            "mint",
            "nightly.job",
            "--service",
            "fetch",
            "--lifetime",
            "90d",
        ];
        let output = world.run(&mint);
        assert!(output.status.success(), "{output:?}");
        let token = String::from_utf8(output.stdout).expect("text");
        let token = token.trim_end();
        let said = String::from_utf8(output.stderr).expect("text");
        assert!(said.contains(r#""action":"mint_token""#), "{said}");
        assert!(
            !said.contains(token),
            "it is shown once, on standard output"
        );

        assert_eq!(world.status_of("fetch", token).await, 200);
        let claims = Token::parse(token).claims;
        assert_eq!(claims["client_id"], "minted:nightly.job");
        assert_eq!(claims["sub"], "client|minted:nightly.job");
        assert_eq!(claims["scope"], "mcp");
        let (from, until) = (claims["iat"].as_u64(), claims["exp"].as_u64());
        assert_eq!(
            until.zip(from).map(|(until, from)| until - from),
            Some(90 * 86_400)
        );

        let listed = world.json(&["tokens", "list", "--client", "minted:nightly.job"]);
        assert_eq!(listed.len(), 1);
        assert_eq!(listed[0]["jti"], claims["jti"]);
        assert_eq!(listed[0]["username"], "nightly.job");

        let went = world.dry_and_done(&["sessions", "revoke", "--client", "minted:nightly.job"]);
        assert_eq!(
            (&went["sessions"], &went["access_tokens"]),
            (&1.into(), &1.into())
        );
        eventually("the edge refuses it", async || {
            world.status_of("fetch", token).await == 401
        })
        .await;
        assert_eq!(world.status(&other).await, 200);
    }
}

#[actix_web::test]
async fn a_minted_token_is_for_its_service_alone_and_outlives_its_key() {
    let world = World::deployment_of_two().await;
    let stack = world.stack();
    let minted = [
        "tokens",
        "mint",
        "ci",
        "--service",
        "notes",
        "--lifetime",
        "30d",
        "--json",
    ];
    let minted: Value = serde_json::from_str(&world.done(&minted)).expect("JSON");
    let token = minted["access_token"].as_str().expect("a token");
    assert_eq!(world.status_of("notes", token).await, 200);
    assert_eq!(world.status_of("fetch", token).await, 401);

    // With a life of a second tokens of people let their key go at once.
    let keys = |arguments: &[&str]| stack.keys_command(arguments, &[]);
    keys(&["rotate", "--only", "tokens", "--delay", "0"]);
    let kid = Token::parse(token).header["kid"].clone();
    let of_token = |list: &str| -> Value {
        let list: Vec<Value> = serde_json::from_str(list).expect("JSON");
        let mut keys = list.into_iter();
        keys.find(|key| key["kid"] == kid).expect("the key")
    };
    eventually("its key has a successor", async || {
        of_token(&keys(&["list", "--json"]))["state"] == "retired"
    })
    .await;
    let until = of_token(&keys(&["list", "--json"]))["until"].clone();
    assert_eq!(until, minted["expires_at"], "as long as the token lives");
    assert_eq!(world.status_of("notes", token).await, 200);
}

#[actix_web::test]
async fn a_wish_for_a_token_that_cannot_be_meant_is_refused() {
    let world = World::deployment_of_two().await;
    for (wish, word) in [
        (
            &["a b", "--service", "fetch", "--lifetime", "1d"][..],
            "1 to 64",
        ),
        (&["ci", "--service", "fetch"], "--lifetime"),
        (&["ci", "--service", "fetch", "--lifetime", "1"], "90d"),
        (&["ci", "--service", "fetch", "--lifetime", "0d"], "90d"),
        (&["ci", "--service", "fetch", "--lifetime", "367d"], "366d"),
    ] {
        let complaint = world.fails(2, &[&["tokens", "mint"], wish].concat());
        assert!(complaint.contains(word), "{wish:?}: {complaint}");
    }
    for (wish, word) in [
        (
            &["ci", "--service", "nope", "--lifetime", "1d"][..],
            "fetch, notes",
        ),
        (&["ci", "--lifetime", "1d"], "--service"),
        (
            &[
                "ci",
                "--service",
                "https://gone.example/mcp",
                "--lifetime",
                "1d",
            ],
            "no service",
        ),
    ] {
        let complaint = world.fails(1, &[&["tokens", "mint"], wish].concat());
        assert!(complaint.contains(word), "{wish:?}: {complaint}");
    }
    assert!(world.json(&["tokens", "list"]).is_empty());
}
