//! Where a request says that it belongs (W3C Trace Context).
//!
//! Anybody can say anything here, so that is believed of it which does no harm: two numbers and
//! whether the trace is kept. `tracestate` is not read at all: it is a text of the caller's own, and
//! would be in every span of ours.

use actix_web::http::header::{HeaderMap, HeaderName};
use opentelemetry::Context;
use opentelemetry::propagation::{Extractor, TextMapPropagator as _};
use opentelemetry_sdk::propagation::TraceContextPropagator;

static TRACEPARENT: HeaderName = HeaderName::from_static("traceparent");

/// Bytes of a `traceparent` of version 00 (section 3.2).
const TRACEPARENT_BYTES: usize = 55;

/// The context of the span that the request was made in; an empty one where the request names
/// none, or several.
pub(super) fn of(headers: &HeaderMap) -> Context {
    TraceContextPropagator::new().extract_with_context(&Context::new(), &Headers(headers))
}

struct Headers<'a>(&'a HeaderMap);

impl Extractor for Headers<'_> {
    fn get(&self, key: &str) -> Option<&str> {
        if key != TRACEPARENT {
            return None;
        }
        let mut values = self.0.get_all(&TRACEPARENT);
        let value = values.next()?.to_str().ok()?;
        let is_one = values.next().is_none() && value.len() == TRACEPARENT_BYTES;
        is_one.then_some(value)
    }

    fn keys(&self) -> Vec<&str> {
        vec![TRACEPARENT.as_str()]
    }
}

#[cfg(test)]
mod tests {
    use actix_web::http::header::{HeaderMap, HeaderName, HeaderValue};
    use opentelemetry::trace::TraceContextExt as _;

    use super::{TRACEPARENT, of};

    const GOOD: &str = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";

    fn context(parents: &[&str], state: Option<&str>) -> Option<(String, String, bool, String)> {
        let mut headers = HeaderMap::new();
        for parent in parents {
            headers.append(TRACEPARENT.clone(), HeaderValue::from_str(parent).unwrap());
        }
        if let Some(state) = state {
            let name = HeaderName::from_static("tracestate");
            headers.append(name, HeaderValue::from_str(state).unwrap());
        }
        let context = of(&headers);
        let span = context.span();
        let span = span.span_context();
        span.is_valid().then(|| {
            (
                span.trace_id().to_string(),
                span.span_id().to_string(),
                span.is_sampled(),
                span.trace_state().header(),
            )
        })
    }

    #[test]
    fn one_good_parent_is_followed() {
        let (trace, span, kept, _) = context(&[GOOD], None).unwrap();
        assert_eq!(trace, "4bf92f3577b34da6a3ce929d0e0e4736");
        assert_eq!(span, "00f067aa0ba902b7");
        assert!(kept);
        let unsampled = GOOD.replace("-01", "-00");
        assert!(!context(&[&unsampled], None).unwrap().2);
    }

    #[test]
    fn anything_else_is_no_parent() {
        let zeros = "00-00000000000000000000000000000000-00f067aa0ba902b7-01";
        let huge = format!("{GOOD}{}", "0".repeat(30_000));
        let upper = GOOD.to_uppercase();
        for parents in [
            &[][..],
            &[GOOD, GOOD],
            &[zeros],
            &[&huge],
            &[&upper],
            &["00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-zz"],
            &["ff-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"],
            &["' OR 1=1; --"],
        ] {
            assert_eq!(context(parents, None), None, "{parents:?}");
        }
    }

    #[test]
    fn a_state_is_the_callers_own_text_and_left_out() {
        for state in ["vendor=1", &format!("vendor={}", "x".repeat(600))] {
            assert_eq!(context(&[GOOD], Some(state)).unwrap().3, "");
        }
    }
}
