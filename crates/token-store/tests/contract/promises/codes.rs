//! Authorization codes …

use std::sync::Arc;

use token_core::store::CodeOutcome;

use crate::backend::Backend;
use crate::race::{RACERS, race};
use crate::records::{Family, HOUR, just_before, now};

pub(crate) async fn are_used_once_and_then_name_their_grant(backend: &dyn Backend) {
    let (store, now) = (backend.open(), now());
    let family = Family::new();
    let (code, other) = (family.code(now.plus(HOUR)), family.code(now.plus(HOUR)));
    store.put_code(&code, now).await.unwrap();
    store.put_code(&other, now).await.unwrap();
    let first = store.consume_code(&code.key, now).await.unwrap();
    assert_eq!(first, CodeOutcome::Fresh(Box::new(code.clone())));
    for _ in 0..2 {
        let again = store.consume_code(&code.key, now).await.unwrap();
        assert_eq!(again, CodeOutcome::Replayed(family.grant.id.clone()));
    }
    let other_outcome = store.consume_code(&other.key, now).await.unwrap();
    assert_eq!(other_outcome, CodeOutcome::Fresh(Box::new(other)));
}

pub(crate) async fn are_fresh_for_one_of_many(backend: &dyn Backend) {
    let (store, now) = (backend.open(), now());
    let family = Family::new();
    let code = family.code(now.plus(HOUR));
    store.put_code(&code, now).await.unwrap();
    let outcomes = race((0..RACERS).map(|_| {
        let (store, key) = (Arc::clone(&store), code.key.clone());
        async move { store.consume_code(&key, now).await.unwrap() }
    }))
    .await;
    let count = |wanted: CodeOutcome| outcomes.iter().filter(|got| **got == wanted).count();
    assert_eq!(count(CodeOutcome::Replayed(family.grant.id)), RACERS - 1);
    assert_eq!(count(CodeOutcome::Fresh(Box::new(code))), 1);
}

pub(crate) async fn are_over_at_their_expiry_used_or_not(backend: &dyn Backend) {
    let store = backend.open();
    let expiry = now().plus(HOUR);
    let family = Family::new();
    for at in [expiry, expiry.plus(HOUR)] {
        let (used, unused) = (family.code(expiry), family.code(expiry));
        store.put_code(&used, now()).await.unwrap();
        store.put_code(&unused, now()).await.unwrap();
        let last_moment = store.consume_code(&used.key, just_before(expiry)).await;
        assert_eq!(
            last_moment.unwrap(),
            CodeOutcome::Fresh(Box::new(used.clone()))
        );
        for code in [used, unused] {
            let outcome = store.consume_code(&code.key, at).await.unwrap();
            assert_eq!(outcome, CodeOutcome::Unknown);
        }
    }
}
