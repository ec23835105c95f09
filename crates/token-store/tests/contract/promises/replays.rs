//! What may be used once …

use std::sync::Arc;

use crate::backend::Backend;
use crate::race::{RACERS, race};
use crate::records::{HOUR, hash, just_before, now};

pub(crate) async fn is_used_first_by_one_of_many(backend: &dyn Backend) {
    let (store, now) = (backend.open(), now());
    for thing in [hash(), hash()] {
        let outcomes = race((0..RACERS).map(|_| {
            let store = Arc::clone(&store);
            async move {
                let first = store.first_use(&thing, now.plus(HOUR), now).await;
                first.unwrap()
            }
        }))
        .await;
        assert_eq!(outcomes.iter().filter(|first| **first).count(), 1);
    }
}

pub(crate) async fn may_be_used_again_when_its_mark_is_over(backend: &dyn Backend) {
    let store = backend.open();
    let (thing, expiry) = (hash(), now().plus(HOUR));
    for (at, until, first) in [
        (now(), expiry, true),
        // A later attempt changes nothing about the mark.
        (now(), now(), false),
        (now(), expiry.plus(HOUR), false),
        (just_before(expiry), expiry, false),
        (expiry, expiry.plus(HOUR), true),
        (expiry, expiry.plus(HOUR), false),
    ] {
        assert_eq!(store.first_use(&thing, until, at).await.unwrap(), first);
    }
}
