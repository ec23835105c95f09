//! Fetched keys …

use token_core::store::KeySetRecord;

use crate::backend::Backend;
use crate::records::{HOUR, client, client_id, just_before, key_set, now};

pub(crate) async fn are_found_until_they_are_over_and_the_newest_counts(backend: &dyn Backend) {
    let store = backend.open();
    let (id, expiry) = (client_id(), now().plus(HOUR));
    assert_eq!(store.key_set(&id, now()).await.unwrap(), None);
    let older = key_set(&id, expiry.plus(HOUR));
    let newer = KeySetRecord {
        jwks: "newer".to_owned(),
        ..key_set(&id, expiry)
    };
    for set in [&older, &newer] {
        store.put_key_set(set, now()).await.unwrap();
    }
    for (at, found) in [(now(), true), (just_before(expiry), true), (expiry, false)] {
        let expected = found.then(|| newer.clone());
        assert_eq!(store.key_set(&id, at).await.unwrap(), expected);
        let clients = store.clients_with_key_sets(at).await.unwrap();
        assert_eq!(clients.contains(&id), found);
    }
    let over = key_set(&id, now());
    store.put_key_set(&over, now()).await.unwrap();
    assert_eq!(store.key_set(&id, now()).await.unwrap(), None);
}

pub(crate) async fn go_with_their_client(backend: &dyn Backend) {
    let store = backend.open();
    let (gone, stays) = (client(None), client(None));
    for client in [&gone, &stays] {
        store.put_client(client, now()).await.unwrap();
        let set = key_set(&client.client_id, now().plus(HOUR));
        store.put_key_set(&set, now()).await.unwrap();
    }
    // To change a client is not to delete it.
    assert!(store.replace_client(&stays, now()).await.unwrap());
    store.delete_client(&gone.client_id, now()).await.unwrap();
    let left = store.key_set(&gone.client_id, now()).await.unwrap();
    assert_eq!(left, None);
    let kept = store.key_set(&stays.client_id, now()).await.unwrap();
    assert!(kept.is_some());
}
