//! The limits: what floods, drips, hangs or explodes is cut, and nothing travels that should not.

use std::io::Write;
use std::sync::Arc;

use crate::support::{Answer, FakeDns, Peer, client, ok, opening, small_limits};
use egress::{EgressError, Fetched};

async fn fetch(answer: Answer) -> Result<Fetched, EgressError> {
    let page = Peer::answering(answer).await;
    let dns = FakeDns::default().says("page.test", &["127.0.0.1"]);
    let pair = format!("page.test:{}", page.port());
    let client = client(opening(std::slice::from_ref(&pair)), &Arc::new(dns));
    client.get(&format!("http://{pair}/"), "*/*").await
}

fn encoded(encoding: &str, body: &[u8]) -> Answer {
    let length = body.len();
    let mut response = format!(
        "HTTP/1.1 200 OK\r\nContent-Encoding: {encoding}\r\nContent-Length: {length}\r\n\
         Connection: close\r\n\r\n"
    )
    .into_bytes();
    response.extend_from_slice(body);
    Answer::Whole(response)
}

fn gzip(plain: &[u8]) -> Vec<u8> {
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::best());
    encoder.write_all(plain).unwrap();
    encoder.finish().unwrap()
}

fn brotli(plain: &[u8]) -> Vec<u8> {
    let mut encoder = brotli::CompressorWriter::new(Vec::new(), 4096, 9, 22);
    encoder.write_all(plain).unwrap();
    encoder.into_inner()
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
    assert_eq!(fetched.redirects, 0);
}

#[tokio::test]
async fn gzip_and_brotli_are_decoded() {
    for answer in [
        encoded("gzip", &gzip(b"plain text")),
        encoded("br", &brotli(b"plain text")),
    ] {
        let fetched = fetch(answer).await.unwrap();
        assert_eq!(&fetched.body[..], b"plain text");
    }
}

#[tokio::test]
async fn a_bomb_is_cut_at_the_limit() {
    let plain = vec![0; 8 * 1024 * 1024];
    for answer in [
        encoded("gzip", &gzip(&plain)),
        encoded("br", &brotli(&plain)),
    ] {
        let fetched = fetch(answer).await.unwrap();
        assert!(fetched.truncated);
        assert_eq!(fetched.body.len(), small_limits().body_bytes);
    }
}

#[tokio::test]
async fn an_endless_body_is_cut_at_the_limit() {
    let head = "HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\n\r\n";
    let fetched = fetch(Answer::Flood(head)).await.unwrap();
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
async fn an_encoding_that_was_not_asked_for_is_an_error() {
    let error = fetch(encoded("zstd", b"(\xb5/\xfd")).await.unwrap_err();
    assert_eq!(error, EgressError::Encoding);
}

#[tokio::test]
async fn a_drip_runs_into_the_total_time() {
    let head = "HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\n\r\n";
    let error = fetch(Answer::Drip(head)).await.unwrap_err();
    assert_eq!(error, EgressError::Timeout);
}

#[tokio::test]
async fn silence_runs_into_the_idle_time() {
    assert_eq!(
        fetch(Answer::Silence).await.unwrap_err(),
        EgressError::Timeout
    );
}

#[tokio::test]
async fn headers_have_a_limit() {
    let filler = "x".repeat(small_limits().header_bytes);
    let response = format!("HTTP/1.1 200 OK\r\nX-Filler: {filler}\r\n\r\n");
    let error = fetch(Answer::Whole(response.into_bytes())).await;
    let limit = small_limits().header_bytes;
    assert_eq!(error.unwrap_err(), EgressError::HeadersTooLarge(limit));
    let error = fetch(Answer::Flood("HTTP/1.1 200 OK\r\nX-Endless: ")).await;
    assert_eq!(error.unwrap_err(), EgressError::Response);
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
