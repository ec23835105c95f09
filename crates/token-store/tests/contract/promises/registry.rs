//! The registry of clients …

use std::sync::Arc;

use token_core::client::Client;
use token_core::secret::SecretHash;
use token_core::store::{RegisterOutcome, Store};
use token_core::{GrantId, Timestamp};

use crate::backend::Backend;
use crate::race::{RACERS, race};
use crate::records::{Family, HOUR, MONTH, client, hash, just_before, now};

const CEILING: usize = 100;
const KEEP: usize = 3;

async fn register(store: &dyn Store, client: &Client, ceiling: usize) -> RegisterOutcome {
    let outcome = store.register_client(client, ceiling, KEEP, now()).await;
    outcome.unwrap()
}

async fn prolong(store: &dyn Store, client: &Client) -> bool {
    let until = Some(now().plus(MONTH));
    let outcome = store.prolong_client(&client.client_id, until, now()).await;
    outcome.unwrap()
}

/// A client with these registration tokens.
fn holding(tokens: &[SecretHash]) -> Client {
    Client {
        registration_tokens: tokens.to_vec(),
        ..client(Some(now().plus(HOUR)))
    }
}

/// A client that was registered so many seconds ago.
fn aged(age: u64) -> Client {
    let mut client = client(Some(now().plus(HOUR)));
    client.issued_at.0 -= age;
    client
}

async fn lives(store: &dyn Store, client: &Client) -> bool {
    let found = store.client(&client.client_id, now()).await.unwrap();
    found.is_some()
}

pub(crate) async fn creates_and_then_joins_keeping_the_newest_tokens(backend: &dyn Backend) {
    let store = backend.open();
    let tokens: Vec<SecretHash> = (0..5).map(|_| hash()).collect();
    let first = holding(&tokens[..1]);
    assert_eq!(
        register(&*store, &first, CEILING).await,
        RegisterOutcome::Created
    );
    let found = store.client(&first.client_id, now()).await.unwrap();
    assert_eq!(found, Some(first.clone()));
    for (added, left) in [(1..2, 0..2), (2..3, 0..3), (3..5, 2..5)] {
        let again = Client {
            client_name: Some("another name".to_owned()),
            registration_tokens: tokens[added].to_vec(),
            expires_at: None,
            used: true,
            ..first.clone()
        };
        // The ceiling is for those that are new.
        assert_eq!(register(&*store, &again, 0).await, RegisterOutcome::Joined);
        let expected = Client {
            registration_tokens: tokens[left].to_vec(),
            ..first.clone()
        };
        let found = store.client(&first.client_id, now()).await.unwrap();
        assert_eq!(found, Some(expected));
    }

    let expiry = first.expires_at.unwrap();
    let outcome = store.register_client(&first, CEILING, KEEP, expiry).await;
    assert_eq!(outcome.unwrap(), RegisterOutcome::Created, "it was over");
}

pub(crate) async fn creates_for_one_of_many(backend: &dyn Backend) {
    let store = backend.open();
    let client = client(Some(now().plus(HOUR)));
    let outcomes = race((0..RACERS).map(|_| {
        let mut client = client.clone();
        client.registration_tokens = vec![hash()];
        let store = Arc::clone(&store);
        async move { register(&*store, &client, CEILING).await }
    }))
    .await;
    let count = |wanted| outcomes.iter().filter(|got| **got == wanted).count();
    assert_eq!(count(RegisterOutcome::Created), 1);
    assert_eq!(count(RegisterOutcome::Joined), RACERS - 1);
    let found = store.client(&client.client_id, now()).await.unwrap();
    assert_eq!(found.unwrap().registration_tokens.len(), KEEP);
}

pub(crate) async fn makes_room_by_forgetting_the_oldest_that_was_never_used(backend: &dyn Backend) {
    let store = backend.open();
    let [used, oldest, middle] = [aged(40), aged(30), aged(20)];
    for client in [&middle, &used, &oldest] {
        assert_eq!(register(&*store, client, 3).await, RegisterOutcome::Created);
    }
    assert!(prolong(&*store, &used).await);
    let [third, fourth] = [aged(10), aged(5)];
    for (client, forgotten) in [(&third, &oldest), (&fourth, &middle)] {
        assert!(lives(&*store, forgotten).await);
        assert_eq!(register(&*store, client, 3).await, RegisterOutcome::Created);
        assert!(!lives(&*store, forgotten).await);
    }
    for client in [&used, &third, &fourth] {
        assert!(lives(&*store, client).await);
    }
}

pub(crate) async fn is_full_when_every_client_is_in_use(backend: &dyn Backend) {
    let store = backend.open();
    let (registered, mut put) = (aged(0), aged(0));
    register(&*store, &registered, 2).await;
    assert!(prolong(&*store, &registered).await);
    store.put_client(&put, now()).await.unwrap();
    put.used = true;
    store.put_client(&put, now()).await.unwrap();
    let newcomer = aged(0);
    assert_eq!(register(&*store, &newcomer, 2).await, RegisterOutcome::Full);
    for (client, found) in [(&registered, true), (&put, true), (&newcomer, false)] {
        assert_eq!(lives(&*store, client).await, found);
    }

    // What ends makes room: a deleted client at once, the others at their expiry.
    assert!(store.delete_client(&put.client_id, now()).await.unwrap());
    assert_eq!(
        register(&*store, &newcomer, 2).await,
        RegisterOutcome::Created
    );
    assert!(prolong(&*store, &newcomer).await);
    let late = client(None);
    let expiry = now().plus(MONTH).plus(HOUR);
    let outcome = store.register_client(&late, 1, KEEP, expiry).await.unwrap();
    assert_eq!(outcome, RegisterOutcome::Created);
}

pub(crate) async fn forgets_what_is_over_before_what_was_never_used(backend: &dyn Backend) {
    let store = backend.open();
    // More than any step clears away by the way.
    for _ in 0..80 {
        assert_eq!(
            register(&*store, &aged(0), CEILING).await,
            RegisterOutcome::Created
        );
    }
    let living = client(Some(now().plus(MONTH)));
    register(&*store, &living, CEILING).await;
    let (late, newcomer) = (now().plus(HOUR), client(None));
    let outcome = store.register_client(&newcomer, 2, KEEP, late).await;
    assert_eq!(outcome.unwrap(), RegisterOutcome::Created);
    for client in [&living, &newcomer] {
        let found = store.client(&client.client_id, late).await.unwrap();
        assert!(found.is_some());
    }
}

pub(crate) async fn holds_its_ceiling_against_many(backend: &dyn Backend) {
    let store = backend.open();
    let clients: Vec<Client> = (0..RACERS).map(|_| aged(0)).collect();
    race(clients.iter().cloned().map(|client| {
        let store = Arc::clone(&store);
        async move { register(&*store, &client, 5).await }
    }))
    .await;
    let mut living = 0;
    for client in &clients {
        living += usize::from(lives(&*store, client).await);
    }
    assert_eq!(living, 5);
}

pub(crate) async fn replaces_and_prolongs_what_is_alive(backend: &dyn Backend) {
    let (store, now) = (backend.open(), now());
    let old = holding(&[hash(), hash()]);
    register(&*store, &old, CEILING).await;
    for expires_at in [Some(now.plus(MONTH)), None, Some(now.plus(HOUR))] {
        let prolonged = Client {
            used: true,
            expires_at,
            ..old.clone()
        };
        let outcome = store.prolong_client(&old.client_id, expires_at, now).await;
        assert!(outcome.unwrap());
        let at = expires_at.map_or(Timestamp(u64::MAX), just_before);
        let found = store.client(&old.client_id, at).await.unwrap();
        assert_eq!(found, Some(prolonged));
    }
    let new = Client {
        client_id: old.client_id.clone(),
        expires_at: None,
        used: true,
        ..holding(&[hash()])
    };
    assert!(store.replace_client(&new, now).await.unwrap());
    let found = store.client(&old.client_id, now.plus(MONTH)).await.unwrap();
    assert_eq!(found, Some(new));
}

pub(crate) async fn never_brings_a_client_back(backend: &dyn Backend) {
    let store = backend.open();
    let (deleted, expired, unknown) = (aged(0), aged(0), aged(0));
    for client in [&deleted, &expired] {
        register(&*store, client, CEILING).await;
    }
    let id = &deleted.client_id;
    assert!(store.delete_client(id, now()).await.unwrap());
    assert!(!store.delete_client(id, now()).await.unwrap());
    let expiry = expired.expires_at.unwrap();
    for (client, at) in [(&deleted, now()), (&expired, expiry), (&unknown, now())] {
        let id = &client.client_id;
        assert!(!store.replace_client(client, at).await.unwrap());
        assert!(!store.prolong_client(id, None, at).await.unwrap());
        let ended = store.end_registration_token(id, &hash(), at).await;
        assert!(!ended.unwrap());
        assert_eq!(store.client(id, at).await.unwrap(), None);
    }
    let id = &expired.client_id;
    assert!(!store.delete_client(id, expiry).await.unwrap());
}

pub(crate) async fn has_nothing_left_of_a_client_whose_end_races_its_use(backend: &dyn Backend) {
    let (store, now) = (backend.open(), now());
    let client = aged(0);
    register(&*store, &client, CEILING).await;
    race((0..RACERS).map(|racer| {
        let (store, client) = (Arc::clone(&store), client.clone());
        async move {
            let id = &client.client_id;
            let outcome = match racer % 3 {
                _ if racer == RACERS / 2 => store.delete_client(id, now).await,
                0 => store.replace_client(&client, now).await,
                1 => store.prolong_client(id, None, now).await,
                _ => store.end_registration_token(id, &hash(), now).await,
            };
            outcome.unwrap();
        }
    }))
    .await;
    assert!(!lives(&*store, &client).await);
}

pub(crate) async fn ends_a_registration_token_once_and_no_other(backend: &dyn Backend) {
    let (store, now) = (backend.open(), now());
    let [first, second, third] = [hash(), hash(), hash()];
    let client = holding(&[first, second, third]);
    register(&*store, &client, CEILING).await;
    let outcomes = race((0..RACERS).map(|_| {
        let (store, id) = (Arc::clone(&store), client.client_id.clone());
        async move {
            let ended = store.end_registration_token(&id, &second, now).await;
            ended.unwrap()
        }
    }))
    .await;
    assert_eq!(outcomes.iter().filter(|ended| **ended).count(), 1);
    let found = store.client(&client.client_id, now).await.unwrap();
    assert_eq!(found.unwrap().registration_tokens, [first, third]);
    for token in [third, first] {
        let ended = store.end_registration_token(&client.client_id, &token, now);
        assert!(ended.await.unwrap());
    }
    let found = store.client(&client.client_id, now).await.unwrap();
    assert_eq!(found.unwrap().registration_tokens, []);
}

pub(crate) async fn names_every_grant_of_a_client_that_has_a_token(backend: &dyn Backend) {
    let (store, now) = (backend.open(), now());
    let id = client(None).client_id;
    let grants_at = async |at| {
        let mut grants = store.client_grants(&id, at).await.unwrap();
        grants.sort();
        grants
    };
    assert_eq!(grants_at(now).await, []);
    let [access, refresh, rotated] = [(), (), ()].map(|()| {
        let mut family = Family::new();
        family.grant.client_id = id.clone();
        family
    });
    let mut alone = access.pair(now);
    alone.refresh = None;
    store.issue_tokens(&alone, now).await.unwrap();
    store.issue_tokens(&refresh.pair(now), now).await.unwrap();
    let old = rotated.pair(now);
    store.issue_tokens(&old, now).await.unwrap();
    let later = just_before(now.plus(HOUR));
    let rotation = rotated.rotation(&old.refresh.unwrap().key, later);
    store.rotate_refresh(&rotation, later).await.unwrap();
    let stranger = Family::new().pair(now);
    store.issue_tokens(&stranger, now).await.unwrap();

    // The grants, by when their last token is over.
    let lasting = [
        (access, now.plus(HOUR)),
        (refresh, now.plus(MONTH)),
        (rotated, later.plus(MONTH)),
    ];
    let ends = lasting.iter().map(|(_, expiry)| *expiry);
    for at in [now, later].into_iter().chain(ends) {
        let mut expected: Vec<GrantId> = lasting
            .iter()
            .filter(|(_, expiry)| !expiry.has_passed(at))
            .map(|(family, _)| family.grant.id.clone())
            .collect();
        expected.sort();
        assert_eq!(grants_at(at).await, expected);
    }
}
