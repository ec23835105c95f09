//! A stand-in for a collector of traces: takes OTLP over HTTP (protobuf, gzip or not), and shows
//! what it was sent.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::io::Read as _;
use std::net::{SocketAddr, TcpListener};
use std::sync::{Arc, Mutex, PoisonError};

use actix_web::dev::ServerHandle;
use actix_web::http::header::{CONTENT_ENCODING, CONTENT_TYPE, HeaderValue};
use actix_web::{App, HttpRequest, HttpResponse, HttpServer, web};
use flate2::read::GzDecoder;
use opentelemetry_proto::tonic::collector::trace::v1::{
    ExportTraceServiceRequest, ExportTraceServiceResponse,
};
use opentelemetry_proto::tonic::common::v1::any_value::Value;
use opentelemetry_proto::tonic::common::v1::{AnyValue, KeyValue};
use opentelemetry_proto::tonic::trace::v1::Span;
use opentelemetry_proto::tonic::trace::v1::status::StatusCode;
use prost::Message as _;
use serde::Serialize;

use crate::process::eventually;

/// The most that is taken at once, in bytes.
const BODY_LIMIT: usize = 8 * 1024 * 1024;

/// One span as it arrived.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct SeenSpan {
    /// The resource's attributes, `service.name` among them.
    pub resource: BTreeMap<String, String>,
    /// What it is called.
    pub name: String,
    /// In hexadecimal.
    pub trace_id: String,
    /// In hexadecimal.
    pub span_id: String,
    /// In hexadecimal; empty for the first of a trace.
    pub parent_id: String,
    /// What callers had to say (W3C Trace Context section 3.3).
    pub trace_state: String,
    /// Its attributes, as text.
    pub attributes: BTreeMap<String, String>,
    /// Whether it failed, and what it says of that.
    pub error: Option<String>,
    /// Its events, by name, with their attributes.
    pub events: Vec<(String, BTreeMap<String, String>)>,
}

impl SeenSpan {
    /// The program that made it.
    pub fn service(&self) -> &str {
        self.resource.get("service.name").map_or("", String::as_str)
    }

    /// One of its attributes.
    pub fn attribute(&self, name: &str) -> Option<&str> {
        self.attributes.get(name).map(String::as_str)
    }
}

type Shelf = Arc<Mutex<Vec<SeenSpan>>>;

/// A running collector of this process.
pub struct Collector {
    address: SocketAddr,
    spans: Shelf,
    handle: ServerHandle,
}

impl Collector {
    /// On a free port.
    pub fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
        let address = listener.local_addr().expect("its address");
        let spans = Shelf::default();
        let shelf = Arc::clone(&spans);
        let server = HttpServer::new(move || App::new().configure(|app| routes(app, &shelf)))
            .workers(1)
            .disable_signals()
            .listen(listener)
            .expect("it listens")
            .run();
        let handle = server.handle();
        actix_web::rt::spawn(server);
        Self {
            address,
            spans,
            handle,
        }
    }

    /// What to set `OTEL_EXPORTER_OTLP_ENDPOINT` to.
    pub fn endpoint(&self) -> String {
        format!("http://{}", self.address)
    }

    /// All that has arrived.
    pub fn spans(&self) -> Vec<SeenSpan> {
        seen(&self.spans)
    }

    /// Waits for a span of this name and gives it.
    pub async fn span(&self, name: &str) -> SeenSpan {
        let find = || self.spans().into_iter().find(|span| span.name == name);
        eventually(&format!("a span {name} arrived"), async || find().is_some()).await;
        find().expect("it is there")
    }

    /// Ends it: what comes now is refused.
    pub async fn stop(&self) {
        self.handle.stop(false).await;
    }
}

/// `POST /v1/traces`, and `GET /spans` for whoever looks from another process.
pub fn routes(app: &mut web::ServiceConfig, shelf: &Arc<Mutex<Vec<SeenSpan>>>) {
    app.app_data(web::Data::from(Arc::clone(shelf)))
        .app_data(web::PayloadConfig::new(BODY_LIMIT))
        .route("/v1/traces", web::post().to(take))
        .route("/spans", web::get().to(show));
}

async fn take(
    request: HttpRequest,
    body: web::Bytes,
    shelf: web::Data<Mutex<Vec<SeenSpan>>>,
) -> HttpResponse {
    let header = |name| request.headers().get(name).map(HeaderValue::as_bytes);
    if header(CONTENT_TYPE) != Some(b"application/x-protobuf") {
        return HttpResponse::UnsupportedMediaType().finish();
    }
    let mut plain = Vec::new();
    if header(CONTENT_ENCODING) == Some(b"gzip") {
        let limit = BODY_LIMIT as u64;
        let unzipped = GzDecoder::new(body.as_ref())
            .take(limit)
            .read_to_end(&mut plain);
        if unzipped.is_err() {
            return HttpResponse::BadRequest().finish();
        }
    } else {
        plain.extend_from_slice(&body);
    }
    let Ok(export) = ExportTraceServiceRequest::decode(plain.as_slice()) else {
        return HttpResponse::BadRequest().finish();
    };
    let mut shelf = shelf.lock().unwrap_or_else(PoisonError::into_inner);
    for of_resource in export.resource_spans {
        let resource = of_resource.resource.unwrap_or_default();
        let resource = texts(resource.attributes);
        let spans = of_resource.scope_spans.into_iter().flat_map(|s| s.spans);
        shelf.extend(spans.map(|span| span_of(resource.clone(), span)));
    }
    HttpResponse::Ok()
        .content_type("application/x-protobuf")
        .body(ExportTraceServiceResponse::default().encode_to_vec())
}

async fn show(shelf: web::Data<Mutex<Vec<SeenSpan>>>) -> HttpResponse {
    HttpResponse::Ok().json(seen(&shelf))
}

fn seen(shelf: &Mutex<Vec<SeenSpan>>) -> Vec<SeenSpan> {
    shelf.lock().unwrap_or_else(PoisonError::into_inner).clone()
}

fn span_of(resource: BTreeMap<String, String>, span: Span) -> SeenSpan {
    let status = span.status.unwrap_or_default();
    let is_error = status.code == i32::from(StatusCode::Error as u8);
    let events = span.events.into_iter();
    SeenSpan {
        resource,
        name: span.name,
        trace_id: hex(&span.trace_id),
        span_id: hex(&span.span_id),
        parent_id: hex(&span.parent_span_id),
        trace_state: span.trace_state,
        attributes: texts(span.attributes),
        error: is_error.then_some(status.message),
        events: events
            .map(|event| (event.name, texts(event.attributes)))
            .collect(),
    }
}

fn texts(attributes: Vec<KeyValue>) -> BTreeMap<String, String> {
    let text = |value: Option<AnyValue>| match value.and_then(|value| value.value) {
        Some(Value::StringValue(text)) => text,
        Some(Value::IntValue(number)) => number.to_string(),
        Some(Value::BoolValue(flag)) => flag.to_string(),
        other => format!("{other:?}"),
    };
    attributes
        .into_iter()
        .map(|pair| (pair.key, text(pair.value)))
        .collect()
}

fn hex(bytes: &[u8]) -> String {
    let mut text = String::new();
    for byte in bytes {
        let _ = write!(text, "{byte:02x}");
    }
    text
}
