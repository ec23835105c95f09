//! Whose tokens are: what is shared by the tokens of one bearer, and by nobody else's.

use forward_auth::Verdict;
use token_core::access_token::AccessTokenClaims;
use token_core::assertion::AssertionVerifier;
use token_core::keys::VerificationKeySource as _;
use token_core::{ClientId, Clock as _, ResourceId, Scopes, UserId, Username};

use crate::world::{Issued, World, issuer, request};

impl World {
    /// The assertion that a request with this token gets at a service; it must pass.
    async fn assertion(&self, resource: &ResourceId, token: &Issued) -> String {
        let mut request = request(&token.text);
        if *resource == self.notes {
            request.host = Some("notes.example.com");
        }
        match self.verifier.verify(resource, &request).await {
            Verdict::Allow(told) => told.assertion().to_str().unwrap().to_owned(),
            Verdict::Deny(denial) => panic!("{denial:?}"),
        }
    }
}

#[actix_web::test]
async fn a_renewed_token_is_told_of_by_the_assertion_of_the_one_before() {
    let world = World::new();
    let first = world
        .assertion(&world.resource, &world.issue("alice"))
        .await;
    world.pass(30);
    let renewed = world.issue("alice");
    assert_eq!(world.assertion(&world.resource, &renewed).await, first);
    assert_eq!(world.asked(), 2, "the store was asked about each token");
    assert!(world.passes(&renewed).await);
    world.revoke(&renewed);
    assert!(!world.passes(&renewed).await, "it is a token of its own");
}

#[actix_web::test]
async fn an_old_assertion_is_renewed_when_a_token_comes_that_the_store_is_asked_about() {
    let world = World::new();
    let first = world
        .assertion(&world.resource, &world.issue("alice"))
        .await;
    world.pass(61);
    let renewed = world.issue("alice");
    assert_eq!(world.assertion(&world.resource, &renewed).await, first);
    tokio::task::yield_now().await;
    let second = world.assertion(&world.resource, &renewed).await;
    assert_ne!(second, first, "it was renewed behind that request");
}

/// Each of what an assertion says makes another bearer; none is told of by another's.
#[actix_web::test]
async fn whoever_differs_in_anything_has_an_assertion_of_his_own() {
    type Change = fn(&mut AccessTokenClaims, &World);
    let world = World::new();
    let changes: [Change; 5] = [
        |claims, _| claims.sub = UserId::parse("github|77").unwrap(),
        |claims, _| claims.username = Username::parse("bob").unwrap(),
        |claims, _| claims.client_id = ClientId::parse("client-2").unwrap(),
        |claims, _| claims.scope = Scopes::from_request(Some("mcp offline_access")),
        |claims, world| claims.aud = world.notes.clone(),
    ];
    let keys = world.assertion_keys.current().unwrap();
    let mut seen = vec![
        world
            .assertion(&world.resource, &world.issue("alice"))
            .await,
    ];
    for change in changes {
        let mut told = None;
        let token = world.issue_but("alice", |claims| {
            change(claims, &world);
            told = Some(claims.clone());
        });
        let claims = told.unwrap();
        let assertion = world.assertion(&claims.aud, &token).await;
        let identity = AssertionVerifier::new(issuer(), claims.aud.clone())
            .verify(&assertion, &keys, world.clock.now())
            .unwrap();
        assert_eq!(identity, (&claims).into());
        assert!(!seen.contains(&assertion));
        seen.push(assertion);
    }
}
