//! Batches, which MCP 2025-03-26 has and no other version (S4).

use std::time::Duration;

use actix_web::HttpResponse;
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpListener;

use crate::support::{MODERN, Service, Site, answer};

const VERSION: &str = "MCP-Protocol-Version";

fn ping(id: &Value) -> Value {
    json!({ "jsonrpc": "2.0", "id": id, "method": "ping" })
}

fn call(id: u32, url: &str, meta: &Value) -> Value {
    json!({
        "jsonrpc": "2.0", "id": id, "method": "tools/call",
        "params": { "name": "fetch", "arguments": { "url": url }, "_meta": meta }
    })
}

fn site() -> Site {
    Site::answering(|_, _| HttpResponse::Ok().content_type("text/plain").body("page"))
}

#[actix_web::test]
async fn s4_a_batch_of_2025_03_26_is_answered_by_one_array() {
    let service = Service::start(&[]);
    let batch = json!([
        ping(&json!("a")),
        { "jsonrpc": "2.0", "method": "notifications/initialized" },
        { "jsonrpc": "2.0", "id": 2, "method": "tools/list" },
        { "jsonrpc": "2.0", "id": 3, "method": "no/such" },
    ]);
    for request in [
        service.post(&batch),
        service.post(&batch).header(VERSION, "2025-03-26"),
    ] {
        let (status, answers) = answer(request).await;
        assert_eq!(status, 200, "{answers}");
        let answers = answers.as_array().unwrap();
        assert_eq!(answers.len(), 3, "{answers:?}");
        assert_eq!(
            answers[0],
            json!({ "jsonrpc": "2.0", "id": "a", "result": {} })
        );
        assert_eq!(answers[1]["id"], 2);
        assert_eq!(answers[1]["result"]["tools"][0]["name"], "fetch");
        assert_eq!(answers[2]["id"], 3);
        assert_eq!(answers[2]["error"]["code"], -32601);
    }
}

#[actix_web::test]
async fn s4_a_batch_of_notifications_alone_is_202_without_a_body() {
    let service = Service::start(&[]);
    let batch = json!([
        { "jsonrpc": "2.0", "method": "notifications/initialized" },
        { "jsonrpc": "2.0", "method": "notifications/cancelled", "params": { "requestId": 1 } },
    ]);
    let response = service.post(&batch).send().await.unwrap();
    assert_eq!(response.status(), 202);
    assert_eq!(response.bytes().await.unwrap().len(), 0);
}

#[actix_web::test]
async fn s4_a_batch_that_is_not_taken_is_refused_before_anything_is_done() {
    let site = site();
    let service = Service::opened_with(&site.url, &[("FETCH_ROBOTS", "ignore")]);
    let first = call(1, &site.url, &json!({}));
    let initialize = json!({
        "jsonrpc": "2.0", "id": 0, "method": "initialize",
        "params": {
            "protocolVersion": "2025-03-26", "capabilities": {},
            "clientInfo": { "name": "test", "version": "1" }
        }
    });
    let refused = |batch: Value, version: Option<&str>| {
        let mut request = service.post(&batch);
        if let Some(version) = version {
            request = request.header(VERSION, version);
        }
        async move {
            let (status, message) = answer(request).await;
            let error = &message["error"];
            assert_eq!((status, &error["code"]), (400, &json!(-32600)), "{message}");
            error["message"].as_str().unwrap().to_owned()
        }
    };
    for version in ["2025-06-18", "2025-11-25", MODERN] {
        let told = refused(json!([first]), Some(version)).await;
        assert!(told.contains("only MCP 2025-03-26 has batches"), "{told}");
    }
    let long: Vec<Value> = (0..17).map(|id| ping(&json!(id))).collect();
    for batch in [json!([]), json!(long)] {
        let told = refused(batch, None).await;
        assert!(told.contains("1 to 16 messages"), "{told}");
    }
    for other in [
        json!({}),
        json!([ping(&json!(2))]),
        json!({ "jsonrpc": "2.0", "id": 1, "result": {} }),
        ping(&Value::Null),
    ] {
        let told = refused(json!([first, other]), None).await;
        assert!(told.contains("not a JSON-RPC request"), "{told}");
    }
    let told = refused(json!([first, initialize]), None).await;
    assert!(told.contains("initialize"), "{told}");
    assert_eq!(site.asked("/"), 0);
    let broken = service
        .request(reqwest::Method::POST)
        .header("Accept", "application/json, text/event-stream")
        .header("Content-Type", "application/json")
        .body("[{\"jsonrpc\": ");
    let (status, message) = answer(broken).await;
    assert_eq!((status, &message["error"]["code"]), (400, &json!(-32700)));
}

#[actix_web::test]
async fn each_call_of_a_batch_pays_its_quota() {
    let site = site();
    let service = Service::opened_with(&site.url, &[("FETCH_CALLS_PER_MINUTE", "2")]);
    let batch: Vec<_> = (0..4).map(|id| call(id, &site.url, &json!({}))).collect();
    let (status, answers) = answer(service.post(&json!(batch))).await;
    assert_eq!(status, 200, "{answers}");
    let is_error = |answer: &Value| answer["result"]["isError"].as_bool().unwrap();
    let answers = answers.as_array().unwrap();
    assert_eq!(answers.len(), 4);
    assert_eq!(answers.iter().filter(|answer| is_error(answer)).count(), 2);
    let outcomes = service.outcomes.lock().unwrap();
    assert_eq!(outcomes.iter().filter(|how| *how == "quota").count(), 2);
}

/// There is no stream on which it could be told, and the calls are under way together.
#[actix_web::test]
async fn a_slow_call_of_a_batch_tells_nothing_and_is_answered_with_the_rest() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let service = Service::opened_with(&url, &[("FETCH_ROBOTS", "ignore")]);
    let token = json!({ "progressToken": "p1" });
    let batch = json!([call(1, &url, &token), call(2, &format!("{url}/2"), &token)]);
    let client = actix_web::rt::spawn(service.post(&batch).send());
    let mut streams = Vec::new();
    for _ in 0..2 {
        let (mut stream, _) = listener.accept().await.unwrap();
        stream.read_exact(&mut [0; 6]).await.unwrap();
        streams.push(stream);
    }
    tokio::time::sleep(Duration::from_millis(2500)).await;
    let page = "HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: 4\r\n\r\npage";
    for stream in &mut streams {
        stream.write_all(page.as_bytes()).await.unwrap();
    }
    let response = client.await.unwrap().unwrap();
    assert_eq!(response.headers()["content-type"], "application/json");
    let answers: Value = response.json().await.unwrap();
    for (answer, id) in answers.as_array().unwrap().iter().zip([1, 2]) {
        assert_eq!(
            (&answer["id"], &answer["result"]["isError"]),
            (&json!(id), &json!(false))
        );
    }
}

#[actix_web::test]
async fn a_client_that_goes_away_from_a_batch_ends_its_fetches() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let service = Service::opened_with(&url, &[("FETCH_ROBOTS", "ignore")]);
    let batch = json!([ping(&json!(1)), call(2, &url, &json!({}))]);
    let client = actix_web::rt::spawn(service.post(&batch).send());
    let (mut stream, _) = listener.accept().await.unwrap();
    stream.read_exact(&mut [0; 6]).await.unwrap();
    client.abort();
    let mut rest = Vec::new();
    let closed = stream.read_to_end(&mut rest);
    let closed = tokio::time::timeout(Duration::from_secs(10), closed).await;
    closed.unwrap().unwrap();
}
