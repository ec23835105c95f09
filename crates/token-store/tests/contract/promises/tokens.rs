//! Access tokens …

use std::sync::Arc;

use token_core::Seconds;
use token_core::store::{IssueOutcome, IssuedTokens, RotateOutcome, Rotation};

use crate::backend::Backend;
use crate::race::{RACERS, race};
use crate::records::{Family, HOUR, MONTH, client, just_before, now};

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
        client_is_stored: false,
    };
    store.issue_tokens(&alone, now).await.unwrap();
    assert!(store.is_active(&alone.token.jti, now).await.unwrap());
    let until = now.plus(MONTH);
    store.end_grant(&family.grant.id, now, until).await.unwrap();
    assert!(!store.is_active(&alone.token.jti, now).await.unwrap());
}

pub(crate) async fn need_their_client_where_it_is_kept_here(backend: &dyn Backend) {
    let (store, now) = (backend.open(), now());
    let mut family = Family::new();
    let client = client(Some(now.plus(MONTH)));
    family.grant.client_id = client.client_id.clone();
    let kept = |tokens| IssuedTokens {
        client_is_stored: true,
        ..tokens
    };
    let (first, second) = (kept(family.pair(now)), kept(family.pair(now)));
    let rotation = Rotation {
        client_is_stored: true,
        ..family.rotation(&first.refresh.as_ref().unwrap().key, now)
    };

    let never_registered = store.issue_tokens(&first, now).await.unwrap();
    assert_eq!(never_registered, IssueOutcome::ClientGone);
    store.put_client(&client, now).await.unwrap();
    let registered = store.issue_tokens(&first, now).await.unwrap();
    assert_eq!(registered, IssueOutcome::Issued);

    store.delete_client(&client.client_id, now).await.unwrap();
    let deleted = store.issue_tokens(&second, now).await.unwrap();
    assert_eq!(deleted, IssueOutcome::ClientGone);
    let rotated = store.rotate_refresh(&rotation, now).await.unwrap();
    assert_eq!(rotated, RotateOutcome::ClientGone);
    for refused in [&second.token.jti, &rotation.token.jti] {
        assert!(!store.is_active(refused, now).await.unwrap());
    }
    // What was refused is not in the way of what is to be ended.
    let named = store.client_grants(&client.client_id, now).await.unwrap();
    assert_eq!(named, [family.grant.id.clone()]);

    store.put_client(&client, now).await.unwrap();
    let expired = now.plus(MONTH);
    let over = store.issue_tokens(&second, expired).await.unwrap();
    assert_eq!(over, IssueOutcome::ClientGone);
}
