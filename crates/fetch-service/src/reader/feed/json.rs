//! JSON Feed 1.1 (<https://www.jsonfeed.org/version/1.1/>).

use serde::Deserialize;

use super::{Entry, Feed};

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
    items: Vec<Item>,
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
    feed.version
        .starts_with("https://jsonfeed.org/version/")
        .then(|| Feed {
            title: feed.title,
            link: feed.home_page_url,
            description: feed.description,
            entries: feed.items.into_iter().map(Item::into).collect(),
        })
}

impl From<Item> for Entry {
    fn from(item: Item) -> Self {
        let authors = item.authors.into_iter().chain(item.author);
        let names: Vec<String> = authors.map(|author| author.name).collect();
        let content = [item.content_html, item.content_text, item.summary];
        Self {
            title: item.title,
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
