//! What a page says of itself: its title, and on request what else there is.

use std::fmt::Write as _;

use dom_query::Document;
use dom_smoothie::Readability;
use url::Url;

/// The longest value shown, in characters.
const MAX_VALUE: usize = 500;

/// The title, in one line.
pub(super) fn title(document: &Document) -> Option<String> {
    let title = document.select_single("head > title").text();
    one_line(&title)
}

/// Title, author, dates, canonical URL and so on, one a line; what is unknown is left out.
pub(super) fn list(document: Document, url: &Url) -> String {
    let own_title = title(&document);
    let attr = |selector: &str, name: &str| document.select_single(selector).attr(name);
    let canonical = attr("link[rel='canonical']", "href")
        .or_else(|| attr("meta[property='og:url']", "content"))
        .and_then(|href| url.join(href.trim()).ok())
        .filter(|url| matches!(url.scheme(), "http" | "https"))
        .map(String::from);
    let language = attr("html", "lang")
        .or_else(|| attr("meta[http-equiv='content-language' i]", "content"))
        .map(|language| language.to_string());
    let keywords = attr("meta[name='keywords' i]", "content").map(|words| words.to_string());
    let Ok(readability) = Readability::with_document(document, Some(url.as_str()), None) else {
        return String::new();
    };
    let json_ld = readability.parse_json_ld();
    let found = readability.get_article_metadata(json_ld);
    let mut list = String::new();
    for (name, value) in [
        (
            "Title",
            Some(found.title)
                .filter(|title| !title.is_empty())
                .or(own_title),
        ),
        ("Author", found.byline),
        ("Published", found.published_time),
        ("Modified", found.modified_time),
        ("Site", found.site_name),
        ("Language", language.or(found.lang)),
        ("Canonical URL", canonical),
        ("Description", found.excerpt),
        ("Keywords", keywords),
        ("Image", found.image),
    ] {
        if let Some(value) = value.as_deref().and_then(one_line) {
            // Writing to a String does not fail.
            let _ = writeln!(list, "{name}: {value}");
        }
    }
    list
}

/// The text on one line; nothing where there is none.
pub(super) fn one_line(text: &str) -> Option<String> {
    let text = text.split_whitespace().collect::<Vec<_>>().join(" ");
    let text: String = text.chars().take(MAX_VALUE).collect();
    (!text.is_empty()).then_some(text)
}
