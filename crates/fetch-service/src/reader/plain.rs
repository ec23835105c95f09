//! Text without tags, in one pass over the bytes, whatever they are: for pages that are too deep
//! or too large for a tree. Hidden elements are dropped here too, up to the end tag that matches;
//! where none does, to the end. What a sheet hides is not known here.

mod raw;
mod skipped;

use std::borrow::Cow;
use std::mem::discriminant;

use html5ever::data::NAMED_ENTITIES;

use super::declarations::Declarations;
use super::hidden::{FALLBACK, is_unseen};
use skipped::Skipped;

/// Elements in which `<` begins no tag but their own end. Nobody reads what is within.
const RAW: [&str; 6] = [
    "script", "style", "textarea", "iframe", "noembed", "noframes",
];
/// Elements after which no line goes on.
const INLINE: [&str; 17] = [
    "a", "abbr", "b", "big", "cite", "code", "em", "font", "i", "kbd", "q", "s", "small", "span",
    "strong", "sub", "sup",
];
/// Elements that have no end tag, and so hide nothing but themselves; and the whole page, which some
/// hide until a script has run.
const NEVER_HIDDEN: [&str; 15] = [
    "area", "base", "br", "col", "embed", "hr", "img", "input", "link", "meta", "source", "track",
    "wbr", "html", "body",
];

/// In which tags are text too, but which people read.
const TEXT: [&str; 2] = ["title", "xmp"];

/// Strips the tags of a page.
pub(super) fn strip(html: &str) -> String {
    let mut text = String::new();
    let mut skipped: Option<Skipped> = None;
    let mut rest = html;
    while let Some((before, tag)) = rest.split_once('<') {
        if skipped.is_none() {
            push(&mut text, before);
        }
        let Some(tag) = Tag::read(tag) else {
            // A `<` that begins no tag is text.
            if skipped.is_none() {
                text.push('<');
            }
            rest = tag;
            continue;
        };
        rest = tag.rest;
        let is_raw = RAW.contains(&tag.name.as_str())
            || (skipped.is_some() && TEXT.contains(&tag.name.as_str()));
        if is_raw && !tag.is_end {
            rest = raw::after(rest, &tag.name);
        } else if let Some(open) = &mut skipped {
            if open.is_ended_by(&tag) {
                skipped = None;
            }
        } else if tag.is_dropped() {
            skipped = Some(Skipped::new(tag.name));
        } else if tag.breaks_line() {
            text.push('\n');
        }
    }
    if skipped.is_none() {
        push(&mut text, rest);
    }
    tidy(&text)
}

struct Tag<'a> {
    name: String,
    is_end: bool,
    attributes: &'a str,
    rest: &'a str,
}

impl<'a> Tag<'a> {
    /// Reads a tag, comment or declaration from what follows its `<`.
    fn read(text: &'a str) -> Option<Self> {
        if let Some(comment) = text.strip_prefix("!--") {
            return Some(Self::nameless(raw::after_comment(comment)));
        }
        let is_name = |text: &str| text.starts_with(|char: char| char.is_ascii_alphabetic());
        let is_bogus = text.strip_prefix('/').is_some_and(|text| !is_name(text));
        if text.starts_with(['!', '?']) || is_bogus {
            // Browsers make a comment of it.
            let rest = text.split_once('>').map_or("", |(_, rest)| rest);
            return Some(Self::nameless(rest));
        }
        let is_end = text.starts_with('/');
        let text = text.strip_prefix('/').unwrap_or(text);
        if !is_name(text) {
            return None;
        }
        let (inside, rest) = text.split_at(end_of_tag(text));
        let name_end = inside
            .find(|char: char| char.is_ascii_whitespace() || char == '/')
            .unwrap_or(inside.len());
        let (name, attributes) = inside.split_at(name_end);
        Some(Self {
            name: name.to_ascii_lowercase(),
            is_end,
            attributes,
            rest: rest.strip_prefix('>').unwrap_or(rest),
        })
    }

    fn nameless(rest: &'a str) -> Self {
        Self {
            name: String::new(),
            is_end: false,
            attributes: "",
            rest,
        }
    }

    /// In a picture or formula these have no end tag.
    fn is_empty_foreign(&self) -> bool {
        matches!(self.name.as_str(), "svg" | "math") && self.attributes.ends_with('/')
    }

    fn breaks_line(&self) -> bool {
        !self.name.is_empty() && !INLINE.contains(&self.name.as_str())
    }

    fn is_dropped(&self) -> bool {
        if self.is_end || NEVER_HIDDEN.contains(&self.name.as_str()) {
            return false;
        }
        let attributes = attributes(self.attributes);
        let attribute = |name: &str| {
            let mut named = attributes
                .iter()
                .filter(|(known, _)| known.eq_ignore_ascii_case(name));
            // The first of two counts.
            named.next().map(|(_, value)| unescaped(value))
        };
        FALLBACK.contains(&self.name.as_str())
            || is_unseen(&self.name, attribute)
            || attribute("style").is_some_and(|style| Declarations::parse(&style).hide())
    }
}

/// A value with its references resolved, each by itself: what is none stays.
fn unescaped(value: &str) -> Cow<'_, str> {
    let Some((before, references)) = value.split_once('&') else {
        return value.into();
    };
    let mut text = before.to_owned();
    for part in references.split('&') {
        let (char, rest) = resolved(part).unwrap_or(('&', part));
        text.push(char);
        text.push_str(rest);
    }
    text.into()
}

/// What a reference stands for, by its number or name, and what follows it.
fn resolved(text: &str) -> Option<(char, &str)> {
    let Some(number) = text.strip_prefix('#') else {
        let end = text.find(|char: char| !char.is_ascii_alphanumeric())?;
        let rest = text.get(end..)?.strip_prefix(';')?;
        let (char, _) = NAMED_ENTITIES.get(text.get(..=end)?)?;
        return Some((char::from_u32(*char)?, rest));
    };
    let hexadecimal = number.strip_prefix(['x', 'X']);
    let (number, radix) = hexadecimal.map_or((number, 10), |number| (number, 16));
    let end = number.find(|char: char| !char.is_digit(radix));
    let (digits, rest) = number.split_at(end.unwrap_or(number.len()));
    let char = u32::from_str_radix(digits, radix).ok()?;
    // Browsers do without the semicolon.
    Some((
        char::from_u32(char)?,
        rest.strip_prefix(';').unwrap_or(rest),
    ))
}

/// Names and values, as written.
fn attributes(text: &str) -> Vec<(&str, &str)> {
    let mut all = Vec::new();
    let (mut place, mut start) = (Place::Between, 0);
    let bytes = text.bytes().map(Some).chain([None]);
    for (at, byte) in bytes.enumerate() {
        let next = byte.map_or(Place::Between, |byte| place.after(byte));
        if discriminant(&place) == discriminant(&next) {
            continue;
        }
        let ended = text.get(start..at).unwrap_or_default();
        if matches!(place, Place::Name) {
            all.push((ended, ""));
        } else if matches!(place, Place::Unquoted | Place::Quoted(_))
            && let Some((_, value)) = all.last_mut()
        {
            *value = ended;
        }
        start = match next {
            Place::Quoted(_) => at + 1,
            _ => at,
        };
        place = next;
    }
    all
}

/// Where the `>` is that ends the tag: not one within quotes. They quote only where a value begins;
/// elsewhere they are part of a name or value (HTML, section 13.2.5).
fn end_of_tag(text: &str) -> usize {
    let mut place = Place::TagName;
    for (at, byte) in text.bytes().enumerate() {
        if byte == b'>' && !matches!(place, Place::Quoted(_)) {
            return at;
        }
        place = place.after(byte);
    }
    text.len()
}

/// Where in a tag.
#[derive(Clone, Copy)]
enum Place {
    TagName,
    Between,
    Name,
    AfterName,
    BeforeValue,
    Unquoted,
    Quoted(u8),
}

impl Place {
    fn after(self, byte: u8) -> Self {
        match (self, byte) {
            (Self::Quoted(open), byte) if open == byte => Self::Between,
            (Self::Quoted(_), _) => self,
            (Self::BeforeValue, b'"' | b'\'') => Self::Quoted(byte),
            (Self::Name | Self::AfterName, b'=') => Self::BeforeValue,
            (Self::BeforeValue, byte) if byte.is_ascii_whitespace() => self,
            (Self::Name | Self::AfterName, byte) if byte.is_ascii_whitespace() => Self::AfterName,
            (_, byte) if byte.is_ascii_whitespace() => Self::Between,
            (Self::BeforeValue | Self::Unquoted, _) => Self::Unquoted,
            (_, b'/') => Self::Between,
            (Self::TagName, _) => self,
            _ => Self::Name,
        }
    }
}

fn push(text: &mut String, raw: &str) {
    // The last one, since `&amp;lt;` is `&lt;`.
    const ENTITIES: [(&str, &str); 7] = [
        ("&nbsp;", " "),
        ("&lt;", "<"),
        ("&gt;", ">"),
        ("&quot;", "\""),
        ("&#39;", "'"),
        ("&apos;", "'"),
        ("&amp;", "&"),
    ];
    if !raw.contains('&') {
        text.push_str(raw);
        return;
    }
    let decoded = ENTITIES.iter().fold(raw.to_owned(), |raw, (entity, char)| {
        raw.replace(entity, char)
    });
    text.push_str(&decoded);
}

/// Lines without outer whitespace, at most one empty one in a row.
fn tidy(text: &str) -> String {
    let mut tidied = String::with_capacity(text.len());
    let mut empty = 0;
    for line in text.lines().map(str::trim) {
        empty = if line.is_empty() { empty + 1 } else { 0 };
        if empty < 2 {
            tidied.push_str(line);
            tidied.push('\n');
        }
    }
    tidied.trim().to_owned()
}
