//! What never was …

use token_core::store::{CodeOutcome, DeviceDecision, PollOutcome, RotateOutcome};

use crate::backend::Backend;
use crate::records::{Family, HOUR, client_id, device, now, sign_in};

pub(crate) async fn is_an_outcome_and_no_error(backend: &dyn Backend) {
    let (store, now) = (backend.open(), now());
    let family = Family::new();
    let pair = family.pair(now);
    let refresh = pair.refresh.unwrap();
    let code = family.code(now.plus(HOUR));
    let state = sign_in(now).0.hash();

    store.ping().await.unwrap();
    assert_eq!(store.client(&client_id(), now).await.unwrap(), None);
    assert_eq!(store.sign_in(&state, now).await.unwrap(), None);
    assert_eq!(store.take_sign_in(&state, now).await.unwrap(), None);
    assert_eq!(
        store.consume_code(&code.key, now).await.unwrap(),
        CodeOutcome::Unknown
    );
    assert_eq!(store.refresh_token(&refresh.key, now).await.unwrap(), None);
    let device = device(now.plus(HOUR));
    let found = store.device(&device.user_code, now).await.unwrap();
    assert_eq!(found, None);
    let decision = DeviceDecision::Denied;
    let decided = store.decide_device(&device.user_code, &decision, now);
    assert!(!decided.await.unwrap());
    let poll = store.poll_device(&device.device_code, &device.client_id, now);
    assert_eq!(poll.await.unwrap(), PollOutcome::Unknown);
    let rotation = family.rotation(&refresh.key, now);
    assert_eq!(
        store.rotate_refresh(&rotation, now).await.unwrap(),
        RotateOutcome::Unknown
    );
    assert!(!store.is_active(&pair.token.jti, now).await.unwrap());
    assert!(!store.revoke_token(&pair.token.jti, now).await.unwrap());
    let until = now.plus(HOUR);
    store.end_grant(&family.grant.id, now, until).await.unwrap();
}
