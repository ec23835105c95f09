//! The rotation of a refresh token …

use std::sync::Arc;

use token_core::Seconds;
use token_core::store::{IssuedTokens, RefreshView, RotateOutcome};

use crate::backend::Backend;
use crate::race::{RACERS, race};
use crate::records::{Family, GRACE, HOUR, MONTH, just_before, now};

pub(crate) async fn gives_many_racers_one_answer(backend: &dyn Backend) {
    let (store, now) = (backend.open(), now());
    let family = Family::new();
    let pair = family.pair(now);
    store.issue_tokens(&pair, now).await.unwrap();
    let presented = pair.refresh.unwrap().key;
    let outcomes = race((0..RACERS).map(|_| {
        let (store, rotation) = (Arc::clone(&store), family.rotation(&presented, now));
        async move {
            let outcome = store.rotate_refresh(&rotation, now).await.unwrap();
            (rotation, outcome)
        }
    }))
    .await;
    let (winners, others): (Vec<_>, Vec<_>) = outcomes
        .into_iter()
        .partition(|(_, outcome)| *outcome == RotateOutcome::Rotated);
    let [(winner, _)] = winners.as_slice() else {
        panic!("{} rotations", winners.len());
    };
    assert!(store.is_active(&winner.token.jti, now).await.unwrap());
    let successor = store.refresh_token(&winner.successor.key, now).await;
    assert_eq!(successor.unwrap().unwrap().record, winner.successor);
    let answer = RotateOutcome::Graced(winner.sealed_answer.clone());
    for (rotation, outcome) in others {
        assert_eq!(outcome, answer);
        assert!(!store.is_active(&rotation.token.jti, now).await.unwrap());
        let discarded = store.refresh_token(&rotation.successor.key, now).await;
        assert_eq!(discarded.unwrap(), None);
    }
}

pub(crate) async fn repeats_its_answer_within_the_grace_and_names_the_grant_after_it(
    backend: &dyn Backend,
) {
    let (store, now) = (backend.open(), now());
    let family = Family::new();
    let pair = family.pair(now);
    store.issue_tokens(&pair, now).await.unwrap();
    let presented = pair.refresh.unwrap().key;
    let first = family.rotation(&presented, now);
    assert_eq!(
        store.rotate_refresh(&first, now).await.unwrap(),
        RotateOutcome::Rotated
    );
    let graced = RotateOutcome::Graced(first.sealed_answer);
    let reused = RotateOutcome::Reused(family.grant.id.clone());
    let end = now.plus(GRACE);
    for (at, expected) in [
        (now, &graced),
        (just_before(end), &graced),
        (end, &reused),
        (end.plus(HOUR), &reused),
    ] {
        let again = family.rotation(&presented, at);
        assert_eq!(store.rotate_refresh(&again, at).await.unwrap(), *expected);
        assert!(!store.is_active(&again.token.jti, at).await.unwrap());
    }
}

pub(crate) async fn goes_on_with_the_successor(backend: &dyn Backend) {
    let (store, now) = (backend.open(), now());
    let family = Family::new();
    let pair = family.pair(now);
    store.issue_tokens(&pair, now).await.unwrap();
    let first = family.rotation(&pair.refresh.unwrap().key, now);
    let second = family.rotation(&first.successor.key, now);
    for rotation in [&first, &second] {
        let outcome = store.rotate_refresh(rotation, now).await.unwrap();
        assert_eq!(outcome, RotateOutcome::Rotated);
    }
    for rotation in [first, second] {
        let repeat = family.rotation(&rotation.presented, now);
        let outcome = store.rotate_refresh(&repeat, now).await.unwrap();
        assert_eq!(outcome, RotateOutcome::Graced(rotation.sealed_answer));
        assert!(store.is_active(&rotation.token.jti, now).await.unwrap());
    }
}

pub(crate) async fn does_not_make_the_presented_token_live_longer(backend: &dyn Backend) {
    let (store, now) = (backend.open(), now());
    let family = Family::new();
    // It expires within the grace that its rotation opens.
    let expiry = now.plus(Seconds(GRACE.0 / 2));
    let presented = family.refresh(expiry);
    let tokens = IssuedTokens {
        token: family.token(now.plus(HOUR)),
        refresh: Some(presented.clone()),
        client_is_stored: false,
    };
    store.issue_tokens(&tokens, now).await.unwrap();
    let rotation = family.rotation(&presented.key, now);
    store.rotate_refresh(&rotation, now).await.unwrap();

    let repeat = family.rotation(&presented.key, expiry);
    let outcome = store.rotate_refresh(&repeat, expiry).await.unwrap();
    assert_eq!(outcome, RotateOutcome::Unknown);
    let view = store.refresh_token(&presented.key, expiry).await.unwrap();
    assert_eq!(view, None);

    let successor = rotation.successor;
    let last = just_before(successor.expires_at);
    let view = store.refresh_token(&successor.key, last).await.unwrap();
    assert_eq!(view.unwrap().record, successor);
    let at = successor.expires_at;
    let late = family.rotation(&successor.key, at);
    let outcome = store.rotate_refresh(&late, at).await.unwrap();
    assert_eq!(outcome, RotateOutcome::Unknown);
    assert!(!store.is_active(&late.token.jti, at).await.unwrap());
}

pub(crate) async fn leaves_earlier_access_tokens_alone(backend: &dyn Backend) {
    let (store, now) = (backend.open(), now());
    let family = Family::new();
    let pair = family.pair(now);
    store.issue_tokens(&pair, now).await.unwrap();
    let rotation = family.rotation(&pair.refresh.unwrap().key, now);
    store.rotate_refresh(&rotation, now).await.unwrap();
    assert!(store.is_active(&pair.token.jti, now).await.unwrap());
    assert!(store.revoke_token(&pair.token.jti, now).await.unwrap());
    assert!(store.is_active(&rotation.token.jti, now).await.unwrap());
}

pub(crate) async fn is_seen_beforehand(backend: &dyn Backend) {
    let (store, now) = (backend.open(), now());
    let family = Family::new();
    let pair = family.pair(now);
    store.issue_tokens(&pair, now).await.unwrap();
    let record = pair.refresh.unwrap();
    let rotation = family.rotation(&record.key, now);
    for replaced in [false, true] {
        let view = store.refresh_token(&record.key, now).await.unwrap();
        let record = record.clone();
        assert_eq!(view, Some(RefreshView { record, replaced }));
        store.rotate_refresh(&rotation, now).await.unwrap();
    }
    let view = store.refresh_token(&record.key, now.plus(MONTH)).await;
    assert_eq!(view.unwrap(), None);
}
