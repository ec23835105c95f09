//! Keys that change while everything runs: auth-service and forward-auth pick them up by
//! themselves, and nobody is refused.

use std::collections::BTreeSet;
use std::io::{BufRead as _, BufReader};
use std::process::Stdio;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::Value;
use test_kit::forger::Token;
use test_kit::mcp_client::{McpClient, Tokens};
use test_kit::process::{eventually, plain_http, program};
use test_kit::stack::Stack;

/// The `kid`s that are published at `address`.
async fn published(address: &str) -> BTreeSet<String> {
    let answer = plain_http().get(address).send().await.unwrap();
    let cache = answer.headers()["cache-control"].to_str().unwrap();
    assert_eq!(cache, "public, max-age=15");
    let set: Value = answer.json().await.unwrap();
    let keys = set["keys"].as_array().unwrap().iter();
    keys.map(|key| key["kid"].as_str().unwrap().to_owned())
        .collect()
}

/// The `kid` and `alg` of a token.
fn signed_by(token: &str) -> (String, String) {
    let header = Token::parse(token).header;
    let text = |name: &str| header[name].as_str().unwrap().to_owned();
    (text("kid"), text("alg"))
}

/// A client that has been given tokens, and keeps them all.
struct Busy {
    client: McpClient,
    refresh: String,
    every_access: Vec<String>,
}

impl Busy {
    async fn sign_in(stack: &Stack) -> Self {
        let mut client = stack.client("fetch").await;
        let tokens = stack.tokens(&mut client).await;
        Self {
            client,
            refresh: tokens.refresh,
            every_access: vec![tokens.access],
        }
    }

    /// Refreshes, then uses the newest token and the oldest one; gives the assertion's `kid`.
    async fn work(&mut self) -> String {
        let tokens = Tokens::from(&self.client.refresh(&self.refresh).await);
        self.refresh = tokens.refresh;
        self.every_access.push(tokens.access.clone());
        let oldest = &self.every_access[0];
        assert_eq!(self.client.verify("fetch", oldest).await.status(), 200);
        let newest = self.client.verify("fetch", &tokens.access).await;
        assert_eq!(
            newest.status(),
            200,
            "signed by {:?}",
            signed_by(&tokens.access)
        );
        let assertion = newest.headers()["x-auth-assertion"].to_str().unwrap();
        signed_by(assertion).0
    }

    fn newest(&self) -> (String, String) {
        signed_by(self.every_access.last().unwrap())
    }
}

#[actix_web::test]
async fn a_rotation_under_load_refuses_nobody_and_needs_no_restart() {
    let stack = Stack::start().await;
    let jwks = format!("http://{}/jwks", stack.edge.auth_service);
    let assertion_jwks = format!("http://{}/assertion-jwks", stack.edge.forward_auth);
    let (mut one, mut two, mut three) = (
        Busy::sign_in(&stack).await,
        Busy::sign_in(&stack).await,
        Busy::sign_in(&stack).await,
    );
    let (old, algorithm) = one.newest();
    assert_eq!(algorithm, "RS256");
    assert_eq!(published(&jwks).await, BTreeSet::from([old.clone()]));
    let old_assertion = one.work().await;

    // The algorithm changes with it: a change of JWT_ALGORITHM is a rotation like any other.
    let rotate = ["rotate", "--delay", "12"];
    stack.keys_command(&rotate, &[("JWT_ALGORITHM", "ES256")]);
    let mut published_before_use = false;
    let mut after_the_change = 0;
    while after_the_change < 20 {
        let (a, b, c) = tokio::join!(one.work(), two.work(), three.work());
        let known = published(&assertion_jwks).await;
        assert!(
            [&a, &b, &c].iter().all(|kid| known.contains(*kid)),
            "{known:?}"
        );
        let turned = one.newest().0 != old && a != old_assertion;
        published_before_use |= !turned && published(&jwks).await.len() == 2 && known.len() == 2;
        after_the_change += u32::from(turned);
    }
    assert!(
        published_before_use,
        "the new keys were published before they signed"
    );
    let (new, algorithm) = one.newest();
    assert_eq!(algorithm, "ES256");
    assert_eq!(published(&jwks).await, BTreeSet::from([old, new]));
    for busy in [&one, &two, &three] {
        for token in &busy.every_access {
            assert_eq!(busy.client.verify("fetch", token).await.status(), 200);
        }
    }
}

#[actix_web::test]
async fn a_key_that_is_retired_at_once_ends_its_tokens_in_every_process() {
    let stack = Stack::start().await;
    let mut busy = Busy::sign_in(&stack).await;
    busy.work().await;
    let (stolen, _) = busy.newest();
    let stolen_tokens = busy.every_access.clone();
    // Told in haste: the verifier learns the new key by asking early.
    stack.keys_command(&["rotate", "--only", "tokens", "--delay", "0"], &[]);
    eventually("the new key is active", async || {
        let list = stack.keys_command(&["list", "--json"], &[]);
        let list: Vec<Value> = serde_json::from_str(&list).unwrap();
        list[0]["state"] == "active" && list[0]["kid"] != stolen.as_str()
    })
    .await;
    stack.keys_command(&["retire", &stolen, "--now"], &[]);
    eventually("the stolen key's tokens are refused", async || {
        let answer = busy.client.verify("fetch", &stolen_tokens[0]).await;
        answer.status() == 401
    })
    .await;
    let tokens = Tokens::from(&busy.client.refresh(&busy.refresh).await);
    assert_ne!(signed_by(&tokens.access).0, stolen);
    eventually("a refresh heals it", async || {
        busy.client.verify("fetch", &tokens.access).await.status() == 200
    })
    .await;
}

#[actix_web::test]
async fn a_key_that_cannot_rotate_is_said_so_at_the_start() {
    let directory = tempfile::tempdir().unwrap();
    let keys = |name: &str| directory.path().join(name);
    let made = program("gateway")
        .args(["keys", "generate"])
        .env("JWT_KEY_DIR", keys("signing"))
        .env("ASSERTION_KEY_DIR", keys("assertion"))
        .output()
        .unwrap();
    assert!(made.status.success(), "{made:?}");
    let file = std::fs::read_dir(keys("signing")).unwrap().next();
    let pem = std::fs::read(file.unwrap().unwrap().path()).unwrap();
    let mut server = program("auth-service")
        .env("BASE_DOMAIN", "gateway.test")
        .env("GITHUB_CLIENT_ID", "app")
        .env("GITHUB_CLIENT_SECRET", "secret")
        .env("ALLOWED_GITHUB_USERS", "octocat")
        .env("GATEWAY_JWT_SECRET", test_kit::random::hex(32))
        .env("JWT_PRIVATE_KEY_B64", STANDARD.encode(pem))
        .env("REDIS_URL", "redis://127.0.0.1:1")
        .env("LISTEN_ADDRESS", "127.0.0.1:0")
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut lines = BufReader::new(server.stderr.take().unwrap()).lines();
    let said = lines.find(|line| line.as_ref().unwrap().contains("JWT_PRIVATE_KEY_B64"));
    server.kill().unwrap();
    server.wait().unwrap();
    let said = said.unwrap().unwrap();
    assert!(said.contains("cannot be rotated"), "{said}");
}
