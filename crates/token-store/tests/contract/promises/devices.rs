//! Device authorization requests …

use std::sync::Arc;

use token_core::store::{DeviceDecision, DeviceRecord, PollOutcome, Store};
use token_core::{Seconds, Timestamp};

use crate::backend::Backend;
use crate::race::{RACERS, race};
use crate::records::{Family, HOUR, client_id, device, hash, just_before, now};

fn approval() -> DeviceDecision {
    DeviceDecision::Approved(Family::new().grant)
}

async fn decide(
    store: &dyn Store,
    device: &DeviceRecord,
    decision: &DeviceDecision,
    at: Timestamp,
) -> bool {
    let decided = store.decide_device(&device.user_code, decision, at).await;
    decided.unwrap()
}

async fn poll(store: &dyn Store, device: &DeviceRecord, at: Timestamp) -> PollOutcome {
    let outcome = store.poll_device(&device.device_code, &device.client_id, at);
    outcome.await.unwrap()
}

/// What a poll says after a decision.
fn outcome_of(decision: &DeviceDecision) -> PollOutcome {
    match decision {
        DeviceDecision::Approved(grant) => PollOutcome::Approved(Box::new(grant.clone())),
        DeviceDecision::Denied => PollOutcome::Denied,
    }
}

pub(crate) async fn are_found_by_their_user_code_until_they_are_decided(backend: &dyn Backend) {
    let (store, now) = (backend.open(), now());
    for decision in [approval(), DeviceDecision::Denied] {
        let device = device(now.plus(HOUR));
        let code = &device.user_code;
        assert!(store.put_device(&device, now).await.unwrap());
        for _ in 0..2 {
            let found = store.device(code, now).await.unwrap();
            assert_eq!(found, Some(device.clone()));
        }
        let of_the_device = store.device(&device.device_code, now).await.unwrap();
        assert_eq!(of_the_device, None, "the codes are not confused");
        assert!(store.decide_device(code, &decision, now).await.unwrap());
        assert_eq!(store.device(code, now).await.unwrap(), None);
    }
}

pub(crate) async fn are_refused_while_their_user_code_is_taken(backend: &dyn Backend) {
    let (store, now) = (backend.open(), now());
    let first = device(now.plus(HOUR));
    let again = |expires_at| DeviceRecord {
        user_code: first.user_code,
        ..device(expires_at)
    };
    let (second, third) = (again(now.plus(HOUR)), again(first.expires_at.plus(HOUR)));
    assert!(store.put_device(&first, now).await.unwrap());
    assert!(!store.put_device(&second, now).await.unwrap());
    let found = store.device(&first.user_code, now).await.unwrap();
    assert_eq!(found, Some(first.clone()));
    let outcome = poll(&*store, &second, now).await;
    assert_eq!(outcome, PollOutcome::Unknown);

    // It is free again when the first is over, whatever it has heard.
    assert!(decide(&*store, &first, &approval(), now).await);
    assert!(!store.put_device(&second, now).await.unwrap());
    let outcome = poll(&*store, &first, now).await;
    assert!(matches!(outcome, PollOutcome::Approved(_)));
    assert!(!store.put_device(&second, now).await.unwrap());
    let expiry = first.expires_at;
    assert!(store.put_device(&third, expiry).await.unwrap());
    let found = store.device(&first.user_code, expiry).await.unwrap();
    assert_eq!(found, Some(third.clone()));

    // One that has heard that it was refused makes room.
    assert!(decide(&*store, &third, &DeviceDecision::Denied, expiry).await);
    let fourth = again(third.expires_at);
    assert!(!store.put_device(&fourth, expiry).await.unwrap());
    let outcome = poll(&*store, &third, expiry).await;
    assert_eq!(outcome, PollOutcome::Denied);
    assert!(store.put_device(&fourth, expiry).await.unwrap());
}

pub(crate) async fn are_kept_for_one_of_many_with_the_same_user_code(backend: &dyn Backend) {
    let (store, now) = (backend.open(), now());
    let user_code = hash();
    let kept = race((0..RACERS).map(|_| {
        let store = Arc::clone(&store);
        let device = DeviceRecord {
            user_code,
            ..device(now.plus(HOUR))
        };
        async move { store.put_device(&device, now).await.unwrap() }
    }))
    .await;
    assert_eq!(kept.iter().filter(|kept| **kept).count(), 1);
}

pub(crate) async fn are_decided_once(backend: &dyn Backend) {
    let (store, now) = (backend.open(), now());
    let device = device(now.plus(HOUR));
    store.put_device(&device, now).await.unwrap();
    let decided = race((0..RACERS).map(|racer| {
        let store = Arc::clone(&store);
        let decision = match racer % 2 {
            0 => approval(),
            _ => DeviceDecision::Denied,
        };
        async move {
            let decided = store.decide_device(&device.user_code, &decision, now).await;
            (decided.unwrap(), decision)
        }
    }))
    .await;
    let counted: Vec<_> = decided.into_iter().filter(|(counts, _)| *counts).collect();
    assert_eq!(counted.len(), 1);
    let outcome = poll(&*store, &device, now).await;
    assert_eq!(outcome, outcome_of(&counted[0].1));
}

pub(crate) async fn are_polled_ever_more_slowly_by_the_hasty(backend: &dyn Backend) {
    let (store, now) = (backend.open(), now());
    let mut device = device(now.plus(HOUR));
    store.put_device(&device, now).await.unwrap();
    for (seconds, expected, interval) in [
        (0, PollOutcome::Pending, 5),
        (5, PollOutcome::Pending, 5),
        (9, PollOutcome::SlowDown, 10),
        (18, PollOutcome::SlowDown, 15),
        (33, PollOutcome::Pending, 15),
        (33, PollOutcome::SlowDown, 20),
        (53, PollOutcome::Pending, 20),
    ] {
        let at = now.plus(Seconds(seconds));
        let outcome = poll(&*store, &device, at).await;
        assert_eq!(outcome, expected, "after {seconds} s");
        device.interval = Seconds(interval);
        let found = store.device(&device.user_code, at).await.unwrap();
        assert_eq!(found.as_ref(), Some(&device));
    }
    // A decision is told at once.
    let decision = approval();
    assert!(decide(&*store, &device, &decision, now).await);
    let at = now.plus(Seconds(54));
    let outcome = poll(&*store, &device, at).await;
    assert_eq!(outcome, outcome_of(&decision));
}

pub(crate) async fn tell_their_decision_to_one_of_many(backend: &dyn Backend) {
    let (store, now) = (backend.open(), now());
    for decision in [approval(), DeviceDecision::Denied] {
        let device = device(now.plus(HOUR));
        let (code, client) = (device.device_code, device.client_id.clone());
        store.put_device(&device, now).await.unwrap();
        assert!(decide(&*store, &device, &decision, now).await);
        let polls = race((0..RACERS).map(|_| {
            let (store, client) = (Arc::clone(&store), client.clone());
            async move { store.poll_device(&code, &client, now).await.unwrap() }
        }))
        .await;
        let count = |wanted| polls.iter().filter(|got| **got == wanted).count();
        assert_eq!(count(outcome_of(&decision)), 1);
        assert_eq!(count(PollOutcome::Unknown), RACERS - 1);
    }
}

pub(crate) async fn are_over_at_their_expiry_decided_or_not(backend: &dyn Backend) {
    let store = backend.open();
    let expiry = now().plus(HOUR);
    let (decided, undecided) = (device(expiry), device(expiry));
    for device in [&decided, &undecided] {
        store.put_device(device, now()).await.unwrap();
    }
    let last = just_before(expiry);
    let found = store.device(&decided.user_code, last).await.unwrap();
    assert_eq!(found, Some(decided.clone()));
    assert!(decide(&*store, &decided, &approval(), last).await);
    let found = store.device(&undecided.user_code, expiry).await.unwrap();
    assert_eq!(found, None);
    assert!(!decide(&*store, &undecided, &approval(), expiry).await);
    for device in [&decided, &undecided] {
        let outcome = poll(&*store, device, expiry).await;
        assert_eq!(outcome, PollOutcome::Unknown);
    }
}

pub(crate) async fn are_unknown_to_another_client(backend: &dyn Backend) {
    let (store, now) = (backend.open(), now());
    let device = device(now.plus(HOUR));
    let decision = approval();
    store.put_device(&device, now).await.unwrap();
    let foreign_poll = async || {
        let stranger = DeviceRecord {
            client_id: client_id(),
            ..device.clone()
        };
        let outcome = poll(&*store, &stranger, now).await;
        assert_eq!(outcome, PollOutcome::Unknown);
    };
    foreign_poll().await;
    let outcome = poll(&*store, &device, now).await;
    assert_eq!(
        outcome,
        PollOutcome::Pending,
        "the other's poll does not count"
    );
    assert!(decide(&*store, &device, &decision, now).await);
    foreign_poll().await;
    let outcome = poll(&*store, &device, now).await;
    assert_eq!(outcome, outcome_of(&decision));
}
