//! Tokens that somebody made up.

use forward_auth::decide::Denial;
use token_core::jose::TokenError;

use crate::world::{World, denial_of};

/// The token with another signature.
fn forged(token: &str, number: usize) -> String {
    let (message, _) = token.rsplit_once('.').unwrap();
    format!("{message}.{number:A<86}")
}

const BAD: Denial = Denial::Token(TokenError::BadSignature);

#[actix_web::test]
async fn a_flood_from_an_address_stops_the_unknown_tokens_of_that_address_alone() {
    let world = World::new();
    let (good, unknown) = (world.issue("alice"), world.issue("bob"));
    assert!(world.passes(&good).await);
    let mut answers = Vec::new();
    for number in 0..200 {
        answers.push(world.denial(&forged(&good.text, number)).await);
    }
    assert_eq!(answers[0], BAD);
    assert_eq!(answers[199], Denial::Flood);
    assert!(world.passes(&good).await, "what is remembered passes");
    assert_eq!(world.denial(&unknown.text).await, Denial::Flood);
    let verdict = world.verify_from("198.51.100.7", &unknown.text).await;
    assert!(matches!(verdict, forward_auth::Verdict::Allow(..)));
    world.pass(10);
    assert_eq!(world.denial(&forged(&good.text, 999)).await, BAD);
}

#[actix_web::test]
async fn the_same_bad_token_is_checked_once() {
    let world = World::new();
    let bad = forged(&world.issue("alice").text, 1);
    for _ in 0..1000 {
        assert_eq!(world.denial(&bad).await, BAD);
    }
    let other = denial_of(&world.verify(&forged(&bad, 2)).await);
    assert_eq!(other, BAD, "a thousand times the same is no flood");
}

#[actix_web::test]
async fn bad_tokens_push_out_no_good_one() {
    let world = World::new();
    let good = world.issue("alice");
    assert!(world.passes(&good).await);
    for number in 0..6_000 {
        let address = format!("2001:db8:{:x}::1", number / 20);
        let bad = forged(&good.text, number);
        assert_eq!(denial_of(&world.verify_from(&address, &bad).await), BAD);
    }
    assert!(world.passes(&good).await);
    assert_eq!(world.asked(), 1);
}
