//! From the bytes of a response to what a model reads. Pure: bytes and a view in, a reading out.
//!
//! HTML goes through [`dom`] (parsed under guard), [`hidden`] (what a person would not see is
//! dropped), [`links`] (made absolute) and [`article`] (main content, as [`markdown`]). Where the
//! tree would be too deep or too large to be handled safely, [`plain`] strips the tags instead.

mod article;
mod charset;
mod clutter;
mod color;
mod css_text;
mod declarations;
mod dom;
mod feed;
mod footnotes;
mod hidden;
mod html;
mod image;
mod invisible;
mod json;
mod known_values;
mod links;
mod markdown;
mod maths;
mod media_type;
mod metadata;
mod pdf;
mod plain;
mod readable;
mod selection;
mod shadow;
mod shell;
mod stop;
mod streamed;
mod style_sheets;
mod sums;
#[cfg(test)]
mod tests;
mod variables;
mod view;
mod ways;

pub(crate) use invisible::is_invisible;
pub use media_type::MediaType;
pub use pdf::PdfFault;
pub(crate) use pdf::{PdfText, text as pdf_text};
pub use stop::Stop;
pub use view::{Format, Selector, SelectorError, View};

use url::Url;

use crate::marker::without_marker;
use markdown::Style;
use media_type::Kind;

/// A response's body and what is known about it.
#[derive(Debug, Clone)]
pub struct Page {
    /// As it came, decompressed.
    pub body: bytes::Bytes,
    /// The `Content-Type` header, if there was one.
    pub content_type: Option<String>,
    /// What relative links are relative to, unless the page has a `base` of its own.
    pub url: Url,
}

/// The page as a model reads it.
#[derive(Debug, PartialEq, Eq)]
pub struct Reading {
    /// The title, where the page has one.
    pub title: Option<String>,
    /// What is to be read.
    pub content: Content,
    /// What a reader should know besides.
    pub notes: Vec<Note>,
}

/// What is remarkable about a page.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Note {
    /// There is next to no text in its HTML.
    #[error(
        "the page is a shell that scripts fill in; what a browser would show is not in its HTML"
    )]
    ScriptShell,
    /// The rest of a PDF took too long.
    #[error("only {read} of {pages} pages were read; the document is too large")]
    SomePages {
        /// How many were read.
        read: usize,
        /// How many there are.
        pages: usize,
    },
}

/// What is read.
#[derive(Debug, PartialEq, Eq)]
pub enum Content {
    /// Characters, in which our own marker is made harmless.
    Text {
        /// All of it.
        text: String,
        /// What it is.
        form: Form,
    },
    /// A picture.
    Image(Image),
}

/// An image of a kind that models see, by its own bytes.
#[derive(Debug, PartialEq, Eq)]

pub struct Image {
    /// What its first bytes say.
    pub media_type: &'static str,
    /// The file.
    pub bytes: bytes::Bytes,
}

/// What the text is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Form {
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
pub enum Unreadable {
    /// Neither text nor an image.
    #[error("{media_type} of {bytes} bytes is neither text nor an image and cannot be shown")]
    Binary {
        /// What it is.
        media_type: MediaType,
        /// How large it is.
        bytes: usize,
    },
    /// An image whose bytes say another kind than its header.
    #[error("it is declared as {declared}, but its bytes are {media_type}: it is not shown")]
    OtherImage {
        /// The header.
        declared: MediaType,
        /// The bytes.
        media_type: &'static str,
    },
    /// An image that is too large for a model.
    #[error("{media_type} of {bytes} bytes is too large to be shown; the limit is 3750000 bytes")]
    LargeImage {
        /// What it is.
        media_type: &'static str,
        /// How large it is.
        bytes: usize,
    },
    /// A PDF.
    #[error(transparent)]
    Pdf(#[from] PdfFault),
    /// What only HTML has is asked for.
    #[error(
        "{0} is not HTML: leave selector out, and ask for another format than links or metadata"
    )]
    NotHtml(MediaType),
    /// There is no tree to select from.
    #[error(
        "it nests too deeply or is too large for this format or selector; format `markdown` \
         without selector shows its text"
    )]
    TooDeep,
    /// The page has no such element.
    #[error("nothing on it matches the selector `{0}`; leave it out to see the page")]
    NothingSelected(Selector),
    /// It was given up.
    #[error("the selector `{0}` takes too long on this page; use a simpler one")]
    SelectorTooSlow(Selector),
    /// Nobody waited for it any more.
    #[error("the conversion was given up")]
    GivenUp,
}

/// Reads a page, unless it is told to stop. A hostile PDF may end the process that it is read in:
/// the service has another one for them.
pub fn read(page: &Page, view: &View, stop: &Stop) -> Result<Reading, Unreadable> {
    read_with(page, view, stop, |body| Ok(pdf::text(body)?))
}

/// The same with another way to read PDFs.
pub(crate) fn read_with(
    page: &Page,
    view: &View,
    stop: &Stop,
    read_pdf: impl FnOnce(&[u8]) -> Result<PdfText, Unreadable>,
) -> Result<Reading, Unreadable> {
    let media_type = MediaType::of(page.content_type.as_deref(), &page.body);
    match media_type.kind() {
        Kind::Binary => Err(Unreadable::Binary {
            media_type,
            bytes: page.body.len(),
        }),
        Kind::Html => html(page, &media_type, view, stop),
        kind => {
            let wants_html = matches!(view.format, Format::Links | Format::Metadata);
            if wants_html || view.selector.is_some() {
                return Err(Unreadable::NotHtml(media_type));
            }
            match kind {
                Kind::Image => image::read(page, &media_type),
                Kind::Pdf => read_pdf(&page.body).map(Reading::from),
                _ => text(page, &media_type, view.format, stop),
            }
        }
    }
}

fn html(
    page: &Page,
    media_type: &MediaType,
    view: &View,
    stop: &Stop,
) -> Result<Reading, Unreadable> {
    let text = decoded(page, media_type)?;
    if view.format == Format::Raw && view.selector.is_none() {
        return Ok(Reading::of(text, Form::AsServed));
    }
    html::read(&text, &page.url, view, stop)
}

fn text(
    page: &Page,
    media_type: &MediaType,
    format: Format,
    stop: &Stop,
) -> Result<Reading, Unreadable> {
    let text = decoded(page, media_type)?;
    let style = match format {
        Format::Raw => return Ok(Reading::of(text, Form::AsServed)),
        Format::Text => Style::Text,
        _ => Style::Markdown,
    };
    let kind = media_type.kind();
    let listing = match kind {
        Kind::Xml => feed::from_xml(&text, &page.url, style, stop),
        Kind::Json => feed::from_json(&text, &page.url, style, stop),
        _ => None,
    };
    stop.check()?;
    if let Some(listing) = listing {
        let mut reading = Reading::of(listing.text, Form::Feed);
        reading.set_title(listing.title);
        return Ok(reading);
    }
    let pretty = (kind == Kind::Json).then(|| json::pretty(&text)).flatten();
    Ok(match pretty {
        Some(pretty) => Reading::of(pretty, Form::Json),
        None => Reading::of(invisible::without(text), Form::AsServed),
    })
}

/// The body as text, unless it is none whatever its type says.
fn decoded(page: &Page, media_type: &MediaType) -> Result<String, Unreadable> {
    let content_type = page.content_type.as_deref();
    if media_type::has_nul(&page.body) && !charset::is_utf16(&page.body, content_type) {
        return Err(Unreadable::Binary {
            media_type: media_type.clone(),
            bytes: page.body.len(),
        });
    }
    Ok(charset::decode(&page.body, content_type))
}

impl Reading {
    /// Text from the web: our own marker is no longer in it.
    fn of(text: String, form: Form) -> Self {
        let text = match form {
            Form::AsServed => text,
            _ => invisible::without(text),
        };
        let text = without_marker(text);
        Self {
            title: None,
            content: Content::Text { text, form },
            notes: Vec::new(),
        }
    }

    fn set_title(&mut self, title: Option<String>) {
        self.title = title.map(invisible::without).map(without_marker);
    }
}
