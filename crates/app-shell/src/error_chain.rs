//! An error and its sources on one line.

use std::error::Error;

/// The error's text and that of each of its sources, joined by `": "`.
///
/// A source whose text the line already ends with is left out, since some libraries repeat it.
pub fn error_chain(error: &(dyn Error + 'static)) -> String {
    let mut line = error.to_string();
    let mut source = error.source();
    while let Some(cause) = source {
        let text = cause.to_string();
        if !line.ends_with(&text) {
            line.push_str(": ");
            line.push_str(&text);
        }
        source = cause.source();
    }
    line
}

#[cfg(test)]
mod tests {
    use super::error_chain;

    #[derive(Debug, thiserror::Error)]
    #[error("{text}")]
    struct Link {
        text: &'static str,
        source: Option<Box<Link>>,
    }

    fn link(text: &'static str, source: Option<Link>) -> Link {
        Link {
            text,
            source: source.map(Box::new),
        }
    }

    #[test]
    fn names_every_source_once() {
        let cause = link("connection refused", None);
        let repeats = link("redis: connection refused", Some(cause));
        let outer = link("cannot open the store", Some(repeats));
        assert_eq!(
            error_chain(&outer),
            "cannot open the store: redis: connection refused"
        );
    }
}
