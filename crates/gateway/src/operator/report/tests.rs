//! What a report says of a trail: counts, charts and what is unusual.

use serde_json::{Value, json};
use token_core::Timestamp;
use token_core::store::TrailRecord;

use super::figures::Figures;
use super::page;
use super::series::Series;

const DAY: u64 = 86_400;
const UNTIL: u64 = 1_800_000_000;

/// A month of these, each so many days ago.
fn figures(records: &[(u64, Value)]) -> Figures {
    let mut figures = Figures::over(Timestamp(UNTIL - 30 * DAY), Timestamp(UNTIL));
    for (days_ago, record) in records {
        figures.take(&ago(days_ago * DAY, record));
    }
    figures.finish();
    figures
}

/// A record of so many seconds ago.
fn ago(seconds: u64, record: &Value) -> TrailRecord {
    let mut record = record.clone();
    let members = record.as_object_mut().unwrap();
    members.insert("at".to_owned(), (UNTIL - seconds).into());
    TrailRecord::read(&record.to_string()).unwrap()
}

fn kinds(figures: &Figures) -> Vec<&'static str> {
    figures.unusual.iter().map(|finding| finding.kind).collect()
}

#[test]
fn failures_and_denials_are_counted_by_reason_over_time() {
    let figures = figures(&[
        (
            29,
            json!({"event": "auth_failure", "reason": "not_admitted"}),
        ),
        (
            2,
            json!({"event": "auth_failure", "reason": "not_admitted"}),
        ),
        (
            2,
            json!({"event": "requests_denied", "reason": "expired", "count": 500}),
        ),
        (
            1,
            json!({"event": "requests_counted", "allowed": 9990, "denied": 0, "undecided": 10}),
        ),
        (1, json!({"event": "events_missing", "count": 3})),
    ]);
    assert_eq!(
        figures.failures.get("not_admitted").map(Series::total),
        Some(2)
    );
    assert_eq!(figures.denials.get("expired").map(Series::total), Some(500));
    assert!(
        figures.availability().starts_with("99.90 %"),
        "{}",
        figures.availability()
    );
    assert!(figures.notices().concat().contains("3 events missing"));
    let line = figures.failures.get("not_admitted").unwrap().sparkline();
    assert_eq!(
        line.chars().filter(|bar| *bar == '█').count(),
        2,
        "{line:?}"
    );
}

#[test]
fn what_is_unusual_is_found_and_what_is_usual_is_not() {
    let sign_in = |client: &str| json!({"event": "auth_success", "user_id": "github|1", "client_id": client, "grant": "g"});
    let mut records: Vec<_> = (0..5)
        .map(|nth| (20, sign_in(&format!("c{nth}"))))
        .collect();
    records.push((
        19,
        json!({"event": "token_first_used", "jti": "g.1", "client_id": "c1"}),
    ));
    assert!(kinds(&figures(&records)).is_empty());

    let network = |n: u32| json!({"event": "token_new_network", "jti": "g.1", "client_id": "c1", "network": format!("203.0.{n}.0/24")});
    records.extend([
        (9, sign_in("c6")),
        (8, json!({"event": "refresh_reused", "grant": "g"})),
        (7, network(1)),
        (7, network(2)),
        (6, json!({"event": "token_burst", "jti": "g.1", "client_id": "c1", "requests": 1300, "seconds": 65})),
        (5, json!({"event": "token_first_used", "jti": "g.9", "client_id": "c1"})),
    ]);
    let found = figures(&records);
    assert_eq!(
        kinds(&found),
        [
            "dormant client",
            "burst",
            "new network",
            "refresh reuse",
            "many clients"
        ]
    );
    let said: Vec<_> = found
        .unusual
        .iter()
        .map(|finding| finding.what.as_str())
        .collect();
    assert!(
        said[0].contains("14 days") && said[1].contains("1200 times a minute"),
        "{said:?}"
    );
    assert!(said[4].contains("6 clients"), "{said:?}");
}

#[test]
fn a_client_may_have_been_away_before_the_window_and_what_was_then_is_not_counted() {
    let mut figures = Figures::over(Timestamp(UNTIL - 7 * DAY), Timestamp(UNTIL));
    let used =
        |day| json!({"event": "token_first_used", "client_id": "c1", "jti": format!("g.{day}")});
    let failed = json!({"event": "auth_failure", "reason": "not_admitted"});
    for (day, record) in [(20, used(20)), (19, failed), (2, used(2))] {
        figures.take(&ago(day * DAY, &record));
    }
    figures.finish();
    assert_eq!(kinds(&figures), ["dormant client"]);
    assert!(figures.failures.is_empty());
}

#[test]
fn what_is_missing_at_the_beginning_is_said_for_each_of_the_two_streams() {
    let written = |program: &str| json!({"event": "login_step", "program": program});
    let notice = |records: &[(u64, &str)]| {
        let mut figures = Figures::over(Timestamp(UNTIL - DAY / 2), Timestamp(UNTIL));
        for (hours, program) in records {
            figures.take(&ago(hours * 3600, &written(program)));
        }
        figures.notices().concat()
    };
    assert_eq!(
        notice(&[
            (13, "auth-service"),
            (13, "forward-auth"),
            (1, "forward-auth")
        ]),
        ""
    );
    assert!(
        notice(&[(1, "auth-service"), (1, "forward-auth")]).starts_with("The audit trail does not")
    );
    assert!(
        notice(&[(13, "auth-service"), (1, "forward-auth")])
            .starts_with("What the verifiers wrote")
    );
    assert!(
        notice(&[(1, "auth-service"), (13, "forward-auth")])
            .starts_with("What the authorization server")
    );
}

#[test]
fn the_page_is_whole_and_takes_no_markup_from_a_record() {
    let hostile = "<script>alert(1)</script>";
    let figures = figures(&[
        (29, json!({"event": "auth_failure", "reason": hostile})),
        (2, json!({"event": "refresh_reused", "grant": hostile})),
    ]);
    let html = page::rendered("https://auth.example.com", &figures);
    assert!(!html.contains("<script"), "{html}");
    assert!(
        html.contains("&#60;script") && html.contains("<path d=\"M"),
        "{html}"
    );
    // Nothing comes from elsewhere.
    assert!(!html.contains("src=") && !html.contains("url(") && !html.contains("<link"));
}
