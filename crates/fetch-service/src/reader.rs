//! From the bytes of a response to what a model reads. Pure: bytes and a view in, a reading out.
//!
//! HTML goes through [`dom`] (parsed under guard), [`hidden`] (what a person would not see is
//! dropped), [`links`] (made absolute) and [`article`] (main content, as Markdown). Where the tree
//! would be too deep or too large to be handled safely, [`plain`] strips the tags instead.

mod article;
mod charset;
mod dom;
mod hidden;
mod links;
mod media_type;
mod plain;
#[cfg(test)]
mod tests;
mod view;

pub(crate) use media_type::MediaType;
pub(crate) use view::{Format, Selector, SelectorError, View};

use url::Url;

use crate::marker::without_marker;
use media_type::Kind;

/// A response's body and what is known about it.
#[derive(Debug, Clone)]
pub(crate) struct Page {
    pub(crate) body: bytes::Bytes,
    /// The `Content-Type` header, if there was one.
    pub(crate) content_type: Option<String>,
    /// What relative links are relative to, unless the page has a `base` of its own.
    pub(crate) url: Url,
}

/// The page as a model reads it.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Reading {
    /// The title, where the page has one.
    pub(crate) title: Option<String>,
    pub(crate) content: Content,
    /// What a reader should know besides.
    pub(crate) notes: Vec<Note>,
}

/// What is remarkable about a page.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[expect(dead_code, reason = "the readers of these follow")]
pub(crate) enum Note {
    #[error(
        "the page is a shell that scripts fill in; what a browser would show is not in its HTML"
    )]
    ScriptShell,
}

/// What is read.
#[derive(Debug, PartialEq, Eq)]
#[expect(dead_code, reason = "the readers of these follow")]
pub(crate) enum Content {
    Text { text: String, form: Form },
    Image(Image),
}

/// An image of a kind that models see, by its own bytes.
#[derive(Debug, PartialEq, Eq)]

pub(crate) struct Image {
    pub(crate) media_type: &'static str,
    pub(crate) bytes: bytes::Bytes,
}

/// What the text is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[expect(dead_code, reason = "the readers of these follow")]
pub(crate) enum Form {
    /// HTML converted to Markdown.
    Markdown,
    /// HTML converted to text.
    Text,
    /// HTML that nests too deeply or is too large to convert: its text without the tags.
    Stripped,
    /// As it came, decoded.
    AsServed,
    /// The links of HTML.
    Links,
    /// What HTML says of itself.
    Metadata,
    /// JSON with line breaks and indentation.
    Json,
    /// A feed as a list.
    Feed,
    /// The text of a PDF.
    Pdf,
}

/// A body that cannot be shown, or not in this view.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum Unreadable {
    #[error("{media_type} of {bytes} bytes is not text and cannot be shown")]
    Binary { media_type: MediaType, bytes: usize },
}

/// Reads a page.
pub(crate) fn read(page: &Page, view: &View) -> Result<Reading, Unreadable> {
    let media_type = MediaType::of(page.content_type.as_deref(), &page.body);
    let kind = media_type.kind();
    if kind == Kind::Binary {
        return Err(Unreadable::Binary {
            media_type,
            bytes: page.body.len(),
        });
    }
    let text = charset::decode(&page.body, page.content_type.as_deref());
    if kind == Kind::Text || view.format == Format::Raw {
        return Ok(Reading::of(text, Form::AsServed));
    }
    let Some(document) = dom::parse(&text) else {
        return Ok(Reading::of(plain::strip(&text), Form::Stripped));
    };
    hidden::remove(&document);
    links::make_absolute(&document, &page.url);
    let text = article::to_markdown(&document, &page.url);
    Ok(Reading::of(text, Form::Markdown))
}

impl Reading {
    /// Text from the web: our own marker is no longer in it.
    fn of(text: String, form: Form) -> Self {
        let text = without_marker(text);
        Self {
            title: None,
            content: Content::Text { text, form },
            notes: Vec::new(),
        }
    }
}
