//! Footnotes: a mark that leads to them in the text, and they at its end, as `[^1]` and `[^1]: …`.
//! They are taken out before the main content is looked for, which would lose them.

use std::collections::{BTreeMap, HashMap, HashSet};

use dom_query::{Document, NodeRef};

use super::markdown::{self, Style};

/// What leads back from a note to the text.
const BACK: [&str; 6] = ["↩", "↩\u{fe0e}", "↑", "^", "⏎", "↵"];
/// Labels longer than this are no marks.
const MAX_LABEL: usize = 8;

/// The notes of a page.
#[derive(Debug, Default)]
pub(super) struct Footnotes<'a>(Vec<(String, NodeRef<'a>)>);

/// Marks the references and takes out the notes that they lead to.
pub(super) fn take_out(document: &Document) -> Footnotes<'_> {
    let references: Vec<_> = document
        .select("sup a[data-jump], a.footnote-ref, a[role='doc-noteref'], a[data-jump].footnote")
        .nodes()
        .iter()
        .filter_map(|link| Some((*link, link.attr("data-jump")?.to_string(), label_of(link)?)))
        .collect();
    if references.is_empty() {
        return Footnotes::default();
    }
    let wanted: HashSet<&str> = references.iter().map(|(_, id, _)| id.as_str()).collect();
    let targets: HashMap<String, NodeRef<'_>> = document
        .root()
        .descendants_it()
        .filter_map(|node| Some((node.id_attr()?.to_string(), node)))
        .filter(|(id, _)| wanted.contains(id.as_str()))
        .collect();
    let mut notes = Vec::new();
    let mut taken = HashSet::new();
    for (link, id, label) in &references {
        let Some(target) = targets.get(id).and_then(note_at) else {
            continue;
        };
        let within_itself = link.ancestors_it(None).any(|node| node.id == target.id);
        if within_itself {
            continue;
        }
        // `sup` would make it a power.
        let mark = document.tree.new_text(format!("[^{label}]"));
        link.replace_with(&mark);
        if taken.insert(target.id) {
            notes.push((label.clone(), target));
        }
    }
    for (_, note) in &notes {
        remove_ways_back(note);
        note.remove_from_parent();
    }
    Footnotes(notes)
}

/// `1` of `[1]`.
fn label_of(link: &NodeRef<'_>) -> Option<String> {
    let text = link.text();
    let label = text.trim().trim_matches(['[', ']', '(', ')']).trim();
    let is_label = !label.is_empty()
        && label.len() <= MAX_LABEL
        && label
            .chars()
            .all(|char| char.is_alphanumeric() || "*†‡§".contains(char));
    is_label.then(|| label.to_owned())
}

/// The element that is the note: the target itself, or what encloses an anchor.
fn note_at<'a>(target: &NodeRef<'a>) -> Option<NodeRef<'a>> {
    const NOTES: [&str; 7] = ["li", "p", "div", "aside", "dd", "section", "tr"];
    [*target]
        .into_iter()
        .chain(target.ancestors_it(Some(2)))
        .find(|node| node.node_name().is_some_and(|name| NOTES.contains(&&*name)))
}

fn remove_ways_back(note: &NodeRef<'_>) {
    for link in note.descendants() {
        if !link.has_name("a") || !link.has_attr("data-jump") {
            continue;
        }
        let text = link.text();
        let text = text.trim();
        let is_back = BACK.contains(&text)
            || link
                .attr("role")
                .is_some_and(|role| &*role == "doc-backlink")
            || link.class().is_some_and(|class| class.contains("back"))
            || link.attr("data-jump").is_some_and(|id| id.contains("ref"));
        if is_back {
            link.remove_from_parent();
        }
    }
}

/// The labels of the notes that a text refers to.
fn labels_in(text: &str) -> Vec<String> {
    let marks = text.split("[^").skip(1);
    let labels = marks.filter_map(label_before);
    labels.map(ToOwned::to_owned).collect()
}

/// What stands before the bracket, if that is near.
fn label_before(rest: &str) -> Option<&str> {
    let near = rest.get(..rest.floor_char_boundary(MAX_LABEL + 1))?;
    near.split_once(']').map(|(label, _)| label)
}

impl Footnotes<'_> {
    /// Adds to the text the notes that it refers to, and those that these refer to.
    pub(super) fn put_back(&self, mut text: String, style: Style) -> String {
        if self.0.is_empty() {
            return text;
        }
        let mut unwritten: HashMap<&str, Vec<(usize, NodeRef<'_>)>> = HashMap::new();
        for (number, (label, note)) in self.0.iter().enumerate() {
            unwritten.entry(label).or_default().push((number, *note));
        }
        let mut written = BTreeMap::new();
        let mut referred = labels_in(&text);
        while let Some(label) = referred.pop() {
            for (number, note) in unwritten.remove(label.as_str()).unwrap_or_default() {
                note.rename("div");
                let note = markdown::write([note], style).replace("\n\n", "\n");
                referred.extend(labels_in(&note));
                written.insert(number, format!("\n\n[^{label}]: {note}"));
            }
        }
        text.extend(written.into_values());
        text
    }
}
