//! Text that a person would not see is a channel to the model that reads the page for him: it is
//! dropped before anything is converted. What a style sheet hides by class is not known here.

use std::collections::HashSet;

use dom_query::{Document, NodeRef};

/// Never text for a reader.
const NOT_CONTENT: [&str; 4] = ["script", "style", "noscript", "template"];

/// Removes from the tree what is not shown.
pub(super) fn remove(document: &Document) {
    let revealed = revealed_by_script(document);
    for node in document.root().descendants() {
        if is_dropped(&node, &revealed) {
            node.remove_from_parent();
        }
    }
}

/// Streamed server-side rendering (React's) sends parts of the page in hidden containers `S:n`,
/// which a script of the page moves into place. They are what the person sees.
fn revealed_by_script(document: &Document) -> HashSet<String> {
    let scripts = document.select("script");
    let scripts = scripts.iter().map(|script| script.text());
    scripts
        .filter(|script| script.contains("$RC("))
        .flat_map(|script| strings(&script))
        .filter(|string| string.starts_with("S:"))
        .collect()
}

/// What stands between double quotes.
fn strings(script: &str) -> Vec<String> {
    let parts = script.split('"').skip(1).step_by(2);
    parts.map(ToOwned::to_owned).collect()
}

fn is_dropped(node: &NodeRef<'_>, revealed: &HashSet<String>) -> bool {
    let Some(name) = node.node_name() else {
        return false;
    };
    if NOT_CONTENT.contains(&&*name) || (&*name == "dialog" && !node.has_attr("open")) {
        return true;
    }
    if node.has_attr("hidden") {
        return !node.id_attr().is_some_and(|id| revealed.contains(&*id));
    }
    let is = |name: &str, value: &str| {
        node.attr(name)
            .is_some_and(|given| given.trim().eq_ignore_ascii_case(value))
    };
    is("aria-hidden", "true")
        || (&*name == "input" && is("type", "hidden"))
        || node.attr("style").is_some_and(|style| hides(&style))
}

/// Whether an inline style takes its element out of sight.
pub(super) fn hides(style: &str) -> bool {
    without_comments(style)
        .to_ascii_lowercase()
        .split(';')
        .filter_map(|declaration| declaration.split_once(':'))
        .any(|(property, value)| {
            let value = value.replace("!important", "");
            let value = value.trim();
            match property.trim() {
                "display" => value == "none",
                "visibility" => matches!(value, "hidden" | "collapse"),
                "content-visibility" => value == "hidden",
                "opacity" | "font-size" => is_zero(value),
                _ => false,
            }
        })
}

/// `0`, `0.0`, `0px`, `0%`.
fn is_zero(value: &str) -> bool {
    let number = value.trim_end_matches(|char: char| char.is_ascii_alphabetic() || char == '%');
    number.trim().parse() == Ok(0.0)
}

fn without_comments(style: &str) -> String {
    let mut parts = style.split("/*");
    let first = parts.next().unwrap_or_default().to_owned();
    parts.fold(first, |text, part| {
        text + part.split_once("*/").map_or("", |(_, rest)| rest)
    })
}
