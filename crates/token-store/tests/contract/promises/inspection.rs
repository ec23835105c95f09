//! What the operator is shown …

use std::collections::BTreeSet;

use token_core::client::Client;
use token_core::store::{
    Approval, Batch, DeviceDecision, Expired, OperatorStore, Registration, Session, StoreError,
    Unreadable,
};
use token_core::{ClientId, Timestamp};

use crate::backend::Inspected;
use crate::records::{Family, HOUR, MONTH, client, device, now};

/// Every item of every batch.
macro_rules! all {
    ($store:expr, $what:ident $(, $more:expr)*) => {{
        let (mut items, mut from) = (Vec::new(), None);
        loop {
            let batch = $store.$what(from.as_ref() $(, $more)*).await.unwrap();
            items.extend(batch.items);
            from = batch.next;
            if from.is_none() {
                break items;
            }
        }
    }};
}

async fn sessions(store: &dyn OperatorStore, now: Timestamp) -> Vec<Session> {
    all!(store, sessions, now)
}

async fn approvals(store: &dyn OperatorStore, now: Timestamp) -> Vec<Approval> {
    all!(store, approvals, now)
}

async fn expired(store: &dyn OperatorStore, clear: bool, now: Timestamp) -> u64 {
    let found: Vec<Expired> = all!(store, expired, clear, now);
    found.iter().map(|expired| expired.count).sum()
}

pub(crate) async fn shows_every_registration_that_is_alive_and_no_hash(backend: &dyn Inspected) {
    let (store, now) = (backend.operator(), now());
    let [stays, ends, is_over] = [None, Some(now.plus(HOUR)), Some(now)].map(client);
    // The copy of a metadata document is in the same place, and is no registration.
    let document = Client {
        client_id: ClientId::parse("https://app.example/client.json").unwrap(),
        ..client(None)
    };
    for client in [&stays, &ends, &is_over, &document] {
        store.put_client(client, now).await.unwrap();
    }
    store
        .prolong_client(&ends.client_id, Some(now.plus(MONTH)), now)
        .await
        .unwrap();
    let shown: Vec<Registration> = all!(store, registrations, now);
    let find = |client: &Client| {
        let mut own = shown.iter();
        own.find(|shown| shown.client_id == client.client_id)
    };
    assert_eq!(shown.len(), 2);
    assert_eq!(find(&stays).cloned(), Registration::of(stays.clone()));
    let prolonged = find(&ends).unwrap();
    assert!(prolonged.used);
    assert_eq!(prolonged.expires_at, Some(now.plus(MONTH)));
    let json = serde_json::to_string(&shown).unwrap();
    assert!(
        !json.contains("hash") && json.contains("client_secret_basic"),
        "{json}"
    );
}

pub(crate) async fn shows_what_each_grant_still_has(backend: &dyn Inspected) {
    let (store, now) = (backend.operator(), now());
    assert!(sessions(store.as_ref(), now).await.is_empty());
    let (rotated, bare, revoked, ended) =
        (Family::new(), Family::new(), Family::new(), Family::new());
    let pairs = [&rotated, &revoked, &ended].map(|family| family.pair(now));
    for pair in &pairs {
        store.issue_tokens(pair, now).await.unwrap();
    }
    let [first, half, _] = &pairs;
    let rotation = rotated.rotation(&first.refresh.as_ref().unwrap().key, now);
    store.rotate_refresh(&rotation, now).await.unwrap();
    let mut alone = bare.pair(now);
    alone.refresh = None;
    store.issue_tokens(&alone, now).await.unwrap();
    store.revoke_token(&half.token.jti, now).await.unwrap();
    store
        .end_grant(&ended.grant.id, now, now.plus(MONTH))
        .await
        .unwrap();

    let shown = sessions(store.as_ref(), now).await;
    let find = |family: &Family| shown.iter().find(|shown| shown.grant == family.grant.id);
    assert_eq!(shown.len(), 3);
    assert_eq!(find(&ended), None);
    for family in [&rotated, &bare, &revoked, &ended] {
        let alone = store.session(&family.grant.id, now).await.unwrap();
        assert_eq!(alone.as_ref(), find(family));
    }
    let mut tokens = find(&rotated).unwrap().tokens.clone();
    tokens.sort_by(|one, other| one.jti.cmp(&other.jti));
    let mut expected = vec![first.token.clone(), rotation.token.clone()];
    expected.sort_by(|one, other| one.jti.cmp(&other.jti));
    assert_eq!(tokens, expected);
    let until = rotation.successor.expires_at;
    assert_eq!(find(&rotated).unwrap().refreshable_until, Some(until));
    assert_eq!(find(&rotated).unwrap().ends_at(), Some(until));
    let bare = find(&bare).unwrap();
    assert_eq!(
        (bare.refreshable_until, &bare.tokens),
        (None, &vec![alone.token.clone()])
    );
    assert_eq!(bare.username.as_str(), "octocat");
    let revoked = find(&revoked).unwrap();
    assert!(revoked.tokens.is_empty() && revoked.refreshable_until.is_some());
    let json = serde_json::to_string(&shown).unwrap();
    let hash = rotation.successor.key.hash.to_string();
    assert!(!json.contains(&hash) && !json.contains("hash"), "{json}");

    // An hour later access tokens are over, and what cannot be refreshed is no session.
    let later = now.plus(HOUR);
    let shown = sessions(store.as_ref(), later).await;
    assert_eq!(shown.len(), 2);
    assert!(shown.iter().all(|session| session.tokens.is_empty()));
}

pub(crate) async fn shows_more_than_a_batch_holds_once_each(backend: &dyn Inspected) {
    let (store, now) = (backend.operator(), now());
    let mut written = BTreeSet::new();
    for _ in 0..1203 {
        let family = Family::new();
        store.issue_tokens(&family.pair(now), now).await.unwrap();
        written.insert(family.grant.id);
    }
    let mut steps = 0;
    let (mut shown, mut from) = (Vec::new(), None);
    loop {
        let batch: Result<Batch<Session>, StoreError> = store.sessions(from.as_ref(), now).await;
        let batch = batch.unwrap();
        assert!(batch.items.len() <= 1100, "a batch stays small");
        shown.extend(batch.items.into_iter().map(|session| session.grant));
        (from, steps) = (batch.next, steps + 1);
        if from.is_none() {
            break;
        }
    }
    assert!(steps > 1);
    assert_eq!(shown.len(), written.len());
    assert_eq!(shown.into_iter().collect::<BTreeSet<_>>(), written);
}

pub(crate) async fn shows_what_was_approved_and_not_fetched(backend: &dyn Inspected) {
    let (store, now) = (backend.operator(), now());
    let families: Vec<_> = (0..6).map(|_| Family::new()).collect();
    let [open, used, ended, waiting, polled, denied] = families.as_slice() else {
        panic!("six");
    };
    let codes = [open, used, ended].map(|family| family.code(now.plus(HOUR)));
    for code in &codes {
        store.put_code(code, now).await.unwrap();
    }
    store.consume_code(&codes[1].key, now).await.unwrap();
    store
        .end_grant(&ended.grant.id, now, now.plus(MONTH))
        .await
        .unwrap();
    let decisions = [
        DeviceDecision::Approved(waiting.grant.clone()),
        DeviceDecision::Denied,
        DeviceDecision::Approved(polled.grant.clone()),
    ];
    let mut last = None;
    for decision in decisions {
        let device = device(now.plus(HOUR));
        store.put_device(&device, now).await.unwrap();
        store
            .decide_device(&device.user_code, &decision, now)
            .await
            .unwrap();
        last = Some(device);
    }
    let device_of_polled = last.unwrap();
    let (code, client) = (&device_of_polled.device_code, &device_of_polled.client_id);
    store.poll_device(code, client, now).await.unwrap();
    let undecided = device(now.plus(HOUR));
    store.put_device(&undecided, now).await.unwrap();

    let (fetched, shown): (Vec<_>, Vec<_>) = approvals(store.as_ref(), now)
        .await
        .into_iter()
        .partition(|approval| approval.fetched);
    // Between the use of its code and the issue of its tokens nothing else knows a grant.
    let ids = |approvals: &[Approval]| -> BTreeSet<_> {
        let grants = approvals.iter().map(|approval| approval.grant.id.clone());
        grants.collect()
    };
    let of = |families: [&Family; 2]| BTreeSet::from(families.map(|own| own.grant.id.clone()));
    assert_eq!(ids(&fetched), of([used, polled]));
    assert_eq!(
        ids(&shown),
        of([open, waiting]),
        "and not {}",
        denied.grant.id
    );
    assert!(shown.iter().all(|shown| shown.expires_at == now.plus(HOUR)));
    assert!(approvals(store.as_ref(), now.plus(HOUR)).await.is_empty());
}

pub(crate) async fn counts_what_is_over_and_clears_away_just_that(backend: &dyn Inspected) {
    let (store, now) = (backend.operator(), now());
    let family = Family::new();
    let pair = family.pair(now);
    store.issue_tokens(&pair, now).await.unwrap();
    let (short, long) = (client(Some(now.plus(HOUR))), client(Some(now.plus(MONTH))));
    for client in [&short, &long] {
        store.put_client(client, now).await.unwrap();
    }
    assert_eq!(expired(store.as_ref(), false, now).await, 0);
    assert_eq!(expired(store.as_ref(), true, now).await, 0);

    let later = now.plus(HOUR);
    let counted = expired(store.as_ref(), false, later).await;
    assert!(
        counted >= 2,
        "a client and what there is of a token: {counted}"
    );
    assert_eq!(expired(store.as_ref(), false, later).await, counted);
    assert_eq!(expired(store.as_ref(), true, later).await, counted);
    assert_eq!(expired(store.as_ref(), false, later).await, 0);

    let refresh = pair.refresh.unwrap();
    assert!(
        store
            .refresh_token(&refresh.key, later)
            .await
            .unwrap()
            .is_some()
    );
    assert!(
        store
            .client(&long.client_id, later)
            .await
            .unwrap()
            .is_some()
    );
    let grants = store.client_grants(&family.grant.client_id, later).await;
    assert_eq!(grants.unwrap(), [family.grant.id]);
}

pub(crate) async fn goes_on_after_what_cannot_be_read(backend: &dyn Inspected) {
    let (store, now) = (backend.operator(), now());
    let (good, half, bad, waiting) = (Family::new(), Family::new(), Family::new(), Family::new());
    for family in [&good, &bad, &half] {
        store.issue_tokens(&family.pair(now), now).await.unwrap();
    }
    store
        .put_code(&waiting.code(now.plus(HOUR)), now)
        .await
        .unwrap();
    let [kept, lost] = [client(None), client(None)];
    for client in [&kept, &lost] {
        store.put_client(client, now).await.unwrap();
    }
    for id in [
        bad.grant.id.as_str(),
        waiting.grant.id.as_str(),
        lost.client_id.as_str(),
    ] {
        backend.damage(id);
    }
    let mut more = half.pair(now);
    more.refresh = None;
    store.issue_tokens(&more, now).await.unwrap();
    backend.damage(more.token.jti.rest());

    let clients = store.registrations(None, now).await.unwrap();
    assert_eq!(clients.items, [Registration::of(kept).unwrap()]);
    assert_eq!(clients.unreadable, [Unreadable { grant: None }]);
    let approvals: Vec<usize> = {
        let (mut counts, mut from) = (Vec::new(), None);
        loop {
            let batch = store.approvals(from.as_ref(), now).await.unwrap();
            assert!(batch.items.is_empty());
            counts.push(batch.unreadable.len());
            from = batch.next;
            if from.is_none() {
                break counts;
            }
        }
    };
    assert_eq!(approvals.iter().sum::<usize>(), 1);

    let sessions = store.sessions(None, now).await.unwrap();
    assert!(sessions.next.is_none());
    let shown: BTreeSet<_> = sessions.items.iter().map(|own| &own.grant).collect();
    assert_eq!(shown, BTreeSet::from([&good.grant.id, &half.grant.id]));
    let mut grants: Vec<_> = sessions
        .unreadable
        .into_iter()
        .filter_map(|record| record.grant)
        .collect();
    grants.sort();
    let mut expected = vec![
        bad.grant.id.clone(),
        bad.grant.id.clone(),
        half.grant.id.clone(),
    ];
    expected.sort();
    assert_eq!(grants, expected, "the place of a record names its grant");
    let alone = store.session(&half.grant.id, now).await.unwrap().unwrap();
    assert_eq!(alone.tokens.len(), 1);
    let none = store.session(&bad.grant.id, now).await;
    assert!(matches!(none, Err(StoreError::Corrupt(_))));

    store
        .end_grant(&bad.grant.id, now, now.plus(MONTH))
        .await
        .unwrap();
    assert_eq!(store.session(&bad.grant.id, now).await.unwrap(), None);
}
