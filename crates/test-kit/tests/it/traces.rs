//! Traces of processes: what they send where it is set up, and that without it they do not even
//! have what sends.

use std::fs;

use reqwest::Method;
use test_kit::collector::Collector;
use test_kit::gateway::Gateway;
use test_kit::process::Process;
use test_kit::stack::Stack;

const TRACE: &str = "4bf92f3577b34da6a3ce929d0e0e4736";
const PARENT: &str = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";

/// Whether it has the thread that sends spans.
fn sends(process: &Process) -> bool {
    let threads = fs::read_dir(format!("/proc/{}/task", process.pid())).expect("its threads");
    let names =
        threads.filter_map(|thread| fs::read_to_string(thread.ok()?.path().join("comm")).ok());
    names
        .into_iter()
        .any(|name| name.starts_with("OpenTelemetry"))
}

#[actix_web::test]
async fn in_the_single_process_the_verifier_is_a_step_of_the_request() {
    let collector = Collector::start();
    let endpoint = collector.endpoint();
    let gateway = Gateway::start_with(&[("OTEL_EXPORTER_OTLP_ENDPOINT", &endpoint)]).await;
    let answer = gateway
        .http
        .request(Method::POST, format!("{}/mcp?s3cret", gateway.origin));
    let answer = answer
        .header("traceparent", PARENT)
        .header("tracestate", "vendor=s3cret")
        .send();
    let answer = answer.await.unwrap();
    assert_eq!(answer.status(), 401);
    let (request, verify) = (
        collector.span("POST /mcp").await,
        collector.span("verify").await,
    );
    assert_eq!(
        (request.trace_id.as_str(), request.service()),
        (TRACE, "gateway")
    );
    assert_eq!(verify.parent_id, request.span_id);
    assert_eq!(verify.attribute("gateway.decision"), Some("deny"));
    assert_eq!(verify.attribute("error.type"), Some("no_token"));
    assert!(!format!("{:?}", collector.spans()).contains("s3cret"));
}

#[actix_web::test]
async fn the_last_spans_leave_before_the_process_ends() {
    let collector = Collector::start();
    let endpoint = collector.endpoint();
    let mut stack = Stack::start_with(&[("OTEL_EXPORTER_OTLP_ENDPOINT", &endpoint)]).await;
    let answer = reqwest::get(format!("http://{}/jwks", stack.edge.auth_service));
    assert_eq!(answer.await.unwrap().status(), 200);
    assert!(sends(&stack.auth_service));
    stack.auth_service.stop();
    assert!(
        collector
            .spans()
            .iter()
            .any(|span| span.name == "GET /jwks")
    );
}

#[actix_web::test]
async fn without_the_setting_there_is_nothing_that_sends() {
    let stack = Stack::start().await;
    let mut client = stack.client("fetch").await;
    let tokens = stack.tokens(&mut client).await;
    assert_eq!(client.verify("fetch", &tokens.access).await.status(), 200);
    assert!(!sends(&stack.auth_service));
    assert!(!stack.verifiers.iter().any(sends));
}
