//! RSS 0.9 to 2.0 and Atom (RFC 4287), as leniently as feeds are written. No entity but XML's own
//! is expanded, so none can explode.

use std::borrow::Cow;

use quick_xml::Reader;
use quick_xml::escape::unescape_with;
use quick_xml::events::{BytesStart, Event};

use super::{Entry, Feed};

/// The feed, or nothing where the root element is none of a feed.
pub(super) fn parse(text: &str) -> Option<Feed> {
    let mut reader = Reader::from_str(text);
    let config = reader.config_mut();
    config.check_end_names = false;
    config.allow_unmatched_ends = true;
    let mut feed = Feed::default();
    let mut entry: Option<Entry> = None;
    let mut is_feed = false;
    let mut is_author = false;
    // What is broken ends the feed; what came before is shown.
    while let Ok(event) = reader.read_event() {
        match event {
            Event::Eof => break,
            Event::Start(start) => {
                let qualified = start.name();
                let name = local(qualified.as_ref());
                if !is_feed {
                    is_feed = matches!(name, "rss" | "feed" | "RDF");
                    if !is_feed {
                        return None;
                    }
                    continue;
                }
                match name {
                    "channel" => {}
                    "item" | "entry" => {
                        if let Some(before) = entry.replace(Entry::default()) {
                            feed.add(before);
                        }
                    }
                    "author" if !is_text_only(&reader, text) => is_author = true,
                    _ => {
                        let link = href(&start);
                        let Ok(inner) = reader.read_text(qualified) else {
                            break;
                        };
                        let inner: &str = inner.as_ref();
                        let value = link.unwrap_or_else(|| value(inner).into_owned());
                        put(&mut feed, &mut entry, name, is_author, value);
                    }
                }
            }
            Event::Empty(empty) => {
                if let ("link", Some(link)) = (local(empty.name().as_ref()), href(&empty)) {
                    put(&mut feed, &mut entry, "link", false, link);
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
    is_feed.then_some(feed)
}

/// Puts what an element says where it belongs; the first one counts.
fn put(feed: &mut Feed, entry: &mut Option<Entry>, name: &str, is_author: bool, value: String) {
    let place = match (entry, name) {
        (None, "title") => &mut feed.title,
        (None, "link") => &mut feed.link,
        (None, "description" | "subtitle" | "tagline") => &mut feed.description,
        (Some(entry), "title") => &mut entry.title,
        (Some(entry), "link") => &mut entry.link,
        (Some(entry), "guid") if value.trim().starts_with("http") => &mut entry.link,
        (Some(entry), "pubDate" | "published" | "date" | "updated" | "issued") => &mut entry.date,
        (Some(entry), "creator" | "author") => &mut entry.author,
        (Some(entry), "name") if is_author => &mut entry.author,
        (Some(entry), "encoded" | "content") => {
            // All of it is better than the summary.
            entry.content = value;
            return;
        }
        (Some(entry), "description" | "summary") => &mut entry.content,
        _ => return,
    };
    if place.is_empty() {
        *place = value;
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
    let attribute = |name: &str| {
        let attribute = start.try_get_attribute(name).ok().flatten()?;
        Some(value(&attribute.value).into_owned())
    };
    let rel = attribute("rel");
    let href = attribute("href")?;
    Some(match rel.as_deref() {
        None | Some("alternate" | "") => href,
        // Not the page; and with no value, it is not put anywhere.
        Some(_) => String::new(),
    })
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
