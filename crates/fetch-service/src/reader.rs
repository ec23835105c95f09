//! From the bytes of a response to the text that a model reads. Pure: bytes in, text out.
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

pub(crate) use media_type::MediaType;

use url::Url;

use media_type::Kind;

/// A response's body and what is known about it.
#[derive(Debug)]
pub(crate) struct Page {
    pub(crate) body: bytes::Bytes,
    /// The `Content-Type` header, if there was one.
    pub(crate) content_type: Option<String>,
    /// What relative links are relative to, unless the page has a `base` of its own.
    pub(crate) url: Url,
}

/// The page as text.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Reading {
    pub(crate) text: String,
    pub(crate) form: Form,
}

/// What the text is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Form {
    /// HTML converted to Markdown.
    Markdown,
    /// HTML that nests too deeply or is too large to convert: its text without the tags.
    Stripped,
    /// As it came, decoded.
    AsIs,
}

/// A body that is no text.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
#[error("{media_type} of {bytes} bytes is not text and cannot be shown")]
pub(crate) struct NotText {
    media_type: MediaType,
    bytes: usize,
}

/// Reads a page; `raw` leaves HTML as it is.
pub(crate) fn read(page: &Page, raw: bool) -> Result<Reading, NotText> {
    let media_type = MediaType::of(page.content_type.as_deref(), &page.body);
    let kind = media_type.kind();
    if kind == Kind::Binary {
        return Err(NotText {
            media_type,
            bytes: page.body.len(),
        });
    }
    let text = charset::decode(&page.body, page.content_type.as_deref());
    if kind == Kind::Text || raw {
        return Ok(Reading {
            text,
            form: Form::AsIs,
        });
    }
    let Some(document) = dom::parse(&text) else {
        return Ok(Reading {
            text: plain::strip(&text),
            form: Form::Stripped,
        });
    };
    hidden::remove(&document);
    links::make_absolute(&document, &page.url);
    Ok(Reading {
        text: article::to_markdown(&document, &page.url),
        form: Form::Markdown,
    })
}
