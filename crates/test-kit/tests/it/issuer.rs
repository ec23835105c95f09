//! The issuer is one string, byte for byte, wherever a client meets it (MCP authorization A5).

use reqwest::Method;
use serde_json::Value;
use test_kit::forger::Token;
use test_kit::process::plain_http;
use test_kit::stack::Stack;

async fn document(stack: &Stack, url: &str) -> Value {
    let request = stack
        .edge
        .route(&plain_http(), Method::GET, &url.parse().unwrap());
    let answer = request.send().await.unwrap();
    assert_eq!(answer.status(), 200, "{url}");
    answer.json().await.unwrap()
}

#[actix_web::test]
async fn the_issuer_is_one_string_everywhere() {
    let stack = Stack::start().await;
    let issuer = "https://auth.gateway.test";
    for name in ["oauth-authorization-server", "openid-configuration"] {
        let metadata = document(&stack, &format!("{issuer}/.well-known/{name}")).await;
        assert_eq!(metadata["issuer"], issuer, "{name}");
    }
    let resource = "https://fetch.gateway.test/.well-known/oauth-protected-resource/mcp";
    let resource = document(&stack, resource).await;
    assert_eq!(resource["authorization_servers"][0], issuer);

    let mut client = stack.client("fetch").await;
    let (mut browser, consent) = stack.consent_page(&mut client).await;
    let refused = browser
        .submit(&consent, "consent", &[("decision", "refuse")])
        .await;
    assert_eq!(refused.location_query("iss").as_deref(), Some(issuer));
    let back = stack.approve(&mut browser, &consent).await;
    assert_eq!(back.location_query("iss").as_deref(), Some(issuer));

    let tokens = stack.tokens(&mut client).await;
    assert_eq!(Token::parse(&tokens.access).claims["iss"], issuer);
    let known = client.introspect(&tokens.access).await;
    assert_eq!(known.text("iss"), issuer);
    let answer = client.verify("fetch", &tokens.access).await;
    let assertion = answer.headers()["x-auth-assertion"].to_str().unwrap();
    assert_eq!(Token::parse(assertion).claims["iss"], issuer);
}
