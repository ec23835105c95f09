//! What is hidden of the page, by what its elements are declared to be and by what they are in.

use std::rc::Rc;

use dom_query::NodeRef;

use super::super::Stop;
use super::super::declarations::Declarations;
use super::super::ways::{Paint, Way};
use super::INLINE;
use super::cascade::Stated;

/// Rules that hide in one way, of those around an element: one is enough to hide it, and each that
/// hides too much is known after a round.
pub(super) const MAX_OF_A_WAY: usize = 4;

/// A way to hide, and the rule by which that is so.
#[derive(Debug, Clone)]
pub(super) struct Hider {
    pub(super) way: &'static Way,
    pub(super) rule: usize,
    /// Where it is by its colors: these, since what is within may declare one of them anew.
    pub(super) paint: Option<Rc<Paint>>,
}

impl Hider {
    /// The rule of the declarations that hide in this way.
    pub(super) fn of(way: &'static Way, declared: &Declarations) -> Self {
        let rule = declared.counted_with(way.property);
        Self {
            way,
            rule: rule
                .or_else(|| declared.counted_with("color"))
                .unwrap_or(INLINE),
            paint: way.is_of_paint().then(|| Rc::new(declared.paint())),
        }
    }
}

/// What is declared of an element.
#[derive(Default)]
pub(super) struct Effect {
    pub(super) hiding: Vec<Hider>,
    /// What hides around it, and not here.
    pub(super) ending: Vec<&'static Way>,
    pub(super) paint: Paint,
}

impl Effect {
    /// What hides within an element that `around` hides.
    fn within(&self, around: &[Hider]) -> Vec<Hider> {
        let ends = |way: &Way| self.ending.iter().any(|end| end.property == way.property);
        let still = around.iter().filter_map(|hider| {
            let Some(paint) = hider.paint.as_ref().filter(|_| ends(hider.way)) else {
                return (!ends(hider.way)).then(|| hider.clone());
            };
            // White on white is that still where one of the two is said again.
            let paint = self.paint.over(paint);
            paint.hides().then(|| Hider {
                paint: Some(Rc::new(paint)),
                ..hider.clone()
            })
        });
        let mut all: Vec<Hider> = still.collect();
        for own in &self.hiding {
            let same = all
                .iter()
                .filter(|hider| hider.way.property == own.way.property);
            let rules: Vec<usize> = same.map(|hider| hider.rule).collect();
            if rules.len() < MAX_OF_A_WAY && !rules.contains(&own.rule) {
                all.push(own.clone());
            }
        }
        all
    }
}

pub(super) struct Hidden<'a> {
    pub(super) node: NodeRef<'a>,
    /// Those that hide it, each once; if its own style does, that alone.
    pub(super) rules: Vec<usize>,
}

/// What is hidden of the page while it is walked.
pub(super) struct View<'a, 'b> {
    pub(super) stated: &'b Stated,
    pub(super) effects: &'b [Effect],
    /// Once it is set, nothing more is looked at.
    pub(super) stop: &'b Stop,
    pub(super) hidden: Vec<Hidden<'a>>,
}

impl<'a> View<'a, '_> {
    /// Looks at a page that has so much text.
    pub(super) fn look_at_all(&mut self, body: NodeRef<'a>, text: usize) {
        let mut around = Vec::new();
        for whole in body.parent().into_iter().chain([body]) {
            let set = self.stated.of.get(&whole.id);
            if let Some(effect) = set.and_then(|set| self.effects.get(*set)) {
                around = effect.within(&around);
                around.retain(|hider| hider.way.is_inherited());
            }
        }
        self.look_at_children(body, &around);
        let hidden = self.hidden.iter();
        let hidden: usize = hidden.map(|hidden| text_length(&hidden.node)).sum();
        if !around.is_empty() && hidden >= text {
            // Nothing is left of the page: it is hidden as a whole until a script has run.
            self.hidden.clear();
            self.look_at_children(body, &[]);
        }
    }

    /// Looks at what is within an element. Returns whether some of it is shown.
    fn look_at_children(&mut self, node: NodeRef<'a>, hiders: &[Hider]) -> bool {
        let mut is_shown = false;
        for child in node.children_it(false) {
            if self.stop.is_set() {
                break;
            }
            is_shown |= self.look_at(child, hiders);
        }
        is_shown
    }

    /// Looks at what is within an element that `around` hides. Returns whether some of it is shown.
    fn look_at(&mut self, node: NodeRef<'a>, around: &[Hider]) -> bool {
        let effects = self.effects;
        let set = self.stated.of.get(&node.id);
        let effect = set.and_then(|set| effects.get(*set));
        let own = effect.map_or(&[][..], |effect| &effect.hiding);
        if own.iter().any(|hider| !hider.way.is_inherited()) {
            self.hide(node, own);
            return false;
        }
        let mut hiders = effect.map_or_else(|| around.to_vec(), |effect| effect.within(around));
        if node.has_name("img") {
            // It has no letters.
            hiders.retain(|hider| hider.way.property == "visibility");
        }
        let so_far = self.hidden.len();
        let mut is_shown =
            hiders.is_empty() && (node.is_element() || !node.text().trim().is_empty());
        is_shown |= self.look_at_children(node, &hiders);
        if !hiders.is_empty() && !is_shown {
            // As a whole.
            self.hidden.truncate(so_far);
            self.hide(node, &hiders);
        }
        is_shown
    }

    fn hide(&mut self, node: NodeRef<'a>, hiders: &[Hider]) {
        let mut rules: Vec<usize> = hiders.iter().map(|hider| hider.rule).collect();
        rules.sort_unstable();
        rules.dedup();
        if rules.first() == Some(&INLINE) {
            rules.truncate(1);
        }
        self.hidden.push(Hidden { node, rules });
    }
}

/// Characters of text; runs of whitespace count once.
pub(super) fn text_length(root: &NodeRef<'_>) -> usize {
    let texts = std::iter::once(*root)
        .chain(root.descendants_it())
        .filter(NodeRef::is_text);
    let length = |text: NodeRef<'_>| {
        let text = text.text();
        let words = text.split_whitespace();
        words.map(|word| word.chars().count() + 1).sum::<usize>()
    };
    texts.map(length).sum()
}
