//! How much one person may have fetched.

use std::time::Duration;

use actix_web::HttpResponse;
use serde_json::json;
use token_core::audit::{AskedBy, AuditEvent};

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
