//! People …

use token_core::UserId;
use token_core::store::{DeviceDecision, PollOutcome};

use crate::backend::Backend;
use crate::records::{Family, HOUR, MONTH, device, just_before, now};

/// A family of somebody else than the others.
fn stranger() -> Family {
    let mut family = Family::new();
    family.grant.user_id = UserId::parse("github|1").unwrap();
    family
}

pub(crate) async fn see_what_clients_have_of_them_and_of_nobody_else(backend: &dyn Backend) {
    let (store, now) = (backend.open(), now());
    let (own, bare, ended, stranger) = (Family::new(), Family::new(), Family::new(), stranger());
    let pairs = [&own, &ended, &stranger].map(|family| family.pair(now));
    for pair in &pairs {
        store.issue_tokens(pair, now).await.unwrap();
    }
    let mut alone = bare.pair(now);
    alone.refresh = None;
    store.issue_tokens(&alone, now).await.unwrap();
    let rotation = own.rotation(&pairs[0].refresh.as_ref().unwrap().key, now);
    store.rotate_refresh(&rotation, now).await.unwrap();
    let until = now.plus(MONTH);
    store.end_grant(&ended.grant.id, now, until).await.unwrap();

    let user = &own.grant.user_id;
    let mut shown = store.user_sessions(user, now).await.unwrap();
    shown.sort_by_key(|session| session.tokens.len());
    let grants: Vec<_> = shown.iter().map(|session| &session.grant).collect();
    assert_eq!(grants, [&bare.grant.id, &own.grant.id]);
    assert_eq!(
        shown[1].refreshable_until,
        Some(rotation.successor.expires_at)
    );
    assert_eq!(shown[1].approved_at, own.grant.approved_at);
    assert_eq!(shown[0].approved_at, Some(alone.token.issued_at));

    // What nobody can renew is over after an hour, and the rest with its refresh token.
    let shown = store.user_sessions(user, now.plus(HOUR)).await.unwrap();
    let grants: Vec<_> = shown.iter().map(|session| &session.grant).collect();
    assert_eq!(grants, [&own.grant.id]);
    let shown = store.user_sessions(user, until).await.unwrap();
    assert_eq!(shown, []);
    let theirs = store.user_sessions(&stranger.grant.user_id, now).await;
    assert_eq!(theirs.unwrap().len(), 1);
}

pub(crate) async fn have_every_grant_named_from_its_approval_until_it_is_over(
    backend: &dyn Backend,
) {
    let (store, now) = (backend.open(), now());
    let (by_code, by_device, tokens) = (Family::new(), Family::new(), Family::new());
    let code = by_code.code(now.plus(HOUR));
    store.put_code(&code, now).await.unwrap();
    store
        .put_code(&stranger().code(now.plus(HOUR)), now)
        .await
        .unwrap();
    let waiting = device(now.plus(HOUR));
    store.put_device(&waiting, now).await.unwrap();
    let approved = DeviceDecision::Approved(by_device.grant.clone());
    let decided = store.decide_device(&waiting.user_code, &approved, now);
    assert!(decided.await.unwrap());
    let mut pair = tokens.pair(now);
    pair.refresh = None;
    store.issue_tokens(&pair, now).await.unwrap();

    let user = &by_code.grant.user_id;
    let named = async |at| {
        let mut named = store.user_grants(user, at).await.unwrap();
        named.sort();
        named
    };
    let mut all = [&by_code, &by_device, &tokens].map(|family| family.grant.id.clone());
    all.sort();
    assert_eq!(named(now).await, all);
    // A code that was used is still named: its client is about to have tokens.
    store.consume_code(&code.key, now).await.unwrap();
    // So is a device that has heard.
    let (device_code, client) = (&waiting.device_code, &waiting.client_id);
    let outcome = store.poll_device(device_code, client, now).await.unwrap();
    assert!(matches!(outcome, PollOutcome::Approved(_)));
    assert_eq!(named(just_before(now.plus(HOUR))).await, all);
    assert_eq!(named(now.plus(HOUR)).await, []);

    // With tokens it is named for as long as they live.
    store.issue_tokens(&by_code.pair(now), now).await.unwrap();
    assert_eq!(
        named(now.plus(HOUR)).await,
        std::slice::from_ref(&by_code.grant.id)
    );
    assert_eq!(named(now.plus(MONTH)).await, []);
}
