//! JSON Feed 1.1 (<https://www.jsonfeed.org/version/1.1/>).

use std::fmt;

use serde::de::{SeqAccess, Visitor};
use serde::{Deserialize, Deserializer};

use super::{Entry, Feed, Value};

#[derive(Deserialize)]
struct JsonFeed {
    version: String,
    #[serde(default)]
    title: String,
    #[serde(default)]
    home_page_url: String,
    #[serde(default)]
    description: String,
    #[serde(default)]
    items: Items,
}

#[derive(Deserialize)]
struct Item {
    #[serde(default)]
    title: String,
    #[serde(default)]
    url: String,
    #[serde(default)]
    date_published: String,
    #[serde(default)]
    authors: Vec<Author>,
    author: Option<Author>,
    #[serde(default)]
    content_html: String,
    #[serde(default)]
    content_text: String,
    #[serde(default)]
    summary: String,
}

#[derive(Deserialize)]
struct Author {
    #[serde(default)]
    name: String,
}

pub(super) fn parse(text: &str) -> Option<Feed> {
    let feed: JsonFeed = serde_json::from_str(text).ok()?;
    let is_feed = feed.version.starts_with("https://jsonfeed.org/version/");
    is_feed.then_some(Feed {
        title: Value::Text(feed.title),
        link: feed.home_page_url,
        description: Value::Text(feed.description),
        ..feed.items.0
    })
}

/// The items as entries, of which no more are kept than are shown.
#[derive(Default)]
struct Items(Feed);

impl<'de> Deserialize<'de> for Items {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_seq(Items::default())
    }
}

impl<'de> Visitor<'de> for Items {
    type Value = Self;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a list of items")
    }

    fn visit_seq<A: SeqAccess<'de>>(mut self, mut items: A) -> Result<Self, A::Error> {
        while let Some(item) = items.next_element::<Item>()? {
            self.0.add(item.into());
        }
        Ok(self)
    }
}

impl From<Item> for Entry {
    fn from(item: Item) -> Self {
        let authors = item.authors.into_iter().chain(item.author);
        let names: Vec<String> = authors.map(|author| author.name).collect();
        // `content_html` alone has markup.
        let content = [
            Value::Html(item.content_html),
            Value::Text(item.content_text),
            Value::Text(item.summary),
        ];
        Self {
            title: Value::Text(item.title),
            link: item.url,
            date: item.date_published,
            author: names.join(", "),
            content: content
                .into_iter()
                .find(|content| !content.is_empty())
                .unwrap_or_default(),
        }
    }
}
