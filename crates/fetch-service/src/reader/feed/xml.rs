//! RSS 0.9 to 2.0 and Atom (RFC 4287), as leniently as feeds are written. No entity but XML's own
//! is expanded, so none can explode.

use std::borrow::Cow;

use quick_xml::Reader;
use quick_xml::escape::unescape_with;
use quick_xml::events::{BytesStart, Event};

use super::{Entry, Feed, Value};

/// The feed, or nothing where the root element is none of a feed.
pub(super) fn parse(text: &str) -> Option<Feed> {
    let mut reader = Reader::from_str(text);
    let config = reader.config_mut();
    config.check_end_names = false;
    config.allow_unmatched_ends = true;
    let mut feed = Feed::default();
    let mut entry: Option<Entry> = None;
    let mut root = None;
    let mut is_author = false;
    // What is broken ends the feed; what came before is shown.
    while let Ok(event) = reader.read_event() {
        match event {
            Event::Eof => break,
            Event::Start(start) => {
                let qualified = start.name();
                let name = local(qualified.as_ref());
                let Some(root) = root else {
                    root = Some(Root::of(name)?);
                    continue;
                };
                match name {
                    "channel" => {}
                    "item" | "entry" => {
                        if let Some(before) = entry.replace(Entry::default()) {
                            feed.add(before);
                        }
                    }
                    "author" if !is_text_only(&reader, text) => is_author = true,
                    _ => {
                        let (link, kind) = (href(&start), Kind::of(root, &start));
                        let Ok(inner) = reader.read_text(qualified) else {
                            break;
                        };
                        let inner: &str = inner.as_ref();
                        let value = link.map_or_else(|| kind.value(inner), Value::Text);
                        put(&mut feed, &mut entry, name, is_author, value);
                    }
                }
            }
            Event::Empty(empty) => {
                if let ("link", Some(link)) = (local(empty.name().as_ref()), href(&empty)) {
                    put(&mut feed, &mut entry, "link", false, Value::Text(link));
                }
            }
            Event::End(end) => match local(end.name().as_ref()) {
                "item" | "entry" => {
                    if let Some(entry) = entry.take() {
                        feed.add(entry);
                    }
                }
                "author" => is_author = false,
                _ => {}
            },
            _ => {}
        }
    }
    if let Some(entry) = entry {
        feed.add(entry);
    }
    root.map(|_| feed)
}

/// What the feed is, by its first element.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Root {
    /// What has markup in it, and what has not, cannot be told: all is read as HTML.
    Rss,
    Atom,
}

impl Root {
    fn of(name: &str) -> Option<Self> {
        match name {
            "rss" | "RDF" => Some(Self::Rss),
            "feed" => Some(Self::Atom),
            _ => None,
        }
    }
}

/// What is inside of an element.
#[derive(Clone, Copy)]
enum Kind {
    Text,
    /// Its tags are escaped.
    EscapedHtml,
    /// Its tags are elements of the feed.
    Markup,
}

impl Kind {
    /// By Atom's `type` (RFC 4287 section 3.1.1 and 4.1.3.1).
    fn of(root: Root, start: &BytesStart<'_>) -> Self {
        match attribute(start, "type").as_deref() {
            // `content:encoded` is RSS's wherever it stands.
            _ if root == Root::Rss || local(start.name().as_ref()) == "encoded" => {
                Self::EscapedHtml
            }
            None | Some("text" | "text/plain") => Self::Text,
            Some("xhtml" | "application/xhtml+xml") => Self::Markup,
            Some(_) => Self::EscapedHtml,
        }
    }

    fn value(self, inner: &str) -> Value {
        match self {
            Self::Text => Value::Text(value(inner).into_owned()),
            Self::EscapedHtml => Value::Html(value(inner).into_owned()),
            Self::Markup => Value::Html(inner.to_owned()),
        }
    }
}

/// Puts what an element says where it belongs; the first one counts.
fn put(feed: &mut Feed, entry: &mut Option<Entry>, name: &str, is_author: bool, value: Value) {
    let place = match (entry.as_mut(), name) {
        (None, "title") => &mut feed.title,
        (None, "description" | "subtitle" | "tagline") => &mut feed.description,
        (Some(entry), "title") => &mut entry.title,
        (Some(entry), "encoded" | "content") => {
            // All of it is better than the summary.
            entry.content = value;
            return;
        }
        (Some(entry), "description" | "summary") => &mut entry.content,
        _ => {
            let (Value::Text(fact) | Value::Html(fact)) = value;
            put_fact(feed, entry, name, is_author, fact);
            return;
        }
    };
    if place.is_empty() {
        *place = value;
    }
}

/// The same of what is a word or a line.
fn put_fact(feed: &mut Feed, entry: &mut Option<Entry>, name: &str, is_author: bool, fact: String) {
    let place = match (entry, name) {
        (None, "link") => &mut feed.link,
        (Some(entry), "link") => &mut entry.link,
        (Some(entry), "guid") if fact.trim().starts_with("http") => &mut entry.link,
        (Some(entry), "pubDate" | "published" | "date" | "updated" | "issued") => &mut entry.date,
        (Some(entry), "creator" | "author") => &mut entry.author,
        (Some(entry), "name") if is_author => &mut entry.author,
        _ => return,
    };
    if place.is_empty() {
        *place = fact;
    }
}

/// The name without its prefix, if that is one of those that feeds share.
fn local(name: &str) -> &str {
    match name.split_once(':') {
        None => name,
        Some(("rdf" | "rss" | "atom" | "content" | "dc" | "dcterms", local)) => local,
        // Of images, podcasts and the like.
        Some(_) => "",
    }
}

/// The target of Atom's `link`, if it is the page itself.
fn href(start: &BytesStart<'_>) -> Option<String> {
    let rel = attribute(start, "rel");
    let href = attribute(start, "href")?;
    Some(match rel.as_deref() {
        None | Some("alternate" | "") => href,
        // Not the page; and with no value, it is not put anywhere.
        Some(_) => String::new(),
    })
}

fn attribute(start: &BytesStart<'_>, name: &str) -> Option<String> {
    let attribute = start.try_get_attribute(name).ok().flatten()?;
    Some(value(&attribute.value).into_owned())
}

/// Whether the element that was just opened holds no other: RSS has authors so, Atom does not.
fn is_text_only(reader: &Reader<&[u8]>, text: &str) -> bool {
    let at = usize::try_from(reader.buffer_position()).unwrap_or(usize::MAX);
    let rest = text.get(at..).unwrap_or_default();
    rest.split_once('<')
        .is_none_or(|(_, tag)| tag.starts_with('/') || tag.starts_with("![CDATA["))
}

/// What the inside of an element says: sections of CDATA as they are, entities resolved elsewhere.
fn value(inner: &str) -> Cow<'_, str> {
    let Some((before, _)) = inner.split_once("<![CDATA[") else {
        return unescaped(inner);
    };
    let mut value = unescaped(before).into_owned();
    for section in inner.split("<![CDATA[").skip(1) {
        let (raw, after) = section.split_once("]]>").unwrap_or((section, ""));
        value.push_str(raw);
        value.push_str(&unescaped(after));
    }
    value.into()
}

fn unescaped(text: &str) -> Cow<'_, str> {
    if !text.contains('&') {
        return text.into();
    }
    let known = |entity: &str| match entity {
        "lt" => Some("<"),
        "gt" => Some(">"),
        "amp" => Some("&"),
        "quot" => Some("\""),
        "apos" => Some("'"),
        "nbsp" => Some("\u{a0}"),
        _ => None,
    };
    // HTML's other entities stay for the reader of HTML.
    unescape_with(text, known).unwrap_or(text.into())
}
