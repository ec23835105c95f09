//! Redirects: how many, what they leave behind, and what does not travel along.

use std::sync::Arc;

use crate::support::{Answer, FakeDns, Peer, client, ok, opening, redirect};
use egress::{Ask, EgressClient, EgressError, Fetched, Validators};

/// Two hosts of the test: `page.test` and `other.test`, at these ports.
fn client_for(page: &Peer, other: &Peer) -> EgressClient {
    let dns = FakeDns::default()
        .says("page.test", &["127.0.0.1"])
        .says("other.test", &["127.0.0.1"]);
    let pairs = [
        format!("page.test:{}", page.port()),
        format!("other.test:{}", other.port()),
    ];
    client(opening(&pairs), &Arc::new(dns))
}

#[tokio::test]
async fn ten_thousand_redirects_end_at_the_sixth() {
    let page = Peer::answering(Answer::Count(10_000)).await;
    let client = client_for(&page, &page);
    let url = format!("http://page.test:{}/0", page.port());
    let error = client.get(&url, "*/*").await.unwrap_err();
    assert_eq!(error, EgressError::TooManyRedirects(5));
    assert_eq!(page.requests().len(), 6);
}

#[tokio::test]
async fn five_redirects_are_followed_and_listed() {
    let page = Peer::answering(Answer::Count(5)).await;
    let client = client_for(&page, &page);
    let at = |path: &str| format!("http://page.test:{}{path}", page.port());
    let fetched = client.get(&at("/0"), "*/*").await.unwrap();
    assert_eq!(fetched.final_url.as_str(), at("/5"));
    let hops = fetched.redirects.iter();
    let hops: Vec<_> = hops.map(|hop| (hop.url.to_string(), hop.status)).collect();
    let expected: Vec<_> = (0..5)
        .map(|number| (at(&format!("/{number}")), http::StatusCode::FOUND))
        .collect();
    assert_eq!(hops, expected);
}

/// What is sent, at the first origin and at the next.
#[tokio::test]
async fn no_credential_no_cookie_and_no_referrer_is_ever_sent() {
    let other = Peer::answering(Answer::Whole(ok("text/plain", "x"))).await;
    let location = format!("http://other.test:{}/", other.port());
    let page = Peer::answering(Answer::Whole(
        format!(
            "HTTP/1.1 302 Found\r\nLocation: {location}\r\nSet-Cookie: a=b\r\n\
             WWW-Authenticate: Basic\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"
        )
        .into_bytes(),
    ))
    .await;
    let client = client_for(&page, &other);
    let url = format!("http://page.test:{}/", page.port());
    client.get(&url, "text/html").await.unwrap();
    for (peer, host) in [(&page, "page.test"), (&other, "other.test")] {
        let request = peer.requests().remove(0).to_ascii_lowercase();
        let mut headers: Vec<&str> = request.trim().lines().skip(1).collect();
        headers.sort_unstable();
        let host = format!("host: {host}:{}", peer.port());
        let expected = [
            "accept-encoding: gzip, br, zstd",
            "accept: text/html",
            &host,
            "user-agent: test-agent/1",
        ];
        assert_eq!(headers, expected);
    }
}

fn with_validators(body: &str) -> Vec<u8> {
    let date = "Sun, 06 Nov 1994 08:49:37 GMT";
    let length = body.len();
    format!(
        "HTTP/1.1 200 OK\r\nETag: \"v1\"\r\nLast-Modified: {date}\r\nContent-Length: {length}\r\n\
         Connection: close\r\n\r\n{body}"
    )
    .into_bytes()
}

fn conditions(request: &str) -> Vec<String> {
    let request = request.to_ascii_lowercase();
    let lines = request.lines().filter(|line| line.starts_with("if-"));
    lines.map(str::to_owned).collect()
}

async fn first(client: &EgressClient, peer: &Peer) -> Fetched {
    let url = format!("http://page.test:{}/", peer.port());
    client.get(&url, "*/*").await.unwrap()
}

async fn if_changed(
    client: &EgressClient,
    url: &str,
    validators: &Validators,
) -> Result<Fetched, EgressError> {
    let ask = Ask {
        validators: Some(validators),
        ..Ask::accepting("*/*")
    };
    client.fetch(url, &ask).await
}

#[tokio::test]
async fn validators_go_to_the_url_that_gave_them() {
    let page = Peer::answering(Answer::Whole(with_validators("x"))).await;
    let client = client_for(&page, &page);
    let validators = Validators::of(&first(&client, &page).await).unwrap();
    let url = format!("http://page.test:{}/", page.port());
    if_changed(&client, &url, &validators).await.unwrap();
    let asked = conditions(&page.requests()[1]);
    assert_eq!(
        asked,
        [
            "if-none-match: \"v1\"",
            "if-modified-since: sun, 06 nov 1994 08:49:37 gmt"
        ]
    );
    let elsewhere = format!("http://page.test:{}/elsewhere", page.port());
    let fetched = if_changed(&client, &elsewhere, &validators).await;
    fetched.unwrap();
    assert_eq!(conditions(&page.requests()[2]), [""; 0]);
}

#[tokio::test]
async fn validators_do_not_follow_a_redirect_to_another_origin() {
    let first_page = Peer::answering(Answer::Whole(with_validators("x"))).await;
    let other = Peer::answering(Answer::Whole(ok("text/plain", "x"))).await;
    let moved = format!("http://other.test:{}/", other.port());
    // The same URL answers by a redirect later.
    let page = Peer::answering(Answer::Turns(vec![with_validators("x"), redirect(&moved)])).await;
    drop(first_page);
    let client = client_for(&page, &other);
    let validators = Validators::of(&first(&client, &page).await).unwrap();
    let url = format!("http://page.test:{}/", page.port());
    if_changed(&client, &url, &validators).await.unwrap();
    assert_eq!(conditions(&page.requests()[1]).len(), 2);
    assert_eq!(conditions(&other.requests()[0]), [""; 0]);
}

#[tokio::test]
async fn not_modified_is_an_answer_without_a_body() {
    let head = "HTTP/1.1 304 Not Modified\r\nETag: \"v1\"\r\nContent-Encoding: gzip\r\n\
                Connection: close\r\n\r\n";
    let turns = vec![with_validators("x"), head.as_bytes().to_vec()];
    let page = Peer::answering(Answer::Turns(turns)).await;
    let client = client_for(&page, &page);
    let validators = Validators::of(&first(&client, &page).await).unwrap();
    let url = format!("http://page.test:{}/", page.port());
    let fetched = if_changed(&client, &url, &validators).await;
    let fetched = fetched.unwrap();
    assert_eq!(fetched.status, 304);
    assert!(fetched.body.is_empty());
}

#[tokio::test]
async fn a_response_without_validators_gives_none() {
    let page = Peer::answering(Answer::Whole(ok("text/plain", "x"))).await;
    let client = client_for(&page, &page);
    assert!(Validators::of(&first(&client, &page).await).is_none());
}
