//! A deleted client …

use token_core::client::Client;
use token_core::store::{
    Archived, ENDLESS, IssueOutcome, OperatorStore, RestoreOutcome, Restoring,
};
use token_core::{ClientId, Timestamp};

use super::archive::{archived, cleared, restored, sorted};
use crate::backend::{Inspected, Sqlite};
use crate::records::{Family, HOUR, MONTH, client, just_before, now};
use crate::redis_server::RedisServer;

use RestoreOutcome::{Ended, Present, Restored};

/// Kept clients: one after the other, used or not.
async fn clients<const N: usize>(store: &dyn OperatorStore, used: [bool; N]) -> [Client; N] {
    let clients = used.map(|used| Client {
        used,
        ..client(Some(now().plus(MONTH)))
    });
    for client in &clients {
        store.put_client(client, now()).await.unwrap();
    }
    clients
}

async fn by_operator(store: &dyn OperatorStore, id: &ClientId, now: Timestamp) -> bool {
    let mut deleted = store.delete_clients(std::slice::from_ref(id), now).await;
    assert_eq!(deleted.len(), 1);
    deleted.remove(0).unwrap()
}

async fn lives(store: &dyn OperatorStore, client: &Client, now: Timestamp) -> bool {
    store
        .client(&client.client_id, now)
        .await
        .unwrap()
        .is_some()
}

pub(crate) async fn is_not_brought_back_by_a_backup_of_before(backend: &dyn Inspected) {
    for clear in [false, true] {
        let (store, now) = (backend.operator(), now());
        let store = store.as_ref();
        let [own, unused, of_operator, kept] = clients(store, [true, false, false, true]).await;
        let backup = [&own, &unused, &of_operator, &kept].map(|own| Archived::Client(own.clone()));
        for client in [&own, &unused] {
            assert!(store.delete_client(&client.client_id, now).await.unwrap());
        }
        assert!(by_operator(store, &of_operator.client_id, now).await);
        assert!(!by_operator(store, &of_operator.client_id, now).await);

        let count = if clear {
            Restoring::CountAsCleared
        } else {
            Restoring::Count
        };
        let counted = restored(store, &backup, count, now).await;
        if clear {
            cleared(store, false, now).await;
        }
        let done = restored(store, &backup, Restoring::Do, now).await;
        assert_eq!(done, counted, "a count is what then happens");
        let of_kept = if clear { Restored } else { Present };
        assert_eq!(done, [Ended, Restored, Ended, of_kept]);
        for (client, is_there) in [
            (&own, false),
            (&unused, true),
            (&of_operator, false),
            (&kept, true),
        ] {
            assert_eq!(lives(store, client, now).await, is_there);
        }
    }
}

pub(crate) async fn that_registers_again_is_deleted_no_longer(backend: &dyn Inspected) {
    let (store, now) = (backend.operator(), now());
    let store = store.as_ref();
    let [put, registered] = clients(store, [true, true]).await;
    for client in [&put, &registered] {
        by_operator(store, &client.client_id, now).await;
    }
    store.put_client(&put, now).await.unwrap();
    store.register_client(&registered, 9, 1, now).await.unwrap();
    let backup = archived(store, now).await;
    assert_eq!(backup.len(), 2, "two clients and no mark: {backup:?}");
    cleared(store, false, now).await;
    let outcomes = restored(store, &backup, Restoring::Do, now).await;
    assert_eq!(outcomes, [Restored; 2]);
}

/// As long as a backup's copy of it could live.
pub(crate) async fn is_remembered_until_it_would_have_expired(backend: &dyn Inspected) {
    let (store, now) = (backend.operator(), now());
    let store = store.as_ref();
    let (month, endless) = (client(Some(now.plus(MONTH))), client(None));
    for client in [&month, &endless] {
        store.put_client(client, now).await.unwrap();
        by_operator(store, &client.client_id, now).await;
    }
    let mark = |client: &Client, expires_at| Archived::DeletedClient {
        client_id: client.client_id.clone(),
        expires_at,
    };
    let month = mark(&month, now.plus(MONTH));
    let endless = mark(&endless, now.plus(ENDLESS));
    for (at, marks) in [
        (just_before(now.plus(MONTH)), vec![&month, &endless]),
        (now.plus(MONTH), vec![&endless]),
        (now.plus(ENDLESS), vec![]),
    ] {
        let marks: Vec<_> = marks.into_iter().cloned().collect();
        assert_eq!(sorted(&archived(store, at).await), sorted(&marks));
    }
}

/// What was deleted while a backup was taken is in it as a client and as a mark.
pub(crate) async fn stays_deleted_in_a_new_store_too(backend: &dyn Inspected) {
    let (store, now) = (backend.operator(), now());
    let store = store.as_ref();
    let [gone, kept] = clients(store, [true, true]).await;
    by_operator(store, &gone.client_id, now).await;
    let mut backup = archived(store, now).await;
    assert!(backup.last().unwrap().is_ending());
    backup.insert(0, Archived::Client(gone.clone()));
    let others: [Box<dyn Inspected>; 2] = [Box::new(Sqlite::new()), Box::new(RedisServer::start())];
    for other in others {
        let other = other.operator();
        let outcomes = restored(other.as_ref(), &backup, Restoring::Do, now).await;
        assert_eq!(outcomes, [Restored, Ended, Restored], "first the mark");
        assert!(!lives(other.as_ref(), &gone, now).await);
        assert!(lives(other.as_ref(), &kept, now).await);
        let again = restored(other.as_ref(), &backup, Restoring::Do, now).await;
        assert_eq!(again, [Present, Ended, Present]);
    }

    // One of its name that is there now has come since, for all that is known.
    let new = RedisServer::start();
    for other in [Sqlite::new().operator(), new.operator()] {
        other.put_client(&gone, now).await.unwrap();
        for how in [Restoring::Count, Restoring::Do] {
            let outcomes = restored(other.as_ref(), &backup, how, now).await;
            assert_eq!(outcomes[..2], [Present; 2], "{how:?}");
        }
        assert!(lives(other.as_ref(), &gone, now).await);
    }
}

pub(crate) async fn is_one_of_many_that_end_together(backend: &dyn Inspected) {
    let (store, now) = (backend.operator(), now());
    let store = store.as_ref();
    let families: Vec<_> = (0..300).map(|_| Family::new()).collect();
    let mut pairs = Vec::new();
    for family in &families {
        pairs.push(family.pair(now));
        store
            .issue_tokens(&pairs[pairs.len() - 1], now)
            .await
            .unwrap();
    }
    let jtis: Vec<_> = pairs.iter().map(|pair| pair.token.jti.clone()).collect();
    let (some, others) = jtis.split_at(150);
    for was_active in [true, false] {
        let outcomes = store.revoke_tokens(some, now).await;
        assert_eq!(outcomes.len(), 150);
        assert!(outcomes.into_iter().all(|own| own.unwrap() == was_active));
    }
    for (jtis, active) in [(some, false), (others, true)] {
        for jti in jtis {
            assert_eq!(store.is_active(jti, now).await.unwrap(), active);
        }
    }
    let until = now.plus(HOUR);
    let grants = families.iter().map(|own| (own.grant.id.clone(), until));
    let outcomes = store.end_grants(&grants.collect::<Vec<_>>(), now).await;
    assert_eq!(outcomes.len(), 300);
    assert!(outcomes.into_iter().all(|own| own.is_ok()));
    for (family, jti) in families.iter().zip(&jtis) {
        assert!(!store.is_active(jti, now).await.unwrap());
        let issued = store.issue_tokens(&family.pair(now), now).await.unwrap();
        assert_eq!(issued, IssueOutcome::GrantEnded);
    }
    let some = clients(store, [true; 5]).await.map(|own| own.client_id);
    for was_there in [true, false] {
        let outcomes = store.delete_clients(&some, now).await;
        assert!(outcomes.into_iter().all(|own| own.unwrap() == was_there));
    }
    assert!(store.end_grants(&[], now).await.is_empty());
}
