//! What spans there are, whose they are, and that nobody waits for the collector.

use std::net::TcpListener;
use std::time::Duration;

use actix_web::http::Method;
use actix_web::test::{TestRequest, call_and_read_body, call_service, init_service};
use actix_web::{App, HttpResponse, web};
use prometheus::Registry;
use test_kit::collector::Collector;
use test_kit::process::eventually;

use super::{SETTINGS, TraceSettings, Traces, answered, here, note, number, step};
use crate::settings::Settings;

const TRACE: &str = "4bf92f3577b34da6a3ce929d0e0e4736";
const CALLER: &str = "00f067aa0ba902b7";

fn traces(endpoint: &str, registry: &Registry) -> Traces {
    let pairs = [("OTEL_EXPORTER_OTLP_ENDPOINT", endpoint)];
    let mut settings = Settings::from_pairs(&SETTINGS, pairs);
    let settings = TraceSettings::from_settings(&mut settings);
    Traces::start(settings, "test-service", registry).unwrap()
}

async fn thing() -> HttpResponse {
    note("test.outcome", "found");
    let work = async {
        note("test.word", "inner");
        Err::<(), ()>(())
    };
    let place = here();
    let _ = tokio::spawn(async move { place.go_on(step("look", work)).await }).await;
    answered("ask the store", Duration::from_millis(20), false);
    HttpResponse::ServiceUnavailable().finish()
}

/// Asks a service for `/things/s3cret?code=s3cret`; gives the status.
async fn ask(traces: &Traces, parent: Option<&str>) -> u16 {
    let things = web::scope("")
        .wrap(traces.requests())
        .route("/things/{id}", web::to(thing));
    let app = init_service(App::new().service(things)).await;
    let mut request = TestRequest::with_uri("/things/s3cret?code=s3cret").method(Method::POST);
    request = request.insert_header(("authorization", "Bearer s3cret"));
    if let Some(parent) = parent {
        request = request.insert_header(("traceparent", parent));
    }
    call_service(&app, request.to_request())
        .await
        .status()
        .as_u16()
}

fn count(registry: &Registry, outcome: &str) -> u64 {
    let page = prometheus::TextEncoder::new()
        .encode_to_string(&registry.gather())
        .unwrap();
    let start = format!("gateway_spans_total{{outcome=\"{outcome}\"}} ");
    let line = page.lines().find_map(|line| line.strip_prefix(&start));
    line.unwrap().parse().unwrap()
}

#[actix_web::test]
async fn a_request_and_its_steps_are_spans_of_the_callers_trace() {
    let (collector, registry) = (Collector::start(), Registry::new());
    let traces = traces(&collector.endpoint(), &registry);
    let parent = format!("00-{TRACE}-{CALLER}-01");
    assert_eq!(ask(&traces, Some(&parent)).await, 503);
    traces.finish().await;

    let request = collector.span("POST /things/{id}").await;
    let (look, store) = (
        collector.span("look").await,
        collector.span("ask the store").await,
    );
    assert_eq!(request.service(), "test-service");
    assert_eq!(request.parent_id, CALLER);
    assert_eq!(request.attribute("http.route"), Some("/things/{id}"));
    assert_eq!(request.attribute("http.response.status_code"), Some("503"));
    assert_eq!(request.attribute("test.outcome"), Some("found"));
    assert_eq!(look.attribute("test.word"), Some("inner"));
    assert_eq!(
        (&look.parent_id, &store.parent_id),
        (&request.span_id, &request.span_id)
    );
    for span in [&request, &look, &store] {
        assert_eq!(span.trace_id, TRACE);
        assert_eq!(span.error.as_deref(), Some(""), "{}", span.name);
    }
    assert!(!format!("{:?}", collector.spans()).contains("s3cret"));
    assert_eq!(collector.spans().len(), 3);
    assert_eq!(count(&registry, "sent"), 3);
}

#[actix_web::test]
async fn what_belongs_to_a_request_can_name_its_trace() {
    let (collector, registry) = (Collector::start(), Registry::new());
    let traces = traces(&collector.endpoint(), &registry);
    let say = || async {
        number()
            .map(|number| number.to_string())
            .unwrap_or_default()
    };
    let service = web::scope("")
        .wrap(traces.requests())
        .route("/number", web::get().to(say));
    let app = init_service(App::new().service(service)).await;
    for (kept, said) in [("01", TRACE), ("00", "")] {
        let parent = format!("00-{TRACE}-{CALLER}-{kept}");
        let request = TestRequest::with_uri("/number").insert_header(("traceparent", parent));
        let answer = call_and_read_body(&app, request.to_request()).await;
        assert_eq!(answer, said);
    }
    assert!(number().is_none());
}

#[actix_web::test]
async fn what_the_caller_does_not_keep_is_not_kept_here() {
    let (collector, registry) = (Collector::start(), Registry::new());
    let traces = traces(&collector.endpoint(), &registry);
    let unsampled = format!("00-{TRACE}-{CALLER}-00");
    assert_eq!(ask(&traces, Some(&unsampled)).await, 503);
    assert_eq!(ask(&traces, None).await, 503);
    traces.finish().await;
    let spans = collector.spans();
    assert_eq!(spans.len(), 3, "{spans:?}");
    assert!(spans.iter().all(|span| span.trace_id != TRACE));
}

#[actix_web::test]
async fn without_an_endpoint_requests_are_answered_and_nothing_is_made() {
    let traces = Traces::default();
    assert!(!traces.is_on());
    assert_eq!(ask(&traces, None).await, 503);
    traces.finish().await;
}

#[actix_web::test]
async fn a_collector_that_never_answers_delays_nobody_and_is_counted() {
    let (_silent, endpoint) = silent();
    let registry = Registry::new();
    let traces = traces(&endpoint, &registry);
    for _ in 0..100 {
        assert_eq!(ask(&traces, None).await, 503);
    }
    // All were answered before the first batch was given up.
    assert_eq!(count(&registry, "lost"), 0);
    eventually("what was not taken is counted", async || {
        count(&registry, "lost") > 0
    })
    .await;
    assert_eq!(count(&registry, "sent"), 0);
    traces.finish().await;
}

/// A collector that takes connections, and never answers; and its address.
fn silent() -> (TcpListener, String) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    (listener, format!("http://{address}"))
}

#[actix_web::test]
async fn what_finds_the_queue_full_is_dropped_and_counted() {
    use opentelemetry::trace::{Span as _, Tracer as _};
    let (_silent, endpoint) = silent();
    let registry = Registry::new();
    let traces = traces(&endpoint, &registry);
    let tracer = traces.0.as_ref().unwrap().tracer.clone();
    for _ in 0..6000 {
        tracer.start("one of many").end();
    }
    assert!(count(&registry, "dropped") >= 6000 - 4096 - 512);
    traces.finish().await;
}
