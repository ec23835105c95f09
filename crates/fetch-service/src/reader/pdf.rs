//! The text of a PDF, page after page. Layout is not kept: lines are, columns are read as they are
//! stored.

mod bounds;

use std::io::Read;
use std::time::{Duration, Instant};

use flate2::read::ZlibDecoder;
use lopdf::{Document, ObjectId};

use super::{Form, Note, Reading, Stop, Unreadable};

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

/// Reads the text.
pub(super) fn read(body: &[u8], stop: &Stop) -> Result<Reading, Unreadable> {
    let started = Instant::now();
    if unfolded(body) > MAX_UNFOLDED {
        return Err(Unreadable::PdfTooLarge);
    }
    if is_encrypted(body) {
        return Err(Unreadable::EncryptedPdf);
    }
    let document = bounds::load(body, stop)?;
    let pages = document.get_pages();
    if pages.is_empty() {
        return Err(Unreadable::BrokenPdf);
    }
    let mut text = String::new();
    let mut read = 0;
    for (number, id) in &pages {
        if started.elapsed() > MAX_TIME || text.len() > MAX_TEXT {
            break;
        }
        stop.check()?;
        if !is_bearable(&document, *id) {
            continue;
        }
        read += 1;
        // A page that cannot be read leaves the others.
        let lines = document.extract_text_with_limit(&[*number], MAX_STREAM);
        push_page(&mut text, &lines.unwrap_or_default());
    }
    let pages = pages.len();
    if text.trim().is_empty() {
        return Err(if read < pages {
            Unreadable::PdfTooLarge
        } else {
            Unreadable::PdfWithoutText { pages }
        });
    }
    let mut reading = Reading::of(text, Form::Pdf);
    if read < pages {
        reading.notes.push(Note::SomePages { read, pages });
    }
    reading.set_title(title(&document));
    Ok(reading)
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
    super::metadata::one_line(&title)
}

/// To how many bytes the streams unfold, images aside; counted no further than the limit. The
/// library bounds each stream, not their sum, and unfolds some before anybody can ask it to stop.
fn unfolded(body: &[u8]) -> usize {
    let mut total = 0;
    let mut streams = 0;
    let mut rest = body;
    while let Some(at) = find(rest, b"stream") {
        streams += 1;
        if streams > MAX_STREAMS {
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
