//! Links and images with absolute URLs: a model has no page to resolve them against, nor a place
//! in it to jump to.

use dom_query::{Document, NodeRef};
use url::Url;

/// What headings carry to link to themselves.
const ANCHOR_SIGNS: [&str; 4] = ["", "#", "§", "¶"];

/// Makes `a href` and `img src` absolute, by the document's `base` or else by its own URL.
pub(super) fn make_absolute(document: &Document, page: &Url) {
    let base = document
        .base_uri()
        .and_then(|base| page.join(&base).ok())
        .unwrap_or_else(|| page.clone());
    for link in document.select("a[href]").nodes() {
        let is_jump = link
            .attr("href")
            .is_some_and(|href| href.trim().starts_with('#'));
        if ANCHOR_SIGNS.contains(&link.text().trim()) && link.find(&["img"]).is_empty() {
            link.remove_from_parent();
        } else if is_jump {
            link.remove_attr("href");
        } else {
            set(link, "href", &base);
        }
    }
    for image in document.select("img").nodes() {
        // Lazy loading keeps the real one elsewhere.
        let inline = image.attr("src").is_none_or(|src| src.starts_with("data:"));
        if let Some(lazy) = image.attr("data-src").filter(|_| inline) {
            image.set_attr("src", &lazy);
        }
        set(image, "src", &base);
    }
}

/// An attribute that leads nowhere (a script, bytes in the page itself) is dropped.
fn set(node: &NodeRef<'_>, name: &str, base: &Url) {
    let Some(value) = node.attr(name) else {
        return;
    };
    match base.join(value.trim()) {
        Ok(url) if matches!(url.scheme(), "http" | "https" | "mailto" | "tel") => {
            node.set_attr(name, url.as_str());
        }
        Ok(_) | Err(_) => node.remove_attr(name),
    }
}
