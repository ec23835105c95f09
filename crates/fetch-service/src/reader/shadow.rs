//! Declarative shadow roots (HTML, section 4.12.3): the parser of a browser makes the first template
//! of this kind in an element what is shown of it. The element's own children are shown where the
//! template has a slot for them, and nowhere else.

use std::collections::{HashMap, HashSet, VecDeque};

use dom_query::{Document, NodeId, NodeRef};
use html5ever::ns;

use super::Stop;
use super::streamed::content_of;

const TEMPLATES: &str = "template[shadowrootmode]";
/// Elements that may have one, beside those that a page defines itself.
const HOSTS: [&str; 18] = [
    "article",
    "aside",
    "blockquote",
    "body",
    "div",
    "footer",
    "h1",
    "h2",
    "h3",
    "h4",
    "h5",
    "h6",
    "header",
    "main",
    "nav",
    "p",
    "section",
    "span",
];
/// Names with a hyphen that no page defines.
const RESERVED: [&str; 8] = [
    "annotation-xml",
    "color-profile",
    "font-face",
    "font-face-src",
    "font-face-uri",
    "font-face-format",
    "font-face-name",
    "missing-glyph",
];
/// For each node of the page: children that are moved from one element within another to the next
/// have no end otherwise.
const STEPS: usize = 16;

/// Elements in shadows, each with the host of its own one. What is in a slot is in none.
pub(super) type Shadows = HashMap<NodeId, NodeId>;

/// Puts what is shown in the place of what is not, until nobody waits for it any more.
pub(super) fn put_in_place(document: &Document, stop: &Stop) -> Shadows {
    let mut left = STEPS * document.tree.len();
    let mut shadows = Shadows::new();
    let mut hosts = HashSet::new();
    let mut open: VecDeque<NodeRef<'_>> = document.select(TEMPLATES).nodes().to_vec().into();
    while let Some(template) = open.pop_front() {
        let host = template.parent().filter(|host| is_host(host, &template));
        let content = content_of(&template);
        if let (Some(host), Some(content)) = (host, content)
            && hosts.insert(host.id)
        {
            let light: Vec<_> = host.children_it(false).collect();
            let shown: Vec<_> = content.children_it(false).collect();
            let steps = light.len() + content.descendants_it().count();
            match left.checked_sub(steps) {
                Some(less) if !stop.is_set() => left = less,
                _ => break,
            }
            light.iter().for_each(NodeRef::remove_from_parent);
            for node in &shown {
                host.append_child(node);
            }
            let below: Vec<_> = shown.iter().flat_map(with_descendants).collect();
            shadows.extend(below.iter().map(|node| (node.id, host.id)));
            fill(
                &below,
                light.into_iter().filter(|node| node.id != template.id),
            );
            open.extend(below.into_iter().filter(|node| node.has_name("template")));
        }
    }
    shadows
}

fn is_host(host: &NodeRef<'_>, template: &NodeRef<'_>) -> bool {
    let name = host.node_name().unwrap_or_default();
    let mode = template.attr("shadowrootmode").unwrap_or_default();
    let is_mode = ["open", "closed"]
        .iter()
        .any(|known| mode.eq_ignore_ascii_case(known));
    let is_defined = name.contains('-') && !RESERVED.contains(&&*name);
    is_mode && is_html(host) && (HOSTS.contains(&&*name) || is_defined)
}

/// And not of a formula or picture.
fn is_html(node: &NodeRef<'_>) -> bool {
    let element = node.element_ref();
    element.is_some_and(|element| element.name.ns == ns!(html))
}

fn with_descendants<'a>(node: &NodeRef<'a>) -> Vec<NodeRef<'a>> {
    std::iter::once(*node)
        .chain(node.descendants_it())
        .collect()
}

/// Gives each slot the children that are for it, in the place of what it has without them.
fn fill<'a>(shown: &[NodeRef<'a>], light: impl Iterator<Item = NodeRef<'a>>) {
    let attribute = |node: &NodeRef<'_>, name| node.attr(name).unwrap_or_default().to_string();
    let mut given: HashMap<String, Vec<NodeRef<'a>>> = HashMap::new();
    for node in light.filter(|node| node.is_element() || node.is_text()) {
        given
            .entry(attribute(&node, "slot"))
            .or_default()
            .push(node);
    }
    for slot in shown
        .iter()
        .filter(|node| node.has_name("slot") && is_html(node))
    {
        // The first of a name has them.
        let given = given.remove(&attribute(slot, "name")).unwrap_or_default();
        if !given.is_empty() {
            slot.children().iter().for_each(NodeRef::remove_from_parent);
        }
        for node in &given {
            slot.append_child(node);
        }
    }
}
