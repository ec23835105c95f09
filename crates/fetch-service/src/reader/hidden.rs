//! Text that a person would not see is a channel to the model that reads the page for him: it is
//! dropped before anything is converted. What a style sheet elsewhere hides is not known here.

use std::ops::Deref;

use dom_query::{Document, NodeRef};

use super::shadow::Shadows;
use super::style_sheets::{self, Budget};

/// Never text for a reader: what is said to browsers without frames or plug-ins, and beside the bar
/// that a browser draws, included.
const NOT_CONTENT: [&str; 8] = [
    "script", "style", "noscript", "template", "noembed", "noframes", "progress", "meter",
];
/// Elements whose content is for a browser that has them not, or that offers it.
pub(super) const FALLBACK: [&str; 6] = ["audio", "canvas", "datalist", "iframe", "object", "video"];
/// Classes that frameworks hide by, but for readers of screens.
const HIDING_CLASSES: [&str; 8] = [
    "sr-only",
    "visually-hidden",
    "visuallyhidden",
    "screen-reader-text",
    "screen-reader-only",
    "screenreader",
    "sr-text",
    "is-hidden",
];

/// Removes from the tree what is not shown.
pub(super) fn remove(document: &Document, shadows: &Shadows, budget: &mut Budget<'_>) {
    // Before what they are in goes, and with it the scripts, which are no text of which they could
    // hide a part.
    let sheets = style_sheets::read(document, shadows);
    for node in document.root().descendants() {
        if is_dropped(&node) {
            node.remove_from_parent();
        } else if node
            .node_name()
            .is_some_and(|name| FALLBACK.contains(&&*name))
        {
            node.children().iter().for_each(NodeRef::remove_from_parent);
        }
    }
    for node in sheets.hidden(document, budget) {
        node.remove_from_parent();
    }
    // Readability looks for some of it again, and knows less.
    document.select("[style]").remove_attr("style");
}

/// Removes what is not shown within formulas, before they become text. What a browser hides of each
/// of them beside what it draws stays: that is what they are read from.
pub(super) fn remove_from_formulas(
    document: &Document,
    shadows: &Shadows,
    budget: &mut Budget<'_>,
) {
    let formulas = document.select("math");
    if formulas.is_empty() {
        return;
    }
    let mut hidden = style_sheets::read(document, shadows).hidden(document, budget);
    for formula in formulas.nodes() {
        hidden.extend(formula.descendants_it().filter(is_dropped));
    }
    for node in hidden {
        let is_source = node.has_name("annotation") || node.has_name("annotation-xml");
        let is_within = || {
            node.ancestors_it(None)
                .any(|around| around.has_name("math"))
        };
        if !is_source && is_within() {
            node.remove_from_parent();
        }
    }
}

fn is_dropped(node: &NodeRef<'_>) -> bool {
    let Some(name) = node.node_name() else {
        return node.is_comment();
    };
    // Of an element within the page, or of a picture in it.
    let is_title =
        &*name == "title" && !node.parent().is_some_and(|parent| parent.has_name("head"));
    is_title || is_unseen(&name, |name| node.attr(name))
}

/// Whether an element with this name and these attributes is not shown, whoever read it and whatever
/// its style.
pub(super) fn is_unseen<S: Deref<Target = str>>(
    name: &str,
    attribute: impl Fn(&str) -> Option<S>,
) -> bool {
    // Some pages are hidden as a whole until a script has run.
    if matches!(name, "html" | "body") {
        return false;
    }
    let has = |name: &str| attribute(name).is_some();
    let is = |name: &str, value: &str| {
        attribute(name).is_some_and(|given| given.trim().eq_ignore_ascii_case(value))
    };
    NOT_CONTENT.contains(&name)
        || (name == "dialog" && !has("open"))
        || has("hidden")
        || has("popover")
        || is("aria-hidden", "true")
        || (name == "input" && is("type", "hidden"))
        || attribute("class").is_some_and(|class| is_hiding(&class))
}

fn is_hiding(class: &str) -> bool {
    let mut classes = class.split_ascii_whitespace();
    classes.any(|name| HIDING_CLASSES.contains(&name) || (name == "d-none" && !shows_again(class)))
}

/// With `d-md-block` it is hidden on small screens alone, with `d-print-block` on all.
fn shows_again(class: &str) -> bool {
    class.split_ascii_whitespace().any(|name| {
        let display = name.strip_prefix("d-").unwrap_or_default();
        if display.starts_with("print-") {
            return false;
        }
        let kinds = ["block", "flex", "inline", "grid", "table"];
        kinds
            .iter()
            .any(|kind| display.contains(&format!("-{kind}")))
    })
}
