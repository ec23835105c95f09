//! What Traefik is told (contract: section "Verifier").

use std::sync::Arc;
use std::sync::atomic::Ordering;

use actix_web::dev::ServiceResponse;
use actix_web::test::{TestRequest, call_service, init_service, read_body};
use actix_web::{App, body::BoxBody};
use app_shell::traces::Traces;
use forward_auth::http::AssertionKeys;
use forward_auth::routes;

use crate::world::World;

async fn answer(world: &World, request: TestRequest) -> ServiceResponse<BoxBody> {
    let keys = AssertionKeys(Arc::clone(&world.assertion_keys));
    let endpoints = routes(Arc::clone(&world.verifier), keys, Traces::default());
    let service = init_service(App::new().configure(|config| endpoints(config))).await;
    call_service(&service, request.to_request())
        .await
        .map_into_boxed_body()
}

fn verify(token: &str) -> TestRequest {
    TestRequest::get()
        .uri("/verify/fetch")
        .insert_header(("authorization", format!("Bearer {token}")))
        .insert_header(("x-forwarded-host", "fetch.example.com"))
        .insert_header(("x-forwarded-uri", "/mcp"))
        .insert_header(("x-forwarded-method", "POST"))
        .insert_header(("x-forwarded-for", "203.0.113.9"))
}

#[actix_web::test]
async fn who_passes_is_named_in_five_headers_and_a_remembered_one_in_the_same() {
    let world = World::new();
    let token = world.issue("alice");
    for _ in 0..2 {
        let answer = answer(&world, verify(&token.text)).await;
        assert_eq!(answer.status(), 200);
        let header = |name| answer.headers().get(name).unwrap().to_str().unwrap();
        assert_eq!(header("x-user-id"), "github|5");
        assert_eq!(header("x-user-name"), "alice");
        assert_eq!(header("x-client-id"), "client-1");
        assert_eq!(header("x-auth-scope"), "mcp");
        assert_eq!(header("x-auth-assertion").split('.').count(), 3);
        assert!(!answer.headers().contains_key("authorization"));
        assert!(read_body(answer).await.is_empty());
    }
}

#[actix_web::test]
async fn a_refusal_is_one_short_challenge() {
    let world = World::new();
    for request in [
        verify("made-up"),
        verify(&world.sign("alice").text),
        verify(&world.issue("mallory").text),
    ] {
        let answer = answer(&world, request).await;
        assert_eq!(answer.status(), 401);
        let challenges: Vec<_> = answer.headers().get_all("www-authenticate").collect();
        assert_eq!(challenges.len(), 1);
        let challenge = challenges[0].to_str().unwrap();
        assert!(challenge.starts_with("Bearer error=\"invalid_token\""));
        assert!(challenge.len() + read_body(answer).await.len() < 1024);
    }
}

#[actix_web::test]
async fn what_cannot_be_decided_is_503_and_says_when_to_come_again() {
    let world = World::new();
    let token = world.issue("alice");
    world.store.down.store(true, Ordering::SeqCst);
    let answer = answer(&world, verify(&token.text)).await;
    assert_eq!(answer.status(), 503);
    assert_eq!(answer.headers().get("retry-after").unwrap(), "1");
    assert!(!answer.headers().contains_key("www-authenticate"));
}

#[actix_web::test]
async fn a_service_that_is_not_configured_is_503() {
    let world = World::new();
    let token = world.issue("alice");
    let request = verify(&token.text).uri("/verify/other");
    assert_eq!(answer(&world, request).await.status(), 503);
}
