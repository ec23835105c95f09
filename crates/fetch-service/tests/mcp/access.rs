//! Who may call: only who comes through the gateway, from an allowed origin, to an allowed host.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use serde_json::{Value, json};
use token_core::clock::Seconds;
use token_core::keys::{VerificationKeySource, VerificationKeys};
use token_core::{ResourceId, Timestamp};

use crate::support::{NOW, RESOURCE, Service, person, signer, signing_key};

fn ping() -> Value {
    json!({ "jsonrpc": "2.0", "id": 1, "method": "ping" })
}

#[actix_web::test]
async fn a_request_without_a_good_assertion_is_refused() {
    let service = Service::start(&[]);
    let resource = || ResourceId::parse(RESOURCE).unwrap();
    let other = ResourceId::parse("https://other.example.com/mcp").unwrap();
    let signed = |audience, at| service.signer.sign(&person(), &audience, at).unwrap();
    let good = service.assertion();
    let long_ago = Timestamp(NOW.0 - 120);
    for (assertion, why) in [
        (None, "none"),
        (Some(String::new()), "empty"),
        (Some("a.b.c".to_owned()), "no JWT"),
        (
            Some(signer().sign(&person(), &resource(), NOW).unwrap()),
            "another key",
        ),
        (Some(signed(other, NOW)), "another service"),
        (Some(signed(resource(), long_ago)), "expired"),
        (
            Some(signed(resource(), NOW.plus(Seconds(300)))),
            "from the future",
        ),
        (Some(format!("{good}x")), "tampered"),
    ] {
        let mut request = service.post_without_assertion(&ping());
        if let Some(assertion) = assertion {
            request = request.header("X-Auth-Assertion", assertion);
        }
        let response = request.send().await.unwrap();
        assert_eq!(response.status(), 401, "{why}");
        let answer: Value = response.json().await.unwrap();
        assert_eq!(answer["error"], "not_identified", "{why}");
    }
    let twice = service.post(&ping()).header("X-Auth-Assertion", good);
    assert_eq!(twice.send().await.unwrap().status(), 401);
    assert_eq!(service.post(&ping()).send().await.unwrap().status(), 200);
}

/// Keys as `RemoteKeys` has them: perhaps none yet, and a wish for newer ones.
#[derive(Default)]
struct Keys {
    current: Option<Arc<VerificationKeys>>,
    wished: AtomicBool,
}

impl VerificationKeySource for Keys {
    fn current(&self) -> Option<Arc<VerificationKeys>> {
        self.current.clone()
    }

    fn version(&self) -> u64 {
        0
    }

    fn refresh_soon(&self) {
        self.wished.store(true, Ordering::SeqCst);
    }
}

#[actix_web::test]
async fn without_keys_nobody_is_answered() {
    let service = Service::knowing(Arc::new(Keys::default()));
    let response = service.post(&ping()).send().await.unwrap();
    assert_eq!(response.status(), 503);
    assert_eq!(response.headers()["retry-after"], "1");
}

#[actix_web::test]
async fn an_unknown_key_is_asked_for() {
    let keys = Arc::new(Keys {
        current: Some(Arc::new(VerificationKeys::of([&signing_key()]))),
        ..Keys::default()
    });
    let service = Service::knowing(Arc::clone(&keys) as _);
    let response = service.post(&ping()).send().await.unwrap();
    assert_eq!(response.status(), 401);
    assert!(keys.wished.load(Ordering::SeqCst));
}

#[actix_web::test]
async fn other_identity_headers_are_nothing() {
    let service = Service::start(&[]);
    let request = service.post_without_assertion(&ping());
    let request = request
        .header("X-User-Id", "github|1")
        .header("X-User-Name", "octocat");
    assert_eq!(request.send().await.unwrap().status(), 401);
}

#[actix_web::test]
async fn a_foreign_origin_is_refused() {
    let service = Service::start(&[("MCP_CORS_ORIGINS", "https://app.example.com")]);
    for (origin, status) in [
        (None, 200),
        (Some("https://app.example.com"), 200),
        (Some("https://app.example.com:8443"), 403),
        (Some("http://app.example.com"), 403),
        (Some("https://evil.example.com"), 403),
        (Some("null"), 403),
    ] {
        let mut request = service.post(&ping());
        if let Some(origin) = origin {
            request = request.header("Origin", origin);
        }
        let response = request.send().await.unwrap();
        assert_eq!(response.status(), status, "{origin:?}");
    }
}

#[actix_web::test]
async fn by_default_any_origin_may_call() {
    let service = Service::start(&[]);
    let request = service
        .post(&ping())
        .header("Origin", "https://any.example.net");
    assert_eq!(request.send().await.unwrap().status(), 200);
}

#[actix_web::test]
async fn a_foreign_host_is_refused() {
    let service = Service::start(&[]);
    for (host, status) in [
        ("fetch.example.com", 200),
        ("localhost:1234", 200),
        ("evil.example.com", 403),
    ] {
        let request = service.post(&ping()).header("Host", host);
        assert_eq!(request.send().await.unwrap().status(), status, "{host}");
    }
}

#[actix_web::test]
async fn a_large_request_is_refused() {
    let service = Service::start(&[]);
    let message = json!({ "padding": "x".repeat(70_000) });
    let response = service.post(&message).send().await.unwrap();
    assert_eq!(response.status(), 413);
}
