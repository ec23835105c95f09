//! Style sheets in the page itself that hide. Sheets elsewhere are not fetched, and of these only
//! what is for screens of any size is read: `.a, #b { display: none }`, and [`combined`].

mod combined;
mod names;

use combined::{Combined, Matches};
use cssparser::{Delimiter, ParseError, Parser, Token};
use dom_query::{Document, NodeRef};
use names::{Names, is_plain, own_names};

use super::Stop;
use super::article::part;
use super::css_text::{parts, written};
use super::declarations::Declarations;
use super::effect::{Effect, Ways};
use super::ways::way_of;

/// Rounds in which rules are passed over that hide too much. What others still hide goes.
const ROUNDS: usize = 8;

/// How a rule hides, the weaker first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Hiding {
    /// There, but not to be seen; or removed, and shown where a rule says so that is not read.
    Unseen,
    /// `display: none`, wherever it is.
    Removed,
}

impl Hiding {
    /// A rule that hides more than this part of the text by itself does so until a script has run:
    /// pages fade in, tabs are chosen from, and some pages wait as a whole.
    fn at_most(self) -> f64 {
        match self {
            Self::Unseen => 0.4,
            Self::Removed => 0.9,
        }
    }
}

/// A rule that hides, or shows.
#[derive(Debug)]
struct Rule {
    effect: Effect,
    hiding: Hiding,
    is_passed_over: bool,
}

/// What the page's own sheets say.
#[derive(Debug, Default)]
pub(super) struct Sheets {
    /// In their order.
    rules: Vec<Rule>,
    names: Names,
    combined: Combined,
    matches: Matches,
}

pub(super) fn read(document: &Document) -> Sheets {
    let mut sheets = Sheets::default();
    for sheet in document.select("style").nodes() {
        if is_sheet(sheet) {
            sheets.read(&mut Parser::new(&sheet.text()), true);
        }
    }
    sheets.weaken();
    sheets
}

/// Whether a browser with scripts takes it, and not for a narrow window or for print alone.
fn is_sheet(sheet: &NodeRef<'_>) -> bool {
    let kind = sheet.attr("type").unwrap_or_default();
    let is_inert = |node: &NodeRef<'_>| {
        let name = node.node_name();
        matches!(name.as_deref(), Some("noscript" | "template"))
    };
    (kind.is_empty() || kind.eq_ignore_ascii_case("text/css"))
        && is_for_screens(&sheet.attr("media").unwrap_or_default())
        && !sheet.ancestors(None).iter().any(is_inert)
}

impl Sheets {
    /// The elements that are hidden, on a page that has nothing but its text.
    pub(super) fn hidden<'a>(mut self, document: &'a Document, stop: &Stop) -> Vec<NodeRef<'a>> {
        let Some(body) = document.body().filter(|_| !self.rules.is_empty()) else {
            return Vec::new();
        };
        let is_hidden = |name: &str| self.names.hides(name);
        self.matches = self.combined.matches(document, is_hidden, stop);
        let all = text_length(&body);
        for _ in 0..ROUNDS {
            let hidden = self.outermost_hidden(body);
            if stop.is_set() || !self.pass_over(&hidden, all) {
                return hidden;
            }
        }
        self.outermost_hidden(body)
    }

    /// Reads the rules; a later one may show again what an earlier one hid. Those within most `@`
    /// rules may only show.
    fn read(&mut self, input: &mut Parser<'_>, may_hide: bool) {
        while !input.is_exhausted() {
            let end = Delimiter::CurlyBracketBlock | Delimiter::Semicolon;
            let selectors =
                input.parse_until_before(end, |input| Ok::<_, ParseError<()>>(written(input)));
            // Else it is `@import …;`.
            if let Ok(Token::CurlyBracketBlock) = input.next() {
                let selectors = selectors.unwrap_or_default();
                // Nothing fails but what nests too deeply, and that is passed over.
                let _ = input.parse_nested_block(|input| {
                    if selectors.trim_start().starts_with('@') {
                        let media = media_of(&selectors);
                        // Nobody prints it.
                        if media.as_deref() != Some("print") {
                            let is_for_screens = media.as_deref().is_some_and(is_for_screens);
                            self.read(input, may_hide && is_for_screens);
                        }
                    } else {
                        self.rule(&selectors, &Declarations::read(input), may_hide);
                    }
                    Ok::<_, ParseError<()>>(())
                });
            }
        }
    }

    fn rule(&mut self, selectors: &str, declarations: &Declarations, may_hide: bool) {
        let mut effect = declarations.effect();
        if declarations.is_animated() {
            // It fades in.
            effect = effect.without_hiding(way_of("opacity"));
        }
        if !may_hide {
            effect = effect.without_hiding(Ways::MAX);
        }
        if effect.is_none() {
            return;
        }
        let rule = self.rules.len();
        let is_removed = effect.all.hiding & way_of("display") != 0;
        self.rules.push(Rule {
            effect,
            hiding: if is_removed {
                Hiding::Removed
            } else {
                Hiding::Unseen
            },
            is_passed_over: false,
        });
        for selector in parts(selectors, &[',']) {
            let is_plain = is_plain(selector);
            if is_plain && may_hide {
                self.names.add(selector, &self.rules);
            } else {
                self.combined.hide(selector, rule, effect);
            }
            if is_of_a_part(selector) {
                continue;
            }
            if is_plain {
                self.combined.show_name(selector, effect);
                if !may_hide {
                    self.names.show(selector, effect);
                }
                continue;
            }
            self.combined.show(selector, effect);
            for name in own_names(selector) {
                self.names.show_elsewhere(name, effect);
            }
        }
    }

    /// What some rule shows may be what a browser shows.
    fn weaken(&mut self) {
        for rule in self.names.shown_elsewhere() {
            if let Some(rule) = self.rules.get_mut(rule) {
                rule.hiding = Hiding::Unseen;
            }
        }
    }

    /// Forgets the rules that hide too much of all the text; whether there was one.
    fn pass_over(&mut self, hidden: &[NodeRef<'_>], all: usize) -> bool {
        let mut lengths = vec![0; self.rules.len()];
        for node in hidden {
            let length = text_length(node);
            for rule in self.rules_for(node) {
                if let Some(sum) = lengths.get_mut(rule) {
                    *sum += length;
                }
            }
        }
        let mut is_any = false;
        for (rule, length) in self.rules.iter_mut().zip(lengths) {
            let is_too_much = part(length, all) > rule.hiding.at_most();
            rule.is_passed_over |= is_too_much;
            is_any |= is_too_much;
        }
        is_any
    }

    /// What is within one of them counts and goes with it.
    fn outermost_hidden<'a>(&self, body: NodeRef<'a>) -> Vec<NodeRef<'a>> {
        let mut hidden = Vec::new();
        let mut open = vec![body];
        while let Some(node) = open.pop() {
            if node.id != body.id && !self.rules_for(&node).is_empty() {
                hidden.push(node);
            } else {
                open.extend(node.children_it(true));
            }
        }
        hidden
    }

    /// Those that hide the element, each once.
    fn rules_for(&self, node: &NodeRef<'_>) -> Vec<usize> {
        let combined = self.matches.hidden.get(&node.id).into_iter().flatten();
        let here = self.matches.shown.get(&node.id);
        let here = here.copied().unwrap_or_default();
        let mut rules = self.names.rules_for(node, &self.rules, here);
        rules.extend(combined.filter(|rule| {
            let rule = self.rules.get(**rule);
            rule.is_some_and(|rule| !rule.is_passed_over)
        }));
        rules.sort_unstable();
        rules.dedup();
        rules
    }
}

/// Whether it selects no element but a pseudo-element, which may be shown where that is hidden.
fn is_of_a_part(selector: &str) -> bool {
    const OLD: [&str; 4] = [":before", ":after", ":first-line", ":first-letter"];
    selector.contains("::") || OLD.iter().any(|old| selector.ends_with(old))
}

/// For what the rules within are, if that is by medium.
fn media_of(rule: &str) -> Option<String> {
    let rule = rule.trim().to_ascii_lowercase();
    rule.strip_prefix("@media")
        .map(|media| media.trim().to_owned())
}

/// Whether a list of media (Media Queries Level 4) has every screen in it.
fn is_for_screens(media: &str) -> bool {
    media.split(',').any(|media| {
        let media = media.trim().to_ascii_lowercase();
        let media = media.strip_prefix("only ").unwrap_or(&media);
        matches!(media.trim(), "" | "all" | "screen")
    })
}

/// Characters of text; runs of whitespace count once.
fn text_length(root: &NodeRef<'_>) -> usize {
    let texts = root.descendants_it().filter(NodeRef::is_text);
    let length = |text: NodeRef<'_>| {
        let text = text.text();
        let words = text.split_whitespace();
        words.map(|word| word.chars().count() + 1).sum::<usize>()
    };
    texts.map(length).sum()
}
