//! Rules whose selector is more than a class or an id: `p.a`, `#b > .c`, `aside`. Unlike those they
//! hide nothing that any rule shows, by a class or an id of it or by all that is known of where it
//! is: which of the two weighs more is not worked out here, but that a type weighs less than a
//! class.

use std::collections::{HashMap, HashSet};
use std::time::{Duration, Instant};

use dom_query::{Document, Matcher, NodeId, NodeRef};

use super::super::Stop;
use super::super::effect::Effect;
use super::names::{names_in, names_of, own_names, style_of};

/// Selectors of a page that are looked for, and how often one of them is compared with an element:
/// each walks the whole page.
const MAX_SELECTORS: usize = 256;
/// Of these only the first so many that matter are looked for.
const MAX_SHOWING: usize = 4_096;
const MAX_COMPARED: usize = 4_000_000;
/// Bytes of a selector, and the types, classes and ids in it: each of them costs time at each
/// element, and what follows one another takes stack.
const MAX_LENGTH: usize = 200;
const MAX_NAMES: usize = 8;
/// Bytes of an element's classes, all of which are read for each class in a selector.
const MAX_CLASSES: usize = 1_000;
/// For the whole page: one element may be compared with all that it is in.
const MAX_TIME: Duration = Duration::from_secs(3);

#[derive(Debug, Default)]
pub(super) struct Combined {
    hiding: Vec<Hiding>,
    showing: Vec<Showing>,
    /// What some rule shows, by classes and ids.
    shown: HashMap<String, Effect>,
    /// What rules show that name no class and no id: only over what is hidden by types too.
    shown_by_types: HashMap<String, Effect>,
}

#[derive(Debug)]
struct Hiding {
    selector: String,
    rule: usize,
    effect: Effect,
}

/// A selector of a rule that shows, but for a state or attribute of the element itself.
#[derive(Debug)]
struct Showing {
    selector: String,
    effect: Effect,
    /// It is the whole selector, and weighs more than one class.
    is_whole: bool,
}

/// What selectors say of elements.
#[derive(Debug, Default)]
pub(super) struct Matches {
    /// Rules that hide them.
    pub(super) hidden: HashMap<NodeId, Vec<usize>>,
    /// What shows them, and rules over one class that hides them.
    pub(super) shown: HashMap<NodeId, Effect>,
}

/// What may be compared with elements.
fn is_comparable(selector: &str) -> bool {
    let is_plain = |char: char| char.is_alphanumeric() || "-_.# >+".contains(char);
    (1..=MAX_LENGTH).contains(&selector.len())
        && selector.chars().all(is_plain)
        && names_in(selector).len() <= MAX_NAMES
}

impl Combined {
    /// Keeps a selector and the number of its rule, if it says what a page is as it comes: not in a
    /// state, nor for pseudo-elements.
    pub(super) fn hide(&mut self, selector: &str, rule: usize, effect: Effect) {
        if effect.all.hiding != 0 && self.hiding.len() < MAX_SELECTORS && is_comparable(selector) {
            self.hiding.push(Hiding {
                selector: selector.to_owned(),
                rule,
                effect,
            });
        }
    }

    /// Notes what a rule for a class or an id shows.
    pub(super) fn show_name(&mut self, name: &str, effect: Effect) {
        if effect.shows() {
            self.shown.entry(name.to_owned()).or_default().show(effect);
        }
    }

    /// Notes what a rule with this selector shows.
    pub(super) fn show(&mut self, selector: &str, effect: Effect) {
        if !effect.shows() {
            return;
        }
        let is_of_types = !selector.contains(['.', '#']);
        for name in own_names(selector) {
            let shown = match name.starts_with(['.', '#']) {
                true => &mut self.shown,
                false if is_of_types => &mut self.shown_by_types,
                false => continue,
            };
            shown.entry(name.to_owned()).or_default().show(effect);
        }
        let end = selector.find([':', '[', '?']).unwrap_or(selector.len());
        let (known, state) = selector.split_at(end);
        // A state of another element says nothing of this one.
        let joins = [' ', '>', '+', '~'];
        let is_of_it = !state.contains(joins) && !known.ends_with(joins);
        let weighs = known.contains(['.', '#']);
        if is_of_it && weighs && self.showing.len() < MAX_SHOWING && is_comparable(known) {
            self.showing.push(Showing {
                selector: known.to_owned(),
                effect,
                is_whole: known == selector,
            });
        }
    }

    /// What each element is hidden by, as far as there is time to see it.
    /// Of the selectors that show, those for what `is_hidden` by its class or id come first.
    pub(super) fn matches(
        &self,
        document: &Document,
        is_hidden: impl Fn(&str) -> bool,
        stop: &Stop,
    ) -> Matches {
        let states = states_of(document);
        let most = MAX_COMPARED / document.tree.len().max(1);
        let hiding = self.hiding.iter().take(most).filter(|hiding| {
            let names = names_in(&hiding.selector);
            let is_in_state = names.iter().any(|name| states.contains(*name));
            let own = own_names(&hiding.selector).into_iter();
            !is_in_state && hiding.hides(self.shown_of(own, hiding.is_of_types()))
        });
        let hiding: Vec<(Matcher, &Hiding)> = hiding
            .filter_map(|hiding| Some((Matcher::new(&hiding.selector).ok()?, hiding)))
            .collect();
        let is_first = |showing: &&Showing| {
            let own = own_names(&showing.selector);
            own.into_iter().any(&is_hidden)
        };
        let (mut showing, others): (Vec<&Showing>, Vec<&Showing>) =
            self.showing.iter().partition(is_first);
        showing.extend(others);
        let most = most.saturating_sub(hiding.len()).min(MAX_SELECTORS);
        let showing: Vec<(Matcher, &Showing)> = showing
            .into_iter()
            .take(most)
            .filter_map(|showing| Some((Matcher::new(&showing.selector).ok()?, showing)))
            .collect();
        if hiding.is_empty() && showing.is_empty() {
            return Matches::default();
        }
        let long = self.shorten_classes(document);
        let compared = compare(document, &hiding, &showing, &is_hidden, stop);
        for (node, class) in long {
            node.set_attr("class", &class);
        }
        let mut matches = Matches::default();
        for (id, Compared { hiding, showing }) in compared {
            let Some(node) = document.tree.get(&id) else {
                continue;
            };
            let rules = self.left(&node, &hiding, &showing);
            if !rules.is_empty() {
                matches.hidden.insert(id, rules);
            }
            for showing in showing.into_iter().filter(|showing| showing.is_whole) {
                matches.shown.entry(id).or_default().show(showing.effect);
            }
        }
        matches
    }

    /// The rules that hide something of the element that no rule for one of its names shows.
    fn left(&self, node: &NodeRef<'_>, hiding: &[&Hiding], showing: &[&Showing]) -> Vec<usize> {
        if hiding.is_empty() {
            return Vec::new();
        }
        let names = names_of(node, |name| self.shown.contains_key(name));
        let kind = node.node_name().unwrap_or_default();
        let shown = [false, true].map(|is_of_types| {
            let names = names.iter().map(String::as_str);
            let mut shown = self.shown_of(names.chain([&*kind]), is_of_types);
            shown.show(style_of(node));
            for showing in showing {
                shown.show(showing.effect);
            }
            shown
        });
        let left = hiding.iter().filter(|hiding| {
            let [shown, shown_of_types] = shown;
            hiding.hides(if hiding.is_of_types() {
                shown_of_types
            } else {
                shown
            })
        });
        left.map(|hiding| hiding.rule).collect()
    }

    /// What is shown by any of these names.
    fn shown_of<'a>(&self, names: impl Iterator<Item = &'a str>, with_types: bool) -> Effect {
        let mut all = Effect::default();
        for name in names {
            let by_types = self.shown_by_types.get(name).filter(|_| with_types);
            for shown in self.shown.get(name).into_iter().chain(by_types) {
                all.show(*shown);
            }
        }
        all
    }

    /// Leaves of long classes those that selectors name, once each; returns them as they were.
    fn shorten_classes<'a>(&self, document: &'a Document) -> Vec<(NodeRef<'a>, String)> {
        let hiding = self.hiding.iter().map(|hiding| hiding.selector.as_str());
        let showing = self.showing.iter().map(|showing| showing.selector.as_str());
        let all = hiding.chain(showing).flat_map(names_in);
        let named: HashSet<&str> = all.filter_map(|name| name.strip_prefix('.')).collect();
        let mut long = Vec::new();
        for node in document.root().descendants() {
            let class = node.class().filter(|class| class.len() > MAX_CLASSES);
            if let Some(class) = class {
                let classes = class.split_ascii_whitespace();
                let kept: HashSet<&str> = classes.filter(|class| named.contains(class)).collect();
                let kept: Vec<&str> = kept.into_iter().collect();
                node.set_attr("class", &kept.join(" "));
                long.push((node, class.to_string()));
            }
        }
        long
    }
}

impl Hiding {
    fn is_of_types(&self) -> bool {
        !self.selector.contains(['.', '#'])
    }

    fn hides(&self, shown: Effect) -> bool {
        self.effect.hiding_without(shown) != 0
    }
}

/// Selectors that match one element.
#[derive(Default)]
struct Compared<'a> {
    hiding: Vec<&'a Hiding>,
    showing: Vec<&'a Showing>,
}

fn compare<'a>(
    document: &Document,
    hiding: &[(Matcher, &'a Hiding)],
    showing: &[(Matcher, &'a Showing)],
    is_hidden: impl Fn(&str) -> bool,
    stop: &Stop,
) -> HashMap<NodeId, Compared<'a>> {
    let started = Instant::now();
    let is_over = || stop.is_set() || started.elapsed() > MAX_TIME;
    let mut matches: HashMap<NodeId, Compared<'_>> = HashMap::new();
    let root = document.root();
    for node in root.descendants_it().filter(NodeRef::is_element) {
        for (matcher, hiding) in hiding {
            if is_over() {
                return matches;
            }
            if node.is_match(matcher) {
                matches.entry(node.id).or_default().hiding.push(hiding);
            }
        }
        if !matches.contains_key(&node.id) && names_of(&node, &is_hidden).is_empty() {
            continue;
        }
        for (matcher, showing) in showing {
            if is_over() {
                return matches;
            }
            if node.is_match(matcher) {
                matches.entry(node.id).or_default().showing.push(showing);
            }
        }
    }
    matches
}

/// Classes and ids of the whole page, most of which scripts take away again: `no-js`, `loading`.
fn states_of(document: &Document) -> HashSet<String> {
    let whole = document.select("html, body");
    let names = whole.nodes().iter().map(|node| names_of(node, |_| true));
    names.flatten().collect()
}
