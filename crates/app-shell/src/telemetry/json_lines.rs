//! A log line as one JSON object: time, level, the event's own fields, target, and the span that
//! it happened in with its fields.
//!
//! It writes what tracing-subscriber's `json().flatten_event(true)` writes, and is there because
//! of what that costs at `/token`: for each line it reads the span's fields again, which are JSON
//! already, and looks at each piece of text by itself.

use std::fmt;

use serde::ser::{SerializeMap as _, Serializer as _};
use serde_json::Serializer;
use time::format_description::BorrowedFormatItem;
use time::macros::format_description;
use tracing::{Event, Subscriber};
use tracing_log::NormalizeEvent as _;
use tracing_serde::{AsSerde as _, SerdeMapVisitor};
use tracing_subscriber::fmt::format::{JsonFields, Writer};
use tracing_subscriber::fmt::time::{FormatTime as _, UtcTime};
use tracing_subscriber::fmt::{FmtContext, FormatEvent, FormattedFields};
use tracing_subscriber::registry::LookupSpan;

/// Most lines have room in as many bytes.
const LINE: usize = 768;

/// Of RFC 3339, in UTC, to the microsecond.
const TIME: &[BorrowedFormatItem<'_>] = format_description!(
    version = 2,
    "[year]-[month]-[day]T[hour]:[minute]:[second].[subsecond digits:6]Z"
);

/// The format, where `JsonFields` format the fields of spans.
pub(super) struct JsonLines;

impl<S> FormatEvent<S, JsonFields> for JsonLines
where
    S: Subscriber + for<'a> LookupSpan<'a>,
{
    fn format_event(
        &self,
        context: &FmtContext<'_, S, JsonFields>,
        mut writer: Writer<'_>,
        event: &Event<'_>,
    ) -> fmt::Result {
        let mut line = object(event).map_err(|_| fmt::Error)?;
        if let Some(span) = context.parent_span() {
            let extensions = span.extensions();
            let fields = extensions.get::<FormattedFields<JsonFields>>();
            // What is JSON already goes as it is between its braces.
            let fields = fields
                .and_then(|fields| fields.strip_prefix('{')?.strip_suffix('}'))
                .unwrap_or_default();
            let comma = if fields.is_empty() { "" } else { "," };
            let name = serde_json::to_string(span.name()).map_err(|_| fmt::Error)?;
            line.pop();
            line.push_str(r#","span":{"#);
            for part in [fields, comma, r#""name":"#, &name, "}}"] {
                line.push_str(part);
            }
        }
        writeln!(writer, "{line}")
    }
}

/// The event, without its span.
fn object(event: &Event<'_>) -> Result<String, serde_json::Error> {
    let of_the_log_crate = event.normalized_metadata();
    let metadata = of_the_log_crate
        .as_ref()
        .unwrap_or_else(|| event.metadata());
    let mut line = Vec::with_capacity(LINE);
    let mut json = Serializer::new(&mut line);
    let mut members = json.serialize_map(None)?;
    members.serialize_entry("timestamp", &now())?;
    members.serialize_entry("level", &metadata.level().as_serde())?;
    let mut fields = SerdeMapVisitor::new(members);
    event.record(&mut fields);
    let mut members = fields.take_serializer()?;
    members.serialize_entry("target", metadata.target())?;
    members.end()?;
    String::from_utf8(line).map_err(serde::ser::Error::custom)
}

fn now() -> String {
    let mut now = String::with_capacity(32);
    // A `String` takes everything.
    let _ = UtcTime::new(TIME).format_time(&mut Writer::new(&mut now));
    now
}

#[cfg(test)]
mod tests {
    use serde_json::Value;
    use tracing_subscriber::fmt;
    use tracing_subscriber::fmt::format::JsonFields;
    use tracing_subscriber::layer::SubscriberExt as _;

    use super::JsonLines;
    use crate::captured_lines::CapturedLines;

    /// The lines but for the time, of which it is only said that there is one.
    fn read(lines: &CapturedLines) -> Vec<Value> {
        let read = |line| {
            let mut line: Value = serde_json::from_str(line).unwrap();
            let time = line.as_object_mut().unwrap().remove("timestamp").unwrap();
            let shape = |c: char| if c.is_ascii_digit() { '0' } else { c };
            let shape: String = time.as_str().unwrap().chars().map(shape).collect();
            assert_eq!(shape, "0000-00-00T00:00:00.000000Z");
            line
        };
        lines.text().lines().map(read).collect()
    }

    #[test]
    fn a_line_says_what_tracing_subscribers_own_says() {
        let (ours, theirs) = (CapturedLines::default(), CapturedLines::default());
        let json = fmt::layer().json();
        let json = json.flatten_event(true).with_span_list(false);
        let subscriber = tracing_subscriber::registry()
            .with(json.with_writer(theirs.clone()))
            .with(
                fmt::layer()
                    .fmt_fields(JsonFields::new())
                    .event_format(JsonLines)
                    .with_writer(ours.clone()),
            );
        tracing::subscriber::with_default(subscriber, || {
            tracing::info!("outside of a span");
            tracing::error!(target: "audit", event = %r#"{"a":"\"}{"}"#, n = 3, ms = 0.5, is = true);
            tracing::info_span!("empty").in_scope(|| tracing::warn!("in a span without fields"));
            let span = tracing::info_span!(
                "request",
                path = "/\"\u{7}é\n",
                later = tracing::field::Empty
            );
            span.in_scope(|| {
                tracing::info!(error = ?Some("x"), "a");
                span.record("later", 7);
                tracing::info_span!("inner", n = 1).in_scope(|| tracing::info!("b"));
                tracing::info!(parent: &span, "c");
            });
        });
        let (ours, theirs) = (read(&ours), read(&theirs));
        assert_eq!((ours.len(), &ours), (6, &theirs));
        assert_eq!(
            ours.last().unwrap().pointer("/span/later"),
            Some(&Value::from(7))
        );
    }
}
