//! The main content: what readability finds, unless it loses too much of the page.

use dom_query::{Document, NodeRef};
use url::Url;

use super::markdown::{self, Style};
use super::{Stop, Unreadable, clutter, dom, metadata, readable};

/// Where less than this part of the page's own text is left, readability took content for clutter,
/// as it does with reference pages and indexes.
const KEPT_AT_LEAST: f64 = 0.8;

/// A `main` element with less than this part of the text is not what the page is about.
const MAIN_HOLDS_AT_LEAST: f64 = 0.5;

/// Where in a text its heading is looked for, in bytes.
const BEGINNING: usize = 300;

/// Elements whose text is the site's, not the page's.
const CHROME: [&str; 9] = [
    "a", "nav", "header", "footer", "aside", "form", "button", "select", "head",
];

/// Writes the main content of a tree from which hidden text is gone and in which links are
/// absolute.
pub(super) fn write(
    document: &Document,
    url: &Url,
    style: Style,
    stop: &Stop,
) -> Result<String, Unreadable> {
    clutter::remove_banners(document, stop);
    stop.check()?;
    let main = main_part(document);
    let article = readable::find(document.clone(), url);
    stop.check()?;
    if let Some(article) = article
        && let Some(tree) = dom::parse(&article.content, stop)
        && part(own_text_length(&tree.root()), own_text_length(&main)) >= KEPT_AT_LEAST
    {
        let text = markdown::write([tree.root()], style);
        return Ok(titled(&article.title, &text, style));
    }
    clutter::remove_navigation(&main, stop);
    stop.check()?;
    let title = metadata::title(document).unwrap_or_default();
    Ok(titled(&title, &markdown::write([main], style), style))
}

/// The page's `main` element if the content is there, else all of it.
fn main_part(document: &Document) -> NodeRef<'_> {
    let whole = document.body().unwrap_or_else(|| document.root());
    let all = own_text_length(&whole);
    let main = document.select_single("main, [role=main]");
    let main = main.nodes().first().copied();
    main.filter(|main| part(own_text_length(main), all) >= MAIN_HOLDS_AT_LEAST)
        .unwrap_or(whole)
}

/// The title as first heading, unless the text begins with it or with a heading of its own.
fn titled(title: &str, text: &str, style: Style) -> String {
    let title = metadata::one_line(title).unwrap_or_default();
    let beginning = text
        .get(..text.floor_char_boundary(BEGINNING))
        .unwrap_or(text);
    let has_heading = match style {
        Style::Markdown => beginning.lines().any(|line| line.starts_with("# ")),
        Style::Text => beginning.contains(&title),
    };
    if title.is_empty() || text.is_empty() || has_heading {
        return text.to_owned();
    }
    match style {
        Style::Markdown => format!("# {title}\n\n{text}"),
        Style::Text => format!("{title}\n\n{text}"),
    }
}

pub(super) fn part(some: usize, all: usize) -> f64 {
    #[expect(clippy::cast_precision_loss, reason = "lengths of texts below 10 MB")]
    let part = some as f64 / all.max(1) as f64;
    part
}

/// Characters of text outside links and the site's own parts; runs of whitespace count once.
pub(super) fn own_text_length(root: &NodeRef<'_>) -> usize {
    let mut length = 0;
    let mut open = vec![*root];
    while let Some(node) = open.pop() {
        if node.is_text() {
            length += node
                .text()
                .split_whitespace()
                .map(|word| word.chars().count() + 1)
                .sum::<usize>();
        } else if node
            .node_name()
            .is_none_or(|name| !CHROME.contains(&&*name))
        {
            open.extend(node.children());
        }
    }
    length
}
