//! Which declarations rule each element (CSS Cascading Level 5): those of the rules that select it,
//! and of its own style.

use std::collections::{HashMap, HashSet};
use std::rc::Rc;
use std::time::{Duration, Instant};

use dom_query::{Document, NodeId, NodeRef};

use super::super::Stop;
use super::super::declarations::{Declarations, Weight};
use super::super::shadow::Shadows;
use super::names::{ANY, Name, Names};
use super::selectors::{Elements, Kind, Selector};
use super::{FADED, INLINE};

/// How often selectors are compared with elements, and how long, on the whole page: one element may
/// be compared with all that it is in. What there is no time for matches nothing.
const MAX_COMPARED: usize = 4_000_000;
const MAX_TIME: Duration = Duration::from_secs(3);
/// That of an element's own style.
const OF_STYLE: Weight = [2, 0, 0, 0];

/// The shadow that a rule or an element is in; rules are for no others.
pub(super) type Scope = Option<NodeId>;

/// What some elements are declared to be.
#[derive(Debug)]
struct Statement {
    weight: Weight,
    /// It hides nothing.
    may_only_show: bool,
    declared: Rc<Declarations>,
}

#[derive(Debug, Default)]
pub(super) struct Cascade {
    pub(super) names: Names,
    statements: Vec<Statement>,
    /// For all elements of a name: one for what only may show, and one for all else.
    plain: HashMap<(Name, bool, Scope), usize>,
    /// For those of them that match.
    selected: HashMap<(Name, Scope), Vec<(Selector, usize)>>,
    /// Of elements that are shown at times.
    shown_at_times: HashSet<Name>,
    /// Classes and ids of the whole page, most of which scripts take away again: `no-js`, `loading`.
    of_whole_page: Vec<Name>,
}

/// The statements for each element of the page. Many have the same.
#[derive(Debug, Default)]
pub(super) struct Stated {
    /// Places in `sets`.
    pub(super) of: HashMap<NodeId, usize>,
    pub(super) sets: Vec<Vec<usize>>,
}

impl Cascade {
    pub(super) fn of_page(document: &Document) -> Self {
        let mut names = Names::of_page(document);
        let whole = document.select("html, body");
        let of_whole_page = whole.nodes().iter();
        let of_whole_page = of_whole_page
            .flat_map(|node| names.number_signed(node))
            .collect();
        Self {
            names,
            of_whole_page,
            ..Self::default()
        }
    }

    /// Takes what a rule declares of what its selector selects.
    pub(super) fn add(&mut self, selector: Selector, scope: Scope, declared: &Rc<Declarations>) {
        if selector.is_for_nothing || selector.kind == Kind::OfPart {
            return;
        }
        if selector.kind == Kind::AtTimes {
            if declared.value("display").is_some() && !declared.remove() {
                self.shown_at_times.extend(selector.own_names());
            }
            return;
        }
        let name = selector.own_name();
        let is_plain = selector.is_plain();
        let is_of_state = || {
            selector
                .names()
                .any(|name| self.of_whole_page.contains(&name))
        };
        let statement = Statement {
            weight: selector.weight,
            may_only_show: selector.kind == Kind::MayShow || (!is_plain && is_of_state()),
            declared: Rc::clone(declared),
        };
        let place = self.statements.len();
        if !is_plain {
            self.selected
                .entry((name, scope))
                .or_default()
                .push((selector, place));
            return self.statements.push(statement);
        }
        let known = *self
            .plain
            .entry((name, statement.may_only_show, scope))
            .or_insert(place);
        match self.statements.get_mut(known) {
            // The two weigh the same, so that one does for both.
            Some(known) => {
                Rc::make_mut(&mut known.declared).add_all(declared.iter(), Weight::default());
            }
            None => self.statements.push(statement),
        }
    }

    /// Rules that remove what is shown at times.
    pub(super) fn removing_at_times(&self) -> HashSet<usize> {
        let plain = self
            .plain
            .iter()
            .map(|((name, ..), place)| (vec![*name], *place));
        let selected = self.selected.values().flatten();
        let selected = selected.map(|(selector, place)| (selector.own_names().to_vec(), *place));
        let at_times = plain
            .chain(selected)
            .filter(|(names, _)| names.iter().any(|name| self.shown_at_times.contains(name)));
        let declared = at_times.filter_map(|(_, place)| self.statements.get(place));
        declared
            .filter_map(|statement| statement.declared.rule_of("display"))
            .collect()
    }

    /// Compares the page with the selectors.
    pub(super) fn state(&mut self, document: &Document, shadows: &Shadows, stop: &Stop) -> Stated {
        let mut stated = Stated::default();
        let mut known: HashMap<Vec<usize>, usize> = HashMap::new();
        let mut styles: HashMap<String, usize> = HashMap::new();
        let mut elements = Elements::new();
        let has_rules = !self.statements.is_empty();
        let mut budget = Budget {
            started: Instant::now(),
            left: MAX_COMPARED,
            stop,
        };
        for node in document.root().descendants_it().filter(NodeRef::is_element) {
            let mut set = Vec::new();
            let scope = shadows.get(&node.id).copied();
            let names = if has_rules {
                self.names.of_element(&node)
            } else {
                Vec::new()
            };
            if !self.selected.is_empty() && names != [ANY] {
                elements.insert(node.id, names.clone());
            }
            for name in &names {
                let plain = [false, true].map(|may_only_show| (*name, may_only_show, scope));
                set.extend(plain.iter().filter_map(|key| self.plain.get(key)));
                let selected = self.selected.get(&(*name, scope)).into_iter().flatten();
                let matches = selected
                    .filter(|(selector, _)| budget.is_left() && selector.matches(&node, &elements));
                set.extend(matches.map(|(_, place)| *place));
            }
            if let Some(style) = node.attr("style") {
                set.extend(self.style(&style, &mut styles));
            }
            if !set.is_empty() {
                let next = known.len();
                let place = *known.entry(set).or_insert(next);
                stated.of.insert(node.id, place);
            }
        }
        let mut sets: Vec<(Vec<usize>, usize)> = known.into_iter().collect();
        sets.sort_unstable_by_key(|(_, place)| *place);
        stated.sets = sets.into_iter().map(|(set, _)| set).collect();
        stated
    }

    /// The statement of an element's own style.
    fn style(&mut self, style: &str, known: &mut HashMap<String, usize>) -> Option<usize> {
        if let Some(known) = known.get(style) {
            return Some(*known);
        }
        let mut declared = Declarations::parse(style);
        if declared.is_empty() {
            return None;
        }
        declared.set_rules(|property| if property == "opacity" { FADED } else { INLINE });
        known.insert(style.to_owned(), self.statements.len());
        self.statements.push(Statement {
            weight: OF_STYLE,
            may_only_show: false,
            declared: Rc::new(declared),
        });
        self.statements.len().checked_sub(1)
    }

    /// What comes of a set of statements: without what may only show, and with it, if there is such.
    pub(super) fn declared(
        &self,
        set: &[usize],
        is_passed_over: impl Fn(usize) -> bool,
    ) -> (Declarations, Option<Declarations>) {
        let set = || set.iter().filter_map(|place| self.statements.get(*place));
        let all = |with_uncertain: bool| {
            let mut all = Declarations::default();
            for statement in set().filter(|said| with_uncertain || !said.may_only_show) {
                let declared = statement.declared.iter();
                let declared = declared.filter(|declaration| !is_passed_over(declaration.rule));
                all.add_all(declared, statement.weight);
            }
            all
        };
        let is_uncertain = set().any(|statement| statement.may_only_show);
        (all(false), is_uncertain.then(|| all(true)))
    }
}

/// What may be spent on comparing.
struct Budget<'a> {
    started: Instant,
    left: usize,
    stop: &'a Stop,
}

impl Budget<'_> {
    fn is_left(&mut self) -> bool {
        self.left = self.left.saturating_sub(1);
        self.left > 0 && !self.stop.is_set() && self.started.elapsed() < MAX_TIME
    }
}
