//! Streamed server-side rendering: parts of the page come at its end, hidden, and scripts of the
//! page move them to where they belong. They are what a person sees, so they are moved here too,
//! but no others: what has no place that it belongs to stays hidden.

use std::collections::HashMap;

use dom_query::{Document, NodeData, NodeRef};

use super::Stop;

/// React's functions that move a part (`S:0`) to a boundary (`B:0`) or to a placeholder (`P:0`).
const TO_BOUNDARY: [&str; 2] = ["$RC(", "$RR("];
const TO_PLACEHOLDER: &str = "$RS(";
/// What follows all that stands in for a part at a boundary: a comment.
const BOUNDARY_ENDS: &str = "/$";
/// Solid's, which moves the content of a template (`0`) to a placeholder (`pl-0`); what stands in
/// for it ends with a comment of the placeholder's name.
const FROM_TEMPLATE: &str = "$df(";
const PLACEHOLDER: &str = "pl-";

/// Types of a script that a browser runs; another one is data.
const JAVASCRIPT: [&str; 4] = ["", "text/javascript", "application/javascript", "module"];

/// Elements that stand in for a part; with more, the end of them is not looked for.
const MAX_FALLBACK: usize = 50;

/// Steps for each node of the page: a node moved or looked at. Real pages take less than one, since
/// they have few parts; calls that move the same nodes again and again have no end otherwise.
const STEPS: usize = 16;

/// Puts the parts where scripts of the page would, until nobody waits for it any more.
pub(super) fn put_in_place(document: &Document, stop: &Stop) {
    let scripts = document.select("script");
    let run = scripts.nodes().iter().filter(|script| is_run(script));
    let run = run.map(NodeRef::text);
    let run: Vec<_> = run.filter(|script| script.contains('$')).collect();
    if run.is_empty() {
        return;
    }
    let mut page = Page {
        by_id: HashMap::new(),
        left: STEPS * document.tree.len(),
        stop,
    };
    page.add_below(&document.root());
    for script in &run {
        if page.run(script).is_none() {
            return;
        }
    }
}

/// Whether a browser runs the text of this element.
fn is_run(script: &NodeRef<'_>) -> bool {
    let is_javascript = script
        .attr("type")
        .is_none_or(|kind| JAVASCRIPT.contains(&kind.trim().to_ascii_lowercase().as_str()));
    let is_replaced = ["src", "nomodule"].iter().any(|name| script.has_attr(name));
    let mut around = script.ancestors_it(None);
    is_javascript && !is_replaced && !around.any(|node| node.has_name("noscript"))
}

/// The page as its scripts change it. What takes steps gives nothing once they are used up or nobody
/// waits; the rest of the page then stays as it is.
struct Page<'a> {
    by_id: HashMap<String, NodeRef<'a>>,
    left: usize,
    stop: &'a Stop,
}

impl<'a> Page<'a> {
    fn run(&mut self, script: &str) -> Option<()> {
        for [part, placeholder] in calls(script, TO_PLACEHOLDER) {
            self.step()?;
            if let (Some(part), Some(placeholder)) = (self.find(part), self.find(placeholder)) {
                self.replace(&placeholder, &part)?;
            }
        }
        for name in TO_BOUNDARY {
            for [boundary, part] in calls(script, name) {
                self.step()?;
                if let (Some(part), Some(boundary)) = (self.find(part), self.find(boundary)) {
                    self.fill(&boundary, &part, BOUNDARY_ENDS)?;
                }
            }
        }
        for [key, _] in calls(script, FROM_TEMPLATE) {
            self.step()?;
            let place = format!("{PLACEHOLDER}{key}");
            let content = self.find(key).and_then(|template| content_of(&template));
            if let (Some(content), Some(placeholder)) = (content, self.find(&place)) {
                for node in self.fill(&placeholder, &content, &place)? {
                    self.add(node);
                    self.add_below(&node);
                }
            }
        }
        Some(())
    }

    fn step(&mut self) -> Option<()> {
        if self.stop.is_set() {
            return None;
        }
        self.left = self.left.checked_sub(1)?;
        Some(())
    }

    fn find(&self, id: &str) -> Option<NodeRef<'a>> {
        self.by_id.get(id).copied()
    }

    fn add(&mut self, node: NodeRef<'a>) {
        if let Some(id) = node.id_attr().filter(|id| !id.is_empty()) {
            self.by_id.entry(id.to_string()).or_insert(node);
        }
    }

    fn add_below(&mut self, node: &NodeRef<'a>) {
        let tree = node.tree;
        for id in tree.descendant_ids_of_it(&node.id) {
            self.add(NodeRef::new(id, tree));
        }
    }

    /// Puts the children of `part` in the place of `boundary` and of what stands in for them.
    fn fill(
        &mut self,
        boundary: &NodeRef<'a>,
        part: &NodeRef<'a>,
        ends: &str,
    ) -> Option<Vec<NodeRef<'a>>> {
        let fallback = self.fallback(boundary, ends)?;
        let moved = self.replace(boundary, part)?;
        fallback.iter().for_each(NodeRef::remove_from_parent);
        Some(moved)
    }

    /// Puts the children of `part` in the place of `placeholder`, unless that is within the part.
    fn replace(
        &mut self,
        placeholder: &NodeRef<'a>,
        part: &NodeRef<'a>,
    ) -> Option<Vec<NodeRef<'a>>> {
        if placeholder.id == part.id || placeholder.parent().is_none() {
            return Some(Vec::new());
        }
        for node in placeholder.ancestors_it(None) {
            self.step()?;
            if node.id == part.id {
                return Some(Vec::new());
            }
        }
        let mut children = Vec::new();
        for child in part.children_it(false) {
            self.step()?;
            children.push(child);
        }
        for child in &children {
            placeholder.insert_before(child);
        }
        placeholder.remove_from_parent();
        part.remove_from_parent();
        Some(children)
    }

    /// What stands in until the part has come: up to the comment that ends it.
    fn fallback(&mut self, boundary: &NodeRef<'a>, ends: &str) -> Option<Vec<NodeRef<'a>>> {
        let mut fallback = Vec::new();
        let mut next = boundary.next_sibling();
        while let Some(node) = next.filter(|_| fallback.len() < MAX_FALLBACK) {
            self.step()?;
            if is_comment(&node, ends) {
                return Some(fallback);
            }
            fallback.push(node);
            next = node.next_sibling();
        }
        Some(Vec::new())
    }
}

fn is_comment(node: &NodeRef<'_>, text: &str) -> bool {
    node.query_or(false, |node| match &node.data {
        NodeData::Comment { contents } => **contents == *text,
        _ => false,
    })
}

/// The first two strings that the calls of a function are given; the second may be missing.
fn calls<'a>(script: &'a str, name: &'a str) -> impl Iterator<Item = [&'a str; 2]> {
    script.split(name).skip(1).filter_map(|arguments| {
        let arguments = arguments.split(')').next()?;
        let mut strings = arguments.split(['"', '\'']).skip(1).step_by(2);
        Some([strings.next()?, strings.next().unwrap_or_default()])
    })
}

/// What holds the content of a template, which is not below it.
pub(super) fn content_of<'a>(template: &NodeRef<'a>) -> Option<NodeRef<'a>> {
    let id = template.element_ref()?.template_contents?;
    template.tree.get(&id)
}
