//! Which records make one login attempt, how far it came, and what is said of it.

use serde_json::{Value, json};
use token_core::Timestamp;
use token_core::store::TrailRecord;

use super::{Attempt, Attempts};

const START: u64 = 1_800_000_000;

/// The attempts of records, each a second after the one before.
fn attempts(records: &[Value]) -> Vec<Attempt> {
    put_together((START..).zip(records))
}

fn put_together<'a>(records: impl Iterator<Item = (u64, &'a Value)>) -> Vec<Attempt> {
    let mut attempts = Attempts::default();
    for (at, record) in records {
        let mut record = record.clone();
        let members = record.as_object_mut().unwrap();
        members.entry("event").or_insert("login_step".into());
        members.insert("at".to_owned(), at.into());
        attempts.take(&TrailRecord::read(&record.to_string()).unwrap());
    }
    attempts.into_all()
}

fn marks(attempt: &Attempt) -> String {
    attempt.marks.iter().map(|mark| mark.symbol()).collect()
}

fn cause(attempt: &Attempt) -> String {
    attempt
        .outcome(Timestamp(START + 86_400))
        .cause
        .into_owned()
}

fn login(client: &str, flow: &str) -> Vec<Value> {
    vec![
        json!({"step": "authorize", "client_id": client, "flow": flow, "looks_like": "claude_code",
               "agent": "browser", "network": "203.0.113.0/24"}),
        json!({"step": "consent", "flow": flow}),
        json!({"step": "sign_in", "client_id": client, "flow": flow, "grant": format!("g-{flow}")}),
        json!({"step": "token", "client_id": client, "grant": format!("g-{flow}")}),
        json!({"event": "token_first_used", "jti": format!("g-{flow}.1"), "client_id": client}),
    ]
}

#[test]
fn a_login_from_end_to_end_is_one_attempt() {
    let mut records = vec![
        json!({"step": "discovery", "agent": "node", "network": "203.0.113.0/24"}),
        json!({"step": "registration", "client_id": "c1", "agent": "claude_code",
               "network": "203.0.113.0/24"}),
    ];
    records.extend(login("c1", "AAAA-1111"));
    let [attempt] = &*attempts(&records) else {
        panic!("not one");
    };
    assert_eq!(
        (marks(attempt), cause(attempt)),
        ("✓✓✓✓✓✓✓".to_owned(), "connected".to_owned())
    );
    assert!(attempt.is_done() && attempt.is_named("AAAA-1111"));
    assert_eq!(attempt.client(), "Claude Code");
    assert_eq!(attempt.networks, ["203.0.113.0/24"]);
}

#[test]
fn a_client_that_is_known_needs_no_registration_and_logins_are_kept_apart() {
    let (one, other) = (login("c1", "AAAA-1111"), login("c1", "BBBB-2222"));
    // In turn, and the second stops after its sign-in.
    let other = other.into_iter().take(3);
    let both = one.into_iter().zip(other.map(Some).chain([None, None]));
    let records: Vec<_> = both
        .flat_map(|(one, other)| [Some(one), other])
        .flatten()
        .collect();
    let [done, stopped] = &*attempts(&records) else {
        panic!("not two");
    };
    assert_eq!(marks(done), "--✓✓✓✓✓");
    assert_eq!(marks(stopped), "--✓✓✓··");
    assert!(
        cause(stopped).starts_with("token did not come"),
        "{}",
        cause(stopped)
    );
    let soon = stopped.outcome(Timestamp(START + 60));
    assert_eq!(soon.cause, "under way: token is next");
}

#[test]
fn a_failure_has_its_reason_from_the_event_before_it() {
    let mut records = login("c1", "AAAA-1111");
    records.truncate(3);
    records.push(json!({"event": "auth_failure", "reason": "pkce_mismatch", "client_id": "c1"}));
    records.push(
        json!({"step": "token", "client_id": "c1", "grant": "g-AAAA-1111",
                        "error": "invalid_grant", "description": "no"}),
    );
    let [attempt] = &*attempts(&records) else {
        panic!("not one");
    };
    assert_eq!(marks(attempt), "--✓✓✓✗·");
    assert!(cause(attempt).starts_with("token failed: the client's code_verifier"));
    assert!(attempt.outcome(Timestamp(START)).mend.is_some());
}

#[test]
fn a_reason_is_that_of_the_same_client_and_of_several_nobodys_none_is() {
    // Three requests of the same second.
    let failed = |reason: &str, client: Option<&str>| {
        let mut record = json!({"event": "auth_failure", "reason": reason});
        record
            .as_object_mut()
            .unwrap()
            .extend(client.map(|client| ("client_id".to_owned(), client.into())));
        record
    };
    let refused = json!({"step": "token", "client_id": "c1", "error": "invalid_grant"});
    let own = failed("pkce_mismatch", Some("c1"));
    let others = failed("invalid_client", Some("c2"));
    let nobodys = failed("invalid_state", None);
    let taken = |records: &[&Value]| {
        let all = records.iter().copied().chain([&refused]);
        let attempt = put_together(all.map(|record| (START, record))).pop();
        attempt.unwrap().reason
    };
    assert_eq!(
        taken(&[&own, &others, &nobodys]).as_deref(),
        Some("pkce_mismatch")
    );
    assert_eq!(
        taken(&[&others, &nobodys]).as_deref(),
        Some("invalid_state")
    );
    assert_eq!(taken(&[&nobodys, &nobodys]), None);
    assert_eq!(taken(&[&others]), None);
}

#[test]
fn nobody_writes_into_the_login_of_another_who_has_seen_its_jti() {
    let mut records = login("c1", "AAAA-1111");
    records.push(
        json!({"step": "token", "client_id": "evil", "grant": "g-AAAA-1111",
                        "error": "invalid_grant", "network": "198.51.100.0/24"}),
    );
    // What is seen of the session afterwards is still its own.
    records.push(
        json!({"event": "token_first_used", "jti": "g-AAAA-1111.2", "client_id": "c1",
                        "network": "203.0.113.0/24"}),
    );
    let [login, stranger] = &*attempts(&records) else {
        panic!("not two");
    };
    assert!(login.is_done() && login.error.is_none());
    assert_eq!(login.networks, ["203.0.113.0/24"]);
    assert_eq!(login.last, Timestamp(START + 6));
    assert_eq!(marks(stranger), "--···✗·");
    assert_eq!(stranger.client_id.as_deref(), Some("evil"));
}

#[test]
fn a_call_that_was_refused_says_why() {
    for (reason, words) in [
        ("wrong_audience", "the token of one service to another"),
        ("expired", "over before its first use"),
        ("not_admitted", "not on the list"),
        ("insufficient_scope", "lacks the scope"),
    ] {
        let mut records = login("c1", "AAAA-1111");
        records.pop();
        records.push(
            json!({"event": "requests_denied", "reason": reason, "count": 3,
                            "client_id": "c1", "jti": "g-AAAA-1111.1"}),
        );
        let [attempt] = &*attempts(&records) else {
            panic!("not one");
        };
        assert_eq!(marks(attempt), "--✓✓✓✓✗");
        let cause = cause(attempt);
        assert!(
            cause.starts_with("first call failed: ") && cause.contains(words),
            "{cause}"
        );
    }
}

#[test]
fn a_page_is_found_by_what_it_shows() {
    let records = [
        json!({"step": "authorize", "client_id": "gone", "error": "unknown_client",
               "reference": "CCCC-3333"}),
        json!({"step": "page", "error": "expired", "reference": "DDDD-4444"}),
        json!({"step": "renewal", "client_id": "c1", "error": "invalid_grant"}),
    ];
    let [unknown, page, renewal] = &*attempts(&records) else {
        panic!("not three");
    };
    assert!(unknown.is_named("CCCC-3333") && page.is_named("DDDD-4444"));
    assert_eq!(marks(unknown), "--✗····");
    assert!(cause(unknown).contains("not registered here any more"));
    assert!(cause(page).starts_with("page failed"), "{}", cause(page));
    assert!(
        cause(renewal).starts_with("renewal failed"),
        "{}",
        cause(renewal)
    );
}

#[test]
fn a_second_try_that_goes_well_clears_the_first() {
    let mut records = login("c1", "AAAA-1111");
    records.insert(
        2,
        json!({"step": "sign_in", "client_id": "c1", "flow": "AAAA-1111",
               "error": "wrong_passphrase"}),
    );
    let [attempt] = &*attempts(&records) else {
        panic!("not one");
    };
    assert!(attempt.is_done() && attempt.error.is_none());
}
