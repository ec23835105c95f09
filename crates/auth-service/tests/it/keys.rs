//! Keys that change between two requests: `/jwks`, `/token` and `/revoke` see the ring of the
//! moment.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::Value;
use token_core::audit::AuditEvent;
use token_core::keys::{DatedKey, KeyRing, SigningKey, generate_ed25519_pem, generate_p256_pem};
use token_core::{Seconds, SystemEntropy, Timestamp};

use crate::harness::Server;

const LIFETIME: Seconds = Seconds(3600);
const ROTATED: Timestamp = Timestamp(1_800_000_000);

fn dated(active_from: u64, pem: &str) -> DatedKey {
    DatedKey {
        active_from: Timestamp(active_from),
        key: SigningKey::from_pkcs8_pem(pem.as_bytes()).unwrap(),
        needed_until: None,
    }
}

/// An Ed25519 key, and its successor on P-256.
fn ring() -> KeyRing {
    let old = generate_ed25519_pem(&SystemEntropy::new()).unwrap();
    let new = generate_p256_pem().unwrap();
    KeyRing::new(vec![dated(1, &old), dated(ROTATED.0, &new)], LIFETIME).unwrap()
}

fn header(tokens: &Value) -> Value {
    let token = tokens["access_token"].as_str().unwrap();
    let header = token.split('.').next().unwrap();
    serde_json::from_slice(&URL_SAFE_NO_PAD.decode(header).unwrap()).unwrap()
}

async fn published(server: &Server) -> Vec<String> {
    let answer = server.get("/jwks").await;
    assert_eq!(answer.header("cache-control"), Some("public, max-age=15"));
    let set = answer.json();
    let keys = set["keys"].as_array().unwrap();
    keys.iter()
        .map(|key| {
            format!(
                "{} {}",
                key["alg"].as_str().unwrap(),
                key["kid"].as_str().unwrap()
            )
        })
        .collect()
}

#[actix_web::test]
async fn an_upcoming_key_is_published_before_and_a_retired_one_after_its_time() {
    let server = Server::start();
    let client = server.public_client().await;
    let ring = ring();
    let mut seen = Vec::new();
    for (now, signs, count) in [
        (ROTATED.0 - 1, "EdDSA", 2),
        (ROTATED.0, "ES256", 2),
        (ROTATED.0 + LIFETIME.0 + 60, "ES256", 1),
    ] {
        server.keys().replace(ring.at(Timestamp(now)));
        let keys = published(&server).await;
        assert_eq!(keys.len(), count, "at {now}");
        let header = header(&server.tokens(&client).await);
        let signer = format!("{signs} {}", header["kid"].as_str().unwrap());
        assert_eq!(header["alg"], signs);
        assert_eq!(keys[0], signer, "the active key comes first");
        seen.push(keys);
    }
    assert!(seen[0].contains(&seen[1][0]), "known before it signed");
}

#[actix_web::test]
async fn a_token_of_a_retired_key_can_still_be_revoked() {
    let server = Server::start();
    let ring = ring();
    let client = server.public_client().await;
    server.keys().replace(ring.at(Timestamp(ROTATED.0 - 1)));
    let tokens = server.tokens(&client).await;
    server.keys().replace(ring.at(ROTATED));
    let token = tokens["access_token"].as_str().unwrap();
    let form = [("token", token), ("client_id", client.as_str())];
    assert_eq!(server.post_form("/revoke", &form).await.status, 200);
    let revoked = server.events();
    let revoked = revoked
        .iter()
        .filter(|event| matches!(event, AuditEvent::TokenRevoked { .. }));
    assert_eq!(revoked.count(), 1);
}
