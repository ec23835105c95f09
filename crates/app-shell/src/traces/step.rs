//! What a request waits for, as spans of its own below the request's.

use std::time::{Duration, SystemTime};

use opentelemetry::trace::{
    FutureExt as _, Span as _, SpanBuilder, SpanKind, Status, TraceContextExt as _, TraceId,
    Tracer as _,
};
use opentelemetry::{Context, KeyValue};
use opentelemetry_sdk::trace::SdkTracer;

/// In the context of a request whose spans are made.
pub(super) struct Spans(pub(super) SdkTracer);

/// Does the work within a span, where the request has one. A failure marks the span and says no
/// more: an error's text may name a host.
pub async fn step<T, E>(
    name: &'static str,
    work: impl Future<Output = Result<T, E>>,
) -> Result<T, E> {
    within(name, SpanKind::Internal, work).await
}

/// The same where another party is asked, which is not told of the trace.
pub async fn ask<T, E>(
    name: &'static str,
    work: impl Future<Output = Result<T, E>>,
) -> Result<T, E> {
    within(name, SpanKind::Client, work).await
}

async fn within<T, E>(
    name: &'static str,
    kind: SpanKind,
    work: impl Future<Output = Result<T, E>>,
) -> Result<T, E> {
    let span = || SpanBuilder::from_name(name).with_kind(kind);
    let Some(context) = Context::map_current(|here| below(here, span)) else {
        return work.await;
    };
    let outcome = work.with_context(context.clone()).await;
    let span = context.span();
    if outcome.is_err() {
        span.set_status(Status::error(""));
    }
    span.end();
    outcome
}

/// A span of what another party was just asked, and took so long to answer, or did not.
pub fn answered(name: &'static str, took: Duration, is_answered: bool) {
    Context::map_current(|here| {
        let Some(Spans(tracer)) = spans(here) else {
            return;
        };
        let span = SpanBuilder::from_name(name)
            .with_kind(SpanKind::Client)
            .with_start_time(ago(took));
        let mut span = tracer.build_with_context(span, here);
        if !is_answered {
            span.set_status(Status::error(""));
        }
        span.end();
    });
}

/// Says something about the present span, in a word of ours.
pub fn note(name: &'static str, word: &'static str) {
    Context::map_current(|here| {
        if spans(here).is_some() {
            here.span().set_attribute(KeyValue::new(name, word));
        }
    });
}

/// The number of the present trace, where it is kept.
pub fn number() -> Option<TraceId> {
    let number = |here: &Context| spans(here).map(|_| here.span().span_context().trace_id());
    Context::map_current(number)
}

/// The present span, for work that goes on in another task.
#[derive(Clone)]
pub struct Here(Context);

/// The present span.
pub fn here() -> Here {
    Here(Context::current())
}

impl Here {
    /// Does the work as a part of that span.
    pub fn go_on<T>(&self, work: impl Future<Output = T>) -> impl Future<Output = T> {
        work.with_context(self.0.clone())
    }
}

fn below(here: &Context, span: impl FnOnce() -> SpanBuilder) -> Option<Context> {
    let Spans(tracer) = spans(here)?;
    Some(here.with_span(tracer.build_with_context(span(), here)))
}

/// What makes spans, where those of this request are kept.
fn spans(here: &Context) -> Option<&Spans> {
    here.get::<Spans>().filter(|_| here.span().is_recording())
}

#[expect(
    clippy::disallowed_methods,
    reason = "a span's times are the machine's, as the library takes them"
)]
fn ago(took: Duration) -> SystemTime {
    let now = SystemTime::now();
    now.checked_sub(took).unwrap_or(now)
}
