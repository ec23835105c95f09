//! The text of a PDF, page after page. Layout is not kept: lines are, columns are read as they are
//! stored.
//!
//! The bounds here let an honest document know what is wrong with it. They do not hold for every
//! hostile one: the service has its PDFs read by another process (`pdf_process`).

mod bounds;

use std::io::Read;
use std::time::{Duration, Instant};

use flate2::read::ZlibDecoder;
use lopdf::{Document, ObjectId};
use serde::{Deserialize, Serialize};

use super::{Form, Note, Reading, metadata};

/// What all streams but images may unfold to, together.
const MAX_UNFOLDED: usize = 64 * 1024 * 1024;
/// What one may unfold to.
const MAX_STREAM: usize = 8 * 1024 * 1024;
/// Beginnings and ends of streams, and the word elsewhere.
const MAX_STREAMS: usize = 100_000;
/// For the whole document; what has not been read by then is left out.
const MAX_TIME: Duration = Duration::from_secs(8);
/// Bytes of text.
const MAX_TEXT: usize = 10 * 1024 * 1024;
/// What is written between white space on one page: each word can be an operation that takes half a
/// kilobyte. Pages of text have some thousand.
const MAX_WORDS: usize = 250_000;
/// What a page's fonts say of their characters, in bytes.
const MAX_MAPS: usize = 4 * 1024 * 1024;
/// What the trailer of an encrypted document has.
const ENCRYPT: &[u8] = b"Encrypt";
/// How far before a stream its dictionary is looked for.
const DICTIONARY: usize = 2048;

/// What a PDF says.
#[derive(Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct PdfText {
    title: Option<String>,
    text: String,
    /// How many pages were read.
    read: usize,
    /// How many there are.
    pages: usize,
}

/// Why a PDF cannot be shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, thiserror::Error)]
pub enum PdfFault {
    /// With a password or without.
    #[error("the PDF is encrypted and cannot be read")]
    Encrypted,
    /// Its pages are pictures.
    #[error("the PDF has {pages} pages and no text; they may be scanned images")]
    WithoutText {
        /// How many.
        pages: usize,
    },
    /// It unfolds to too much.
    #[error("the PDF is too large once it is decompressed")]
    TooLarge,
    /// The process that read it came to its limits.
    #[error("the PDF takes too much time or memory to read")]
    TooCostly,
    /// No PDF, or a damaged one.
    #[error("the PDF is damaged, or was cut at the size limit")]
    Broken,
    /// There is no process to read it: the machine has too many, or too little memory.
    #[error("there is no room to read a PDF at the moment; try again later")]
    NoRoom,
    /// There is no process that reads with the limits that it must have, nor will there be.
    #[error("this service cannot read PDFs as it is run; whoever runs it finds why in its log")]
    Unavailable,
}

impl From<PdfText> for Reading {
    /// Whatever the text was made by, our own marker is no longer in it.
    fn from(pdf: PdfText) -> Self {
        let PdfText { read, pages, .. } = pdf;
        let mut reading = Self::of(pdf.text, Form::Pdf);
        if read < pages {
            reading.notes.push(Note::SomePages { read, pages });
        }
        reading.set_title(pdf.title.as_deref().and_then(metadata::one_line));
        reading
    }
}

/// Reads the text. A hostile document may end the process, or fill the memory.
pub(crate) fn text(body: &[u8]) -> Result<PdfText, PdfFault> {
    let until = Instant::now() + MAX_TIME;
    if unfolded(body, until) > MAX_UNFOLDED {
        return Err(PdfFault::TooLarge);
    }
    if is_encrypted(body) {
        return Err(PdfFault::Encrypted);
    }
    let document = bounds::load(body)?;
    let pages = document.get_pages();
    if pages.is_empty() {
        return Err(PdfFault::Broken);
    }
    let mut text = String::new();
    let mut read = 0;
    for (number, id) in &pages {
        if Instant::now() > until || text.len() > MAX_TEXT {
            break;
        }
        if !is_bearable(&document, *id) {
            continue;
        }
        read += 1;
        push_page(&mut text, &page_text(&document, *number));
    }
    let pages = pages.len();
    if text.trim().is_empty() {
        return Err(if read < pages {
            PdfFault::TooLarge
        } else {
            PdfFault::WithoutText { pages }
        });
    }
    Ok(PdfText {
        title: title(&document),
        text,
        read,
        pages,
    })
}

/// A page that cannot be read leaves the others, and a font that cannot be used leaves what is
/// written in others.
fn page_text(document: &Document, number: u32) -> String {
    let chunks = document.extract_text_chunks_with_limit(&[number], MAX_STREAM);
    chunks.into_iter().flatten().collect()
}

/// Whether the page is such that its parts fit into memory: its operations, and its fonts' maps.
fn is_bearable(document: &Document, page: ObjectId) -> bool {
    let content = document.get_page_content_with_limit(page, MAX_STREAM);
    content.is_ok_and(|content| bounds::words(&content) <= MAX_WORDS)
        && bounds::has_small_fonts(document, page, MAX_MAPS)
}

/// Whether it has the name `Encrypt`, however it is escaped (ISO 32000-1 section 7.3.5). Some of
/// these need no password, but the library would read them without bounds.
fn is_encrypted(body: &[u8]) -> bool {
    body.split(|byte| *byte == b'/').skip(1).any(|name| {
        let mut unescaped = Vec::new();
        let mut rest = name;
        while let [byte, after @ ..] = rest
            && unescaped.len() <= ENCRYPT.len()
        {
            rest = after;
            let hex = after.get(..2).and_then(|hex| std::str::from_utf8(hex).ok());
            let octet = hex.and_then(|hex| u8::from_str_radix(hex, 16).ok());
            match (*byte, octet) {
                (b'#', Some(octet)) => {
                    unescaped.push(octet);
                    rest = after.get(2..).unwrap_or_default();
                }
                (byte, _) if byte.is_ascii_alphanumeric() => unescaped.push(byte),
                _ => break,
            }
        }
        unescaped == ENCRYPT
    })
}

fn push_page(text: &mut String, page: &str) {
    let lines = page.lines().map(|line| {
        let words: Vec<&str> = line.split_whitespace().collect();
        words.join(" ")
    });
    let lines: Vec<String> = lines.filter(|line| !line.is_empty()).collect();
    if lines.is_empty() {
        return;
    }
    if !text.is_empty() {
        text.push_str("\n\n");
    }
    text.push_str(&lines.join("\n"));
}

fn title(document: &Document) -> Option<String> {
    let info = document.trailer.get(b"Info").ok()?;
    let (_, info) = document.dereference(info).ok()?;
    let title = info.as_dict().ok()?.get(b"Title").ok()?;
    let title = lopdf::decode_text_string(title).ok()?;
    metadata::one_line(&title)
}

/// To how many bytes the streams unfold, images aside; counted no further than the limit, and too
/// many where there is no time to count. The library bounds each stream, not their sum.
fn unfolded(body: &[u8], until: Instant) -> usize {
    let mut total = 0;
    let mut streams = 0;
    let mut rest = body;
    while let Some(at) = find(rest, b"stream") {
        streams += 1;
        if streams > MAX_STREAMS || Instant::now() > until {
            return usize::MAX;
        }
        let (before, stream) = rest.split_at(at);
        let stream = stream.get(6..).unwrap_or_default();
        if !before.ends_with(b"end") && !is_image(before) {
            let data = stream.trim_ascii_start();
            let left = u64::try_from(MAX_UNFOLDED + 1 - total).unwrap_or(u64::MAX);
            total += unfolded_before_error(ZlibDecoder::new(data).take(left));
            if total > MAX_UNFOLDED {
                break;
            }
        }
        rest = stream;
    }
    total
}

/// What comes before an error counts: it was unfolded all the same. What is not compressed so is an
/// error at once.
fn unfolded_before_error(mut stream: impl Read) -> usize {
    let mut buffer = [0; 16 * 1024];
    let mut total = 0;
    while let Ok(count) = stream.read(&mut buffer)
        && count > 0
    {
        total += count;
    }
    total
}

/// By the dictionary before the stream; one that could be anything else is none.
fn is_image(before: &[u8]) -> bool {
    let start = before.len().saturating_sub(DICTIONARY);
    let dictionary = before.get(start..).unwrap_or_default();
    let dictionary = dictionary
        .windows(4)
        .rposition(|word| word == b" obj")
        .and_then(|at| dictionary.get(at..))
        .unwrap_or_default();
    find(dictionary, b"/Image").is_some()
        && find(dictionary, b"ObjStm").is_none()
        && find(dictionary, b"XRef").is_none()
        && !dictionary.contains(&b'#')
}

fn find(bytes: &[u8], word: &[u8]) -> Option<usize> {
    let mut from = 0;
    let (first, _) = word.split_first()?;
    while let Some(at) = bytes.get(from..)?.iter().position(|byte| byte == first) {
        let at = from + at;
        if bytes.get(at..)?.starts_with(word) {
            return Some(at);
        }
        from = at + 1;
    }
    None
}
