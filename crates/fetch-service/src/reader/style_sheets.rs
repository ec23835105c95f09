//! What a page's styles hide: those of its own sheets and of its elements, together, as a browser
//! with one window has them when the page has come. Sheets elsewhere are not fetched.
//!
//! [`read`] reads the rules; [`cascade`] finds out which of them rule each element; and
//! [`Sheets::hidden`] says what is hidden by that, but for what a script takes back.

mod blocks;
mod budget;
mod cascade;
mod conditions;
mod names;
mod selectors;
#[cfg(test)]
mod tests;
mod walk;

use std::collections::HashSet;
use std::rc::Rc;

use blocks::Block;
pub(super) use budget::Budget;
use cascade::{Cascade, Scope};
use conditions::has_window;
use cssparser::{Delimiter, ParseError, Parser, Token};
use dom_query::{Document, NodeRef};
use selectors::{Kind, Selector};
use walk::{Effect, Hidden, Hider, View, text_length};

use super::article::part;
use super::css_text::{within, written};
use super::shadow::Shadows;

/// Rounds in which rules are passed over that hide too much. What others still hide goes.
const ROUNDS: usize = 8;

/// How a rule hides, the weaker first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Hiding {
    /// There, but not to be seen; or removed, and shown at times.
    Unseen,
    /// `display: none`, wherever it is.
    Removed,
    /// By the element itself.
    Inline,
}

impl Hiding {
    /// A rule that hides more than this part of the text by itself does so until a script has run:
    /// pages fade in, tabs are chosen from, and some pages wait as a whole.
    fn at_most(self) -> f64 {
        match self {
            Self::Unseen => 0.4,
            Self::Removed => 0.9,
            Self::Inline => f64::INFINITY,
        }
    }
}

#[derive(Debug)]
struct Rule {
    hiding: Hiding,
    is_passed_over: bool,
}

/// The places of two rules that no sheet has: all styles of elements are one, but for what fades in.
const INLINE: usize = 0;
const FADED: usize = 1;

/// What the page's own styles say.
#[derive(Debug)]
pub(super) struct Sheets<'a> {
    /// In their order.
    rules: Vec<Rule>,
    cascade: Cascade,
    shadows: &'a Shadows,
}

/// Where in a sheet a rule is.
#[derive(Debug, Default, Clone, Copy)]
struct Place {
    is_in_layer: bool,
    /// What is known of its selectors at best.
    kind: Kind,
    depth: usize,
    scope: Scope,
}

pub(super) fn read<'a>(document: &Document, shadows: &'a Shadows) -> Sheets<'a> {
    let styles = document.select("style");
    let mut sheets = Sheets {
        rules: Vec::new(),
        cascade: if styles.is_empty() {
            Cascade::default()
        } else {
            Cascade::of_page(document)
        },
        shadows,
    };
    sheets.push(Hiding::Inline);
    sheets.push(Hiding::Unseen);
    for sheet in styles.nodes() {
        if let Some(kind) = kind_of(sheet) {
            let place = Place {
                is_in_layer: false,
                kind,
                depth: 0,
                scope: shadows.get(&sheet.id).copied(),
            };
            sheets.read(&mut Parser::new(&sheet.text()), place);
        }
    }
    for rule in sheets.cascade.removing_at_times() {
        if let Some(rule) = sheets.rules.get_mut(rule) {
            rule.hiding = Hiding::Unseen;
        }
    }
    sheets
}

/// What is known of a sheet's selectors at best; nothing where a browser with scripts does not take
/// it.
fn kind_of(sheet: &NodeRef<'_>) -> Option<Kind> {
    let kind = sheet.attr("type").unwrap_or_default();
    let is_inert = |node: &NodeRef<'_>| {
        let name = node.node_name();
        matches!(name.as_deref(), Some("noscript" | "template"))
    };
    let is_taken = (kind.is_empty() || kind.eq_ignore_ascii_case("text/css"))
        && !sheet.ancestors(None).iter().any(is_inert);
    let media = sheet.attr("media").unwrap_or_default();
    // Which also is no deeper than it can be read.
    let media = written(&mut Parser::new(&media));
    kind_under(has_window(&media)).filter(|_| is_taken)
}

fn kind_under(condition: Option<bool>) -> Option<Kind> {
    match condition {
        Some(true) => Some(Kind::Certain),
        Some(false) => None,
        None => Some(Kind::AtTimes),
    }
}

impl Sheets<'_> {
    fn push(&mut self, hiding: Hiding) {
        self.rules.push(Rule {
            hiding,
            is_passed_over: false,
        });
    }

    fn read(&mut self, input: &mut Parser<'_>, place: Place) {
        while !input.is_exhausted() {
            let start = input.state();
            if matches!(input.next(), Ok(Token::CDO | Token::CDC)) {
                continue;
            }
            input.reset(&start);
            if !blocks::is_at_rule(input) {
                self.rule(input, place);
            } else if let Some(place) = blocks::at_rule(input, place) {
                within(input, place.depth, |input| self.read(input, place));
            }
        }
    }

    fn rule(&mut self, input: &mut Parser<'_>, place: Place) {
        let end = Delimiter::CurlyBracketBlock;
        let names = &mut self.cascade.names;
        let selectors = input.parse_until_before(end, |input| {
            let selectors = selectors::read(input, names, 0);
            while input.next().is_ok() {}
            Ok::<_, ParseError<()>>(selectors)
        });
        if !matches!(input.next(), Ok(Token::CurlyBracketBlock)) {
            return;
        }
        let Ok(Some(selectors)) = selectors else {
            return;
        };
        let mut blocks = blocks::read(input, place);
        let last = blocks.pop();
        for block in blocks {
            self.add(selectors.clone(), block, place.scope);
        }
        if let Some(last) = last {
            self.add(selectors, last, place.scope);
        }
    }

    fn add(&mut self, selectors: Vec<Selector>, block: Block, scope: Scope) {
        let Block {
            place,
            mut declared,
        } = block;
        let rule = self.rules.len();
        let is_by_cloak = selectors.iter().any(|selector| selector.is_by_cloak);
        self.push(if declared.remove() && !is_by_cloak {
            Hiding::Removed
        } else {
            Hiding::Unseen
        });
        self.cascade.add_custom(&declared);
        // What scripts let fade in is one with what styles do, however many rules it has.
        let fades = selectors.iter().any(|selector| selector.is_by_data) && declared.only_fades();
        let is_faded = |property: &str| fades && property == "opacity";
        declared.set_rule(
            rule,
            |property| if is_faded(property) { FADED } else { rule },
        );
        let declared = Rc::new(declared);
        for mut selector in selectors {
            selector.kind = selector.kind.max(place.kind);
            selector.set_layer(place.is_in_layer);
            self.cascade.add(selector, scope, &declared);
        }
    }

    /// The elements and texts that are hidden, on a page that has nothing but its text.
    pub(super) fn hidden<'a>(
        mut self,
        document: &'a Document,
        budget: &mut Budget<'_>,
    ) -> Vec<NodeRef<'a>> {
        let Some(body) = document.body() else {
            return Vec::new();
        };
        let stated = self.cascade.state(document, self.shadows, budget);
        if stated.sets.is_empty() {
            return Vec::new();
        }
        let all = text_length(&body);
        let sets = stated.sets.iter();
        let whole = stated.of_whole_page.iter();
        let whole: Vec<&[usize]> = whole
            .filter_map(|set| stated.sets.get(*set).map(Vec::as_slice))
            .collect();
        let effects = sets.map(|set| {
            let effect = self.effect(set, &whole, budget);
            effect.unwrap_or_else(|| self.effect_of_one(set, budget))
        });
        let mut effects: Vec<Effect> = effects.collect();
        let mut hidden = Vec::new();
        for round in 0..=ROUNDS {
            let mut view = View {
                stated: &stated,
                effects: &effects,
                stop: budget.stop(),
                hidden: Vec::new(),
            };
            view.look_at_all(body, all);
            hidden = view.hidden;
            if round == ROUNDS || budget.is_given_up() {
                break;
            }
            let passed_over = self.pass_over(&hidden, all);
            if passed_over.is_empty() {
                break;
            }
            let is_concerned = self.cascade.concerned(&passed_over);
            for (set, effect) in stated.sets.iter().zip(&mut effects) {
                if budget.is_spent() {
                    break;
                }
                let is_concerned = |place: &usize| is_concerned.get(*place) == Some(&true);
                if set.iter().any(is_concerned)
                    && let Some(without) = self.effect(set, &whole, budget)
                {
                    *effect = without;
                }
            }
        }
        hidden.into_iter().map(|hidden| hidden.node).collect()
    }

    /// What a set of statements does to its elements, unless there is no time to find out.
    fn effect(&self, set: &[usize], whole: &[&[usize]], budget: &mut Budget<'_>) -> Option<Effect> {
        let is_passed_over =
            |rule: usize| self.rules.get(rule).is_some_and(|rule| rule.is_passed_over);
        let (certain, uncertain) = self.cascade.declared(set, whole, is_passed_over, budget)?;
        let of_certain = certain.ways();
        let ways = of_certain.filter(|way| {
            let mut still = uncertain.iter();
            still.all(|all| all.ways().any(|still| still.property == way.property))
        });
        let hiding = ways.map(|way| Hider::of(way, &certain));
        let all = uncertain.as_ref().unwrap_or(&certain);
        Some(Effect {
            hiding: hiding.collect(),
            ending: all.ended_ways().collect(),
            paint: all.paint(),
        })
    }

    /// Where there is no time to weigh the statements of a set, the first that hides by itself does.
    fn effect_of_one(&self, set: &[usize], budget: &Budget<'_>) -> Effect {
        if budget.is_given_up() {
            return Effect::default();
        }
        let hiding = set.iter().find_map(|place| self.cascade.hiding(*place));
        Effect {
            hiding: hiding.unwrap_or_default().to_vec(),
            ..Effect::default()
        }
    }

    /// Forgets the rules that hide too much of all the text; which those are.
    fn pass_over(&mut self, hidden: &[Hidden<'_>], all: usize) -> HashSet<usize> {
        let mut lengths = vec![0; self.rules.len()];
        for Hidden { node, rules } in hidden {
            let length = text_length(node);
            for rule in rules {
                if let Some(sum) = lengths.get_mut(*rule) {
                    *sum += length;
                }
            }
        }
        // What is hidden in any case is no text of the page.
        let all = all.saturating_sub(lengths.first().copied().unwrap_or_default());
        let mut passed_over = HashSet::new();
        for (place, (rule, length)) in self.rules.iter_mut().zip(lengths).enumerate() {
            if part(length, all) > rule.hiding.at_most() && !rule.is_passed_over {
                rule.is_passed_over = true;
                passed_over.insert(place);
            }
        }
        passed_over
    }
}
