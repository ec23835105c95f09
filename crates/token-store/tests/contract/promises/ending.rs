//! The end of a grant …

use std::sync::Arc;

use token_core::Seconds;
use token_core::store::{IssueOutcome, RotateOutcome};

use crate::backend::Backend;
use crate::race::race;
use crate::records::{Family, HOUR, MONTH, just_before, now};

/// How often a race is run, and how many issuers run against one end.
const ROUNDS: usize = 16;
const ISSUERS: usize = 16;

pub(crate) async fn ends_every_token_of_the_grant_and_of_no_other(backend: &dyn Backend) {
    let (store, now) = (backend.open(), now());
    let (family, stranger) = (Family::new(), Family::new());
    let pairs = [family.pair(now), family.pair(now), stranger.pair(now)];
    for pair in &pairs {
        store.issue_tokens(pair, now).await.unwrap();
    }
    let [first, second, strangers] = pairs;
    let rotation = family.rotation(&second.refresh.as_ref().unwrap().key, now);
    store.rotate_refresh(&rotation, now).await.unwrap();

    let until = now.plus(MONTH);
    store.end_grant(&family.grant.id, now, until).await.unwrap();

    for token in [&first.token, &second.token, &rotation.token] {
        assert!(!store.is_active(&token.jti, now).await.unwrap());
        assert!(!store.revoke_token(&token.jti, now).await.unwrap());
    }
    let (first, second) = (first.refresh.unwrap(), second.refresh.unwrap());
    for refresh in [&first, &second, &rotation.successor] {
        assert_eq!(store.refresh_token(&refresh.key, now).await.unwrap(), None);
        let attempt = family.rotation(&refresh.key, now);
        let outcome = store.rotate_refresh(&attempt, now).await.unwrap();
        assert_eq!(outcome, RotateOutcome::Unknown);
        assert!(!store.is_active(&attempt.token.jti, now).await.unwrap());
    }
    let late = family.pair(now);
    assert_eq!(
        store.issue_tokens(&late, now).await.unwrap(),
        IssueOutcome::GrantEnded
    );
    assert!(!store.is_active(&late.token.jti, now).await.unwrap());
    let late = late.refresh.unwrap();
    assert_eq!(store.refresh_token(&late.key, now).await.unwrap(), None);

    assert!(store.is_active(&strangers.token.jti, now).await.unwrap());
    let rotation = stranger.rotation(&strangers.refresh.unwrap().key, now);
    let outcome = store.rotate_refresh(&rotation, now).await.unwrap();
    assert_eq!(outcome, RotateOutcome::Rotated);
}

pub(crate) async fn takes_the_sealed_answer_away(backend: &dyn Backend) {
    let (store, now) = (backend.open(), now());
    let family = Family::new();
    let pair = family.pair(now);
    store.issue_tokens(&pair, now).await.unwrap();
    let rotation = family.rotation(&pair.refresh.unwrap().key, now);
    store.rotate_refresh(&rotation, now).await.unwrap();
    let graced = store.rotate_refresh(&rotation, now).await.unwrap();
    assert_eq!(
        graced,
        RotateOutcome::Graced(rotation.sealed_answer.clone())
    );
    let until = now.plus(MONTH);
    store.end_grant(&family.grant.id, now, until).await.unwrap();
    let outcome = store.rotate_refresh(&rotation, now).await.unwrap();
    assert_eq!(outcome, RotateOutcome::Unknown);
}

pub(crate) async fn is_not_shortened_by_a_second_end(backend: &dyn Backend) {
    let (store, now) = (backend.open(), now());
    let family = Family::new();
    let (grant, until) = (&family.grant.id, now.plus(MONTH));
    store.end_grant(grant, now, until).await.unwrap();
    let sooner = now.plus(Seconds(1));
    store.end_grant(grant, now, sooner).await.unwrap();
    for at in [sooner, just_before(until)] {
        let outcome = store.issue_tokens(&family.pair(at), at).await.unwrap();
        assert_eq!(outcome, IssueOutcome::GrantEnded);
    }
}

/// Who ends it looks at the lifetimes of today, which may be shorter than those of its tokens.
pub(crate) async fn is_remembered_as_long_as_its_last_token_could_have_lived(
    backend: &dyn Backend,
) {
    let (store, now) = (backend.open(), now());
    let soon = now.plus(Seconds(1));
    let (renewable, bare) = (Family::new(), Family::new());
    let mut pair = renewable.pair(now);
    store.issue_tokens(&pair, now).await.unwrap();
    pair = bare.pair(now);
    pair.refresh = None;
    store.issue_tokens(&pair, now).await.unwrap();
    for (family, last) in [(bare, now.plus(HOUR)), (renewable, now.plus(MONTH))] {
        store.end_grant(&family.grant.id, now, soon).await.unwrap();
        for (at, outcome) in [
            (just_before(last), IssueOutcome::GrantEnded),
            (last, IssueOutcome::Issued),
        ] {
            let issued = store.issue_tokens(&family.pair(at), at).await;
            assert_eq!(issued.unwrap(), outcome);
        }
    }
}

pub(crate) async fn is_news_to_one_of_many(backend: &dyn Backend) {
    let (store, now) = (backend.open(), now());
    let family = Family::new();
    store.issue_tokens(&family.pair(now), now).await.unwrap();
    let until = now.plus(MONTH);
    let news = race((0..ISSUERS).map(|_| {
        let (store, grant) = (Arc::clone(&store), family.grant.id.clone());
        async move { store.end_grant(&grant, now, until).await.unwrap() }
    }))
    .await;
    assert_eq!(news.iter().filter(|news| **news).count(), 1);
    let again = store.end_grant(&family.grant.id, now, until).await;
    assert!(!again.unwrap());
}

pub(crate) async fn leaves_no_token_active_when_it_races_issue(backend: &dyn Backend) {
    let (store, now) = (backend.open(), now());
    for _ in 0..ROUNDS {
        let family = Family::new();
        let jtis = race((0..=ISSUERS).map(|racer| {
            let (store, pair) = (Arc::clone(&store), family.pair(now));
            let grant = family.grant.id.clone();
            async move {
                if racer == ISSUERS / 2 {
                    let until = now.plus(MONTH);
                    store.end_grant(&grant, now, until).await.unwrap();
                } else {
                    store.issue_tokens(&pair, now).await.unwrap();
                }
                pair.token.jti
            }
        }))
        .await;
        for jti in jtis {
            assert!(!store.is_active(&jti, now).await.unwrap());
        }
    }
}

pub(crate) async fn leaves_no_token_active_when_it_races_rotation(backend: &dyn Backend) {
    let (store, now) = (backend.open(), now());
    for _ in 0..ROUNDS {
        let family = Family::new();
        let pair = family.pair(now);
        store.issue_tokens(&pair, now).await.unwrap();
        let presented = pair.refresh.unwrap().key;
        let rotations = race((0..=ISSUERS).map(|racer| {
            let (store, grant) = (Arc::clone(&store), family.grant.id.clone());
            let rotation = family.rotation(&presented, now);
            async move {
                if racer == ISSUERS / 2 {
                    let until = now.plus(MONTH);
                    store.end_grant(&grant, now, until).await.unwrap();
                } else {
                    store.rotate_refresh(&rotation, now).await.unwrap();
                }
                rotation
            }
        }))
        .await;
        for rotation in rotations {
            assert!(!store.is_active(&rotation.token.jti, now).await.unwrap());
            let successor = store.refresh_token(&rotation.successor.key, now).await;
            assert_eq!(successor.unwrap(), None);
        }
    }
}
