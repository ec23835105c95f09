//! RFC 7591: tolerant of what clients send, strict in what is stored.

use crate::harness::Server;
use serde_json::{Value, json};

#[actix_web::test]
async fn the_effective_metadata_comes_back_without_nulls() {
    let server = Server::start();
    let answer = server
        .register(&json!({
            "client_name": "Cursor",
            "redirect_uris": [
                "cursor://anysphere.cursor-mcp/oauth/callback",
                "https://www.cursor.com/agents/mcp/oauth/callback",
                "http://localhost:8787/callback",
            ],
            "token_endpoint_auth_method": "none",
            "grant_types": ["authorization_code", "refresh_token", "device_code", "x"],
            "response_types": ["code"],
            "scope": "mcp openid",
            "logo_uri": "https://x.example/logo",
            "unknown": { "nested": true },
        }))
        .await;
    assert_eq!(answer.status, 201);
    assert_eq!(answer.header("cache-control"), Some("no-store"));
    let body = answer.json();
    assert_eq!(body["redirect_uris"].as_array().unwrap().len(), 3);
    assert_eq!(
        body["grant_types"],
        json!(["authorization_code", "refresh_token"])
    );
    assert_eq!(body["token_endpoint_auth_method"], "none");
    assert!(body["client_id_issued_at"].is_u64());
    assert!(body.get("client_secret").is_none());
    let empty = |value: &Value| value.is_null() || value == "";
    assert!(!body.as_object().unwrap().values().any(empty), "{body}");
}

#[actix_web::test]
async fn a_confidential_client_gets_a_secret_that_does_not_expire() {
    let server = Server::start();
    let body = server
        .register(&json!({ "redirect_uris": ["https://a.example/cb"] }))
        .await
        .json();
    assert_eq!(body["token_endpoint_auth_method"], "client_secret_basic");
    assert_eq!(body["client_secret"].as_str().unwrap().len(), 43);
    assert_eq!(body["client_secret_expires_at"], 0);
    assert_eq!(body["application_type"], "web");
}

#[actix_web::test]
async fn what_cannot_be_stored_is_refused_with_its_name() {
    let server = Server::start();
    let uris = |uris: Value| json!({ "redirect_uris": uris });
    for (metadata, error) in [
        (json!({}), "invalid_redirect_uri"),
        (uris(json!([])), "invalid_redirect_uri"),
        (uris(json!(["javascript:alert(1)"])), "invalid_redirect_uri"),
        (
            uris(json!(["https://a.example/cb", "http://a.example/cb"])),
            "invalid_redirect_uri",
        ),
        (
            uris(json!("https://a.example/cb")),
            "invalid_client_metadata",
        ),
        (
            uris(json!(vec!["https://a.example/cb"; 21])),
            "invalid_client_metadata",
        ),
        (
            json!({ "redirect_uris": ["https://a/b"], "client_name": "x".repeat(101) }),
            "invalid_client_metadata",
        ),
        (
            json!({ "redirect_uris": ["https://a/b"], "client_name": { "a": 1 } }),
            "invalid_client_metadata",
        ),
        (
            json!({ "redirect_uris": ["https://a/b"], "token_endpoint_auth_method": "magic" }),
            "invalid_client_metadata",
        ),
        (
            json!({ "redirect_uris": ["https://a/b"], "grant_types": ["implicit"] }),
            "invalid_client_metadata",
        ),
        (
            json!({ "redirect_uris": ["https://a/b"], "response_types": ["token"] }),
            "invalid_client_metadata",
        ),
        (json!([1, 2]), "invalid_client_metadata"),
    ] {
        assert_eq!(
            server.register(&metadata).await.error(),
            (400, error.to_owned()),
            "{metadata}"
        );
    }
}

#[actix_web::test]
async fn a_registration_stays_small() {
    let server = Server::start();
    let grant_types = ["authorization_code", "refresh_token"].repeat(1500);
    let metadata = json!({ "redirect_uris": ["https://a/b"], "grant_types": grant_types });
    let body = server.register(&metadata).await.json();
    assert_eq!(
        body["grant_types"],
        json!(["authorization_code", "refresh_token"])
    );
    let long = |n: usize| format!("https://a.example/{n}/{}", "x".repeat(1900));
    let metadata = json!({ "redirect_uris": (0..5).map(long).collect::<Vec<_>>() });
    assert_eq!(
        server.register(&metadata).await.error().1,
        "invalid_redirect_uri"
    );
}
