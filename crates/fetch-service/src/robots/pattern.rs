//! The patterns of `robots.txt`: a path's beginning, with `*` and a final `$` (RFC 9309 sections
//! 2.2.2 and 2.2.3).

use std::fmt;

use memchr::memmem;

/// A pattern in the one spelling that paths are brought to, too.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Pattern {
    /// Each star in it is a wildcard: those that stand for themselves are escaped.
    body: Box<[u8]>,
    /// `$`: the path ends there.
    anchored: bool,
}

impl Pattern {
    /// `None` for an empty one, which matches nothing, and for one that begins with neither a
    /// slash nor a star.
    pub(crate) fn parse(value: &[u8]) -> Option<Self> {
        if !matches!(value.first(), Some(b'/' | b'*')) {
            return None;
        }
        let (body, anchored) = match value.strip_suffix(b"$") {
            Some(body) => (body, true),
            None => (value, false),
        };
        let pieces: Vec<Vec<u8>> = body.split(|byte| *byte == b'*').map(normalised).collect();
        Some(Self {
            body: pieces.join(&b'*').into(),
            anchored,
        })
    }

    /// Whether a path in the same spelling begins as the pattern says. Takes each star as short as
    /// it can be, which finds a match where there is one, and never goes back.
    pub(crate) fn matches(&self, path: &[u8]) -> bool {
        let mut pieces = self.body.split(|byte| *byte == b'*');
        let first = pieces.next().unwrap_or_default();
        let Some(mut path) = path.strip_prefix(first) else {
            return false;
        };
        let Some(last) = pieces.next_back() else {
            return !self.anchored || path.is_empty();
        };
        for piece in pieces {
            match find(path, piece) {
                Some(after) => path = after,
                None => return false,
            }
        }
        if self.anchored {
            path.ends_with(last)
        } else {
            find(path, last).is_some()
        }
    }

    /// Octets of the pattern: the more, the more specific.
    pub(crate) fn len(&self) -> usize {
        self.body.len() + usize::from(self.anchored)
    }
}

impl fmt::Display for Pattern {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let end = if self.anchored { "$" } else { "" };
        write!(formatter, "{}{end}", String::from_utf8_lossy(&self.body))
    }
}

/// What follows the first `piece` in `path`.
fn find<'a>(path: &'a [u8], piece: &[u8]) -> Option<&'a [u8]> {
    let at = memmem::find(path, piece)?;
    path.get(at + piece.len()..)
}

/// One spelling (section 2.2.2, RFC 3986 sections 2.3 and 6.2.2): what is escaped and need not be is
/// written out, what stays escaped is in upper case, and octets outside of ASCII are escaped. So are
/// `*` and `$` where they stand for themselves: an escaped one in a pattern is meant so.
pub(crate) fn normalised(text: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(text.len());
    let mut rest = text;
    while let Some((&byte, after)) = rest.split_first() {
        rest = after;
        match (byte, escaped(after)) {
            (b'%', Some(octet)) => {
                rest = after.get(2..).unwrap_or_default();
                if is_unreserved(octet) {
                    out.push(octet);
                } else {
                    escape(octet, &mut out);
                }
            }
            _ if must_be_escaped(byte) => escape(byte, &mut out),
            _ => out.push(byte),
        }
    }
    out
}

/// The octet that two hexadecimal digits name.
fn escaped(after: &[u8]) -> Option<u8> {
    let digit = |at: usize| char::from(*after.get(at)?).to_digit(16);
    u8::try_from(digit(0)? * 16 + digit(1)?).ok()
}

fn is_unreserved(octet: u8) -> bool {
    octet.is_ascii_alphanumeric() || matches!(octet, b'-' | b'.' | b'_' | b'~')
}

/// What no URL has as it stands: the URL parser escapes it in paths, or in queries.
fn must_be_escaped(byte: u8) -> bool {
    !byte.is_ascii_graphic() || b"\"<>`{}*$".contains(&byte)
}

fn escape(octet: u8, out: &mut Vec<u8>) {
    let digit = |value: u8| {
        let digit = char::from_digit(u32::from(value), 16).unwrap_or('0');
        digit.to_ascii_uppercase() as u8
    };
    out.extend([b'%', digit(octet >> 4), digit(octet & 15)]);
}
