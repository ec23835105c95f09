//! Style sheets in the page itself that hide by class or id. Sheets elsewhere are not fetched, and
//! of these only the plainest rules are read: `.a, #b { display: none }`.

use std::collections::HashSet;

use dom_query::{Document, NodeRef};

use super::article::{own_text_length, part};
use super::hidden::hides;

/// Sheets that would hide more than this part of the text hide it until a script has run.
const HIDES_AT_MOST: f64 = 0.4;

/// Classes and ids that are hidden.
#[derive(Debug, Default)]
struct Names {
    classes: HashSet<String>,
    ids: HashSet<String>,
}

/// The elements that the page's own sheets hide.
pub(super) fn hidden_by(document: &Document) -> Vec<NodeRef<'_>> {
    let mut names = Names::default();
    for sheet in document.select("style").nodes() {
        // One for a narrow window or for print is not for this reader.
        let media = sheet.attr("media").unwrap_or_default();
        if matches!(media.trim(), "" | "all" | "screen") {
            names.read(&sheet.text());
        }
    }
    let Some(body) = document.body().filter(|_| !names.is_empty()) else {
        return Vec::new();
    };
    let hidden = names.outermost_hidden(body);
    let length = hidden.iter().map(own_text_length).sum();
    if part(length, own_text_length(&body)) > HIDES_AT_MOST {
        return Vec::new();
    }
    hidden
}

impl Names {
    fn is_empty(&self) -> bool {
        self.classes.is_empty() && self.ids.is_empty()
    }

    /// Reads the rules outside of `@` rules; a later one may show again what an earlier one hid.
    fn read(&mut self, sheet: &str) {
        let mut depth = 0_usize;
        let mut start = 0;
        let mut selectors = "";
        for (at, byte) in sheet.bytes().enumerate() {
            match byte {
                b'{' => {
                    if depth == 0 {
                        selectors = sheet.get(start..at).unwrap_or_default();
                        start = at + 1;
                    }
                    depth += 1;
                }
                b'}' => {
                    depth = depth.saturating_sub(1);
                    if depth == 0 {
                        let declarations = sheet.get(start..at).unwrap_or_default();
                        self.rule(selectors, declarations);
                        start = at + 1;
                    }
                }
                // `@import …;`
                b';' if depth == 0 => start = at + 1,
                _ => {}
            }
        }
    }

    fn rule(&mut self, selectors: &str, declarations: &str) {
        if selectors.trim_start().starts_with('@') || declarations.contains('{') {
            return;
        }
        let hides = hides(declarations);
        let shows = !hides && declarations.contains("display");
        for selector in selectors.rsplit("*/").next().unwrap_or_default().split(',') {
            let selector = selector.trim();
            let (names, name) = match (selector.strip_prefix('.'), selector.strip_prefix('#')) {
                (Some(class), _) => (&mut self.classes, class),
                (_, Some(id)) => (&mut self.ids, id),
                _ => continue,
            };
            let is_plain = |char: char| char.is_alphanumeric() || char == '-' || char == '_';
            if !name.chars().all(is_plain) {
                continue;
            }
            if hides {
                names.insert(name.to_owned());
            } else if shows {
                names.remove(name);
            }
        }
    }

    /// What is within one of them counts and goes with it.
    fn outermost_hidden<'a>(&self, body: NodeRef<'a>) -> Vec<NodeRef<'a>> {
        let mut hidden = Vec::new();
        let mut open = vec![body];
        while let Some(node) = open.pop() {
            if self.hide(&node) && node.id != body.id {
                hidden.push(node);
            } else {
                open.extend(node.children_it(true));
            }
        }
        hidden
    }

    fn hide(&self, node: &NodeRef<'_>) -> bool {
        let is_class = node.class().is_some_and(|class| {
            class
                .split_ascii_whitespace()
                .any(|class| self.classes.contains(class))
        });
        is_class || node.id_attr().is_some_and(|id| self.ids.contains(&*id))
    }
}
