//! What is remembered, and what ends it.

use forward_auth::Verdict;
use forward_auth::decide::Denial;
use forward_auth::forwarded::ForwardedRequest;
use token_core::Seconds;
use token_core::jose::TokenError;
use token_core::store::Voice;

use crate::world::{LIFETIME, World, admitting, denial_of, request, signing_keys};

#[actix_web::test]
async fn a_good_token_is_asked_about_once_while_the_store_tells_of_changes() {
    let world = World::new();
    let (one, other) = (world.issue("alice"), world.issue("bob"));
    for _ in 0..20 {
        assert!(world.passes(&one).await && world.passes(&other).await);
        world.pass(3);
    }
    assert_eq!(world.asked(), 2);
}

#[actix_web::test]
async fn a_revoked_token_is_refused_at_once_and_the_refusal_is_remembered() {
    let world = World::new();
    let (token, other) = (world.issue("alice"), world.issue("bob"));
    assert!(world.passes(&token).await && world.passes(&other).await);
    world.revoke(&token);
    for _ in 0..5 {
        assert_eq!(world.denial(&token.text).await, Denial::Inactive);
    }
    assert!(world.passes(&other).await);
    assert_eq!(world.asked(), 3, "once more, about the one that changed");
}

#[actix_web::test]
async fn a_token_that_the_store_learns_of_later_passes_then() {
    let world = World::new();
    let token = world.sign("alice");
    assert_eq!(world.denial(&token.text).await, Denial::Inactive);
    world.store.activate(&token);
    world.freshness.token_changed(token.jti.as_str());
    assert!(world.passes(&token).await);
}

#[actix_web::test]
async fn nothing_is_believed_once_the_store_tells_no_more() {
    let world = World::new();
    let token = world.issue("alice");
    assert!(world.passes(&token).await);
    world.freshness.lost(Voice::FIRST);
    world.store.deactivate(&token);
    assert_eq!(world.denial(&token.text).await, Denial::Inactive);

    let token = world.issue("alice");
    for _ in 0..3 {
        assert!(world.passes(&token).await);
    }
    assert_eq!(world.asked(), 5, "each time, as long as nobody tells");
    world.heartbeat();
    for _ in 0..3 {
        assert!(world.passes(&token).await);
    }
    assert_eq!(
        world.asked(),
        5,
        "it tells again, and has told nothing since the last answer"
    );
}

#[actix_web::test]
async fn silence_is_believed_for_five_seconds() {
    let world = World::new();
    let token = world.issue("alice");
    assert!(world.passes(&token).await);
    world.clock.advance(Seconds(4));
    assert!(world.passes(&token).await);
    assert_eq!(world.asked(), 1);
    world.clock.advance(Seconds(1));
    world.store.deactivate(&token);
    assert_eq!(world.denial(&token.text).await, Denial::Inactive);
}

#[actix_web::test]
async fn no_token_is_remembered_beyond_its_end() {
    let world = World::new();
    let token = world.issue("alice");
    assert!(world.passes(&token).await);
    world.pass(LIFETIME.0 - 1);
    assert!(world.passes(&token).await);
    world.pass(1);
    let expired = Denial::Token(TokenError::Expired);
    assert_eq!(world.denial(&token.text).await, expired);
    assert_eq!(world.denial(&token.text).await, expired);
    assert_eq!(world.asked(), 1);
}

#[actix_web::test]
async fn who_is_dropped_from_the_list_is_refused_at_once_and_comes_back_with_it() {
    let world = World::new();
    let (alice, bob) = (world.issue("alice"), world.issue("bob"));
    assert!(world.passes(&alice).await && world.passes(&bob).await);
    world.admission.replace(admitting("bob"));
    assert_eq!(world.denial(&alice.text).await, Denial::NotAdmitted);
    assert!(world.passes(&bob).await);
    world.admission.replace(admitting("alice,bob"));
    assert!(world.passes(&alice).await);
}

#[actix_web::test]
async fn a_key_that_is_gone_takes_its_tokens_with_it() {
    let world = World::new();
    let token = world.issue("alice");
    assert!(world.passes(&token).await);
    let before = world.keys.signing();
    world.keys.replace(signing_keys());
    let unknown = Denial::Token(TokenError::UnknownKey);
    assert_eq!(world.denial(&token.text).await, unknown);
    world.keys.replace(before.as_ref().clone());
    assert!(world.passes(&token).await, "no refusal outlives its keys");
}

#[actix_web::test]
async fn a_remembered_token_still_belongs_to_its_service() {
    let world = World::new();
    let token = world.issue("alice");
    assert!(world.passes(&token).await);
    for hostile in [
        ForwardedRequest {
            host: Some("notes.example.com"),
            ..request(&token.text)
        },
        ForwardedRequest {
            uri: Some("/mcp/../admin"),
            ..request(&token.text)
        },
        ForwardedRequest {
            method: None,
            ..request(&token.text)
        },
    ] {
        let verdict = world.verifier.verify(&world.resource, &hostile).await;
        assert_eq!(denial_of(&verdict), Denial::WrongHost, "{hostile:?}");
    }
    let services = &world.verifier.parts.services;
    let notes = services.resource("notes").unwrap();
    let elsewhere = ForwardedRequest {
        host: Some("notes.example.com"),
        ..request(&token.text)
    };
    for _ in 0..2 {
        let verdict = world.verifier.verify(notes, &elsewhere).await;
        assert_eq!(
            denial_of(&verdict),
            Denial::Token(TokenError::WrongAudience)
        );
    }
    assert!(world.passes(&token).await);
}

#[actix_web::test]
async fn memory_is_bounded_and_what_is_forgotten_is_asked_again() {
    let world = World::remembering(64 << 10);
    let mut tokens = Vec::new();
    for _ in 0..400 {
        let token = world.issue("alice");
        assert!(world.passes(&token).await);
        tokens.push(token);
    }
    assert!(world.verifier.remembered_tokens() < 100);
    for token in &tokens {
        assert!(world.passes(token).await);
    }
}

#[actix_web::test]
async fn an_assertion_is_handed_out_again_until_half_its_life_is_over() {
    let world = World::new();
    let token = world.issue("alice");
    let assertion = async || match world.verify(&token.text).await {
        Verdict::Allow(told) => told.assertion().clone(),
        Verdict::Deny(denial) => panic!("{denial:?}"),
    };
    let first = assertion().await;
    world.pass(59);
    assert_eq!(assertion().await, first);
    world.pass(1);
    // Whoever finds it old gets it still; it is renewed behind his back.
    assert_eq!(assertion().await, first);
    tokio::task::yield_now().await;
    let second = assertion().await;
    assert_ne!(second, first);
    // Nobody came for long: what is held is too old to be handed out.
    world.pass(90);
    assert_ne!(assertion().await, second);
}

#[actix_web::test]
async fn an_assertion_of_a_former_key_is_handed_out_no_more() {
    let world = World::new();
    let token = world.issue("alice");
    let kid = async || match world.verify(&token.text).await {
        Verdict::Allow(told) => told
            .assertion()
            .to_str()
            .unwrap()
            .split('.')
            .next()
            .unwrap()
            .to_owned(),
        Verdict::Deny(denial) => panic!("{denial:?}"),
    };
    let first = kid().await;
    assert_eq!(kid().await, first);
    world.assertion_keys.replace(signing_keys());
    assert_ne!(kid().await, first);
}
