//! Rules whose selector is more than a class or an id: `p.a`, `#b > .c`, `aside`. Unlike those they
//! hide nothing for which there is any rule that shows it: which of the two weighs more is not
//! worked out here, but that a type weighs less than a class.

use std::collections::{HashMap, HashSet};
use std::time::{Duration, Instant};

use dom_query::{Document, Matcher, NodeId, NodeRef};

use super::super::Stop;
use super::super::effect::Effect;
use super::names::{names_in, names_of, own_names, style_of};

/// Selectors of a page that are looked for, and how often one of them is compared with an element:
/// each walks the whole page.
const MAX_SELECTORS: usize = 256;
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
    /// What some rule shows, by types, classes and ids.
    shown: HashMap<String, Effect>,
    /// What rules show that name types alone.
    shown_by_types: HashMap<String, Effect>,
}

#[derive(Debug)]
struct Hiding {
    selector: String,
    rule: usize,
    effect: Effect,
}

impl Combined {
    /// Keeps a selector and the number of its rule, if it says what a page is as it comes: not in a
    /// state, nor for pseudo-elements.
    pub(super) fn hide(&mut self, selector: &str, rule: usize, effect: Effect) {
        let is_plain = |char: char| char.is_alphanumeric() || "-_.# >+".contains(char);
        if effect.all.hiding != 0
            && self.hiding.len() < MAX_SELECTORS
            && (1..=MAX_LENGTH).contains(&selector.len())
            && selector.chars().all(is_plain)
            && names_in(selector).len() <= MAX_NAMES
        {
            self.hiding.push(Hiding {
                selector: selector.to_owned(),
                rule,
                effect,
            });
        }
    }

    /// Notes what a rule with this selector shows by this name in it.
    pub(super) fn show(&mut self, name: &str, selector: &str, effect: Effect) {
        if effect.shows() {
            let shown = if selector.contains(['.', '#', ':', '[', '?']) {
                &mut self.shown
            } else {
                &mut self.shown_by_types
            };
            shown.entry(name.to_owned()).or_default().show(effect);
        }
    }

    /// What each element is hidden by, as far as there is time to see it.
    pub(super) fn matches(&self, document: &Document, stop: &Stop) -> HashMap<NodeId, Vec<usize>> {
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
        if hiding.is_empty() {
            return HashMap::new();
        }
        let long = self.shorten_classes(document);
        let matches = compare(document, &hiding, stop);
        for (node, class) in long {
            node.set_attr("class", &class);
        }
        let left = matches.into_iter().filter_map(|(id, hiding)| {
            let rules = self.left(&document.tree.get(&id)?, &hiding);
            (!rules.is_empty()).then_some((id, rules))
        });
        left.collect()
    }

    /// The rules that hide something of the element that no rule for one of its names shows.
    fn left(&self, node: &NodeRef<'_>, hiding: &[&Hiding]) -> Vec<usize> {
        let names = names_of(node, |name| self.shown.contains_key(name));
        let kind = node.node_name().unwrap_or_default();
        let shown = [false, true].map(|is_of_types| {
            let names = names.iter().map(String::as_str);
            let mut shown = self.shown_of(names.chain([&*kind]), is_of_types);
            shown.show(style_of(node));
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
        let selectors = self.hiding.iter().map(|hiding| hiding.selector.as_str());
        let all = selectors.flat_map(names_in);
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

fn compare<'a>(
    document: &Document,
    hiding: &[(Matcher, &'a Hiding)],
    stop: &Stop,
) -> HashMap<NodeId, Vec<&'a Hiding>> {
    let started = Instant::now();
    let mut matches: HashMap<NodeId, Vec<&Hiding>> = HashMap::new();
    let root = document.root();
    for node in root.descendants_it().filter(NodeRef::is_element) {
        for (matcher, hiding) in hiding {
            if stop.is_set() || started.elapsed() > MAX_TIME {
                return matches;
            }
            if node.is_match(matcher) {
                matches.entry(node.id).or_default().push(hiding);
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
