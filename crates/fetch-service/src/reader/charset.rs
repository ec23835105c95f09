//! Bytes to text: byte order mark, then the header's `charset`, then what the document says of
//! itself (HTML standard, "determining the character encoding"), then UTF-8 if it is that, and
//! windows-1252 at last.

use encoding_rs::{Encoding, UTF_8, UTF_16BE, UTF_16LE, WINDOWS_1252};

/// How far into a document its own declaration is looked for. The standard says 1024; pages that
/// put a comment first are read right with more.
const PRESCAN: usize = 4096;

/// Decodes a body. Malformed sequences become U+FFFD.
pub(super) fn decode(body: &[u8], content_type: Option<&str>) -> String {
    if let Some((encoding, mark)) = Encoding::for_bom(body) {
        let rest = body.get(mark..).unwrap_or_default();
        return encoding.decode_without_bom_handling(rest).0.into_owned();
    }
    let encoding = content_type
        .and_then(|value| labelled(value.as_bytes()))
        .or_else(|| declared(body))
        .unwrap_or_else(|| if is_utf8(body) { UTF_8 } else { WINDOWS_1252 });
    encoding.decode_without_bom_handling(body).0.into_owned()
}

/// Whether it has a byte order mark of UTF-16, or is declared as such.
pub(super) fn is_utf16(body: &[u8], content_type: Option<&str>) -> bool {
    let marked = Encoding::for_bom(body).map(|(encoding, _)| encoding);
    let declared = content_type.and_then(|value| labelled(value.as_bytes()));
    marked
        .or(declared)
        .is_some_and(|encoding| encoding == UTF_16LE || encoding == UTF_16BE)
}

/// A body that is cut at the size limit may end within a character.
fn is_utf8(body: &[u8]) -> bool {
    std::str::from_utf8(body).map_or_else(|error| error.error_len().is_none(), |_| true)
}

/// The encoding that a `meta` element or an XML declaration names.
fn declared(body: &[u8]) -> Option<&'static Encoding> {
    let start = body.get(..PRESCAN).unwrap_or(body).to_ascii_lowercase();
    let tags = start.split(|byte| *byte == b'<').skip(1);
    let declarations = tags.filter_map(|tag| {
        let tag = tag.split(|byte| *byte == b'>').next()?;
        if tag.starts_with(b"meta") {
            labelled(tag)
        } else if tag.starts_with(b"?xml") {
            after(tag, b"encoding").and_then(label)
        } else {
            None
        }
    });
    // A document that can say so in ASCII is not UTF-16.
    declarations
        .map(|encoding| {
            if encoding.is_ascii_compatible() {
                encoding
            } else {
                UTF_8
            }
        })
        .next()
}

fn labelled(text: &[u8]) -> Option<&'static Encoding> {
    after(&text.to_ascii_lowercase(), b"charset").and_then(label)
}

/// What follows `name`, whitespace and `=`.
fn after<'a>(text: &'a [u8], name: &[u8]) -> Option<&'a [u8]> {
    let at = text.windows(name.len()).position(|part| part == name)?;
    let rest = text.get(at + name.len()..)?.trim_ascii_start();
    rest.strip_prefix(b"=").map(<[u8]>::trim_ascii_start)
}

fn label(value: &[u8]) -> Option<&'static Encoding> {
    let value = value
        .strip_prefix(b"\"")
        .or(value.strip_prefix(b"'"))
        .unwrap_or(value);
    let ends = |byte: &u8| matches!(byte, b'"' | b'\'' | b';' | b'/') || byte.is_ascii_whitespace();
    Encoding::for_label(value.split(ends).next()?)
}
