//! Parsing under guard. Deep nesting overflows the stack of every converter and makes a parser's
//! time quadratic; so does a page that makes the parser repeat formatting elements without end.
//! The page is fed to the parser in pieces, and dropped as soon as the tree becomes too deep, too
//! large or too slow: what the tags alone would say (a linear scan) is not what the HTML standard
//! makes of them.

use std::borrow::Cow;
use std::cell::Cell;
use std::rc::Rc;
use std::time::{Duration, Instant};

use dom_query::{Document, NodeData, NodeId, NodeRef};
use html5ever::interface::{ElementFlags, NodeOrText, QuirksMode, TreeSink};
use html5ever::tendril::{StrTendril, TendrilSink};
use html5ever::{Attribute, ParseOpts, QualName, parse_document};

use super::Stop;

/// Elements within elements. Real pages stay below 100.
const MAX_DEPTH: usize = 256;
/// Elements, texts and comments. A page of 10 MB has about 400,000.
const MAX_NODES: usize = 1_000_000;
/// Attributes of one element: every library after the parser searches them one by one.
const MAX_ATTRIBUTES: usize = 500;
/// Of all nodes, the elements that each is within, and the same for every [`WORD`] of text: what
/// whoever looks at all that is below each element has to walk. A page of 10 MB has about 20 million.
const MAX_WALK: usize = 1 << 25;
/// Bytes of text that are walked as fast as a node.
const WORD: usize = 16;
/// Bytes of a text: the serializer looks ahead over all of it at each character that it escapes.
const MAX_TEXT: usize = 2048;
/// Bytes that it looks ahead at within one attribute.
const MAX_AHEAD: usize = 1 << 28;
/// For the whole page. A page of 10 MB takes about a quarter of a second.
const MAX_TIME: Duration = Duration::from_secs(5);
/// Bytes fed between two looks at the limits.
const PIECE: usize = 4096;

/// The page's tree, or nothing where a limit was passed or nobody waits for it any more.
pub(super) fn parse(html: &str, stop: &Stop) -> Option<Document> {
    let started = Instant::now();
    let exceeded = Rc::new(Cell::new(false));
    let sink = Guarded {
        document: Document::default(),
        exceeded: Rc::clone(&exceeded),
    };
    let mut options = ParseOpts::default();
    options.tree_builder.scripting_enabled = false;
    let mut parser = parse_document(sink, options);
    let mut rest = html;
    while !rest.is_empty() {
        let (piece, after) = rest.split_at(rest.floor_char_boundary(PIECE));
        parser.process(StrTendril::from_slice(piece));
        if exceeded.get() || stop.is_set() || started.elapsed() > MAX_TIME {
            return None;
        }
        rest = after;
    }
    let document = parser.finish();
    // The parser moves subtrees about (adoption agency), so the tree that came of it is measured.
    (!exceeded.get() && made_bearable(&document)).then_some(document)
}

/// Parts long texts, and says whether whoever walks the tree has stack and time enough.
pub(super) fn made_bearable(document: &Document) -> bool {
    part_texts(document);
    let tree = &document.tree;
    let mut walk = 0;
    let mut level = vec![tree.root()];
    for depth in 1..=MAX_DEPTH {
        let steps: usize = level.iter().map(steps).sum();
        walk += depth * steps;
        if level.is_empty() || walk > MAX_WALK {
            break;
        }
        level = level
            .iter()
            .flat_map(|node| node.children_it(false))
            .collect();
    }
    level.is_empty() && walk <= MAX_WALK
}

fn steps(node: &NodeRef<'_>) -> usize {
    1 + node.query_or(0, |node| match &node.data {
        NodeData::Text { contents } => contents.len() / WORD,
        _ => 0,
    })
}

/// Texts that are too long become several, side by side, which say the same.
fn part_texts(document: &Document) {
    for node in document.root().descendants() {
        if !node.is_text() || node.text().len() <= MAX_TEXT {
            continue;
        }
        let text = node.text();
        let mut rest: &str = &text;
        while !rest.is_empty() {
            let (part, after) = rest.split_at(rest.floor_char_boundary(MAX_TEXT));
            node.insert_before(&document.tree.new_text(part));
            rest = after;
        }
        node.remove_from_parent();
    }
}

/// Bytes that the serializer looks ahead at: at each `&`, and at each character that begins in UTF-8
/// as a no-break space does, up to what it escapes besides.
fn looked_ahead(value: &str) -> usize {
    if value.len() <= MAX_TEXT {
        return 0;
    }
    let runs = value.split(['"', '<', '>']);
    let stops = |run: &str| {
        run.matches(|char| matches!(char, '&' | '\u{80}'..='\u{bf}'))
            .count()
    };
    runs.map(|run| run.len() * stops(run)).sum()
}

/// `dom_query`'s own sink, with an eye on depth and size.
struct Guarded {
    document: Document,
    exceeded: Rc<Cell<bool>>,
}

impl Guarded {
    fn measure(&self, parent: NodeId) {
        let ancestors = self.document.tree.ancestor_ids_of_it(&parent, None);
        if ancestors.take(MAX_DEPTH).count() == MAX_DEPTH || self.document.tree.len() > MAX_NODES {
            self.exceeded.set(true);
        }
    }
}

impl TreeSink for Guarded {
    type Handle = NodeId;
    type Output = Document;
    type ElemName<'a> = <Document as TreeSink>::ElemName<'a>;

    fn finish(self) -> Document {
        self.document
    }

    fn create_element(&self, name: QualName, attrs: Vec<Attribute>, flags: ElementFlags) -> NodeId {
        let ahead = attrs.iter().map(|attribute| looked_ahead(&attribute.value));
        if attrs.len() > MAX_ATTRIBUTES || ahead.sum::<usize>() > MAX_AHEAD {
            self.exceeded.set(true);
        }
        self.document.create_element(name, attrs, flags)
    }

    fn create_comment(&self, text: StrTendril) -> NodeId {
        self.document.create_comment(text)
    }

    fn create_pi(&self, target: StrTendril, data: StrTendril) -> NodeId {
        self.document.create_pi(target, data)
    }

    fn append(&self, parent: &NodeId, child: NodeOrText<NodeId>) {
        self.measure(*parent);
        self.document.append(parent, child);
    }

    fn append_before_sibling(&self, sibling: &NodeId, child: NodeOrText<NodeId>) {
        self.measure(*sibling);
        self.document.append_before_sibling(sibling, child);
    }

    fn append_based_on_parent_node(
        &self,
        element: &NodeId,
        prev_element: &NodeId,
        child: NodeOrText<NodeId>,
    ) {
        self.measure(*element);
        self.measure(*prev_element);
        self.document
            .append_based_on_parent_node(element, prev_element, child);
    }

    // Errors are not of interest, and a hostile page has millions.
    fn parse_error(&self, _: Cow<'static, str>) {}

    fn get_document(&self) -> NodeId {
        self.document.get_document()
    }

    fn elem_name<'a>(&'a self, target: &'a NodeId) -> Self::ElemName<'a> {
        self.document.elem_name(target)
    }

    fn append_doctype_to_document(
        &self,
        name: StrTendril,
        public_id: StrTendril,
        system_id: StrTendril,
    ) {
        self.document
            .append_doctype_to_document(name, public_id, system_id);
    }

    fn get_template_contents(&self, target: &NodeId) -> NodeId {
        self.document.get_template_contents(target)
    }

    fn same_node(&self, x: &NodeId, y: &NodeId) -> bool {
        x == y
    }

    fn set_quirks_mode(&self, mode: QuirksMode) {
        self.document.set_quirks_mode(mode);
    }

    fn add_attrs_if_missing(&self, target: &NodeId, attrs: Vec<Attribute>) {
        self.document.add_attrs_if_missing(target, attrs);
    }

    fn remove_from_parent(&self, target: &NodeId) {
        TreeSink::remove_from_parent(&self.document, target);
    }

    fn reparent_children(&self, node: &NodeId, new_parent: &NodeId) {
        TreeSink::reparent_children(&self.document, node, new_parent);
    }

    fn is_mathml_annotation_xml_integration_point(&self, handle: &NodeId) -> bool {
        self.document
            .is_mathml_annotation_xml_integration_point(handle)
    }
}
