//! Sign-ins under way …

use std::sync::Arc;

use crate::backend::Backend;
use crate::race::{RACERS, race};
use crate::records::{HOUR, just_before, now, sign_in};

pub(crate) async fn are_looked_at_and_then_taken_once(backend: &dyn Backend) {
    let (store, now) = (backend.open(), now());
    let (state, pending) = sign_in(now.plus(HOUR));
    let state = state.hash();
    store.put_sign_in(&state, &pending, now).await.unwrap();
    let pending = Some(pending);
    assert_eq!(store.sign_in(&state, now).await.unwrap(), pending);
    assert_eq!(store.sign_in(&state, now).await.unwrap(), pending);
    assert_eq!(store.take_sign_in(&state, now).await.unwrap(), pending);
    assert_eq!(store.take_sign_in(&state, now).await.unwrap(), None);
    assert_eq!(store.sign_in(&state, now).await.unwrap(), None);
}

pub(crate) async fn are_taken_by_one_of_many(backend: &dyn Backend) {
    let (store, now) = (backend.open(), now());
    let (state, pending) = sign_in(now.plus(HOUR));
    let state = state.hash();
    store.put_sign_in(&state, &pending, now).await.unwrap();
    let taken = race((0..RACERS).map(|_| {
        let store = Arc::clone(&store);
        async move { store.take_sign_in(&state, now).await.unwrap() }
    }))
    .await;
    let taken: Vec<_> = taken.into_iter().flatten().collect();
    assert_eq!(taken, [pending]);
}

pub(crate) async fn are_over_at_their_expiry(backend: &dyn Backend) {
    let store = backend.open();
    let expiry = now().plus(HOUR);
    for (at, found) in [
        (just_before(expiry), true),
        (expiry, false),
        (expiry.plus(HOUR), false),
    ] {
        let (state, pending) = sign_in(expiry);
        let state = state.hash();
        store.put_sign_in(&state, &pending, now()).await.unwrap();
        let expected = found.then_some(pending);
        assert_eq!(store.sign_in(&state, at).await.unwrap(), expected);
        assert_eq!(store.take_sign_in(&state, at).await.unwrap(), expected);
    }
}

pub(crate) async fn are_seen_whole_or_not_at_all_while_they_are_taken(backend: &dyn Backend) {
    let (store, now) = (backend.open(), now());
    let (state, pending) = sign_in(now.plus(HOUR));
    let state = state.hash();
    store.put_sign_in(&state, &pending, now).await.unwrap();
    let outcomes = race((0..RACERS).map(|racer| {
        let store = Arc::clone(&store);
        async move {
            if racer == RACERS / 2 {
                (true, store.take_sign_in(&state, now).await.unwrap())
            } else {
                (false, store.sign_in(&state, now).await.unwrap())
            }
        }
    }))
    .await;
    for (taker, found) in outcomes {
        assert!(found.as_ref() == Some(&pending) || (!taker && found.is_none()));
    }
}
