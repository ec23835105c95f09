//! The arguments of `fetch`: names and defaults that models know from `mcp-server-fetch`, and two
//! of our own, `format` and `selector`.

use schemars::JsonSchema;
use serde::Deserialize;

use crate::reader::{Format, Selector, SelectorError, View};

/// The most characters that one answer shows.
pub(crate) const MAX_LENGTH: usize = 1_000_000;

/// As the model writes them.
#[derive(Debug, Deserialize, JsonSchema)]
pub(crate) struct FetchArguments {
    /// The URL of the page: http or https.
    #[schemars(extend("format" = "uri"))]
    url: String,
    /// How many characters to return at most.
    #[serde(default = "default_max_length")]
    #[schemars(range(min = 1, max = 1_000_000))]
    max_length: usize,
    /// From which character on, to read on after a truncated answer.
    #[serde(default)]
    start_index: usize,
    /// Return the page as it is served; the same as format `raw`.
    #[serde(default)]
    raw: bool,
    /// What to return: `markdown` (the default: the main content, with links, tables and code),
    /// `text` (the same without markup), `raw` (as it is served), `links` (the links of the page)
    /// or `metadata` (title, author, dates, canonical URL, language, description).
    #[serde(default)]
    #[schemars(
        with = "String",
        extend("enum" = ["markdown", "text", "raw", "links", "metadata"], "default" = "markdown")
    )]
    format: Option<Format>,
    /// A CSS selector: only the elements of an HTML page that match, such as `#pricing` or
    /// `table.results`.
    #[serde(default)]
    #[schemars(with = "String")]
    selector: Option<String>,
}

fn default_max_length() -> usize {
    5000
}

/// The part of the text that is asked for, in characters.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Span {
    pub(crate) start: usize,
    pub(crate) length: usize,
}

/// Arguments that hold together.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct FetchRequest {
    pub(crate) url: String,
    pub(crate) view: View,
    pub(crate) span: Span,
}

/// Arguments that do not.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(crate) enum ArgumentError {
    #[error("max_length must be between 1 and {MAX_LENGTH}")]
    MaxLength,
    #[error(
        "raw and format contradict each other: leave one of them out, or say raw with format `raw`"
    )]
    RawAndFormat,
    #[error("format `metadata` is about the whole page: leave selector out")]
    SelectedMetadata,
    #[error(transparent)]
    Selector(#[from] SelectorError),
}

impl FetchArguments {
    /// Checks each of them, and them against each other.
    pub(crate) fn checked(self) -> Result<FetchRequest, ArgumentError> {
        if !(1..=MAX_LENGTH).contains(&self.max_length) {
            return Err(ArgumentError::MaxLength);
        }
        let format = match (self.raw, self.format) {
            (true, None | Some(Format::Raw)) => Format::Raw,
            (true, Some(_)) => return Err(ArgumentError::RawAndFormat),
            (false, format) => format.unwrap_or_default(),
        };
        let selector = self.selector.as_deref().map(Selector::parse).transpose()?;
        if selector.is_some() && format == Format::Metadata {
            return Err(ArgumentError::SelectedMetadata);
        }
        Ok(FetchRequest {
            url: self.url,
            view: View { format, selector },
            span: Span {
                start: self.start_index,
                length: self.max_length,
            },
        })
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::{ArgumentError, FetchArguments, FetchRequest};
    use crate::reader::Format;

    fn checked(mut arguments: Value) -> Result<FetchRequest, ArgumentError> {
        arguments["url"] = json!("https://example.com/");
        serde_json::from_value::<FetchArguments>(arguments)
            .unwrap()
            .checked()
    }

    #[test]
    fn the_url_is_enough() {
        let request = checked(json!({})).unwrap();
        assert_eq!(request.view.format, Format::Markdown);
        assert_eq!(request.view.selector, None);
        assert_eq!((request.span.start, request.span.length), (0, 5000));
    }

    #[test]
    fn raw_is_a_format_in_two_spellings() {
        for arguments in [
            json!({ "raw": true }),
            json!({ "format": "raw" }),
            json!({ "raw": true, "format": "raw" }),
        ] {
            assert_eq!(checked(arguments).unwrap().view.format, Format::Raw);
        }
    }

    #[test]
    fn what_contradicts_itself_is_named() {
        for (arguments, error) in [
            (json!({ "raw": true, "format": "text" }), "raw and format"),
            (
                json!({ "format": "metadata", "selector": "p" }),
                "leave selector out",
            ),
            (json!({ "selector": "p >" }), "`p >` is not a CSS selector"),
            (json!({ "max_length": 0 }), "between 1 and 1000000"),
            (json!({ "max_length": 1_000_001 }), "between 1 and 1000000"),
        ] {
            let told = checked(arguments.clone()).unwrap_err().to_string();
            assert!(told.contains(error), "{arguments}: {told}");
        }
    }
}
