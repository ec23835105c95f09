//! OpenTelemetry traces: a span for each request, in the trace that the request names (W3C Trace
//! Context), and spans for what was waited for meanwhile.
//!
//! Without `OTEL_EXPORTER_OTLP_ENDPOINT` there are none: nothing is started, and a service is built
//! without the middleware that makes them. With it, finished spans wait in a bounded queue, and a
//! thread of its own sends them (OTLP over HTTP, protobuf). A request never waits for that: what
//! finds the queue full is dropped and counted, and so is what the collector does not take.
//!
//! A span holds the route and not the path, no query, no header, no address, and no name or number
//! of a person: only words of ours, and the status.

use std::sync::Arc;
use std::time::Duration;

use opentelemetry::KeyValue;
use opentelemetry::trace::TracerProvider as _;
use opentelemetry_sdk::Resource;
use opentelemetry_sdk::trace::{SdkTracer, SdkTracerProvider};
use prometheus::Registry;
use reqwest::Url;

mod exporter;
mod parent;
mod request;
mod settings;
mod step;

use exporter::Fate;
pub use request::RequestSpans;
pub use settings::{SETTINGS, TraceSettings};
pub use step::{Here, answered, ask, here, note, number, step};

/// For the last spans to leave at the end. Containers get ten seconds to stop.
const LAST_WORDS: Duration = Duration::from_secs(3);

/// The traces of a process: a handle, cheap to clone.
#[derive(Clone, Default)]
pub struct Traces(Option<Arc<Running>>);

struct Running {
    provider: SdkTracerProvider,
    tracer: SdkTracer,
}

/// The exporter could not be built.
#[derive(Debug, thiserror::Error)]
#[error("traces cannot be sent")]
pub struct StartError(#[source] Box<dyn std::error::Error + Send + Sync>);

impl Traces {
    /// Traces of `program`, if they are set up. What becomes of spans is counted as
    /// `gateway_spans_total`. Needs a running runtime, which does the sending.
    ///
    /// # Errors
    /// For an `https` endpoint, the certificates that the machine (or `SSL_CERT_FILE`) trusts
    /// cannot be read; or the figure's name is taken.
    pub fn start(
        settings: Option<TraceSettings>,
        program: &'static str,
        registry: &Registry,
    ) -> Result<Self, StartError> {
        let fate = Fate::register(registry).map_err(|error| StartError(error.into()))?;
        let Some(settings) = settings else {
            return Ok(Self(None));
        };
        let processor = exporter::processor(&settings.endpoint, fate).map_err(StartError)?;
        let resource = Resource::builder_empty()
            .with_service_name(settings.service_name.unwrap_or_else(|| program.to_owned()))
            .with_attribute(KeyValue::new("service.version", env!("CARGO_PKG_VERSION")))
            .build();
        let provider = SdkTracerProvider::builder()
            .with_span_processor(processor)
            .with_sampler(settings.sampler)
            .with_resource(resource)
            .build();
        let tracer = provider.tracer(program);
        tracing::info!(endpoint = host(&settings.endpoint), "traces are sent");
        Ok(Self(Some(Arc::new(Running { provider, tracer }))))
    }

    /// Whether there are any.
    pub fn is_on(&self) -> bool {
        self.0.is_some()
    }

    /// The middleware: a span for each request, named by its method and route. Without traces it
    /// hands requests on.
    pub fn requests(&self) -> RequestSpans {
        RequestSpans(self.0.as_ref().map(|running| running.tracer.clone()))
    }

    /// Sends what is still there, for three seconds at most.
    pub async fn finish(self) {
        let Some(running) = self.0 else { return };
        // It waits for the thread that sends, which waits for this runtime.
        let shutdown = move || running.provider.shutdown_with_timeout(LAST_WORDS);
        match tokio::task::spawn_blocking(shutdown).await {
            Ok(Ok(())) => {}
            Ok(Err(error)) => tracing::warn!(%error, "the last spans were not sent"),
            Err(error) => tracing::warn!(%error, "the last spans were not sent"),
        }
    }
}

/// What of the endpoint may be logged: userinfo is not taken, a path may hold a key.
fn host(endpoint: &Url) -> String {
    let port = endpoint.port_or_known_default().unwrap_or_default();
    format!("{}:{port}", endpoint.host_str().unwrap_or_default())
}

#[cfg(test)]
mod tests;
