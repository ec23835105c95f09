//! How much one person may have fetched.

use std::time::Duration;

use actix_web::HttpResponse;
use serde_json::json;
use token_core::audit::{AskedBy, AuditEvent};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpSocket, TcpStream};

use crate::support::{Service, Site, person, somebody_else};

fn exceeded(quota: &'static str) -> AuditEvent {
    AuditEvent::QuotaExceeded {
        asked_by: AskedBy {
            user_id: person().user_id,
            client_id: person().client_id,
        },
        quota,
    }
}

fn seconds_to_wait(answer: &str) -> u64 {
    let (_, rest) = answer.split_once("try again in ").unwrap();
    rest.split(' ').next().unwrap().parse().unwrap()
}

#[actix_web::test]
async fn calls_are_each_persons_own_and_the_answer_says_when_to_come_back() {
    let site = Site::answering(|_, _| HttpResponse::Ok().content_type("text/plain").body("x"));
    let service = Service::opened_with(&site.url, &[("FETCH_CALLS_PER_MINUTE", "2")]);
    let call = || json!({ "url": site.url });
    for _ in 0..2 {
        let (is_error, answer) = service.fetch(call()).await;
        assert!(!is_error, "{answer}");
    }
    let (is_error, answer) = service.fetch(call()).await;
    assert!(is_error && answer.contains("2 calls a minute"), "{answer}");
    assert!((20..=30).contains(&seconds_to_wait(&answer)), "{answer}");
    assert_eq!(service.audit.events(), [exceeded("requests")]);
    let (is_error, answer) = service.fetch_as(&somebody_else(), call()).await;
    assert!(!is_error, "{answer}");
    // What is no call is not counted.
    let ping = json!({ "jsonrpc": "2.0", "id": 1, "method": "ping" });
    assert_eq!(service.post(&ping).send().await.unwrap().status(), 200);
}

#[actix_web::test]
async fn calls_are_counted_by_how_they_ended() {
    let site = Site::answering(|_, _| HttpResponse::Ok().content_type("text/plain").body("x"));
    let service = Service::opened_with(&site.url, &[("FETCH_CALLS_PER_MINUTE", "2")]);
    service.fetch(json!({ "url": site.url })).await;
    service.fetch(json!({ "url": "http://10.0.0.1/" })).await;
    service.fetch(json!({ "url": site.url })).await;
    let outcomes = service.outcomes.lock().unwrap();
    assert_eq!(*outcomes, ["answered", "refused", "quota"]);
}

#[actix_web::test]
async fn bytes_are_those_that_came_from_the_web() {
    let site = Site::answering(|request, _| {
        let length = if request.path() == "/large" {
            3 << 20
        } else {
            1
        };
        HttpResponse::Ok()
            .content_type("text/plain")
            .insert_header(("Cache-Control", "max-age=600"))
            .body("x".repeat(length))
    });
    let service = Service::opened_with(&site.url, &[("FETCH_MB_PER_MINUTE", "2")]);
    let large = json!({ "url": format!("{}/large", site.url) });
    let (is_error, answer) = service.fetch_as(&somebody_else(), large.clone()).await;
    assert!(!is_error, "{answer}");
    // It is in memory now and costs the next one nothing.
    for _ in 0..3 {
        let (is_error, answer) = service.fetch(large.clone()).await;
        assert!(!is_error, "{answer}");
    }
    assert_eq!(site.asked("/large"), 1);
    let (is_error, answer) = service.fetch_as(&somebody_else(), large).await;
    assert!(is_error && answer.contains("bytes a minute"), "{answer}");
    // A debt of one megabyte, at two a minute, less what has flown in meanwhile.
    assert!((20..=31).contains(&seconds_to_wait(&answer)), "{answer}");
}

#[actix_web::test]
async fn so_many_at_a_time_and_one_that_goes_away_makes_room() {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let settings = [("FETCH_CALLS_AT_A_TIME", "1"), ("FETCH_ROBOTS", "ignore")];
    let service = Service::opened_with(&url, &settings);
    let message = json!({
        "jsonrpc": "2.0", "id": 1, "method": "tools/call",
        "params": { "name": "fetch", "arguments": { "url": url } }
    });
    let waiting = actix_web::rt::spawn(service.post(&message).send());
    let (_silent, _) = listener.accept().await.unwrap();
    let (is_error, answer) = service.fetch(json!({ "url": "http://other.test/" })).await;
    assert!(
        is_error && answer.contains("1 calls of yours are under way"),
        "{answer}"
    );
    assert_eq!(service.audit.events(), [exceeded("concurrency")]);
    waiting.abort();
    let comes_back = async {
        while service
            .fetch(json!({ "url": "x" }))
            .await
            .1
            .contains("under way")
        {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    };
    let limit = Duration::from_secs(10);
    tokio::time::timeout(limit, comes_back).await.unwrap();
}

/// Sends nine megabytes of ten to whoever comes. At least two have been read when the last is sent:
/// no more than six wait with who reads (Linux's `tcp_rmem`), and next to nothing here.
async fn almost_all(listener: &TcpListener) -> TcpStream {
    let (mut stream, _) = listener.accept().await.unwrap();
    let _ = stream.read(&mut [0; 4096]).await.unwrap();
    let head = "HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: 10000000\r\n\r\n";
    stream.write_all(head.as_bytes()).await.unwrap();
    stream.write_all(&vec![b'x'; 9 << 20]).await.unwrap();
    stream
}

/// A site that tests play themselves, and one megabyte a minute.
fn slow_site() -> (TcpListener, String, Service) {
    let socket = TcpSocket::new_v4().unwrap();
    socket.set_send_buffer_size(64 * 1024).unwrap();
    socket.bind("127.0.0.1:0".parse().unwrap()).unwrap();
    let listener = socket.listen(1).unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let settings = [("FETCH_MB_PER_MINUTE", "1"), ("FETCH_ROBOTS", "ignore")];
    let service = Service::opened_with(&url, &settings);
    (listener, url, service)
}

#[actix_web::test]
async fn a_fetch_that_fails_costs_what_came() {
    let (listener, url, service) = slow_site();
    let breaks_off = async { drop(almost_all(&listener).await) };
    let ((is_error, answer), ()) = tokio::join!(service.fetch(json!({ "url": url })), breaks_off);
    assert!(
        is_error && answer.contains("cannot fetch the page"),
        "{answer}"
    );
    let (_, answer) = service.fetch(json!({ "url": url })).await;
    assert!(answer.contains("bytes a minute"), "{answer}");
    // Nobody else pays for it.
    let (_, answer) = service
        .fetch_as(&somebody_else(), json!({ "url": "x" }))
        .await;
    assert!(!answer.contains("bytes a minute"), "{answer}");
}

#[actix_web::test]
async fn a_fetch_that_is_given_up_costs_what_came() {
    let (listener, url, service) = slow_site();
    let message = json!({
        "jsonrpc": "2.0", "id": 1, "method": "tools/call",
        "params": { "name": "fetch", "arguments": { "url": url } }
    });
    let waiting = actix_web::rt::spawn(service.post(&message).send());
    let mut stream = almost_all(&listener).await;
    waiting.abort();
    let mut rest = Vec::new();
    let _ = stream.read_to_end(&mut rest).await;
    let (_, answer) = service.fetch(json!({ "url": url })).await;
    assert!(answer.contains("bytes a minute"), "{answer}");
}

#[actix_web::test]
async fn a_robots_txt_costs_whoever_has_it_fetched() {
    let sites: Vec<Site> = (0..3)
        .map(|_| {
            Site::answering(|request, _| match request.path() {
                "/robots.txt" => HttpResponse::Ok().body("#".repeat(500_000)),
                _ => HttpResponse::Ok().content_type("text/plain").body("x"),
            })
        })
        .collect();
    let pairs: Vec<_> = sites
        .iter()
        .filter_map(|site| site.url.strip_prefix("http://"))
        .collect();
    let pairs = pairs.join(",");
    let settings = [
        ("EGRESS_ALLOW_HOSTS", &*pairs),
        ("FETCH_MB_PER_MINUTE", "1"),
    ];
    let service = Service::start(&settings);
    for site in &sites {
        let (is_error, answer) = service.fetch(json!({ "url": site.url })).await;
        assert!(!is_error, "{answer}");
    }
    let call = || json!({ "url": sites[0].url });
    let (_, answer) = service.fetch(call()).await;
    assert!(answer.contains("bytes a minute"), "{answer}");
    // It is known now, and costs the next one nothing.
    let (is_error, answer) = service.fetch_as(&somebody_else(), call()).await;
    assert!(!is_error, "{answer}");
}
