//! The elements that a selector names. Each of them may cost as much as the page is large, and the
//! page is somebody else's: so there is a limit in time.

use std::time::{Duration, Instant};

use dom_query::{Document, NodeRef};

use super::{Selector, Unreadable};

/// For the whole page. 400,000 elements take about 50 ms with a selector as people write them.
const MAX_TIME: Duration = Duration::from_secs(3);

/// The outermost elements that match, in the order of the page.
pub(super) fn select<'a>(
    document: &'a Document,
    selector: &Selector,
) -> Result<Vec<NodeRef<'a>>, Unreadable> {
    let none = || Unreadable::NothingSelected(selector.clone());
    let matcher = selector.matcher().ok_or_else(none)?;
    let started = Instant::now();
    let mut selected = Vec::new();
    let mut open: Vec<NodeRef<'a>> = vec![document.root()];
    while let Some(node) = open.pop() {
        if started.elapsed() > MAX_TIME {
            return Err(Unreadable::SelectorTooSlow(selector.clone()));
        }
        if node.is_element() && node.is_match(&matcher) {
            selected.push(node);
        } else {
            open.extend(node.children_it(true));
        }
    }
    if selected.is_empty() {
        return Err(none());
    }
    Ok(selected)
}

/// As HTML, one after the other.
pub(super) fn html(nodes: &[NodeRef<'_>]) -> String {
    let parts: Vec<String> = nodes.iter().map(|node| node.html().to_string()).collect();
    parts.join("\n")
}
