//! Types, classes and ids by number: `p`, `.a` and `#b`.

use std::collections::hash_map::RandomState;
use std::collections::{HashMap, HashSet};
use std::hash::BuildHasher as _;

use dom_query::{Document, NodeRef};
use html5ever::interface::QuirksMode;

pub(super) type Name = u32;

/// What every element is called.
pub(super) const ANY: Name = 0;

/// Those of the sheets that some element of the page has.
#[derive(Debug, Default)]
pub(super) struct Names {
    numbers: HashMap<String, Name>,
    /// Of all names in the page, as hashes: that is less than names.
    in_page: HashSet<u64>,
    hasher: RandomState,
    /// As pages without a doctype do, for classes and ids.
    ignores_case: bool,
}

impl Names {
    pub(super) fn of_page(document: &Document) -> Self {
        let mut names = Self {
            ignores_case: document.quirks_mode.get() == QuirksMode::Quirks,
            ..Self::default()
        };
        for node in document.root().descendants_it() {
            names.of(&node, |names, name| {
                let hash = names.hasher.hash_one(name);
                names.in_page.insert(hash);
            });
        }
        names
    }

    /// The number of a name in a sheet, if an element has it. It begins with its sign.
    pub(super) fn number(&mut self, mut name: String) -> Option<Name> {
        self.fold(&mut name);
        if !self.in_page.contains(&self.hasher.hash_one(&name)) {
            return None;
        }
        // The first is another one's.
        let next = u32::try_from(self.numbers.len()).ok()?.checked_add(1)?;
        Some(*self.numbers.entry(name).or_insert(next))
    }

    /// The names of an element that sheets have too, each once and in order.
    pub(super) fn of_element(&mut self, node: &NodeRef<'_>) -> Vec<Name> {
        let mut numbers = vec![ANY];
        self.of(node, |names, name| {
            numbers.extend(names.numbers.get(name));
        });
        numbers.sort_unstable();
        numbers.dedup();
        numbers
    }

    /// The numbers of all classes and ids of an element.
    pub(super) fn number_signed(&mut self, node: &NodeRef<'_>) -> Vec<Name> {
        let mut numbers = Vec::new();
        self.of(node, |names, name| {
            if name.starts_with(['.', '#']) {
                numbers.extend(names.number(name.to_owned()));
            }
        });
        numbers
    }

    fn of(&mut self, node: &NodeRef<'_>, mut each: impl FnMut(&mut Self, &str)) {
        let Some(kind) = node.node_name() else {
            return;
        };
        let class = node.class().unwrap_or_default();
        let classes = class
            .split_ascii_whitespace()
            .map(|name| format!(".{name}"));
        let id = node.id_attr().map(|id| format!("#{id}"));
        for mut name in classes.chain(id).chain([kind.to_string()]) {
            self.fold(&mut name);
            each(self, &name);
        }
    }

    fn fold(&self, name: &mut str) {
        if self.ignores_case || !name.starts_with(['.', '#']) {
            name.make_ascii_lowercase();
        }
    }
}
