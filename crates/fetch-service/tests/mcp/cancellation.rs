//! Slow calls: they tell of themselves where that was asked for, and end at once when nobody waits
//! any more.

use std::time::Duration;

use serde_json::{Value, json};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};

use crate::support::{Service, modern, somebody_else};

/// Before any time limit of the guard would end it.
const SOON: Duration = Duration::from_secs(10);

/// A site that a test plays itself.
async fn slow_site() -> (TcpListener, String, Service) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let service = Service::opened_with(&url, &[("FETCH_ROBOTS", "ignore")]);
    (listener, url, service)
}

fn call(url: &str, meta: &Value) -> Value {
    json!({
        "jsonrpc": "2.0", "id": 1, "method": "tools/call",
        "params": { "name": "fetch", "arguments": { "url": url }, "_meta": meta }
    })
}

async fn asked(listener: &TcpListener) -> TcpStream {
    let (mut stream, _) = listener.accept().await.unwrap();
    let mut request = [0; 16];
    stream.read_exact(&mut request).await.unwrap();
    assert_eq!(&request, b"GET / HTTP/1.1\r\n");
    stream
}

async fn is_closed(mut stream: TcpStream) {
    let mut rest = Vec::new();
    let closed = tokio::time::timeout(SOON, stream.read_to_end(&mut rest));
    closed.await.unwrap().unwrap();
}

#[actix_web::test]
async fn a_client_that_goes_away_ends_the_fetch() {
    let (listener, url, service) = slow_site().await;
    let arguments = json!({ "name": "fetch", "arguments": { "url": url } });
    for request in [
        service.post(&call(&url, &json!({}))),
        modern(&service, "tools/call", arguments).header("Mcp-Name", "fetch"),
    ] {
        let client = actix_web::rt::spawn(request.send());
        let stream = asked(&listener).await;
        client.abort();
        is_closed(stream).await;
    }
}

#[actix_web::test]
async fn the_fetch_goes_on_for_whoever_still_waits_and_ends_with_the_last() {
    let (listener, url, service) = slow_site().await;
    let call = call(&url, &json!({}));
    let first = actix_web::rt::spawn(service.post(&call).send());
    let mut stream = asked(&listener).await;
    let second = actix_web::rt::spawn(service.post(&call).send());
    // It has joined when nobody else connects for a while.
    let another = tokio::time::timeout(Duration::from_millis(500), listener.accept()).await;
    assert!(another.is_err());
    first.abort();
    tokio::time::sleep(Duration::from_millis(200)).await;
    let page = "HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: 4\r\n\r\npage";
    stream.write_all(page.as_bytes()).await.unwrap();
    let response = second.await.unwrap().unwrap();
    assert!(response.text().await.unwrap().contains("page"));
}

#[actix_web::test]
async fn a_slow_call_tells_of_its_progress_where_that_was_asked_for() {
    let (listener, url, service) = slow_site().await;
    let request = service.post(&call(&url, &json!({ "progressToken": "p1" })));
    let client = actix_web::rt::spawn(request.send());
    let mut stream = asked(&listener).await;
    let mut response = client.await.unwrap().unwrap();
    assert_eq!(response.headers()["content-type"], "text/event-stream");
    assert_eq!(response.headers()["x-accel-buffering"], "no");
    let mut events = String::new();
    while events.matches("notifications/progress").count() < 2 {
        let piece = response.chunk().await.unwrap().unwrap();
        events.push_str(std::str::from_utf8(&piece).unwrap());
    }
    let page = "HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: 4\r\n\r\npage";
    stream.write_all(page.as_bytes()).await.unwrap();
    // The answer ends the stream.
    events.push_str(&response.text().await.unwrap());
    let messages = events.lines().filter_map(|line| line.strip_prefix("data:"));
    let messages: Vec<Value> = messages
        .filter_map(|data| serde_json::from_str(data).ok())
        .collect();
    let (answer, progress) = messages.split_last().unwrap();
    assert!(
        answer["result"]["content"][0]["text"]
            .as_str()
            .unwrap()
            .contains("page")
    );
    let steps = progress.iter().map(|message| {
        // S6: nothing on the stream asks anything.
        assert_eq!(message["method"], "notifications/progress");
        assert!(message.get("id").is_none());
        assert_eq!(message["params"]["progressToken"], "p1");
        message["params"]["progress"].as_f64().unwrap()
    });
    let steps: Vec<f64> = steps.collect();
    assert!(
        steps.len() >= 2 && steps.is_sorted_by(|a, b| a < b),
        "{steps:?}"
    );
}

#[actix_web::test]
async fn a_client_that_goes_away_from_a_stream_ends_the_fetch_too() {
    let (listener, url, service) = slow_site().await;
    let request = service.post(&call(&url, &json!({ "progressToken": 7 })));
    let client = actix_web::rt::spawn(request.send());
    let stream = asked(&listener).await;
    let mut response = client.await.unwrap().unwrap();
    response.chunk().await.unwrap().unwrap();
    drop(response);
    is_closed(stream).await;
}

fn cancelled() -> Value {
    json!({
        "jsonrpc": "2.0", "method": "notifications/cancelled", "params": { "requestId": 1 }
    })
}

/// As clients of the older era do it, who leave the connection open.
#[actix_web::test]
async fn a_cancelled_call_ends_at_once() {
    let (listener, url, service) = slow_site().await;
    let client = actix_web::rt::spawn(service.post(&call(&url, &json!({}))).send());
    let stream = asked(&listener).await;
    let response = service.post(&cancelled()).send().await.unwrap();
    assert_eq!(response.status(), 202);
    is_closed(stream).await;
    let answer: Value = client.await.unwrap().unwrap().json().await.unwrap();
    assert_eq!(answer["result"]["content"][0]["text"], "cancelled");
}

#[actix_web::test]
async fn nobody_cancels_what_may_be_anothers() {
    let (listener, url, service) = slow_site().await;
    let (one, other) = (
        call(&url, &json!({})),
        call(&format!("{url}/other"), &json!({})),
    );
    let first = actix_web::rt::spawn(service.post(&one).send());
    let mut stream = asked(&listener).await;
    // Somebody else's notice, and then one that two calls could be meant by.
    let stranger = service.assertion_of(&somebody_else());
    let notice = service.post_without_assertion(&cancelled());
    let notice = notice
        .header("X-Auth-Assertion", stranger)
        .send()
        .await
        .unwrap();
    assert_eq!(notice.status(), 202);
    let second = actix_web::rt::spawn(service.post(&other).send());
    let (_other_stream, _) = listener.accept().await.unwrap();
    service.post(&cancelled()).send().await.unwrap();
    let page = "HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: 4\r\n\r\npage";
    stream.write_all(page.as_bytes()).await.unwrap();
    let response = first.await.unwrap().unwrap();
    assert!(response.text().await.unwrap().contains("page"));
    assert!(!second.is_finished());
}

/// Without a token nobody is told, and the answer is one JSON object, however slow.
#[actix_web::test]
async fn a_slow_call_that_did_not_ask_is_told_nothing() {
    let (listener, url, service) = slow_site().await;
    let client = actix_web::rt::spawn(service.post(&call(&url, &json!({}))).send());
    let mut stream = asked(&listener).await;
    tokio::time::sleep(Duration::from_millis(2500)).await;
    let page = "HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: 4\r\n\r\npage";
    stream.write_all(page.as_bytes()).await.unwrap();
    let response = client.await.unwrap().unwrap();
    assert_eq!(response.headers()["content-type"], "application/json");
    assert!(response.text().await.unwrap().contains("page"));
}
