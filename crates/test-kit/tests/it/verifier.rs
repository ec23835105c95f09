//! `/verify/NAME`: whom it lets through, and every token that nobody issued.

use reqwest::Response;
use test_kit::forger::Token;
use test_kit::mcp_client::McpClient;
use test_kit::process::plain_http;
use test_kit::stack::{ADMITTED, Stack};

fn header<'a>(answer: &'a Response, name: &str) -> &'a str {
    answer
        .headers()
        .get(name)
        .and_then(|value| value.to_str().ok())
        .unwrap_or_default()
}

async fn assert_invalid(client: &McpClient, what: &str, token: &str) {
    let answer = client.verify("fetch", token).await;
    assert_eq!(answer.status(), 401, "{what}");
    assert_eq!(
        answer.headers().get_all("www-authenticate").iter().count(),
        1,
        "{what}"
    );
    let challenge = header(&answer, "www-authenticate");
    assert!(challenge.starts_with("Bearer "), "{what}: {challenge}");
    assert!(
        challenge.contains(r#"error="invalid_token""#),
        "{what}: {challenge}"
    );
    assert!(!answer.headers().contains_key("x-auth-assertion"), "{what}");
}

#[actix_web::test]
async fn without_a_token_the_challenge_has_no_error() {
    let stack = Stack::start().await;
    for method in ["GET", "POST", "DELETE", "HEAD"] {
        let request = stack.edge.verify(&plain_http(), "fetch");
        let answer = request
            .header("X-Forwarded-Method", method)
            .send()
            .await
            .unwrap();
        assert_eq!(answer.status(), 401, "{method}");
        let challenge = header(&answer, "www-authenticate");
        let metadata = "https://fetch.gateway.test/.well-known/oauth-protected-resource/mcp";
        assert!(
            challenge.contains(&format!(r#"resource_metadata="{metadata}""#)),
            "{challenge}"
        );
        assert!(challenge.contains(r#"scope="mcp""#), "{challenge}");
        assert!(!challenge.contains("error="), "{challenge}");
    }
}

#[actix_web::test]
async fn a_good_token_passes_with_the_identity_and_an_assertion() {
    let stack = Stack::start().await;
    let mut client = stack.client("fetch").await;
    let tokens = stack.tokens(&mut client).await;
    let answer = client.verify("fetch", &tokens.access).await;
    assert_eq!(answer.status(), 200);
    assert_eq!(header(&answer, "x-user-id"), "github|583231");
    assert_eq!(header(&answer, "x-user-name"), ADMITTED);
    assert_eq!(header(&answer, "x-client-id"), client.client_id);
    assert_eq!(header(&answer, "x-auth-scope"), "mcp");
    assert!(!answer.headers().contains_key("authorization"));
    let assertion = Token::parse(header(&answer, "x-auth-assertion"));
    assert_eq!(assertion.header["typ"], "gateway-assertion+jwt");
    assert_eq!(assertion.claims["aud"], stack.edge.resource("fetch"));
    assert_eq!(assertion.claims["sub"], "github|583231");
}

#[actix_web::test]
async fn a_token_for_one_service_is_refused_at_another() {
    let stack = Stack::start().await;
    let mut client = stack.client("notes").await;
    let tokens = stack.tokens(&mut client).await;
    assert_eq!(client.verify("notes", &tokens.access).await.status(), 200);
    assert_invalid(&client, "a token for notes", &tokens.access).await;
}

#[actix_web::test]
async fn the_host_and_the_path_that_were_asked_must_be_the_services() {
    let stack = Stack::start().await;
    let mut client = stack.client("fetch").await;
    let tokens = stack.tokens(&mut client).await;
    for (name, value) in [
        ("X-Forwarded-Host", "notes.gateway.test"),
        ("X-Forwarded-Uri", "/other"),
        ("X-Forwarded-Uri", "/mcpx"),
    ] {
        let mut request = stack
            .edge
            .verify(&plain_http(), "fetch")
            .bearer_auth(&tokens.access)
            .build()
            .unwrap();
        request.headers_mut().insert(name, value.parse().unwrap());
        let answer = plain_http().execute(request).await.unwrap();
        assert_ne!(answer.status(), 200, "{name}: {value}");
        assert!(
            !answer.headers().contains_key("x-auth-assertion"),
            "{name}: {value}"
        );
    }
}

#[actix_web::test]
async fn forged_and_unsigned_tokens_are_refused() {
    let stack = Stack::start().await;
    let mut client = stack.client("fetch").await;
    let tokens = stack.tokens(&mut client).await;
    let genuine = Token::parse(&tokens.access);
    assert_eq!(genuine.header["typ"], "at+jwt");
    let jwks = format!("http://{}/jwks", stack.edge.auth_service);
    let jwks: serde_json::Value = plain_http()
        .get(jwks)
        .send()
        .await
        .unwrap()
        .json()
        .await
        .unwrap();
    let public_key = jwks["keys"][0]["n"].as_str().expect("an RSA key");

    for (what, token) in [
        (
            "another subject",
            genuine.clone().with_claim("sub", "github|1"),
        ),
        (
            "another audience",
            genuine
                .clone()
                .with_claim("aud", "https://notes.gateway.test/mcp"),
        ),
        ("alg none", genuine.clone().unsigned("none")),
        ("alg None", genuine.clone().unsigned("None")),
        (
            "alg RS256 without a signature",
            genuine.clone().unsigned("RS256"),
        ),
        ("a stranger's key", genuine.clone().signed_by_stranger()),
        ("the public key as a secret", genuine.confused(public_key)),
        (
            "the genuine one with a byte more",
            format!("{}A", tokens.access),
        ),
        ("no JWT at all", "opaque".to_owned()),
    ] {
        assert_invalid(&client, what, &token).await;
    }
    assert_eq!(client.verify("fetch", &tokens.access).await.status(), 200);
}

#[actix_web::test]
async fn an_assertion_is_no_access_token() {
    let stack = Stack::start().await;
    let mut client = stack.client("fetch").await;
    let tokens = stack.tokens(&mut client).await;
    let answer = client.verify("fetch", &tokens.access).await;
    let assertion = header(&answer, "x-auth-assertion").to_owned();
    assert!(!assertion.is_empty());
    assert_invalid(&client, "an assertion", &assertion).await;
}

#[actix_web::test]
async fn a_token_in_the_query_is_not_looked_at() {
    let stack = Stack::start().await;
    let mut client = stack.client("fetch").await;
    let tokens = stack.tokens(&mut client).await;
    let uri = format!("/mcp?access_token={}", tokens.access);
    let mut request = stack.edge.verify(&plain_http(), "fetch").build().unwrap();
    request
        .headers_mut()
        .insert("X-Forwarded-Uri", uri.parse().unwrap());
    assert_eq!(plain_http().execute(request).await.unwrap().status(), 401);
}

#[actix_web::test]
async fn an_expired_token_is_refused() {
    let stack = Stack::start_with(&[("ACCESS_TOKEN_LIFETIME", "2")]).await;
    let mut client = stack.client("fetch").await;
    let tokens = stack.tokens(&mut client).await;
    assert_eq!(client.verify("fetch", &tokens.access).await.status(), 200);
    tokio::time::sleep(std::time::Duration::from_secs(4)).await;
    assert_invalid(&client, "an expired token", &tokens.access).await;
}

#[actix_web::test]
async fn a_token_without_the_scope_is_403_and_told_every_scope_it_needs() {
    let stack = Stack::start().await;
    let mut client = stack.client("fetch").await;
    let mut token = Token::parse(&stack.tokens(&mut client).await.access);
    let key = stack.signing_key();
    token.claims["scope"] = "offline_access".into();
    let answer = client.verify("fetch", &token.signed_by(&key)).await;
    assert_eq!(answer.status(), 403);
    assert_eq!(
        header(&answer, "www-authenticate"),
        "Bearer error=\"insufficient_scope\", error_description=\"the token lacks a scope\", \
         resource_metadata=\"https://fetch.gateway.test/.well-known/oauth-protected-resource/mcp\", \
         scope=\"mcp\""
    );
    assert!(!answer.headers().contains_key("x-auth-assertion"));
    for enough in ["mcp", "mcp offline_access", "offline_access mcp"] {
        token.claims["scope"] = enough.into();
        let answer = client.verify("fetch", &token.signed_by(&key)).await;
        assert_eq!(answer.status(), 200, "{enough}");
    }
}

#[actix_web::test]
async fn every_claim_is_checked_whoever_signed() {
    let stack = Stack::start().await;
    let mut client = stack.client("fetch").await;
    let genuine = Token::parse(&stack.tokens(&mut client).await.access);
    let key = stack.signing_key();
    let now = genuine.claims["iat"].as_u64().unwrap();
    for (claim, value) in [
        ("iss", "https://auth.evil.test".into()),
        ("iss", "https://auth.gateway.test/".into()),
        ("aud", "https://fetch.gateway.test/mcp/".into()),
        ("aud", "https://auth.gateway.test".into()),
        ("exp", (now - 1).into()),
        ("nbf", (now + 3600).into()),
        ("iat", (now + 3600).into()),
        ("jti", "made-up.jti".into()),
        ("sub", "github|1".into()),
    ] {
        let mut token = genuine.clone();
        token.claims[claim] = value;
        if claim == "sub" {
            token.claims["username"] = "stranger".into();
        }
        let what = format!("{claim} {}", token.claims[claim]);
        assert_invalid(&client, &what, &token.signed_by(&key)).await;
    }
    let mut another_kind = genuine.clone();
    another_kind.header["typ"] = "JWT".into();
    assert_invalid(&client, "typ JWT", &another_kind.signed_by(&key)).await;
    // Clocks differ by some seconds.
    let mut early = genuine;
    early.claims["iat"] = (now + 20).into();
    let answer = client.verify("fetch", &early.signed_by(&key)).await;
    assert_eq!(answer.status(), 200);
}

#[actix_web::test]
async fn a_person_who_is_not_on_the_verifiers_list_gets_401_and_never_403() {
    let both = format!("{ADMITTED},stranger");
    let stack = Stack::start_with(&[("ALLOWED_GITHUB_USERS", &both)]).await;
    let mut client = stack.client("fetch").await;
    let tokens = stack.tokens(&mut client).await;
    assert_eq!(client.verify("fetch", &tokens.access).await.status(), 200);
    stack.sign_in_as("stranger", 4711).await;
    let tokens = stack.tokens(&mut client).await;
    assert_invalid(&client, "a person off the list", &tokens.access).await;
}
