//! The text of a PDF, page after page. Layout is not kept: lines are, columns are read as they are
//! stored.

use std::io::Read;
use std::time::{Duration, Instant};

use flate2::read::ZlibDecoder;
use lopdf::{Document, LoadOptions};

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
/// How far before a stream its dictionary is looked for.
const DICTIONARY: usize = 2048;

/// Reads the text.
pub(super) fn read(body: &[u8], stop: &Stop) -> Result<Reading, Unreadable> {
    let started = Instant::now();
    if unfolded(body) > MAX_UNFOLDED {
        return Err(Unreadable::PdfTooLarge);
    }
    let options = LoadOptions {
        max_decompressed_size: Some(MAX_STREAM),
        ..LoadOptions::default()
    };
    // Many are encrypted with no password; those are decrypted as they are loaded.
    let is_encrypted = find(body, b"/Encrypt").is_some();
    let document = Document::load_mem_with_options(body, options).ok();
    // Of what cannot be decrypted not even the pages are known.
    let document = document.filter(|document| !document.get_pages().is_empty());
    let document = document.ok_or(if is_encrypted {
        Unreadable::EncryptedPdf
    } else {
        Unreadable::BrokenPdf
    })?;
    let mut text = String::new();
    let pages = document.get_pages().len();
    let mut read = 0;
    for page in 1..=u32::try_from(pages).unwrap_or(u32::MAX) {
        if started.elapsed() > MAX_TIME || text.len() > MAX_TEXT {
            break;
        }
        stop.check()?;
        read += 1;
        // A page that cannot be read leaves the others.
        let lines = document.extract_text_with_limit(&[page], MAX_STREAM);
        push_page(&mut text, &lines.unwrap_or_default());
    }
    if text.trim().is_empty() {
        return Err(Unreadable::PdfWithoutText { pages });
    }
    let mut reading = Reading::of(text, Form::Pdf);
    if read < pages {
        reading.notes.push(Note::SomePages { read, pages });
    }
    reading.set_title(title(&document));
    Ok(reading)
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
