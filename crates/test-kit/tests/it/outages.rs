//! What others' outages do not touch, and what nobody is blamed for.

use reqwest::Method;
use serde_json::json;
use test_kit::mcp_client::{REDIRECT_URI, Tokens};
use test_kit::process::plain_http;
use test_kit::stack::Stack;

#[actix_web::test]
async fn without_redis_no_endpoint_blames_the_client() {
    let mut stack = Stack::start().await;
    let mut client = stack.client("fetch").await;
    let tokens = stack.tokens(&mut client).await;
    let code = stack.code(&mut client).await;
    let metadata = json!({ "redirect_uris": [REDIRECT_URI] });
    stack.redis.kill();
    for (what, answer) in [
        ("a code", client.redeem(&code).await),
        ("a refresh", client.refresh(&tokens.refresh).await),
        ("a revocation", client.revoke(&tokens.access).await),
        ("an introspection", client.introspect(&tokens.access).await),
        ("a registration", client.register_other(&metadata).await),
    ] {
        let said = (answer.status.as_u16(), answer.error());
        assert_eq!(said, (503, "temporarily_unavailable"), "{what}");
    }
    let parameters = client.authorization_parameters();
    let page = stack
        .browser()
        .get(&client.authorization_url(&parameters))
        .await;
    assert_eq!((page.status.as_u16(), page.location), (503, None));
}

#[actix_web::test]
async fn without_redis_discovery_and_the_challenge_are_as_ever() {
    let mut stack = Stack::start().await;
    stack.redis.kill();
    for (url, status) in [
        (
            "https://auth.gateway.test/.well-known/oauth-authorization-server",
            200,
        ),
        (
            "https://auth.gateway.test/.well-known/openid-configuration",
            200,
        ),
        ("https://auth.gateway.test/.well-known/jwks.json", 200),
        ("https://auth.gateway.test/.well-known/nothing", 404),
        (
            "https://fetch.gateway.test/.well-known/oauth-authorization-server",
            200,
        ),
        (
            "https://fetch.gateway.test/.well-known/oauth-protected-resource",
            200,
        ),
        (
            "https://fetch.gateway.test/.well-known/oauth-protected-resource/mcp",
            200,
        ),
    ] {
        let request = stack
            .edge
            .route(&plain_http(), Method::GET, &url.parse().unwrap());
        assert_eq!(request.send().await.unwrap().status(), status, "{url}");
    }
    let stranger = stack.edge.verify(&plain_http(), "fetch");
    let answer = stranger.send().await.unwrap();
    assert_eq!(answer.status(), 401);
    assert!(answer.headers().contains_key("www-authenticate"));
}

#[actix_web::test]
async fn without_github_clients_register_redeem_refresh_and_are_verified() {
    let stack = Stack::start().await;
    let mut client = stack.client("fetch").await;
    let code = stack.code(&mut client).await;
    stack.github_control(&json!({ "down": true })).await;
    let tokens = Tokens::from(&client.redeem(&code).await);
    let tokens = Tokens::from(&client.refresh(&tokens.refresh).await);
    assert_eq!(client.verify("fetch", &tokens.access).await.status(), 200);
    let mut newcomer = stack.client("fetch").await;
    let (_, consent) = stack.consent_page(&mut newcomer).await;
    assert_eq!(consent.status, 200);
    assert_eq!(client.revoke(&tokens.refresh).await.status, 200);
}
