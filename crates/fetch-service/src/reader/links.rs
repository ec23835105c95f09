//! Links and images with absolute URLs: a model has no page to resolve them against, nor a place
//! in it to jump to.

use std::collections::HashSet;
use std::fmt::Write as _;

use dom_query::{Document, NodeRef};
use url::Url;

/// What headings carry to link to themselves.
const ANCHOR_SIGNS: [&str; 4] = ["", "#", "§", "¶"];

/// The attribute that keeps the id which a link jumped to.
pub(super) const JUMP: &str = "data-jump";
/// The longest name of a link in a list, in characters.
const MAX_NAME: usize = 200;

/// What absolute URLs may add to a page of this many bytes: a long `base` is repeated in each.
fn budget(page: usize) -> usize {
    4 * page + 256 * 1024
}

/// Makes `a href` and `img src` absolute, by the document's `base` or else by its own URL.
pub(super) fn make_absolute(document: &Document, page: &Url, page_bytes: usize) {
    let base = document
        .base_uri()
        .and_then(|base| page.join(&base).ok())
        .unwrap_or_else(|| page.clone());
    let mut left = budget(page_bytes);
    for link in document.select("a[href]").nodes() {
        let jump = link.attr("href").and_then(|href| jump(&href, page));
        if ANCHOR_SIGNS.contains(&link.text().trim()) && link.find(&["img"]).is_empty() {
            link.remove_from_parent();
        } else if let Some(id) = jump {
            link.remove_attr("href");
            link.set_attr(JUMP, &id);
        } else {
            set(link, "href", &base, &mut left);
        }
    }
    for image in document.select("img").nodes() {
        let inline = image.attr("src").is_none_or(|src| src.starts_with("data:"));
        if let Some(lazy) = lazy_source(image).filter(|_| inline) {
            image.set_attr("src", &lazy);
        }
        set(image, "src", &base, &mut left);
    }
}

/// Where lazy loading keeps the real source.
fn lazy_source(image: &NodeRef<'_>) -> Option<String> {
    let attribute = |name: &str| image.attr(name).map(|value| value.to_string());
    ["data-src", "data-original", "data-lazy-src"]
        .into_iter()
        .find_map(attribute)
        .or_else(|| {
            // The last of a set is the largest.
            let set = ["data-srcset", "srcset"].into_iter().find_map(attribute)?;
            let last = set.rsplit(", ").next()?.trim();
            last.split_ascii_whitespace().next().map(ToOwned::to_owned)
        })
}

/// The id that a link jumps to, if that is on the page itself.
fn jump(href: &str, page: &Url) -> Option<String> {
    let href = href.trim();
    let id = if let Some(id) = href.strip_prefix('#') {
        id.to_owned()
    } else {
        let mut url = Url::parse(href).ok()?;
        let id = url.fragment()?.to_owned();
        url.set_fragment(None);
        let is_here = url.as_str() == page.as_str().split('#').next()?;
        is_here.then_some(id)?
    };
    let id = percent_encoding::percent_decode_str(&id).decode_utf8_lossy();
    Some(id.into_owned())
}

/// The links within these nodes, each URL once, as a Markdown list.
pub(super) fn list(within: &[NodeRef<'_>]) -> String {
    let mut seen = HashSet::new();
    let mut list = String::new();
    let links = within
        .iter()
        .flat_map(|node| std::iter::once(*node).chain(node.descendants()));
    for link in links.filter(|node| node.has_name("a")) {
        let Some(url) = link.attr("href").filter(|url| seen.insert(url.to_string())) else {
            continue;
        };
        let mut text = link.text().to_string();
        if text.trim().is_empty() {
            let images = link.descendants();
            let alts = images.iter().filter_map(|image| image.attr("alt"));
            text = alts
                .map(|alt| alt.to_string())
                .collect::<Vec<_>>()
                .join(" ");
        }
        let words = text.split_whitespace().collect::<Vec<_>>().join(" ");
        let name: String = words.chars().take(MAX_NAME).collect();
        // Writing to a String does not fail.
        let _ = writeln!(list, "- [{name}]({url})");
    }
    list
}

/// An attribute that leads nowhere (a script, bytes in the page itself) is dropped, and so is one
/// for which there is no room left.
fn set(node: &NodeRef<'_>, name: &str, base: &Url, left: &mut usize) {
    let Some(value) = node.attr(name) else {
        return;
    };
    let url = base.join(value.trim()).ok();
    let url = url.filter(|url| matches!(url.scheme(), "http" | "https" | "mailto" | "tel"));
    let url = url.filter(|url| url.as_str().len() <= *left);
    if let Some(url) = url {
        *left -= url.as_str().len();
        node.set_attr(name, url.as_str());
    } else {
        node.remove_attr(name);
    }
}
