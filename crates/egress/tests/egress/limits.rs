//! The limits of time and size: what floods, drips or hangs is cut.

use std::sync::Arc;
use std::time::Duration;

use crate::support::{Answer, FakeDns, Peer, client, limited_client, ok, opening, small_limits};
use egress::{
    EgressClient, EgressError, EgressPolicy, Fetched, Limits, Lookup, Resolver, TimeLimit,
};
use tokio::net::TcpListener;

async fn fetch(answer: Answer) -> Result<Fetched, EgressError> {
    let page = Peer::answering(answer).await;
    let dns = FakeDns::default().says("page.test", &["127.0.0.1"]);
    let pair = format!("page.test:{}", page.port());
    let client = client(opening(std::slice::from_ref(&pair)), &Arc::new(dns));
    client.get(&format!("http://{pair}/"), "*/*").await
}

#[tokio::test]
async fn a_page_comes_whole_with_status_and_headers() {
    let fetched = fetch(Answer::Whole(ok("text/html", "<p>hello")))
        .await
        .unwrap();
    assert_eq!(fetched.status, 200);
    assert_eq!(fetched.headers["content-type"], "text/html");
    assert_eq!(&fetched.body[..], b"<p>hello");
    assert!(!fetched.truncated);
    assert!(fetched.redirects.is_empty());
}

#[tokio::test]
async fn an_endless_body_is_cut_at_the_limit() {
    let head = "HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\n\r\n";
    let fetched = fetch(Answer::Flood(head, 0)).await.unwrap();
    assert!(fetched.truncated);
    assert_eq!(fetched.body.len(), small_limits().body_bytes);
}

#[tokio::test]
async fn a_body_of_exactly_the_limit_is_whole() {
    let body = "x".repeat(small_limits().body_bytes);
    let fetched = fetch(Answer::Whole(ok("text/plain", &body))).await.unwrap();
    assert!(!fetched.truncated);
    assert_eq!(fetched.body.len(), body.len());
}

#[tokio::test]
async fn a_drip_runs_into_the_total_time() {
    let head = "HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\n\r\n";
    let error = fetch(Answer::Drip(head)).await.unwrap_err();
    assert_eq!(error, EgressError::Timeout(TimeLimit::Total));
}

#[tokio::test]
async fn a_head_that_drips_runs_into_the_time_for_the_first_byte() {
    let error = fetch(Answer::Drip("HTTP/1.1 200 OK\r\nX-Slow: ")).await;
    let expected = EgressError::Timeout(TimeLimit::FirstByte);
    assert_eq!(error.unwrap_err(), expected);
}

#[tokio::test]
async fn silence_runs_into_the_time_for_the_first_byte() {
    let error = fetch(Answer::Silence).await.unwrap_err();
    assert_eq!(error, EgressError::Timeout(TimeLimit::FirstByte));
}

#[tokio::test]
async fn a_body_that_stops_runs_into_the_idle_time() {
    let head = "HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhalf";
    let error = fetch(Answer::Stall(head)).await.unwrap_err();
    assert_eq!(error, EgressError::Timeout(TimeLimit::Idle));
}

#[tokio::test]
async fn a_name_server_that_hangs_runs_into_the_time_to_connect() {
    struct Hanging;
    impl Resolver for Hanging {
        fn lookup<'a>(&'a self, _: &'a str) -> Lookup<'a> {
            Box::pin(std::future::pending())
        }
    }
    let limits = Limits {
        connect: Duration::from_millis(300),
        ..small_limits()
    };
    let policy = EgressPolicy::strict();
    let client = EgressClient::with_resolver(policy, limits, "test", Arc::new(Hanging)).unwrap();
    let error = client.get("http://page.test/", "*/*").await.unwrap_err();
    assert_eq!(error, EgressError::Timeout(TimeLimit::Connect));
}

#[tokio::test]
async fn a_tls_handshake_that_hangs_runs_into_the_time_to_connect() {
    let page = Peer::answering(Answer::Silence).await;
    let dns = FakeDns::default().says("page.test", &["127.0.0.1"]);
    let pair = format!("page.test:{}", page.port());
    let limits = Limits {
        connect: Duration::from_millis(300),
        ..small_limits()
    };
    let client = limited_client(opening(std::slice::from_ref(&pair)), &Arc::new(dns), limits);
    let error = client.get(&format!("https://{pair}/"), "*/*").await;
    let expected = EgressError::Timeout(TimeLimit::Connect);
    assert_eq!(error.unwrap_err(), expected);
}

#[tokio::test]
async fn what_is_no_tls_or_listens_nowhere_is_told_apart() {
    let page = Peer::answering(Answer::Whole(b"220 smtp\r\n".to_vec())).await;
    let dns = FakeDns::default().says("page.test", &["127.0.0.1"]);
    let closed = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let nowhere = format!("page.test:{}", closed.local_addr().unwrap().port());
    drop(closed);
    let plain = format!("page.test:{}", page.port());
    let client = client(opening(&[plain.clone(), nowhere.clone()]), &Arc::new(dns));
    let error = client.get(&format!("https://{plain}/"), "*/*").await;
    assert_eq!(error.unwrap_err(), EgressError::Tls);
    let error = client.get(&format!("http://{nowhere}/"), "*/*").await;
    assert_eq!(error.unwrap_err(), EgressError::Connect);
}

#[tokio::test]
async fn headers_have_a_limit() {
    let filler = "x".repeat(small_limits().header_bytes);
    let response = format!("HTTP/1.1 200 OK\r\nX-Filler: {filler}\r\n\r\n");
    let error = fetch(Answer::Whole(response.into_bytes())).await;
    let limit = small_limits().header_bytes;
    assert_eq!(error.unwrap_err(), EgressError::HeadersTooLarge(limit));
    let endless = "HTTP/1.1 200 OK\r\nX-Endless: ";
    let error = fetch(Answer::Flood(endless, b'x')).await;
    assert_eq!(error.unwrap_err(), EgressError::HeadersTooLarge(limit));
    let many = "X: y\r\n".repeat(300);
    let response = format!("HTTP/1.1 200 OK\r\n{many}\r\n");
    let error = fetch(Answer::Whole(response.into_bytes())).await;
    assert_eq!(error.unwrap_err(), EgressError::HeadersTooLarge(limit));
}

#[tokio::test]
async fn what_is_not_http_is_an_error() {
    let error = fetch(Answer::Whole(b"220 smtp ready\r\n".to_vec())).await;
    assert_eq!(error.unwrap_err(), EgressError::Response);
}

#[tokio::test]
async fn an_error_status_is_an_answer() {
    let response = b"HTTP/1.1 404 Not Found\r\nContent-Length: 4\r\n\r\ngone".to_vec();
    let fetched = fetch(Answer::Whole(response)).await.unwrap();
    assert_eq!(fetched.status, 404);
    assert_eq!(&fetched.body[..], b"gone");
}
