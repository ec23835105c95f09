//! An element whose text is left out.

use super::Tag;

/// An end tag within these ends nothing around them (HTML, section 13.2.4.2).
const SCOPES: [&str; 12] = [
    "applet", "button", "caption", "marquee", "math", "object", "select", "svg", "table", "td",
    "template", "th",
];
/// Parts of a table, which end a cell.
const PARTS: [&str; 8] = [
    "caption", "tbody", "td", "tfoot", "th", "thead", "tr", "col",
];
const CELLS: [&str; 3] = ["td", "th", "caption"];
/// How far an end tag looks for what it ends.
const MAX_SCOPES: usize = 256;

pub(super) struct Skipped {
    name: String,
    open: usize,
    /// Open elements within it whose ends come first.
    scopes: Vec<String>,
}

impl Skipped {
    pub(super) fn new(name: String) -> Self {
        Self {
            name,
            open: 1,
            scopes: Vec::new(),
        }
    }

    pub(super) fn is_ended_by(&mut self, tag: &Tag<'_>) -> bool {
        let name = tag.name.as_str();
        if PARTS.contains(&name)
            && self
                .scopes
                .last()
                .is_some_and(|top| CELLS.contains(&&**top))
        {
            let ends_itself = tag.is_end && self.scopes.last().is_some_and(|top| top == name);
            if !ends_itself {
                self.scopes.pop();
            }
        }
        let is_scope = SCOPES.contains(&name);
        if tag.is_end && is_scope {
            let recent = self.scopes.iter().enumerate().rev().take(MAX_SCOPES);
            let mut recent = recent.filter(|(_, open)| *open == name);
            if let Some((at, _)) = recent.next() {
                self.scopes.truncate(at);
                return false;
            }
        }
        if self.scopes.is_empty() && name == self.name {
            if tag.is_end {
                self.open -= 1;
            } else {
                self.open += 1;
            }
        } else if is_scope && !tag.is_end && !tag.is_empty_foreign() {
            self.scopes.push(name.to_owned());
        }
        self.open == 0
    }
}
