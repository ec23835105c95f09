//! RFC 7662: one's own tokens, and nothing about anybody else's.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use ring::signature::Ed25519KeyPair;
use serde_json::{Value, json};
use token_core::Seconds;

use crate::harness::{RESOURCE, Server};

async fn introspect(server: &Server, client_id: &str, token: &str) -> Value {
    let fields = [("client_id", client_id), ("token", token)];
    let answer = server.post_form("/introspect", &fields).await;
    assert_eq!(answer.status, 200, "{}", answer.body);
    assert_eq!(answer.header("cache-control"), Some("no-store"));
    answer.json()
}

fn inactive() -> Value {
    json!({ "active": false })
}

#[actix_web::test]
async fn introspection_describes_ones_own_access_and_refresh_tokens() {
    let server = Server::start();
    let client_id = server.public_client().await;
    let tokens = server.tokens(&client_id).await;

    let access = introspect(
        &server,
        &client_id,
        tokens["access_token"].as_str().unwrap(),
    )
    .await;
    assert_eq!(access["active"], true);
    assert_eq!(access["token_type"], "Bearer");
    assert_eq!(access["iat"], 1_800_000_000);
    assert_eq!(access["exp"], 1_800_003_600);
    assert!(access["jti"].is_string());

    let token = tokens["refresh_token"].as_str().unwrap();
    let refresh = introspect(&server, &client_id, token).await;
    assert_eq!(refresh["active"], true);
    assert_eq!(refresh["token_type"], "refresh_token");
    assert_eq!(refresh["exp"], 1_802_592_000);
    for answer in [access, refresh] {
        assert_eq!(answer["scope"], "mcp");
        assert_eq!(answer["client_id"], *client_id);
        assert_eq!(answer["sub"], "local|owner");
        assert_eq!(answer["username"], "owner");
        assert_eq!(answer["aud"], RESOURCE);
        assert_eq!(answer["iss"], "https://auth.example.com");
    }
}

#[actix_web::test]
async fn anything_else_is_inactive_and_nothing_more() {
    let server = Server::start();
    let client_id = server.public_client().await;
    let tokens = server.tokens(&client_id).await;
    let (access, refresh) = (
        tokens["access_token"].as_str().unwrap(),
        tokens["refresh_token"].as_str().unwrap(),
    );
    let stranger = server.public_client_named("Stranger").await;
    for token in [access, refresh] {
        assert_eq!(introspect(&server, &stranger, token).await, inactive());
    }
    assert_eq!(introspect(&server, &client_id, "made-up").await, inactive());

    // A refresh token that was replaced.
    let next = server.refresh(&client_id, refresh).await.json();
    assert_eq!(introspect(&server, &client_id, refresh).await, inactive());
    let next_refresh = next["refresh_token"].as_str().unwrap();
    assert_eq!(
        introspect(&server, &client_id, next_refresh).await["active"],
        true
    );

    server.clock.advance(Seconds(3600));
    assert_eq!(introspect(&server, &client_id, access).await, inactive());
}

/// The same token, byte for byte, signed with a key of somebody else's: its `kid` is still ours.
fn forged(access_token: &str) -> String {
    let key = Ed25519KeyPair::from_seed_unchecked(&[7; 32]).unwrap();
    let (signed, signature) = access_token.rsplit_once('.').unwrap();
    let own = URL_SAFE_NO_PAD.encode(key.sign(signed.as_bytes()));
    assert_eq!(own.len(), signature.len());
    format!("{signed}.{own}")
}

#[actix_web::test]
async fn a_forged_signature_names_nothing_and_ends_nothing() {
    let server = Server::start();
    let client_id = server.public_client().await;
    let tokens = server.tokens(&client_id).await;
    let access = tokens["access_token"].as_str().unwrap();
    let forged = forged(access);
    assert_eq!(introspect(&server, &client_id, &forged).await, inactive());
    let fields = [("client_id", &*client_id), ("token", &*forged)];
    assert_eq!(server.post_form("/revoke", &fields).await.status, 200);
    let genuine = introspect(&server, &client_id, access).await;
    assert_eq!(genuine["active"], true);
}

#[actix_web::test]
async fn a_revoked_token_is_inactive() {
    let server = Server::start();
    let client_id = server.public_client().await;
    let tokens = server.tokens(&client_id).await;
    let (access, refresh) = (
        tokens["access_token"].as_str().unwrap(),
        tokens["refresh_token"].as_str().unwrap(),
    );
    let fields = [("client_id", &*client_id), ("token", refresh)];
    assert_eq!(server.post_form("/revoke", &fields).await.status, 200);
    for token in [access, refresh] {
        assert_eq!(introspect(&server, &client_id, token).await, inactive());
    }
}

#[actix_web::test]
async fn introspection_needs_a_client_and_a_token() {
    let server = Server::start();
    let client_id = server.public_client().await;
    let answer = server.post_form("/introspect", &[("token", "x")]).await;
    assert_eq!(answer.error(), (401, "invalid_client".to_owned()));
    let fields = [("client_id", "nobody"), ("token", "x")];
    let answer = server.post_form("/introspect", &fields).await;
    assert_eq!(answer.error(), (401, "invalid_client".to_owned()));
    let answer = server
        .post_form("/introspect", &[("client_id", &client_id)])
        .await;
    assert_eq!(answer.error(), (400, "invalid_request".to_owned()));
}
