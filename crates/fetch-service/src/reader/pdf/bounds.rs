//! Loading a PDF within bounds. In a hostile file one object is read a hundred thousand times, and
//! one of a kilobyte takes gigabytes, for what a file says twice the library reads twice. It has a
//! hook for each object that it reads; from there the loading is left, by unwinding, when the time
//! or the memory is used up. Object streams are unfolded here, where no
//! byte is read twice.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::time::{Duration, Instant};

use lopdf::xref::XrefEntry;
use lopdf::{
    DecompressError, Dictionary, Document, Error, LoadOptions, Object, ObjectId, ObjectStream,
    Stream,
};

use super::{MAX_STREAM, PdfFault};

/// Numbers, names and the like in all objects: each takes 120 bytes or so. Large documents have some
/// hundred thousand.
const MAX_PARTS: usize = 2_000_000;
/// What a font without a map counts as, in bytes.
const PLAIN_FONT: usize = 4096;
/// For loading.
const MAX_TIME: Duration = Duration::from_secs(5);
/// What an object stream is called until it has been unfolded.
const KEPT: &[u8] = b"KeptObjStm";

/// What is left of the bounds.
struct Left {
    parts: usize,
    until: Instant,
}

/// Why the loading was left.
struct TooMuch;

thread_local! {
    /// Of the document that this thread loads: the hook is a plain function.
    static LEFT: RefCell<Option<Left>> = const { RefCell::new(None) };
}

/// The document, with all its objects.
pub(super) fn load(body: &[u8]) -> Result<Document, PdfFault> {
    LEFT.set(Some(Left {
        parts: MAX_PARTS,
        until: Instant::now() + MAX_TIME,
    }));
    let loaded = catch_unwind(AssertUnwindSafe(|| {
        let options = LoadOptions {
            max_decompressed_size: Some(MAX_STREAM),
            filter: Some(read_one),
            ..LoadOptions::default()
        };
        let mut document = Document::load_mem_with_options(body, options).ok()?;
        unfold(&mut document);
        Some(document)
    }));
    LEFT.set(None);
    match loaded {
        Ok(document) => document.ok_or(PdfFault::Broken),
        Err(reason) if reason.is::<TooMuch>() => Err(PdfFault::TooLarge),
        Err(panic) => resume_unwind(panic),
    }
}

/// The library's hook.
#[expect(clippy::unnecessary_wraps, reason = "as the library has it")]
fn read_one(id: ObjectId, object: &mut Object) -> Option<(ObjectId, Object)> {
    pay(parts(object));
    if let Ok(stream) = object.as_stream_mut()
        && stream.dict.has_type(b"ObjStm")
    {
        stream.dict.set("Type", Object::Name(KEPT.to_vec()));
    }
    // What is returned counts for members of object streams alone, and there are none.
    Some((id, Object::Null))
}

fn pay(parts: usize) {
    let is_too_much = LEFT.with_borrow_mut(|left| {
        let Some(left) = left else { return false };
        let rest = left.parts.checked_sub(parts);
        left.parts = rest.unwrap_or_default();
        rest.is_none() || Instant::now() > left.until
    });
    if is_too_much {
        resume_unwind(Box::new(TooMuch));
    }
}

/// The library bounds how deep they nest.
fn parts(object: &Object) -> usize {
    let of_dictionary = |dictionary: &Dictionary| -> usize {
        dictionary.iter().map(|(_, value)| 1 + parts(value)).sum()
    };
    1 + match object {
        Object::Array(items) => items.iter().map(parts).sum(),
        Object::Dictionary(dictionary) => of_dictionary(dictionary),
        Object::Stream(stream) => of_dictionary(&stream.dict),
        _ => 0,
    }
}

/// What is written between white space and delimiters. Hostile content needs neither between its
/// words, so that it has more.
pub(super) fn words(text: &[u8]) -> usize {
    let delimits = |byte: &&u8| byte.is_ascii_whitespace() || b"()<>[]/%\0".contains(byte);
    1 + text.iter().filter(delimits).count()
}

/// Adds what is in the object streams (ISO 32000-1 section 7.5.7).
fn unfold(document: &mut Document) {
    let mut members = BTreeMap::new();
    for (container, object) in &document.objects {
        let Ok(stream) = object.as_stream() else {
            continue;
        };
        if stream.dict.has_type(KEPT) {
            let newest = |number: u32| match document.reference_table.get(number) {
                Some(XrefEntry::Compressed {
                    container: in_it, ..
                }) => *in_it == container.0,
                Some(XrefEntry::Free | XrefEntry::UnusableFree) => false,
                Some(XrefEntry::Normal { .. }) | None => true,
            };
            for (number, object) in members_of(stream) {
                if newest(number) {
                    members.insert((number, 0), object);
                }
            }
        }
    }
    for (id, object) in members {
        document.objects.entry(id).or_insert(object);
    }
}

/// Each from its own bytes alone, up to where the next one begins.
fn members_of(stream: &Stream) -> Vec<(u32, Object)> {
    let content = stream.get_plain_content_with_limit(MAX_STREAM);
    let (Ok(content), Ok(first)) = (content, stream.dict.get(b"First").and_then(Object::as_i64))
    else {
        return Vec::new();
    };
    let first = usize::try_from(first).unwrap_or(usize::MAX);
    let Some((index, objects)) = content.split_at_checked(first) else {
        return Vec::new();
    };
    pay(words(&content));
    let numbers = index
        .split(u8::is_ascii_whitespace)
        .filter(|word| !word.is_empty());
    let numbers: Vec<u32> = numbers
        .map_while(|word| std::str::from_utf8(word).ok()?.parse().ok())
        .collect();
    let begins = numbers
        .as_chunks()
        .0
        .iter()
        .filter_map(|[number, begin]| Some((usize::try_from(*begin).ok()?, *number)));
    // Of two that begin together there is one.
    let begins: BTreeMap<usize, u32> = begins.collect();
    let ends = begins.keys().skip(1).copied().chain([objects.len()]);
    let members = begins.iter().zip(ends);
    members
        .filter_map(|((begin, number), end)| {
            let object = alone(*number, objects.get(*begin..end)?)?;
            pay(0);
            Some((*number, object))
        })
        .collect()
}

/// One object, by the library's parser.
fn alone(number: u32, bytes: &[u8]) -> Option<Object> {
    let index = format!("{number} 0 ");
    let mut dictionary = Dictionary::new();
    dictionary.set("N", 1);
    dictionary.set("First", i64::try_from(index.len()).ok()?);
    let stream = Stream::new(dictionary, [index.as_bytes(), bytes].concat());
    let mut stream = ObjectStream::new_with_limit(&stream, Some(2 * MAX_STREAM)).ok()?;
    stream.objects.remove(&(number, 0))
}

/// Whether a page's fonts are read from no more than `most` bytes, each as often as it is named.
pub(super) fn has_small_fonts(document: &Document, page: ObjectId, most: usize) -> bool {
    let fonts = document.get_page_fonts(page).unwrap_or_default();
    let left = fonts.values().try_fold(most, |left, font| {
        // Which of the two is read depends on what the first one says.
        let maps = [b"Encoding".as_slice(), b"ToUnicode"].into_iter();
        let maps = maps.filter_map(|name| font.get_deref(name, document).ok()?.as_stream().ok());
        let mut left = left.checked_sub(PLAIN_FONT)?;
        for map in maps {
            left = match map.get_plain_content_with_limit(left) {
                Ok(map) => left.checked_sub(map.len())?,
                Err(Error::Decompress(DecompressError::MemoryLimitExceeded { .. })) => return None,
                // The library does without it.
                Err(_) => left,
            };
        }
        Some(left)
    });
    left.is_some()
}
