//! What the verifier writes beside its answers.

use std::sync::Mutex;

use async_trait::async_trait;
use forward_auth::forwarded::ForwardedRequest;
use forward_auth::journal;
use token_core::Timestamp;
use token_core::audit::AuditEvent;
use token_core::store::{StoreError, TokenUse, TokenUses};

use crate::world::{LIFETIME, START, World, admitting, denial_of, request};

/// A store that keeps every use that it is told of.
#[derive(Default)]
struct Noted(Mutex<Vec<TokenUse>>);

#[async_trait]
impl TokenUses for Noted {
    async fn note_uses(&self, uses: &[TokenUse], _: Timestamp) -> Result<Vec<bool>, StoreError> {
        let mut noted = self.0.lock().unwrap();
        let mut first = Vec::new();
        for one in uses {
            first.push(noted.iter().all(|before| before.jti != one.jti));
            noted.push(one.clone());
        }
        Ok(first)
    }
}

/// Takes nothing.
struct Down;

#[async_trait]
impl TokenUses for Down {
    async fn note_uses(&self, _: &[TokenUse], _: Timestamp) -> Result<Vec<bool>, StoreError> {
        Err(StoreError::Unavailable("down".into()))
    }
}

impl Noted {
    fn times(&self) -> Vec<u64> {
        self.0
            .lock()
            .unwrap()
            .iter()
            .map(|one| one.at.0 - START.0)
            .collect()
    }
}

fn names(world: &World) -> Vec<String> {
    let events = world.audit.events();
    let name = |event| {
        serde_json::to_value(event)
            .unwrap()
            .get("event")
            .unwrap()
            .as_str()
            .unwrap()
            .to_owned()
    };
    events.iter().map(name).collect()
}

#[actix_web::test]
async fn a_use_is_noted_once_a_minute_and_the_first_is_an_event() {
    let (world, store) = (World::new(), Noted::default());
    let token = world.issue("alice");
    for _ in 0..100 {
        assert!(world.passes(&token).await);
        world.pass(1);
        journal::write(&world.verifier, &store).await;
    }
    assert_eq!(store.times(), [0, 60]);
    let first = store.0.lock().unwrap().first().cloned().unwrap();
    assert_eq!(
        (first.jti, first.expires_at),
        (token.jti, START.plus(LIFETIME))
    );
    assert_eq!(names(&world), ["token_first_used"]);
    let event = serde_json::to_string(&world.audit.events()).unwrap();
    assert!(
        event.contains("203.0.113.0/24") && !event.contains("203.0.113.9"),
        "{event}"
    );
}

#[actix_web::test]
async fn what_was_decided_since_the_last_count_is_counted_at_the_end() {
    let (world, store) = (World::new(), Noted::default());
    let token = world.issue("alice");
    journal::finish(&world.verifier, &store).await;
    for _ in 0..3 {
        assert!(world.passes(&token).await);
    }
    world.verify("not-a-token").await;
    world.pass(20);
    journal::finish(&world.verifier, &store).await;
    let counted = AuditEvent::RequestsCounted {
        seconds: 20,
        allowed: 3,
        denied: 1,
        undecided: 0,
    };
    assert_eq!(world.audit.events().pop(), Some(counted));
}

#[actix_web::test]
async fn a_use_that_the_store_does_not_take_is_noted_a_minute_later() {
    let (world, store) = (World::new(), Noted::default());
    let token = world.issue("alice");
    assert!(world.passes(&token).await);
    journal::write(&world.verifier, &Down).await;
    for _ in 0..61 {
        assert!(world.passes(&token).await);
        world.pass(1);
    }
    journal::write(&world.verifier, &store).await;
    assert_eq!(store.times(), [60]);
    assert_eq!(names(&world), ["token_first_used"]);
}

#[actix_web::test]
async fn where_too_many_tokens_are_in_use_each_is_noted_less_often_and_none_is_forgotten() {
    const TOKENS: usize = 2_100;
    let (world, store) = (World::new(), Noted::default());
    let tokens: Vec<_> = (0..TOKENS).map(|_| world.issue("alice")).collect();
    let mut noted = 0;
    // First uses are noted whatever their number; then 2,048 each time.
    for more in [TOKENS, 2_048, TOKENS - 2_048] {
        for token in &tokens {
            assert!(world.passes(token).await);
        }
        journal::write(&world.verifier, &store).await;
        noted += more;
        assert_eq!(store.times().len(), noted);
        if noted == TOKENS {
            world.pass(60);
        }
    }
}

#[actix_web::test]
async fn a_new_network_and_a_burst_are_events() {
    let (world, store) = (World::new(), Noted::default());
    let token = world.issue("alice");
    for address in ["203.0.113.9", "203.0.113.77", "2001:db8::1", "203.0.113.9"] {
        world.verify_from(address, &token.text).await;
        world.pass(60);
    }
    journal::write(&world.verifier, &store).await;
    assert_eq!(names(&world), ["token_first_used", "token_new_network"]);
    for _ in 0..700 {
        assert!(world.passes(&token).await);
    }
    world.pass(60);
    assert!(world.passes(&token).await);
    journal::write(&world.verifier, &store).await;
    let Some(AuditEvent::TokenBurst {
        requests, seconds, ..
    }) = world.audit.events().pop()
    else {
        panic!("{:?}", names(&world));
    };
    assert_eq!((requests, seconds), (700, 60));
}

#[actix_web::test]
async fn a_refusal_of_a_token_of_ours_names_it_whatever_the_reason() {
    for reason in [
        "expired",
        "wrong_audience",
        "not_admitted",
        "inactive_token",
    ] {
        let (world, store) = (World::new(), Noted::default());
        let token = world.issue("alice");
        let notes = ForwardedRequest {
            host: Some("notes.example.com"),
            ..request(&token.text)
        };
        match reason {
            "expired" => world.pass(LIFETIME.0 + 60),
            "not_admitted" => world.admission.replace(admitting("bob")),
            "inactive_token" => world.revoke(&token),
            _ => {
                let verdict = world.verifier.verify(&world.notes, &notes).await;
                assert_eq!(denial_of(&verdict).reason(), reason);
            }
        }
        if reason != "wrong_audience" {
            assert!(!world.passes(&token).await);
        }
        journal::write(&world.verifier, &store).await;
        let events = world.audit.events();
        let [AuditEvent::RequestsDenied { first, .. }] = &*events else {
            panic!("{reason}: {events:?}");
        };
        assert_eq!(first.jti.as_ref(), Some(&token.jti), "{reason}");
        assert!(first.client_id.is_some());
        let event = serde_json::to_string(&events).unwrap();
        assert!(event.contains(reason), "{event}");
    }
}

#[actix_web::test]
async fn a_flood_of_the_same_refusals_is_one_event_with_their_number() {
    let (world, store) = (World::new(), Noted::default());
    let token = world.issue("alice");
    world.revoke(&token);
    for _ in 0..1000 {
        assert!(!world.passes(&token).await);
        world.verify_from("198.51.100.7", "not-a-token").await;
        world.verify("").await;
    }
    assert!(names(&world).is_empty(), "{:?}", names(&world));
    journal::write(&world.verifier, &store).await;
    journal::write(&world.verifier, &store).await;
    let mut seen = Vec::new();
    for event in world.audit.events() {
        let AuditEvent::RequestsDenied {
            reason,
            count,
            first,
            ..
        } = event
        else {
            panic!("{event:?}");
        };
        let reason = serde_json::to_value(reason).unwrap();
        let network = first.network.map(|network| network.to_string());
        seen.push((
            reason.as_str().unwrap().to_owned(),
            count,
            network,
            first.jti,
        ));
    }
    seen.sort_by(|one, other| one.0.cmp(&other.0));
    let from = |network: &str| Some(network.to_owned());
    assert_eq!(
        seen,
        [
            (
                "inactive_token".to_owned(),
                1000,
                from("203.0.113.0/24"),
                Some(token.jti)
            ),
            // The empty one among them.
            ("malformed".to_owned(), 2000, from("198.51.100.0/24"), None),
        ]
    );
}
