//! From the end of a span to the collector: a bounded queue, and a thread that sends.

use std::error::Error;
use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::Duration;

use async_trait::async_trait;
use opentelemetry::Context;
use opentelemetry_http::{HttpClient, HttpError};
use opentelemetry_otlp::{
    Protocol, SpanExporter as Otlp, WithExportConfig as _, WithHttpConfig as _,
};
use opentelemetry_sdk::Resource;
use opentelemetry_sdk::error::OTelSdkResult;
use opentelemetry_sdk::trace::{
    BatchConfigBuilder, BatchSpanProcessor, Span, SpanData, SpanExporter, SpanProcessor,
};
use prometheus::{IntCounter, IntCounterVec, Opts, Registry};
use reqwest::Url;
use tokio::runtime::Handle;

use crate::metrics;
use crate::remote_document::client_for;

/// Finished spans that wait to be sent, a few hundred bytes each.
const QUEUE: usize = 4096;
/// Spans sent at a time.
const BATCH: usize = 512;
/// Between one sending and the next, unless there is a batch before.
const EVERY: Duration = Duration::from_secs(1);
/// For the collector's answer, with what is tried again.
const ANSWER_LIMIT: Duration = Duration::from_secs(3);
/// The most that is read of it, in bytes.
const ANSWER_BYTES: usize = 64 * 1024;

/// What takes finished spans and sends them to `endpoint`.
pub(super) fn processor(
    endpoint: &Url,
    fate: Fate,
) -> Result<Bounded, Box<dyn Error + Send + Sync>> {
    let client = Client {
        http: client_for(endpoint)?,
        runtime: Handle::current(),
    };
    let otlp = Otlp::builder()
        .with_http()
        .with_http_client(client)
        .with_endpoint(endpoint.as_str())
        .with_protocol(Protocol::HttpBinary)
        .with_timeout(ANSWER_LIMIT)
        .build()?;
    let waiting = Arc::new(AtomicUsize::new(0));
    let told = Told {
        otlp,
        waiting: Arc::clone(&waiting),
        fate: fate.clone(),
        was_taken: AtomicBool::new(true),
    };
    let config = BatchConfigBuilder::default()
        // Never reached: the bound is ours, so that what it drops is counted.
        .with_max_queue_size(2 * QUEUE)
        .with_max_export_batch_size(BATCH)
        .with_scheduled_delay(EVERY)
        .build();
    Ok(Bounded {
        inner: BatchSpanProcessor::builder(told)
            .with_batch_config(config)
            .build(),
        waiting,
        dropped: fate.dropped,
    })
}

/// What became of spans.
#[derive(Clone, Debug)]
pub(super) struct Fate {
    sent: IntCounter,
    lost: IntCounter,
    dropped: IntCounter,
}

impl Fate {
    pub(super) fn register(registry: &Registry) -> prometheus::Result<Self> {
        let help = "Spans of traces: sent, lost on the way, or dropped since too many waited.";
        let options = Opts::new("gateway_spans_total", help);
        let fate = metrics::add(registry, IntCounterVec::new(options, &["outcome"])?)?;
        let [sent, lost, dropped] =
            ["sent", "lost", "dropped"].map(|outcome| fate.with_label_values(&[outcome]));
        Ok(Self {
            sent,
            lost,
            dropped,
        })
    }
}

/// The queue. It waits for nothing: what finds it full is dropped.
#[derive(Debug)]
pub(super) struct Bounded {
    inner: BatchSpanProcessor,
    waiting: Arc<AtomicUsize>,
    dropped: IntCounter,
}

impl SpanProcessor for Bounded {
    fn on_start(&self, span: &mut Span, context: &Context) {
        self.inner.on_start(span, context);
    }

    fn on_end(&self, span: SpanData) {
        if self.waiting.fetch_add(1, Ordering::Relaxed) < QUEUE {
            self.inner.on_end(span);
        } else {
            self.waiting.fetch_sub(1, Ordering::Relaxed);
            self.dropped.inc();
        }
    }

    fn force_flush(&self) -> OTelSdkResult {
        self.inner.force_flush()
    }

    fn shutdown_with_timeout(&self, timeout: Duration) -> OTelSdkResult {
        self.inner.shutdown_with_timeout(timeout)
    }

    fn set_resource(&mut self, resource: &Resource) {
        self.inner.set_resource(resource);
    }
}

/// The exporter, with what becomes of its batches counted, and logged when that changes.
#[derive(Debug)]
struct Told {
    otlp: Otlp,
    waiting: Arc<AtomicUsize>,
    fate: Fate,
    was_taken: AtomicBool,
}

impl SpanExporter for Told {
    async fn export(&self, batch: Vec<SpanData>) -> OTelSdkResult {
        let spans = batch.len();
        self.waiting.fetch_sub(spans, Ordering::Relaxed);
        let outcome = self.otlp.export(batch).await;
        let is_taken = outcome.is_ok();
        let fate = if is_taken {
            &self.fate.sent
        } else {
            &self.fate.lost
        };
        fate.inc_by(spans as u64);
        let was_taken = self.was_taken.swap(is_taken, Ordering::Relaxed);
        match &outcome {
            Ok(()) if !was_taken => tracing::info!("the collector takes traces again"),
            Err(error) if was_taken => {
                tracing::warn!(%error, "the collector does not take traces: they are lost");
            }
            _ => {}
        }
        outcome
    }

    fn shutdown_with_timeout(&self, timeout: Duration) -> OTelSdkResult {
        self.otlp.shutdown_with_timeout(timeout)
    }

    fn set_resource(&mut self, resource: &Resource) {
        self.otlp.set_resource(resource);
    }
}

/// Asks on the runtime of `main`, for the thread that sends has none.
struct Client {
    http: reqwest::Client,
    runtime: Handle,
}

impl fmt::Debug for Client {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Client")
    }
}

#[async_trait]
impl HttpClient for Client {
    async fn send_bytes(
        &self,
        request: http::Request<bytes::Bytes>,
    ) -> Result<http::Response<bytes::Bytes>, HttpError> {
        let answer = answer(self.http.clone(), request);
        let in_time = async { tokio::time::timeout(ANSWER_LIMIT, answer).await? };
        self.runtime.spawn(in_time).await?
    }
}

async fn answer(
    http: reqwest::Client,
    request: http::Request<bytes::Bytes>,
) -> Result<http::Response<bytes::Bytes>, HttpError> {
    let mut answer = http.execute(request.try_into()?).await?;
    let mut body = Vec::new();
    while let Some(chunk) = answer.chunk().await? {
        if body.len() + chunk.len() > ANSWER_BYTES {
            return Err("the answer is longer than 64 KiB".into());
        }
        body.extend_from_slice(&chunk);
    }
    let mut whole = http::Response::new(body.into());
    *whole.status_mut() = answer.status();
    Ok(whole)
}
