//! The audit trail, and the last use of tokens …

use std::slice::from_ref;
use std::sync::Arc;
use std::time::Duration;

use token_core::audit::{
    AuditEvent, AuditSink as _, DeniedRequest, FailureReason, People, Program, Recorder,
};
use token_core::store::{AuditTrail, OperatorStore, StoreError, TokenUse, TrailRecord};
use token_core::{ResourceId, Seconds, SystemClock, Timestamp};
use token_store::Trail;

use crate::backend::{Inspected, VerifierSlice};
use crate::race::{RACERS, race};
use crate::records::{Family, HOUR, client_id, now};

fn record(nth: usize) -> String {
    let at = now().0;
    format!(r#"{{"v":1,"at":{at},"program":"gateway","event":"events_missing","count":{nth}}}"#)
}

/// What there is, in batches; and how much of it cannot be read.
async fn read(store: &dyn OperatorStore, since: Timestamp) -> (Vec<TrailRecord>, usize) {
    let (mut items, mut unreadable, mut from) = (Vec::new(), 0, None);
    loop {
        let batch = store.trail(from.as_ref(), since).await.unwrap();
        items.extend(batch.items);
        unreadable += batch.unreadable.len();
        from = batch.next;
        if from.is_none() {
            return (items, unreadable);
        }
    }
}

fn counts(records: &[TrailRecord]) -> Vec<u64> {
    records
        .iter()
        .filter_map(|one| one.number("count"))
        .collect()
}

/// The verifier's way to the store, once it is connected.
async fn verifier(backend: &dyn Inspected) -> Arc<dyn VerifierSlice> {
    let verifier = backend.verifier();
    let one = TokenUse {
        jti: Family::new().token(now()).jti,
        at: now(),
        expires_at: now(),
    };
    for _ in 0..400 {
        if verifier.note_uses(from_ref(&one), now()).await.is_ok() {
            return verifier;
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    panic!("the verifier is not connected");
}

pub(crate) async fn keeps_what_both_write_in_its_order(backend: &dyn Inspected) {
    let (store, verifier) = (backend.operator(), verifier(backend).await);
    assert!(read(store.as_ref(), Timestamp(0)).await.0.is_empty());
    // More than a batch holds, the writers in turn.
    let mut written = 0;
    for _ in 0..7 {
        let records: Vec<_> = (written..written + 180).map(record).collect();
        let (ours, theirs) = records.split_at(20);
        let theirs: Vec<_> = theirs
            .iter()
            .map(|record| record.replace("gateway", "forward-auth"))
            .collect();
        // Of what two writers wrote within a millisecond nobody knows which came first.
        store.append(ours, 10_000).await.unwrap();
        tokio::time::sleep(Duration::from_millis(2)).await;
        verifier.append(&theirs, 10_000).await.unwrap();
        tokio::time::sleep(Duration::from_millis(2)).await;
        written += 180;
    }
    let (read_back, unreadable) = read(store.as_ref(), Timestamp(0)).await;
    assert_eq!(unreadable, 0);
    assert_eq!(counts(&read_back), (0..1260).collect::<Vec<_>>());
    assert_eq!(read_back[0].text("program"), Some("gateway"));
    let later = Timestamp(now().0 + 3600);
    assert!(read(store.as_ref(), later).await.0.is_empty());
}

pub(crate) async fn is_bounded_and_loses_the_oldest(backend: &dyn Inspected) {
    let store = backend.operator();
    for batch in 0..20 {
        let records: Vec<_> = (batch * 100..(batch + 1) * 100).map(record).collect();
        store.append(&records, 500).await.unwrap();
    }
    let (kept, _) = read(store.as_ref(), Timestamp(0)).await;
    let kept = counts(&kept);
    assert!((500..=700).contains(&kept.len()), "{}", kept.len());
    assert_eq!(kept.last(), Some(&1999));
    assert!(kept.is_sorted());
}

pub(crate) async fn goes_on_after_a_record_that_cannot_be_read(backend: &dyn Inspected) {
    let store = backend.operator();
    let records = [record(1), "{".to_owned(), record(2)];
    store.append(&records, 500).await.unwrap();
    let (records, unreadable) = read(store.as_ref(), Timestamp(0)).await;
    assert_eq!((counts(&records), unreadable), (vec![1, 2], 1));
}

/// Takes nothing.
struct Full;

#[async_trait::async_trait]
impl AuditTrail for Full {
    async fn append(&self, _: &[String], _: u64) -> Result<(), StoreError> {
        Err(StoreError::Unavailable("full".into()))
    }
}

struct Writing(Arc<dyn OperatorStore>);

#[async_trait::async_trait]
impl AuditTrail for Writing {
    async fn append(&self, records: &[String], keep: u64) -> Result<(), StoreError> {
        self.0.append(records, keep).await
    }
}

pub(crate) async fn takes_events_through_a_queue_and_counts_what_is_too_much(
    backend: &dyn Inspected,
) {
    let recorder = Recorder::new(Program::AuthService, People::ById, Arc::new(SystemClock));
    let store = backend.operator();
    let trail = Trail::start(
        recorder.clone(),
        Arc::new(Writing(Arc::clone(&store))),
        9000,
    );
    trail.record(&AuditEvent::EventsMissing { count: 7 });
    trail.finish().await;
    let (records, _) = read(store.as_ref(), Timestamp(0)).await;
    assert_eq!(counts(&records), [7]);
    assert_eq!(records[0].text("program"), Some("auth-service"));

    // What a stranger does as often as he likes drives out nothing else.
    for _ in 0..3000 {
        let client_id = client_id();
        trail.record(&AuditEvent::ClientRegistered { client_id });
    }
    let resource = ResourceId::parse("https://fetch.example.com/mcp").unwrap();
    let refused = |jti: Option<token_core::Jti>| AuditEvent::RequestsDenied {
        resource: resource.clone(),
        reason: FailureReason::NoToken,
        count: 1,
        first: DeniedRequest {
            jti,
            ..DeniedRequest::default()
        },
    };
    for _ in 0..700 {
        trail.record(&refused(None));
    }
    trail.record(&refused(Some(Family::new().token(now()).jti)));
    trail.record(&AuditEvent::EventsMissing { count: 8 });
    for _ in 0..2 {
        trail.finish().await;
    }
    let (records, _) = read(store.as_ref(), Timestamp(0)).await;
    let kept = |event: &str| records.iter().filter(|one| one.event == event).count();
    assert!((500..550).contains(&kept("client_registered")));
    // Those of nobody in particular, a flood of another kind; and the one that is somebody's.
    assert!((501..550).contains(&kept("requests_denied")));
    assert!(records.iter().any(|one| one.text("jti").is_some()));
    assert!(counts(&records).contains(&8) && trail.missing() > 2600);

    let nowhere = Trail::start(recorder, Arc::new(Full), 9000);
    for count in 0..5000 {
        nowhere.record(&AuditEvent::EventsMissing { count });
    }
    assert!(nowhere.missing() >= 500, "{}", nowhere.missing());
}

pub(crate) async fn knows_the_first_use_of_a_token_and_its_last(backend: &dyn Inspected) {
    let (store, verifier, now) = (backend.operator(), verifier(backend).await, now());
    let family = Family::new();
    let [one, other, unused] = [(); 3].map(|()| family.token(now.plus(HOUR)).jti);
    let use_of = |jti: &token_core::Jti, after: u64| TokenUse {
        jti: jti.clone(),
        at: now.plus(Seconds(after)),
        expires_at: now.plus(HOUR),
    };
    let uses = [use_of(&one, 0), use_of(&other, 5)];
    let first = verifier.note_uses(&uses, now).await.unwrap();
    assert_eq!(first, [true, true]);
    let again = verifier.note_uses(&[use_of(&one, 60)], now).await.unwrap();
    assert_eq!(again, [false]);

    let tokens = [one, unused, other];
    let at = |after| Some(now.plus(Seconds(after)));
    let last = store.tokens_last_used(&tokens).await.unwrap();
    assert_eq!(last, [at(60), None, at(5)]);
    let sessions = [family.grant.id, Family::new().grant.id];
    let last = store.sessions_last_used(&sessions).await.unwrap();
    assert_eq!(last, [at(60), None]);
    assert!(store.tokens_last_used(&[]).await.unwrap().is_empty());
}

pub(crate) async fn hears_of_one_first_use_among_many(backend: &dyn Inspected) {
    let now = now();
    let one = TokenUse {
        jti: Family::new().token(now.plus(HOUR)).jti,
        at: now,
        expires_at: now.plus(HOUR),
    };
    let verifier = verifier(backend).await;
    let heard = race((0..RACERS).map(|_| {
        let (verifier, one) = (Arc::clone(&verifier), one.clone());
        async move { verifier.note_uses(&[one], now).await.unwrap() == [true] }
    }));
    let heard = heard.await;
    assert_eq!(heard.into_iter().filter(|first| *first).count(), 1);
}
