//! Pushed authorization requests …

use crate::backend::Backend;
use crate::records::{HOUR, hash, just_before, now, pushed_request};

pub(crate) async fn stay_until_they_are_over(backend: &dyn Backend) {
    let store = backend.open();
    let expiry = now().plus(HOUR);
    let (uri, request) = (hash(), pushed_request(expiry));
    let put = store.put_pushed_request(&uri, &request, now()).await;
    put.unwrap();
    for (at, found) in [
        (now(), true),
        (now(), true),
        (just_before(expiry), true),
        (expiry, false),
        (expiry.plus(HOUR), false),
    ] {
        let expected = found.then(|| request.clone());
        assert_eq!(store.pushed_request(&uri, at).await.unwrap(), expected);
    }
    assert_eq!(store.pushed_request(&hash(), now()).await.unwrap(), None);
}
