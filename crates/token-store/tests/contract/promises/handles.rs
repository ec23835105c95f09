//! Two handles on one place …

use std::sync::Arc;

use token_core::store::{CodeOutcome, DeviceDecision, IssueOutcome, PollOutcome, RotateOutcome};

use crate::backend::Backend;
use crate::race::{RACERS, race};
use crate::records::{Family, HOUR, MONTH, client, device, hash, now, pushed_request, sign_in};

pub(crate) async fn see_each_other(backend: &dyn Backend) {
    let (ours, theirs, now) = (backend.open(), backend.open(), now());
    let pair = Family::new().pair(now);
    ours.issue_tokens(&pair, now).await.unwrap();
    assert!(theirs.is_active(&pair.token.jti, now).await.unwrap());
    theirs.revoke_token(&pair.token.jti, now).await.unwrap();
    assert!(!ours.is_active(&pair.token.jti, now).await.unwrap());

    let family = Family::new();
    let until = now.plus(MONTH);
    theirs
        .end_grant(&family.grant.id, now, until)
        .await
        .unwrap();
    let outcome = ours.issue_tokens(&family.pair(now), now).await.unwrap();
    assert_eq!(outcome, IssueOutcome::GrantEnded);
}

pub(crate) async fn share_the_single_use(backend: &dyn Backend) {
    let (handles, now) = ([backend.open(), backend.open()], now());
    let code = Family::new().code(now.plus(HOUR));
    handles[0].put_code(&code, now).await.unwrap();
    let outcomes = race((0..RACERS).map(|racer| {
        let (store, key) = (Arc::clone(&handles[racer % 2]), code.key.clone());
        async move { store.consume_code(&key, now).await.unwrap() }
    }))
    .await;
    let fresh = |outcome: &&CodeOutcome| matches!(outcome, CodeOutcome::Fresh(_));
    assert_eq!(outcomes.iter().filter(fresh).count(), 1);
}

pub(crate) async fn find_everything_after_reopening(backend: &dyn Backend) {
    let (store, now) = (backend.open(), now());
    let family = Family::new();
    let client = client(None);
    let (state, pending) = sign_in(now.plus(HOUR));
    let (used, unused) = (family.code(now.plus(HOUR)), family.code(now.plus(HOUR)));
    let (active, revoked) = (family.pair(now), family.pair(now));
    let ended = Family::new();
    let replaced = active.refresh.clone().unwrap();
    let rotation = family.rotation(&replaced.key, now);
    store.put_client(&client, now).await.unwrap();
    store
        .put_sign_in(&state.hash(), &pending, now)
        .await
        .unwrap();
    store.put_code(&used, now).await.unwrap();
    store.put_code(&unused, now).await.unwrap();
    store.consume_code(&used.key, now).await.unwrap();
    store.issue_tokens(&active, now).await.unwrap();
    store.issue_tokens(&revoked, now).await.unwrap();
    store.revoke_token(&revoked.token.jti, now).await.unwrap();
    store.rotate_refresh(&rotation, now).await.unwrap();
    let until = now.plus(MONTH);
    store.end_grant(&ended.grant.id, now, until).await.unwrap();
    let (device, uri, request, used_thing) = (
        device(now.plus(HOUR)),
        hash(),
        pushed_request(now.plus(HOUR)),
        hash(),
    );
    assert!(store.put_device(&device, now).await.unwrap());
    let decision = DeviceDecision::Approved(family.grant.clone());
    let decided = store.decide_device(&device.user_code, &decision, now);
    assert!(decided.await.unwrap());
    let put = store.put_pushed_request(&uri, &request, now).await;
    put.unwrap();
    let first = store.first_use(&used_thing, now.plus(HOUR), now).await;
    assert!(first.unwrap());
    drop(store);

    let store = backend.open();
    let found = store.client(&client.client_id, now).await.unwrap();
    assert_eq!(found, Some(client));
    let found = store.take_sign_in(&state.hash(), now).await.unwrap();
    assert_eq!(found, Some(pending));
    let found = store.consume_code(&used.key, now).await.unwrap();
    assert_eq!(found, CodeOutcome::Replayed(family.grant.id.clone()));
    let found = store.consume_code(&unused.key, now).await.unwrap();
    assert_eq!(found, CodeOutcome::Fresh(Box::new(unused)));
    assert!(store.is_active(&active.token.jti, now).await.unwrap());
    assert!(store.is_active(&rotation.token.jti, now).await.unwrap());
    assert!(!store.is_active(&revoked.token.jti, now).await.unwrap());
    let view = store.refresh_token(&replaced.key, now).await.unwrap();
    let view = view.unwrap();
    assert_eq!((view.record, view.replaced), (replaced, true));
    let outcome = store.rotate_refresh(&rotation, now).await.unwrap();
    assert_eq!(outcome, RotateOutcome::Graced(rotation.sealed_answer));
    let poll = store.poll_device(&device.device_code, &device.client_id, now);
    let approved = PollOutcome::Approved(Box::new(family.grant.clone()));
    assert_eq!(poll.await.unwrap(), approved);
    let found = store.pushed_request(&uri, now).await.unwrap();
    assert_eq!(found, Some(request));
    let again = store.first_use(&used_thing, now.plus(HOUR), now).await;
    assert!(!again.unwrap());
    let outcome = store.issue_tokens(&ended.pair(now), now).await.unwrap();
    assert_eq!(outcome, IssueOutcome::GrantEnded);
}
