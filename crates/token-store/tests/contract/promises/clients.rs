//! Registered clients …

use token_core::{Seconds, Timestamp};

use crate::backend::Backend;
use crate::records::{HOUR, client, just_before, now};

pub(crate) async fn are_found_until_they_expire(backend: &dyn Backend) {
    let store = backend.open();
    let expiry = now().plus(HOUR);
    let client = client(Some(expiry));
    store.put_client(&client, now()).await.unwrap();
    for (at, found) in [
        (just_before(expiry), true),
        (expiry, false),
        (expiry.plus(Seconds(1)), false),
    ] {
        let expected = found.then(|| client.clone());
        assert_eq!(store.client(&client.client_id, at).await.unwrap(), expected);
    }
}

pub(crate) async fn without_expiry_stay(backend: &dyn Backend) {
    let store = backend.open();
    let client = client(None);
    store.put_client(&client, now()).await.unwrap();
    let found = store.client(&client.client_id, Timestamp(u64::MAX)).await;
    assert_eq!(found.unwrap(), Some(client));
}

pub(crate) async fn are_replaced_by_one_with_their_identifier(backend: &dyn Backend) {
    let store = backend.open();
    let old = client(Some(now().plus(HOUR)));
    let mut new = client(None);
    new.client_id = old.client_id.clone();
    store.put_client(&old, now()).await.unwrap();
    store.put_client(&new, now()).await.unwrap();
    let found = store.client(&old.client_id, now().plus(HOUR)).await;
    assert_eq!(found.unwrap(), Some(new));
}
