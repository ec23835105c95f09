//! Feeds as lists of their entries: RSS, Atom and JSON Feed.

mod json;
mod xml;

use std::fmt::Write as _;
use std::time::{Duration, Instant};

use url::Url;

use super::markdown::{self, Style};
use super::shadow::Shadows;
use super::style_sheets::Budget;
use super::{Stop, dom, hidden, links, metadata, plain};

/// Entries that are shown. Each has the address of the feed in it, where its own is relative.
const MAX_ENTRIES: usize = 2000;
/// For the HTML in all of them.
const MAX_TIME: Duration = Duration::from_secs(8);

/// A feed.
#[derive(Debug, Default, PartialEq, Eq)]
struct Feed {
    title: Value,
    link: String,
    description: Value,
    entries: Vec<Entry>,
    /// Entries beyond those that are shown.
    more: usize,
}

/// One of its entries.
#[derive(Debug, Default, PartialEq, Eq)]
struct Entry {
    title: Value,
    link: String,
    date: String,
    author: String,
    /// A summary, or all of it.
    content: Value,
}

/// What a feed says, as its format has it.
#[derive(Debug, PartialEq, Eq)]
enum Value {
    /// Plain: what looks like a tag is none.
    Text(String),
    Html(String),
}

impl Default for Value {
    fn default() -> Self {
        Self::Text(String::new())
    }
}

impl Value {
    fn is_empty(&self) -> bool {
        let (Self::Text(value) | Self::Html(value)) = self;
        value.is_empty()
    }

    fn shown(&self, url: &Url, style: Style, stop: &Stop) -> String {
        match self {
            Self::Text(text) => text.trim().to_owned(),
            Self::Html(value) => html(value, url, style, stop),
        }
    }
}

/// A feed's title, and the feed as a list.
pub(super) struct Listing {
    pub(super) title: Option<String>,
    pub(super) text: String,
}

/// RSS or Atom; nothing where it is other XML.
pub(super) fn from_xml(text: &str, url: &Url, style: Style, stop: &Stop) -> Option<Listing> {
    xml::parse(text).map(|feed| feed.list(url, style, stop))
}

/// JSON Feed; nothing where it is other JSON.
pub(super) fn from_json(text: &str, url: &Url, style: Style, stop: &Stop) -> Option<Listing> {
    json::parse(text).map(|feed| feed.list(url, style, stop))
}

impl Feed {
    fn add(&mut self, entry: Entry) {
        if self.entries.len() < MAX_ENTRIES {
            self.entries.push(entry);
        } else {
            self.more += 1;
        }
    }

    fn list(&self, url: &Url, style: Style, stop: &Stop) -> Listing {
        let [mark, _] = marks(style);
        let title = metadata::one_line(&self.title.shown(url, Style::Text, stop));
        let mut text = String::new();
        // Writing to a String does not fail.
        if let Some(title) = &title {
            let _ = writeln!(text, "{mark}{title}\n");
        }
        if let Some(link) = absolute(&self.link, url) {
            let _ = writeln!(text, "{link}\n");
        }
        let description = self.description.shown(url, style, stop);
        if !description.is_empty() {
            let _ = writeln!(text, "{description}\n");
        }
        let started = Instant::now();
        let mut shown = 0;
        for entry in &self.entries {
            if stop.is_set() || started.elapsed() > MAX_TIME {
                break;
            }
            entry.list(&mut text, url, style, stop);
            shown += 1;
        }
        let more = self.more + self.entries.len() - shown;
        if more > 0 {
            let _ = writeln!(text, "({more} more entries are not shown)");
        }
        Listing {
            title,
            text: text.trim_end().to_owned(),
        }
    }
}

impl Entry {
    fn list(&self, text: &mut String, url: &Url, style: Style, stop: &Stop) {
        let [_, mark] = marks(style);
        let title = metadata::one_line(&self.title.shown(url, Style::Text, stop));
        let title = title.unwrap_or_else(|| "(untitled)".to_owned());
        // Writing to a String does not fail.
        let _ = match (absolute(&self.link, url), style) {
            (Some(link), Style::Markdown) => writeln!(text, "{mark}[{title}]({link})\n"),
            (Some(link), Style::Text) => writeln!(text, "{title}\n{link}\n"),
            (None, _) => writeln!(text, "{mark}{title}\n"),
        };
        let facts = [&self.date, &self.author].map(|fact| metadata::one_line(fact));
        let facts: Vec<String> = facts.into_iter().flatten().collect();
        if !facts.is_empty() {
            let _ = writeln!(text, "{}\n", facts.join(" · "));
        }
        let content = self.content.shown(url, style, stop);
        if !content.is_empty() {
            let _ = writeln!(text, "{content}\n");
        }
    }
}

/// Before the feed's title, and before an entry's.
fn marks(style: Style) -> [&'static str; 2] {
    match style {
        Style::Markdown => ["# ", "## "],
        Style::Text => ["", ""],
    }
}

fn absolute(link: &str, url: &Url) -> Option<Url> {
    let link = link.trim();
    let url = (!link.is_empty()).then(|| url.join(link).ok())??;
    matches!(url.scheme(), "http" | "https").then_some(url)
}

/// HTML within a feed, under the guards of any other.
fn html(html: &str, url: &Url, style: Style, stop: &Stop) -> String {
    if !html.contains(['<', '&']) {
        return html.trim().to_owned();
    }
    let Some(document) = dom::parse(html, stop) else {
        return plain::strip(html);
    };
    hidden::remove(&document, &Shadows::new(), &mut Budget::new(stop));
    links::make_absolute(&document, url, html.len());
    markdown::write([document.root()], style)
}
