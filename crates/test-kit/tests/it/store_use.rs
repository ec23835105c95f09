//! What requests do to Redis: strangers write nothing but the bounded audit trail, nobody walks through its keys, and no secret
//! lies in it.

use std::collections::BTreeSet;

use reqwest::Method;
use serde_json::json;
use test_kit::mcp_client::{REDIRECT_URI, Tokens};
use test_kit::process::plain_http;
use test_kit::stack::Stack;

/// Every key, but for the audit trail.
fn kept(stack: &Stack) -> BTreeSet<String> {
    let keys = stack.redis.command(&["--scan"]);
    let keys = keys.lines().filter(|key| !key.starts_with("oauth:audit"));
    keys.map(str::to_owned).collect()
}

#[actix_web::test]
async fn asking_for_authorization_writes_nothing_but_the_trail() {
    let stack = Stack::start().await;
    let mut client = stack.client("fetch").await;
    let before = kept(&stack);
    for _ in 0..20 {
        let (mut browser, _) = stack.consent_page(&mut client).await;
        let wrong = stack.edge.issuer() + "/authorize?client_id=nobody";
        let page = browser.get(&wrong.parse().unwrap()).await;
        assert_eq!(page.status, 400);
    }
    assert_eq!(kept(&stack), before);
    // What is stored is stored after the approval, and not before.
    let (mut browser, consent) = stack.consent_page(&mut client).await;
    let approved = [("decision", "approve")];
    let away = browser.submit(&consent, "consent", &approved).await;
    assert_eq!(away.status, 303);
    assert_ne!(kept(&stack), before);
}

#[actix_web::test]
async fn no_request_walks_through_the_keys() {
    let stack = Stack::start().await;
    let mut client = stack.client("fetch").await;
    let tokens = stack.tokens(&mut client).await;
    let tokens = Tokens::from(&client.refresh(&tokens.refresh).await);
    assert_eq!(client.verify("fetch", &tokens.access).await.status(), 200);
    client.introspect(&tokens.access).await;
    assert_eq!(client.revoke(&tokens.access).await.status, 200);
    for path in ["/callback?code=x&state=y", "/callback?error=access_denied"] {
        let url = stack.edge.issuer() + path;
        let page = stack.browser().get(&url.parse().unwrap()).await;
        assert_eq!(page.status, 400, "{path}");
    }
    let metadata = json!({ "redirect_uris": [REDIRECT_URI] });
    let registered = client.register_other(&metadata).await;
    let url = registered.text("registration_client_uri").parse().unwrap();
    let deletion = stack
        .edge
        .route(&plain_http(), Method::DELETE, &url)
        .bearer_auth(registered.text("registration_access_token"));
    assert_eq!(deletion.send().await.unwrap().status(), 204);

    let used = stack.redis.command(&["INFO", "commandstats"]);
    assert!(used.contains("cmdstat_get:"), "{used}");
    for walk in ["keys", "scan", "sscan", "hscan", "zscan", "smembers"] {
        assert!(
            !used.contains(&format!("cmdstat_{walk}:")),
            "{walk}: {used}"
        );
    }
}

#[actix_web::test]
async fn no_secret_that_anybody_was_given_lies_in_redis() {
    let stack = Stack::start().await;
    let mut client = stack.client("fetch").await;
    let metadata = json!({ "client_name": "Confidential", "redirect_uris": [REDIRECT_URI] });
    let registered = client.register_other(&metadata).await;
    let code = stack.code(&mut client).await;
    let first = Tokens::from(&client.redeem(&code).await);
    let second = Tokens::from(&client.refresh(&first.refresh).await);
    let mut secrets = vec![
        code,
        first.access,
        first.refresh,
        second.access,
        second.refresh,
    ];
    for name in ["client_secret", "registration_access_token"] {
        secrets.push(registered.text(name).to_owned());
    }
    let keys = stack.redis.command(&["--scan"]);
    let mut everything = keys.clone();
    for key in keys.lines() {
        everything += &match stack.redis.command(&["TYPE", key]).trim() {
            "string" => stack.redis.command(&["GET", key]),
            "hash" => stack.redis.command(&["HGETALL", key]),
            "zset" => stack.redis.command(&["ZRANGE", key, "0", "-1"]),
            "stream" => stack.redis.command(&["XRANGE", key, "-", "+"]),
            other => panic!("{key} is a {other}"),
        };
    }
    assert!(everything.contains("Confidential"), "the client is there");
    for secret in secrets {
        // A handle begins with its grant's id, which is no secret.
        let hidden = secret.rsplit('.').next().unwrap();
        assert!(!everything.contains(hidden), "{secret}");
    }
}
