//! Access tokens …

use std::sync::Arc;

use token_core::Seconds;
use token_core::store::{IssueOutcome, IssuedTokens};

use crate::backend::Backend;
use crate::race::{RACERS, race};
use crate::records::{Family, HOUR, MONTH, just_before, now};

pub(crate) async fn are_active_until_they_expire(backend: &dyn Backend) {
    let (store, now) = (backend.open(), now());
    let pair = Family::new().pair(now);
    let (jti, expiry) = (&pair.token.jti, pair.token.expires_at);
    assert!(!store.is_active(jti, now).await.unwrap());
    assert_eq!(
        store.issue_tokens(&pair, now).await.unwrap(),
        IssueOutcome::Issued
    );
    for (at, active) in [
        (now, true),
        (just_before(expiry), true),
        (expiry, false),
        (expiry.plus(Seconds(1)), false),
    ] {
        assert_eq!(store.is_active(jti, at).await.unwrap(), active);
    }
}

pub(crate) async fn are_revoked_alone_and_once(backend: &dyn Backend) {
    let (store, now) = (backend.open(), now());
    let family = Family::new();
    let (pair, sibling, stranger) = (family.pair(now), family.pair(now), Family::new().pair(now));
    for tokens in [&pair, &sibling, &stranger] {
        store.issue_tokens(tokens, now).await.unwrap();
    }
    assert!(store.revoke_token(&pair.token.jti, now).await.unwrap());
    assert!(!store.revoke_token(&pair.token.jti, now).await.unwrap());
    assert!(!store.is_active(&pair.token.jti, now).await.unwrap());
    assert!(store.is_active(&sibling.token.jti, now).await.unwrap());
    assert!(store.is_active(&stranger.token.jti, now).await.unwrap());
    let refresh = pair.refresh.unwrap();
    let view = store.refresh_token(&refresh.key, now).await.unwrap();
    assert_eq!(view.unwrap().record, refresh);

    let expiry = sibling.token.expires_at;
    let revoked = store.revoke_token(&sibling.token.jti, expiry).await;
    assert!(!revoked.unwrap(), "an expired token was not active");
}

pub(crate) async fn are_revoked_by_one_of_many(backend: &dyn Backend) {
    let (store, now) = (backend.open(), now());
    let pair = Family::new().pair(now);
    store.issue_tokens(&pair, now).await.unwrap();
    let outcomes = race((0..RACERS).map(|_| {
        let (store, jti) = (Arc::clone(&store), pair.token.jti.clone());
        async move { store.revoke_token(&jti, now).await.unwrap() }
    }))
    .await;
    assert_eq!(outcomes.iter().filter(|was_active| **was_active).count(), 1);
}

pub(crate) async fn come_without_a_refresh_token_too(backend: &dyn Backend) {
    let (store, now) = (backend.open(), now());
    let family = Family::new();
    let alone = IssuedTokens {
        token: family.token(now.plus(HOUR)),
        refresh: None,
    };
    store.issue_tokens(&alone, now).await.unwrap();
    assert!(store.is_active(&alone.token.jti, now).await.unwrap());
    let until = now.plus(MONTH);
    store.end_grant(&family.grant.id, now, until).await.unwrap();
    assert!(!store.is_active(&alone.token.jti, now).await.unwrap());
}
