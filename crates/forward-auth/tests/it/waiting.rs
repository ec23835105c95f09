//! Many requests with one new token.

use std::sync::Arc;
use std::sync::atomic::Ordering;

use forward_auth::Verdict;
use forward_auth::decide::Denial;
use token_core::store::Voice;
use tokio::task::{JoinHandle, yield_now};

use crate::world::{Issued, World, admitting, denial_of};

fn ask(world: &Arc<World>, token: &Issued) -> JoinHandle<Verdict> {
    let (world, token) = (Arc::clone(world), token.text.clone());
    actix_web::rt::spawn(async move { world.verify(&token).await })
}

/// A world whose store answers when a test lets it.
fn held() -> (Arc<World>, Issued) {
    let world = World::new();
    world.store.answers.forget_permits(usize::MAX);
    let token = world.issue("alice");
    (Arc::new(world), token)
}

async fn all_have_begun() {
    for _ in 0..200 {
        yield_now().await;
    }
}

#[actix_web::test]
async fn are_one_question_with_one_answer() {
    let (world, token) = held();
    let crowd: Vec<_> = (0..64).map(|_| ask(&world, &token)).collect();
    all_have_begun().await;
    assert_eq!(world.asked(), 1);
    world.store.answers.add_permits(1);
    for one in crowd {
        assert!(matches!(one.await.unwrap(), Verdict::Allow(..)));
    }
    assert_eq!(world.asked(), 1);
}

#[actix_web::test]
async fn are_all_denied_when_the_store_cannot_be_asked() {
    let (world, token) = held();
    world.store.down.store(true, Ordering::SeqCst);
    let crowd: Vec<_> = (0..64).map(|_| ask(&world, &token)).collect();
    all_have_begun().await;
    world.store.answers.add_permits(1);
    for one in crowd {
        assert_eq!(denial_of(&one.await.unwrap()), Denial::CannotDecide);
    }
    assert_eq!(
        world.asked(),
        1,
        "nobody asks a store that just failed them all"
    );
    world.store.down.store(false, Ordering::SeqCst);
    world.store.answers.add_permits(1);
    assert!(world.passes(&token).await, "a failure is not remembered");
}

#[actix_web::test]
async fn go_on_when_the_one_who_asks_goes_away() {
    let (world, token) = held();
    let first = ask(&world, &token);
    all_have_begun().await;
    let second = ask(&world, &token);
    all_have_begun().await;
    first.abort();
    world.store.answers.add_permits(1);
    assert!(matches!(second.await.unwrap(), Verdict::Allow(..)));
    assert_eq!(world.asked(), 2);
}

#[actix_web::test]
async fn never_take_an_answer_from_before_a_revocation_that_they_must_see() {
    let (world, token) = held();
    let early = ask(&world, &token);
    all_have_begun().await;
    world.revoke(&token);
    let late = ask(&world, &token);
    all_have_begun().await;
    world.store.answers.add_permits(2);
    // The early one was asked about while the token was active.
    assert!(matches!(early.await.unwrap(), Verdict::Allow(..)));
    assert_eq!(denial_of(&late.await.unwrap()), Denial::Inactive);
    world.store.answers.add_permits(8);
    assert_eq!(world.denial(&token.text).await, Denial::Inactive);
}

#[actix_web::test]
async fn are_soon_done_where_nobody_tells_of_changes() {
    let (world, token) = held();
    world.freshness.lost(Voice::FIRST);
    let crowd: Vec<_> = (0..64).map(|_| ask(&world, &token)).collect();
    all_have_begun().await;
    world.store.answers.add_permits(64);
    for one in crowd {
        assert!(matches!(one.await.unwrap(), Verdict::Allow(..)));
    }
    // The first question, and one that began after all of them had come.
    assert_eq!(world.asked(), 2);
}

#[actix_web::test]
async fn never_take_an_answer_from_before_a_change_of_the_rules_that_they_must_see() {
    let (world, token) = held();
    let early = ask(&world, &token);
    all_have_begun().await;
    world.admission.replace(admitting("bob"));
    let late = ask(&world, &token);
    all_have_begun().await;
    world.store.answers.add_permits(8);
    assert!(matches!(early.await.unwrap(), Verdict::Allow(..)));
    assert_eq!(denial_of(&late.await.unwrap()), Denial::NotAdmitted);
}

#[actix_web::test]
async fn take_over_a_question_and_not_the_rules_of_before() {
    let (world, token) = held();
    world.store.answers.add_permits(1);
    assert!(world.passes(&token).await);
    // The token stays verified, and the store is asked.
    world.freshness.token_changed(token.jti.as_str());
    let first = ask(&world, &token);
    all_have_begun().await;
    let second = ask(&world, &token);
    all_have_begun().await;
    world.admission.replace(admitting("bob"));
    first.abort();
    world.store.answers.add_permits(8);
    assert_eq!(denial_of(&second.await.unwrap()), Denial::NotAdmitted);
    assert_eq!(world.denial(&token.text).await, Denial::NotAdmitted);
}
