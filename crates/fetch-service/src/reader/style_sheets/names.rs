//! Rules whose selector is one class or one id: of these it is known which one rules.

use std::collections::{HashMap, HashSet};

use dom_query::NodeRef;

use super::super::css_text::{parts, plain};
use super::super::declarations::Declarations;
use super::super::effect::Effect;
use super::super::ways::way_of;
use super::Rule;

/// Classes and ids are known by what selects them: `.a` and `#b`.
#[derive(Debug, Default)]
pub(super) struct Names {
    /// The rules for each, in their order.
    rules: HashMap<String, Vec<usize>>,
    /// What they show in a window of a size.
    shown: HashMap<String, Effect>,
    /// What other rules show, in a state or in a place.
    shown_elsewhere: HashMap<String, Effect>,
}

/// In bytes. A longer style of an element shows nothing.
const MAX_STYLE: usize = 10_000;

impl Names {
    /// Keeps the last of all rules for a class or an id. What it says again is forgotten.
    pub(super) fn add(&mut self, name: &str, all: &[Rule]) {
        let Some(last) = all.len().checked_sub(1) else {
            return;
        };
        let known = self.rules.entry(name.to_owned()).or_default();
        known.push(last);
        let mut later = Effect::default();
        known.reverse();
        known.retain(|rule| {
            let effect = all.get(*rule).map_or(Effect::default(), |rule| rule.effect);
            let is_said_again = effect.is_said_by(later);
            later = effect.then(later);
            !is_said_again
        });
        known.reverse();
    }

    pub(super) fn hides(&self, name: &str) -> bool {
        self.rules.contains_key(name)
    }

    pub(super) fn show(&mut self, name: &str, effect: Effect) {
        if effect.shows() {
            self.shown.entry(name.to_owned()).or_default().show(effect);
        }
    }

    pub(super) fn show_elsewhere(&mut self, name: &str, effect: Effect) {
        if effect.shows() {
            let shown = self.shown_elsewhere.entry(name.to_owned());
            shown.or_default().show(effect);
        }
    }

    /// Rules that remove what another one shows.
    pub(super) fn shown_elsewhere(&self) -> impl Iterator<Item = usize> {
        let shown = self.rules.iter().filter(|(name, _)| {
            let mut shown = [&self.shown, &self.shown_elsewhere].into_iter();
            shown.any(|shown| {
                let shown = shown.get(*name);
                shown.is_some_and(|shown| shown.all.showing & way_of("display") != 0)
            })
        });
        shown.flat_map(|(_, rules)| rules.iter().copied())
    }

    /// Those by which the element is hidden.
    /// `here` is what shows it and weighs more than a class.
    pub(super) fn rules_for(&self, node: &NodeRef<'_>, all: &[Rule], here: Effect) -> Vec<usize> {
        if self.rules.is_empty() {
            return Vec::new();
        }
        let names = names_of(node, |name| {
            self.rules.contains_key(name) || self.shown.contains_key(name)
        });
        let effect_of = |rule: &usize| {
            let rule = all.get(*rule).filter(|rule| !rule.is_passed_over);
            rule.map_or(Effect::default(), |rule| rule.effect)
        };
        let rules_for = |name: &String| self.rules.get(name).map_or(&[][..], Vec::as_slice);
        let (ids, classes): (Vec<&String>, Vec<&String>) =
            names.iter().partition(|name| name.starts_with('#'));
        let mut rules: Vec<usize> = classes.into_iter().flat_map(rules_for).copied().collect();
        rules.sort_unstable();
        rules.dedup();
        // An id weighs more than classes, whatever their order.
        rules.extend(ids.into_iter().flat_map(rules_for));
        let effects = rules.iter().map(effect_of);
        let effect = effects.fold(Effect::default(), Effect::then);
        if effect.all.hiding | effect.important.hiding == 0 {
            return Vec::new();
        }
        let mut shown = here;
        for name in &names {
            // What shows the same as is hidden does so at times.
            let hidden = rules_for(name).iter().map(effect_of);
            let hidden = hidden.fold(0, |hidden, effect| hidden | effect.all.hiding);
            if let Some(elsewhere) = self.shown.get(name) {
                shown.show(elsewhere.without_showing(hidden));
            }
        }
        let hiding = effect.then(style_of(node)).hiding_without(shown);
        rules.retain(|rule| effect_of(rule).all.hiding & hiding != 0);
        rules
    }
}

/// What the element's own style says.
pub(super) fn style_of(node: &NodeRef<'_>) -> Effect {
    let style = node.attr("style").filter(|style| style.len() <= MAX_STYLE);
    style.map_or(Effect::default(), |style| {
        Declarations::parse(&style).effect()
    })
}

/// Its classes and its id, once each, as far as somebody asks for them.
pub(super) fn names_of(node: &NodeRef<'_>, is_asked_for: impl Fn(&str) -> bool) -> Vec<String> {
    let class = node.class().unwrap_or_default();
    let classes: HashSet<&str> = class.split_ascii_whitespace().collect();
    let classes = classes.into_iter().map(|name| format!(".{}", plain(name)));
    let id = node.id_attr();
    classes
        .chain(id.map(|id| format!("#{}", plain(&id))))
        .filter(|name| is_asked_for(name))
        .collect()
}

/// `.a` or `#a`.
pub(super) fn is_plain(selector: &str) -> bool {
    let is_part = |char: char| char.is_alphanumeric() || "-_".contains(char) || !char.is_ascii();
    let name = selector.strip_prefix(['.', '#']);
    name.is_some_and(|name| !name.is_empty() && name.chars().all(is_part))
}

/// Types, classes and ids that an element itself must have for the selector.
pub(super) fn own_names(selector: &str) -> Vec<&str> {
    let own = parts(selector, &[' ', '>', '+', '~']).last();
    let own = own.unwrap_or_default().split([':', '?', '[']).next();
    names_in(own.unwrap_or_default())
}

/// All that are in it.
pub(super) fn names_in(selector: &str) -> Vec<&str> {
    let mut names = Vec::new();
    for compound in selector.split([' ', '>', '+', '~']) {
        let ends = compound.match_indices(['.', '#']).map(|(at, _)| at);
        let mut from = 0;
        for end in ends.chain([compound.len()]) {
            names.extend(compound.get(from..end).filter(|name| !name.is_empty()));
            from = end;
        }
    }
    names
}
