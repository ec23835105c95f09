//! Streamed server-side rendering: parts of the page come at its end, hidden, and scripts of the
//! page move them to where they belong. They are what a person sees, so they are moved here too.

use std::collections::HashMap;

use dom_query::{Document, NodeRef};

/// React's functions that move a part (`S:0`) to a boundary (`B:0`) or to a placeholder (`P:0`).
const TO_BOUNDARY: [&str; 2] = ["$RC(", "$RR("];
const TO_PLACEHOLDER: &str = "$RS(";
/// Solid's, which puts the content of a template in place.
const FROM_TEMPLATE: &str = "$df(";

/// Elements that stand in for a part; with more, the end of them is not looked for.
const MAX_FALLBACK: usize = 50;

/// Puts the parts where scripts of the page would.
pub(super) fn put_in_place(document: &Document) {
    let scripts = document.select("script");
    let scripts = scripts.iter().map(|script| script.text());
    let scripts: Vec<_> = scripts.filter(|script| script.contains('$')).collect();
    if scripts.is_empty() {
        return;
    }
    let by_id = elements_by_id(document);
    let find = |id: &str| by_id.get(id).copied();
    for script in &scripts {
        for [part, placeholder] in calls(script, TO_PLACEHOLDER) {
            if let (Some(part), Some(placeholder)) = (find(part), find(placeholder)) {
                replace(&placeholder, &part);
            }
        }
        for name in TO_BOUNDARY {
            for [boundary, part] in calls(script, name) {
                let Some(part) = find(part) else { continue };
                part.remove_attr("hidden");
                if let Some(boundary) = find(boundary) {
                    remove_fallback(&boundary);
                    replace(&boundary, &part);
                }
            }
        }
        for [key, _] in calls(script, FROM_TEMPLATE) {
            if let Some(template) = find(key).filter(|node| node.has_name("template")) {
                reveal(&template);
            }
        }
    }
}

fn elements_by_id(document: &Document) -> HashMap<String, NodeRef<'_>> {
    let mut by_id = HashMap::new();
    for node in document.root().descendants_it() {
        if let Some(id) = node.id_attr() {
            by_id.entry(id.to_string()).or_insert(node);
        }
    }
    by_id
}

/// The first two strings that the calls of a function are given; the second may be missing.
fn calls<'a>(script: &'a str, name: &str) -> Vec<[&'a str; 2]> {
    let calls = script.split(name).skip(1);
    calls
        .filter_map(|arguments| {
            let arguments = arguments.split(')').next()?;
            let mut strings = arguments.split(['"', '\'']).skip(1).step_by(2);
            Some([strings.next()?, strings.next().unwrap_or_default()])
        })
        .collect()
}

/// Puts the children of `part` in the place of `placeholder`.
fn replace(placeholder: &NodeRef<'_>, part: &NodeRef<'_>) {
    if placeholder
        .ancestors_it(None)
        .any(|node| node.id == part.id)
    {
        return;
    }
    for child in part.children() {
        placeholder.insert_before(&child);
    }
    placeholder.remove_from_parent();
    part.remove_from_parent();
}

/// What stands in until the part has come: up to the comment `/$`.
fn remove_fallback(boundary: &NodeRef<'_>) {
    let mut fallback = Vec::new();
    let mut next = boundary.next_sibling();
    while let Some(node) = next.filter(|_| fallback.len() < MAX_FALLBACK) {
        if node.is_comment() && node.html().starts_with("<!--/$") {
            fallback.iter().for_each(NodeRef::remove_from_parent);
            return;
        }
        fallback.push(node);
        next = node.next_sibling();
    }
}

/// Makes the content of a template part of the page.
fn reveal(template: &NodeRef<'_>) {
    let content = template
        .element_ref()
        .and_then(|element| element.template_contents);
    let content = content.and_then(|id| template.tree.get(&id));
    for child in content.iter().flat_map(NodeRef::children) {
        template.insert_before(&child);
    }
}
