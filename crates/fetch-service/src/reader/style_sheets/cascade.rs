//! Which declarations rule each element (CSS Cascading Level 5): those of the rules that select it,
//! and of its own style.

mod by_name;

use std::cell::OnceCell;
use std::collections::{HashMap, HashSet};
use std::rc::Rc;

use by_name::{ByName, Found};
use dom_query::{Document, NodeId, NodeRef};

use super::super::declarations::{Declarations, Weight, weight_of};
use super::super::shadow::Shadows;
use super::super::variables::{Known, put_in};
use super::budget::Budget;
use super::names::{ANY, Name, Names};
use super::selectors::{Elements, Kind, MAX_SELECTORS, Selector};
use super::walk::Hider;
use super::{FADED, INLINE};

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
    /// How that hides by itself, once somebody wants to know.
    hiding: OnceCell<Vec<Hider>>,
}

/// The one statement for all rules that weigh the same.
#[derive(Debug)]
struct Plain {
    weight: Weight,
    may_only_show: bool,
    place: usize,
}

#[derive(Debug, Default)]
pub(super) struct Cascade {
    pub(super) names: Names,
    statements: Vec<Statement>,
    /// For all elements of a name.
    plain: HashMap<(Name, Scope), Vec<Plain>>,
    /// For those of them that match.
    selected: HashMap<(Name, Scope), Vec<(Selector, usize)>>,
    /// Of elements that are shown at times.
    shown_at_times: HashSet<Name>,
    /// Classes and ids of the whole page, most of which scripts take away again: `no-js`, `loading`.
    of_whole_page: HashSet<Name>,
    /// Custom properties that something on the page has.
    custom_names: HashSet<Rc<str>>,
    /// Those of them that not only the whole page has.
    elsewhere: HashSet<Rc<str>>,
}

/// The statements for each element of the page. Many have the same.
#[derive(Debug, Default)]
pub(super) struct Stated {
    /// Places in `sets`.
    pub(super) of: HashMap<NodeId, usize>,
    pub(super) sets: Vec<Vec<usize>>,
    /// Those of the elements that all others are in.
    pub(super) of_whole_page: Vec<usize>,
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

    /// Takes the names that a rule gives values to, whatever it selects.
    pub(super) fn add_custom(&mut self, declared: &Declarations) {
        self.custom_names.extend(declared.custom_names().cloned());
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
            hiding: OnceCell::new(),
        };
        let place = self.statements.len();
        if !is_plain {
            if place >= MAX_SELECTORS {
                return;
            }
            self.selected
                .entry((name, scope))
                .or_default()
                .push((selector, place));
            return self.statements.push(statement);
        }
        // In a layer or not, by type or as `:root`: a name has few weights.
        let plain = self.plain.entry((name, scope)).or_default();
        let mut known = plain.iter().filter(|plain| {
            plain.weight == statement.weight && plain.may_only_show == statement.may_only_show
        });
        let known = known.next().map(|plain| plain.place);
        if let Some(known) = known.and_then(|known| self.statements.get_mut(known)) {
            Rc::make_mut(&mut known.declared).merge(declared);
        } else {
            plain.push(Plain {
                weight: statement.weight,
                may_only_show: statement.may_only_show,
                place,
            });
            self.statements.push(statement);
        }
    }

    /// Rules that remove what is shown at times.
    pub(super) fn removing_at_times(&self) -> HashSet<usize> {
        let plain = self
            .plain
            .iter()
            .flat_map(|((name, _), all)| all.iter().map(|plain| (vec![*name], plain.place)));
        let selected = self.selected.values().flatten();
        let selected = selected.map(|(selector, place)| (selector.own_names().to_vec(), *place));
        let at_times = plain
            .chain(selected)
            .filter(|(names, _)| names.iter().any(|name| self.shown_at_times.contains(name)));
        let declared = at_times.filter_map(|(_, place)| self.statements.get(place));
        declared
            .filter_map(|statement| statement.declared.counted_with("display"))
            .collect()
    }

    /// Compares the page with the selectors.
    pub(super) fn state(
        &mut self,
        document: &Document,
        shadows: &Shadows,
        budget: &mut Budget<'_>,
    ) -> Stated {
        let mut stated = Stated::default();
        let mut known: HashMap<Vec<usize>, usize> = HashMap::new();
        let mut styles: HashMap<String, usize> = HashMap::new();
        let mut elements = Elements {
            names: HashMap::new(),
            shadows,
        };
        let has_rules = !self.statements.is_empty();
        let mut by_name = ByName::default();
        for node in document.root().descendants_it().filter(NodeRef::is_element) {
            let mut set = Vec::new();
            let scope = shadows.get(&node.id).copied();
            let names = if has_rules {
                self.names.of_element(&node)
            } else {
                Vec::new()
            };
            if !self.selected.is_empty() && names != [ANY] {
                elements.names.insert(node.id, names.clone());
            }
            let mut found = Found {
                node: &node,
                names: &names,
                ways: Vec::new(),
            };
            for name in &names {
                let key = (*name, scope);
                let plain = self.plain.get(&key).into_iter().flatten();
                set.extend(plain.map(|plain| plain.place));
                for (selector, place) in self.selected.get(&key).into_iter().flatten() {
                    if !budget.compares() {
                        set.extend(by_name.find(self, key, &mut found));
                        break;
                    }
                    if selector.matches(&node, &elements) {
                        set.push(*place);
                    }
                }
            }
            if budget.is_given_up() {
                return Stated::default();
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
        let whole = document.body();
        let whole = whole
            .iter()
            .flat_map(|body| std::iter::once(*body).chain(body.parent()));
        let whole = whole.filter_map(|node| stated.of.get(&node.id).copied());
        stated.of_whole_page = whole.collect();
        let whole = stated
            .of_whole_page
            .iter()
            .filter_map(|set| stated.sets.get(*set));
        let whole: HashSet<usize> = whole.flatten().copied().collect();
        let statements = self.statements.iter().enumerate();
        let others = statements.filter(|(place, _)| !whole.contains(place));
        let blocks = others.flat_map(|(_, statement)| statement.declared.custom_blocks());
        // One block is of as many statements as it has selectors.
        let mut seen = HashSet::new();
        for block in blocks.filter(|block| seen.insert(Rc::as_ptr(block))) {
            self.elsewhere.extend(block.keys().cloned());
        }
        stated
    }

    /// How a statement hides by itself, if it does.
    pub(super) fn hiding(&self, place: usize) -> Option<&[Hider]> {
        let statement = self.statements.get(place)?;
        let declared = &*statement.declared;
        let hiding = statement.hiding.get_or_init(|| {
            let ways = declared.ways();
            ways.map(|way| Hider::of(way, declared)).collect()
        });
        (!statement.may_only_show && !hiding.is_empty()).then_some(hiding)
    }

    /// What tells the declarations of a statement from others.
    fn block(&self, place: usize) -> Option<(*const Declarations, bool)> {
        let statement = self.statements.get(place)?;
        Some((Rc::as_ptr(&statement.declared), statement.may_only_show))
    }

    /// For each statement, whether one of these rules says something of it.
    pub(super) fn concerned(&self, rules: &HashSet<usize>) -> Vec<bool> {
        let of_rules = |statement: &Statement| {
            let mut declared = statement.declared.iter();
            declared.any(|declaration| rules.contains(&declaration.counted_with))
        };
        self.statements.iter().map(of_rules).collect()
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
        let counted_with = |property: &str| if property == "opacity" { FADED } else { INLINE };
        declared.set_rule(INLINE, counted_with);
        self.custom_names.extend(declared.custom_names().cloned());
        known.insert(style.to_owned(), self.statements.len());
        self.statements.push(Statement {
            weight: OF_STYLE,
            may_only_show: false,
            declared: Rc::new(declared),
            hiding: OnceCell::new(),
        });
        self.statements.len().checked_sub(1)
    }

    /// What comes of a set of statements: without what may only show, and with it, if there is such.
    /// Nothing where that would take too much.
    pub(super) fn declared(
        &self,
        set: &[usize],
        whole: &[&[usize]],
        is_passed_over: impl Fn(usize) -> bool,
        budget: &mut Budget<'_>,
    ) -> Option<(Declarations, Option<Declarations>)> {
        let places = set;
        let set = || set.iter().filter_map(|place| self.statements.get(*place));
        let mut all = |with_uncertain: bool| {
            let mut all = Declarations::default();
            for statement in set().filter(|said| with_uncertain || !said.may_only_show) {
                if !budget.weighs(statement.declared.len()) {
                    return None;
                }
                let declared = statement.declared.iter();
                let declared =
                    declared.filter(|declaration| !is_passed_over(declaration.counted_with));
                all.add_all(declared, statement.weight);
            }
            all.put_in(&mut |value| {
                let mut known = |name: &str| self.custom(name, places, whole, budget);
                put_in(value, &mut known)
            });
            Some(all)
        };
        let certain = all(false)?;
        let is_uncertain = set().any(|statement| statement.may_only_show);
        let uncertain = if is_uncertain { Some(all(true)?) } else { None };
        Some((certain, uncertain))
    }

    /// The value of a custom property: that of the element itself, or else of the whole page, unless
    /// something between them may have another.
    fn custom(
        &self,
        name: &str,
        set: &[usize],
        whole: &[&[usize]],
        budget: &mut Budget<'_>,
    ) -> Known {
        let mut value = |set: &[usize]| -> Result<Option<Rc<str>>, Known> {
            let mut best = None;
            for statement in set.iter().filter_map(|place| self.statements.get(*place)) {
                if !budget.weighs(1 + statement.declared.customs()) {
                    return Err(Known::Somewhere);
                }
                let custom = statement.declared.custom(name);
                let custom = custom.map(|(is_important, rule, value)| {
                    let weight = weight_of(statement.weight, is_important);
                    ((is_important, weight, rule), Rc::clone(value))
                });
                best = best
                    .into_iter()
                    .chain(custom)
                    .max_by_key(|(priority, _)| *priority);
            }
            Ok(best.map(|(_, value)| value))
        };
        let own = match value(set) {
            Ok(own) => own,
            Err(known) => return known,
        };
        if let Some(own) = own {
            return Known::Is(own);
        }
        if !self.custom_names.contains(name) {
            return Known::Undefined;
        }
        for set in whole {
            if let Ok(Some(value)) = value(set)
                && !self.elsewhere.contains(name)
            {
                return Known::Is(value);
            }
        }
        Known::Somewhere
    }
}
