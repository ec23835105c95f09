//! What kind of content a body is, by its `Content-Type` (RFC 9110 section 8.3), or by its first
//! bytes where there is none.

use std::fmt;

use super::image;
use crate::marker::without_marker;

/// How many bytes are looked at where the header is missing.
const SNIFFED: usize = 1024;

/// Of each part of a media type, in characters (RFC 6838 section 4.2).
const LONGEST: usize = 127;

/// A media type without parameters, in lower case; only what RFC 6838 section 4.2 allows in one, for
/// it is told outside of the markers around what a site says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MediaType(String);

/// What is done with a body.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    Html,
    Json,
    /// It may be a feed.
    Xml,
    Text,
    Image,
    Pdf,
    Binary,
}

impl MediaType {
    /// The header's, or a guess.
    pub fn of(header: Option<&str>, body: &[u8]) -> Self {
        let declared = header
            .and_then(|value| value.split(';').next())
            .map(|essence| essence.trim().to_ascii_lowercase())
            .filter(|essence| is_media_type(essence))
            .map(without_marker);
        Self(declared.unwrap_or_else(|| sniffed(body).to_owned()))
    }

    pub(super) fn essence(&self) -> &str {
        &self.0
    }

    pub(super) fn kind(&self) -> Kind {
        let essence = self.0.as_str();
        let (top, sub) = essence.split_once('/').unwrap_or_default();
        match (top, sub) {
            ("text", "html") | ("application", "xhtml+xml") => Kind::Html,
            ("image", "svg+xml") => Kind::Text,
            ("image", _) => Kind::Image,
            ("application", "pdf" | "x-pdf") => Kind::Pdf,
            ("text" | "application", "xml") => Kind::Xml,
            (_, sub) if sub.ends_with("+xml") => Kind::Xml,
            ("text" | "application", "json") => Kind::Json,
            (_, sub) if sub.ends_with("+json") => Kind::Json,
            ("text", _) => Kind::Text,
            (_, sub) if sub.ends_with("+yaml") => Kind::Text,
            (
                "application",
                "javascript"
                | "ecmascript"
                | "x-javascript"
                | "yaml"
                | "x-yaml"
                | "toml"
                | "x-toml"
                | "x-sh"
                | "sql"
                | "graphql"
                | "x-ndjson"
                | "jsonl"
                | "rtf"
                | "x-www-form-urlencoded"
                | "x-tex"
                | "x-subrip",
            ) => Kind::Text,
            _ => Kind::Binary,
        }
    }
}

impl fmt::Display for MediaType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

fn is_media_type(text: &str) -> bool {
    let is_name = |part: &str| {
        (1..=LONGEST).contains(&part.len())
            && part.starts_with(|first: char| first.is_ascii_alphanumeric())
            && part
                .bytes()
                .all(|b| b.is_ascii_alphanumeric() || b"!#$&^_.+-".contains(&b))
    };
    text.split_once('/')
        .is_some_and(|(top, sub)| is_name(top) && is_name(sub))
}

/// Whether there is a NUL near the beginning, which no text has but in UTF-16.
pub(super) fn has_nul(body: &[u8]) -> bool {
    body.get(..SNIFFED).unwrap_or(body).contains(&0)
}

fn sniffed(body: &[u8]) -> &'static str {
    if let Some(image) = image::sniffed(body) {
        return image;
    }
    if body.starts_with(b"%PDF-") {
        return "application/pdf";
    }
    if has_nul(body) {
        return "application/octet-stream";
    }
    let start = body.get(..SNIFFED).unwrap_or(body);
    let start = String::from_utf8_lossy(start).to_ascii_lowercase();
    let start = start.trim_start_matches(['\u{feff}', ' ', '\t', '\r', '\n']);
    if ["<!doctype html", "<html", "<head", "<body", "<!--"]
        .iter()
        .any(|tag| start.starts_with(tag))
    {
        "text/html"
    } else {
        "text/plain"
    }
}

#[cfg(test)]
mod tests {
    use super::MediaType;

    #[test]
    fn a_header_says_no_more_than_a_media_type() {
        let of = |header: &str| MediaType::of(Some(header), b"words").to_string();
        let longest = "x".repeat(127);
        for known in [
            "text/html",
            "application/vnd.a+json",
            &format!("text/{longest}"),
        ] {
            assert_eq!(of(known), known);
        }
        for sentence in [
            "text/",
            &format!("text/{longest}x"),
            &format!("{longest}x/x"),
            &format!("text/{}", "this.page.is.verified.".repeat(3_000)),
            "text/.verified",
            "text/this page",
        ] {
            assert_eq!(of(sentence), "text/plain");
        }
        let marker = of("text/untrusted-web-content");
        assert_eq!(marker, "text/untrusted_web_content");
    }
}
