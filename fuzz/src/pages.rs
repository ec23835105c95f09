//! What must hold of any page, whatever its bytes: it is read, or refused with a reason, in every
//! view, and what is read of it is bounded and holds neither what is hidden nor our own marker.
//! `crates/fetch-service` tests it by this file too.

use fetch_service::reader::{Content, Format, Page, Reading, Selector, Stop, View, read};
use url::Url;

const FORMATS: [Format; 5] = [
    Format::Markdown,
    Format::Text,
    Format::Raw,
    Format::Links,
    Format::Metadata,
];
/// What no page may close. It is written so in `crates/fetch-service/src/marker.rs`.
const MARKER: &str = "untrusted-web-content";
/// What is read may be this many times as long as the page, and a little.
const GROWS_AT_MOST: usize = 40;
const LITTLE: usize = 4096;

/// Any bytes as HTML.
pub fn html(data: &[u8]) {
    let hidden: &[u8] = b"<p hidden>UNSEEN-SENTENCE</p>";
    for format in FORMATS {
        page(data, "text/html; charset=utf-8", format, None);
        page(data, "text/html", format, Some("p, td, [id]"));
    }
    // Whatever follows it, a hidden paragraph at the beginning stays hidden.
    let body = [hidden, data].concat();
    for format in [Format::Markdown, Format::Text] {
        if let Some(text) = page(&body, "text/html; charset=utf-8", format, None) {
            assert!(!text.contains("UNSEEN-SENTENCE"), "{text}");
        }
    }
}

/// A label up to the first line feed, then bytes that are said to be written so.
pub fn charset(data: &[u8]) {
    let end = data.iter().position(|byte| *byte == b'\n');
    let (label, body) = data.split_at(end.unwrap_or_default());
    let label = String::from_utf8_lossy(label);
    page(
        body,
        &format!("text/plain; charset={label}"),
        Format::Markdown,
        None,
    );
    page(body, "text/html", Format::Raw, None);
    let meta = format!("<meta charset=\"{label}\">");
    page(
        &[meta.as_bytes(), body].concat(),
        "text/html",
        Format::Text,
        None,
    );
}

/// Any bytes as a feed, of each kind.
pub fn feed(data: &[u8]) {
    for content_type in [
        "application/rss+xml",
        "text/xml",
        "application/feed+json",
        "application/json",
    ] {
        for format in [Format::Markdown, Format::Text, Format::Raw] {
            page(data, content_type, format, None);
        }
    }
}

/// Any bytes as a PDF. It may unfold, so its text may be as long as it likes.
pub fn pdf(data: &[u8]) {
    let page = as_page(data, "application/pdf");
    match read(&page, &View::default(), &Stop::default()) {
        Ok(Reading {
            content: Content::Text { text, .. },
            ..
        }) => assert!(!text.to_ascii_lowercase().contains(MARKER), "{text}"),
        Ok(other) => panic!("no text: {other:?}"),
        Err(error) => assert!(!error.to_string().is_empty()),
    }
}

fn as_page(body: &[u8], content_type: &str) -> Page {
    Page {
        body: body.to_vec().into(),
        content_type: Some(content_type.to_owned()),
        url: Url::parse("https://example.com/a/page").expect("a URL"),
    }
}

/// Reads it; what is read, if it is text.
fn page(body: &[u8], content_type: &str, format: Format, selector: Option<&str>) -> Option<String> {
    let page = as_page(body, content_type);
    let selector = selector.map(|selector| Selector::parse(selector).expect("a selector"));
    let view = View { format, selector };
    let reading = match read(&page, &view, &Stop::default()) {
        Ok(reading) => reading,
        Err(error) => {
            assert!(!error.to_string().is_empty());
            return None;
        }
    };
    // The same page in the same view is the same reading: a cache may keep it.
    assert_eq!(read(&page, &view, &Stop::default()).as_ref(), Ok(&reading));
    let Content::Text { text, .. } = reading.content else {
        return None;
    };
    assert!(
        text.len() <= GROWS_AT_MOST * body.len() + LITTLE,
        "{}",
        text.len()
    );
    let told = text + reading.title.as_deref().unwrap_or_default();
    assert!(!told.to_ascii_lowercase().contains(MARKER), "{told}");
    Some(told)
}
