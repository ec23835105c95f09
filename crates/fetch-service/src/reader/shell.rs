//! A page that scripts fill in: there is next to nothing in it until a browser has run them.

use dom_query::{Document, NodeRef};

/// Characters of text below which a page with scripts has nothing to say by itself.
const LITTLE: usize = 400;
/// Where frameworks put what they make.
const MOUNTS: &str = "#root, #app, #__next, #__nuxt, #__gatsby, #svelte, #main-app, app-root, \
                      [data-reactroot], [ng-app], [ng-version]";

/// How such a page asks for them.
const ASKING: [&str; 6] = [
    "enable javascript",
    "javascript enabled",
    "javascript to be enabled",
    "requires javascript",
    "javascript is required",
    "javascript is disabled",
];

/// Whether it is one, by the tree as it was parsed.
pub(super) fn is_shell(document: &Document) -> bool {
    let Some(body) = document.body() else {
        return false;
    };
    if document.select("script").is_empty() || visible_length(&body) > LITTLE {
        return false;
    }
    let mounts = document.select(MOUNTS);
    let is_empty = |mount: &NodeRef<'_>| visible_length(mount) < LITTLE / 4;
    let mut asking = document.select("noscript").nodes().to_vec();
    // In the head, the parser puts the text of one into the body.
    asking.push(body);
    let asks_for_scripts = asking.iter().any(|node| {
        let text = node.text().to_ascii_lowercase();
        ASKING.iter().any(|phrase| text.contains(phrase))
    });
    mounts.nodes().iter().any(is_empty) || asks_for_scripts
}

fn visible_length(root: &NodeRef<'_>) -> usize {
    let mut length = 0;
    let mut open = vec![*root];
    while let Some(node) = open.pop() {
        if node.is_text() {
            length += node.text().split_whitespace().map(str::len).sum::<usize>();
        }
        let name = node.node_name();
        let name = name.as_deref().unwrap_or_default();
        if !matches!(name, "script" | "style" | "noscript" | "template") {
            open.extend(node.children_it(false));
        }
    }
    length
}
