//! Rules whose selector is more than a class or an id: `p.a`, `#b > .c`, `aside`. Unlike those they
//! hide nothing for which there is any rule that shows it: which of the two weighs more is not
//! worked out here.

use std::collections::{HashMap, HashSet};

use dom_query::{Document, Matcher, NodeId, NodeRef};

/// Selectors of a page that are looked for, and elements that are compared with all of them
/// together: each selector walks the whole page.
const MAX_SELECTORS: usize = 64;
const MAX_COMPARED: usize = 4_000_000;

#[derive(Debug, Default)]
pub(super) struct Combined {
    hiding: Vec<(String, usize)>,
    /// Types, classes and ids that some rule shows.
    shown: HashSet<String>,
}

impl Combined {
    pub(super) fn is_empty(&self) -> bool {
        self.hiding.is_empty()
    }

    /// Keeps a selector and the number of its rule, if it says what a page is as it comes: not in a
    /// state, nor for pseudo-elements.
    pub(super) fn hide(&mut self, selector: &str, rule: usize) {
        let is_plain = |char: char| char.is_alphanumeric() || "-_.# >+".contains(char);
        if self.hiding.len() < MAX_SELECTORS && selector.chars().all(is_plain) {
            self.hiding.push((selector.to_owned(), rule));
        }
    }

    pub(super) fn show(&mut self, selector: &str) {
        self.shown.extend(own_parts(selector).map(str::to_owned));
    }

    /// What each element is hidden by.
    pub(super) fn matches(&self, document: &Document) -> HashMap<NodeId, Vec<usize>> {
        let mut matches: HashMap<NodeId, Vec<usize>> = HashMap::new();
        let states = states_of(document);
        let most = MAX_COMPARED / document.tree.len().max(1);
        for (selector, rule) in self.hiding.iter().take(most) {
            let is_in_state = parts(selector).any(|part| states.contains(part));
            if is_in_state || own_parts(selector).any(|part| self.shown.contains(part)) {
                continue;
            }
            let Ok(compiled) = Matcher::new(selector) else {
                continue;
            };
            for node in document.select_matcher(&compiled).nodes() {
                if !self.shows(node) {
                    matches.entry(node.id).or_default().push(*rule);
                }
            }
        }
        matches
    }

    fn shows(&self, node: &NodeRef<'_>) -> bool {
        names_of(node).any(|name| self.shown.contains(&name))
    }
}

/// Classes and ids of the whole page, most of which scripts take away again: `no-js`, `loading`.
fn states_of(document: &Document) -> HashSet<String> {
    let whole = document.select("html, body");
    whole.nodes().iter().flat_map(names_of).collect()
}

fn names_of(node: &NodeRef<'_>) -> impl Iterator<Item = String> + use<> {
    let class = node.class().unwrap_or_default();
    let classes: Vec<String> = class.split_ascii_whitespace().map(str::to_owned).collect();
    classes
        .into_iter()
        .chain(node.id_attr().map(|id| id.to_string()))
}

/// Types, classes and ids that an element itself must have for the selector.
fn own_parts(selector: &str) -> impl Iterator<Item = &str> {
    let own = selector.rsplit([' ', '>', '+', '~']).next();
    let parts = own.unwrap_or_default().split(['.', '#']);
    let parts = parts.filter_map(|part| part.split([':', '?', '[']).next());
    parts.filter(|part| !part.is_empty())
}

/// All that are in it.
fn parts(selector: &str) -> impl Iterator<Item = &str> {
    let parts = selector.split([' ', '>', '+', '.', '#']);
    parts.filter(|part| !part.is_empty())
}
