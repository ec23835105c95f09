//! A backup …

use std::collections::BTreeSet;

use token_core::client::Client;
use token_core::store::{
    Archived, ArchivedKind, OperatorStore, RestoreOutcome, Restoring, TokenRecord,
};
use token_core::{ClientId, Timestamp};

use crate::backend::{Inspected, Sqlite};
use crate::records::{Family, GRACE, HOUR, MONTH, client, now};
use crate::redis_server::RedisServer;

use RestoreOutcome::{Ended, Expired, Present, Restored};

pub(super) async fn archived(store: &dyn OperatorStore, now: Timestamp) -> Vec<Archived> {
    let (mut found, mut from) = (Vec::new(), None);
    loop {
        let batch = store.archived(from.as_ref(), now).await.unwrap();
        assert!(batch.unreadable.is_empty());
        found.extend(batch.items);
        from = batch.next;
        if from.is_none() {
            return found;
        }
    }
}

pub(super) async fn cleared(
    store: &dyn OperatorStore,
    count: bool,
    now: Timestamp,
) -> Vec<ArchivedKind> {
    let (mut found, mut from) = (Vec::new(), None);
    loop {
        let batch = store.clear(from.as_ref(), count, now).await.unwrap();
        found.extend(batch.items);
        from = batch.next;
        if from.is_none() {
            return found;
        }
    }
}

/// As a restore does it: first what ends something.
pub(super) async fn restored(
    store: &dyn OperatorStore,
    records: &[Archived],
    how: Restoring,
    now: Timestamp,
) -> Vec<RestoreOutcome> {
    let (ending, others): (Vec<_>, Vec<_>) = records.iter().cloned().partition(Archived::is_ending);
    let mut outcomes = store.restore(&ending, how, now).await.unwrap();
    outcomes.extend(store.restore(&others, how, now).await.unwrap());
    outcomes
}

/// In an order of its own, to be compared.
pub(super) fn sorted(records: &[Archived]) -> BTreeSet<String> {
    let lines = records
        .iter()
        .map(|one| serde_json::to_string(one).unwrap());
    lines.collect()
}

/// What there is after a day's use, with all that a backup has.
struct Day {
    client: Client,
    /// Replaced its first refresh token.
    rotated: Family,
    first: TokenRecord,
    revoked: TokenRecord,
    ended: Family,
    rotation: token_core::store::Rotation,
}

impl Day {
    async fn on(store: &dyn OperatorStore, now: Timestamp) -> Self {
        let client = client(Some(now.plus(MONTH)));
        let document = Client {
            client_id: ClientId::parse("https://app.example/client.json").unwrap(),
            ..client.clone()
        };
        for client in [&client, &document] {
            store.put_client(client, now).await.unwrap();
        }
        let (rotated, half, ended) = (Family::new(), Family::new(), Family::new());
        let pairs = [&rotated, &half, &ended].map(|family| family.pair(now));
        for pair in &pairs {
            store.issue_tokens(pair, now).await.unwrap();
        }
        let [first, revoked, _] = pairs;
        let rotation = rotated.rotation(&first.refresh.unwrap().key, now);
        store.rotate_refresh(&rotation, now).await.unwrap();
        store.revoke_token(&revoked.token.jti, now).await.unwrap();
        let until = now.plus(MONTH);
        store.end_grant(&ended.grant.id, now, until).await.unwrap();
        // Lives for minutes, and is in no backup.
        store
            .put_code(&half.code(now.plus(GRACE)), now)
            .await
            .unwrap();
        Self {
            client,
            rotated,
            first: first.token,
            revoked: revoked.token,
            ended,
            rotation,
        }
    }
}

pub(crate) async fn has_all_that_is_good_and_every_mark_and_no_more(backend: &dyn Inspected) {
    let (store, now) = (backend.operator(), now());
    assert!(archived(store.as_ref(), now).await.is_empty());
    let day = Day::on(store.as_ref(), now).await;
    let found = archived(store.as_ref(), now).await;
    let count = |kind| found.iter().filter(|one| one.kind() == kind).count();
    assert_eq!(count(ArchivedKind::Clients), 2);
    assert_eq!(count(ArchivedKind::AccessTokens), 2);
    assert_eq!(count(ArchivedKind::RefreshTokens), 2);
    assert_eq!(
        count(ArchivedKind::Marks),
        3,
        "one replaced, one revoked, one ended"
    );
    assert!(found.contains(&Archived::Client(day.client)));
    assert!(found.contains(&Archived::AccessToken(day.first)));
    assert!(found.contains(&Archived::RevokedToken {
        jti: day.revoked.jti,
        expires_at: day.revoked.expires_at,
    }));
    assert!(found.contains(&Archived::EndedGrant {
        grant: day.ended.grant.id,
        expires_at: now.plus(MONTH),
    }));
    let last = found.iter().rposition(|one| !one.is_ending()).unwrap();
    assert!(
        found[..last].iter().all(|one| !one.is_ending()),
        "marks come last"
    );

    let later = archived(store.as_ref(), now.plus(HOUR)).await;
    assert!(
        later
            .iter()
            .all(|one| !matches!(one, Archived::AccessToken(_)))
    );
    assert!(archived(store.as_ref(), now.plus(MONTH)).await.is_empty());
}

pub(crate) async fn is_put_back_into_either_kind_of_store(backend: &dyn Inspected) {
    let (store, now) = (backend.operator(), now());
    let day = Day::on(store.as_ref(), now).await;
    let backup = archived(store.as_ref(), now).await;
    let others: [Box<dyn Inspected>; 2] = [Box::new(Sqlite::new()), Box::new(RedisServer::start())];
    for other in others {
        let other = other.operator();
        for how in [Restoring::Count, Restoring::CountAsCleared, Restoring::Do] {
            let outcomes = restored(other.as_ref(), &backup, how, now).await;
            assert_eq!(outcomes, vec![Restored; backup.len()], "{how:?}");
        }
        let again = archived(other.as_ref(), now).await;
        assert_eq!(sorted(&again), sorted(&backup));
        for how in [Restoring::Count, Restoring::Do] {
            let outcomes = restored(other.as_ref(), &backup, how, now).await;
            assert_eq!(outcomes, vec![Present; backup.len()], "{how:?}");
        }
        assert_eq!(
            sorted(&archived(other.as_ref(), now).await),
            sorted(&backup)
        );

        // The person sees it, and his withdrawal and a client's deletion find it.
        let user = &day.first.user_id;
        let mut of_user = Vec::new();
        for store in [&store, &other] {
            let mut sessions = store.user_sessions(user, now).await.unwrap();
            sessions.sort_by(|one, other| one.grant.cmp(&other.grant));
            of_user.push(sessions);
        }
        assert_eq!(of_user[0].len(), 2);
        assert_eq!(of_user[0], of_user[1]);

        // It works as before: the successor is good, and the reuse of its predecessor is seen.
        assert!(other.is_active(&day.first.jti, now).await.unwrap());
        assert!(!other.is_active(&day.revoked.jti, now).await.unwrap());
        let presented = &day.rotation.successor.key;
        let next = day.rotated.rotation(presented, now);
        let outcome = other.rotate_refresh(&next, now).await.unwrap();
        assert_eq!(outcome, token_core::store::RotateOutcome::Rotated);
        let reused = day.rotated.rotation(&day.rotation.presented, now);
        let outcome = other.rotate_refresh(&reused, now).await.unwrap();
        let grant = day.rotated.grant.id.clone();
        assert_eq!(outcome, token_core::store::RotateOutcome::Reused(grant));
        let grants = other.client_grants(&day.rotated.grant.client_id, now).await;
        assert_eq!(
            grants.unwrap().as_slice(),
            std::slice::from_ref(&day.rotated.grant.id)
        );
    }
}

pub(crate) async fn revives_nothing_that_ended_since(backend: &dyn Inspected) {
    for clear in [false, true] {
        let (store, now) = (backend.operator(), now());
        let (ended, revoked, rotated, kept) =
            (Family::new(), Family::new(), Family::new(), Family::new());
        let pairs = [&ended, &revoked, &rotated, &kept].map(|family| family.pair(now));
        for pair in &pairs {
            store.issue_tokens(pair, now).await.unwrap();
        }
        let own: BTreeSet<_> = [&ended, &revoked, &rotated, &kept]
            .map(|own| own.grant.id.clone())
            .into();
        let grant_of = |record: &Archived| match record {
            Archived::AccessToken(token) => Some(token.jti.grant()),
            Archived::RefreshToken { token, .. } => Some(token.key.grant.clone()),
            _ => None,
        };
        let backup: Vec<_> = archived(store.as_ref(), now)
            .await
            .into_iter()
            .filter(|record| grant_of(record).is_some_and(|grant| own.contains(&grant)))
            .collect();
        assert_eq!(backup.len(), 8);

        let [of_ended, of_revoked, of_rotated, of_kept] = &pairs;
        store
            .end_grant(&ended.grant.id, now, now.plus(MONTH))
            .await
            .unwrap();
        store
            .revoke_token(&of_revoked.token.jti, now)
            .await
            .unwrap();
        let presented = &of_rotated.refresh.as_ref().unwrap().key;
        let rotation = rotated.rotation(presented, now);
        store.rotate_refresh(&rotation, now).await.unwrap();

        let count = if clear {
            Restoring::CountAsCleared
        } else {
            Restoring::Count
        };
        let counted = restored(store.as_ref(), &backup, count, now).await;
        if clear {
            let went = cleared(store.as_ref(), true, now).await;
            assert_eq!(cleared(store.as_ref(), false, now).await, went);
            assert!(cleared(store.as_ref(), false, now).await.is_empty());
            assert!(!store.is_active(&of_kept.token.jti, now).await.unwrap());
        }
        let done = restored(store.as_ref(), &backup, Restoring::Do, now).await;
        assert_eq!(done, counted, "a count is what then happens");
        let times = |outcome| done.iter().filter(|one| **one == outcome).count();
        assert_eq!(
            times(Ended),
            3,
            "an ended grant has two, and one token was revoked"
        );
        let present = if clear { 1 } else { 5 };
        assert_eq!((times(Present), times(Restored)), (present, 5 - present));

        for (pair, active) in [
            (of_ended, false),
            (of_revoked, false),
            (of_rotated, true),
            (of_kept, true),
        ] {
            assert_eq!(store.is_active(&pair.token.jti, now).await.unwrap(), active);
        }
        assert!(store.session(&ended.grant.id, now).await.unwrap().is_none());
        let view = store.refresh_token(presented, now).await.unwrap().unwrap();
        assert!(view.replaced, "what was used up stays so");
    }
}

pub(crate) async fn ends_what_had_ended_when_it_was_taken(backend: &dyn Inspected) {
    let (store, now) = (backend.operator(), now());
    let (ended, half) = (Family::new(), Family::new());
    let pairs = [&ended, &half].map(|family| family.pair(now));
    for pair in &pairs {
        store.issue_tokens(pair, now).await.unwrap();
    }
    let [_, of_half] = &pairs;
    let marks = [
        Archived::EndedGrant {
            grant: ended.grant.id.clone(),
            expires_at: now.plus(MONTH),
        },
        Archived::RevokedToken {
            jti: of_half.token.jti.clone(),
            expires_at: of_half.token.expires_at,
        },
        Archived::RefreshToken {
            token: of_half.refresh.clone().unwrap(),
            replaced: true,
        },
    ];
    let outcomes = restored(store.as_ref(), &marks, Restoring::Do, now).await;
    assert_eq!(outcomes, [Restored; 3]);
    for pair in &pairs {
        assert!(!store.is_active(&pair.token.jti, now).await.unwrap());
    }
    assert!(store.session(&ended.grant.id, now).await.unwrap().is_none());
    let again = store.issue_tokens(&ended.pair(now), now).await.unwrap();
    assert_eq!(again, token_core::store::IssueOutcome::GrantEnded);
    let key = &of_half.refresh.as_ref().unwrap().key;
    assert!(
        store
            .refresh_token(key, now)
            .await
            .unwrap()
            .unwrap()
            .replaced
    );
}

pub(crate) async fn leaves_out_what_is_over_and_what_is_newer(backend: &dyn Inspected) {
    let (store, now) = (backend.operator(), now());
    let family = Family::new();
    let mut old = client(None);
    let renamed = Client {
        client_name: Some("renamed since".to_owned()),
        ..old.clone()
    };
    store.put_client(&renamed, now).await.unwrap();
    old.used = true;
    let records = [
        Archived::AccessToken(family.token(now)),
        Archived::RefreshToken {
            token: family.refresh(now),
            replaced: false,
        },
        Archived::Client(client(Some(now))),
        Archived::Client(old.clone()),
        Archived::EndedGrant {
            grant: family.grant.id.clone(),
            expires_at: now,
        },
    ];
    for how in [Restoring::Count, Restoring::Do] {
        let outcomes = store.restore(&records, how, now).await.unwrap();
        assert_eq!(outcomes, [Expired, Expired, Expired, Present, Expired]);
    }
    let found = store.client(&old.client_id, now).await.unwrap();
    assert_eq!(found, Some(renamed));
}

pub(crate) async fn is_read_in_batches_and_put_back_by_many(backend: &dyn Inspected) {
    let (store, now) = (backend.operator(), now());
    let records: Vec<_> = (0..1203)
        .map(|_| Archived::AccessToken(Family::new().token(now.plus(HOUR))))
        .collect();
    let outcomes = store.restore(&records, Restoring::Do, now).await.unwrap();
    assert_eq!(outcomes, vec![Restored; 1203]);
    let found = archived(store.as_ref(), now).await;
    assert_eq!(found.len(), 1203);
    assert_eq!(sorted(&found), sorted(&records));
    assert_eq!(cleared(store.as_ref(), true, now).await.len(), 1203);
    assert_eq!(cleared(store.as_ref(), false, now).await.len(), 1203);
    assert!(archived(store.as_ref(), now).await.is_empty());
}
