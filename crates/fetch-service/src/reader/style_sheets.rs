//! Style sheets in the page itself that hide. Sheets elsewhere are not fetched, and of these only
//! what is for screens of any size is read: `.a, #b { display: none }`, and [`combined`].

mod combined;

use std::collections::{HashMap, HashSet};

use combined::Combined;
use cssparser::{Delimiter, ParseError, Parser, Token};
use dom_query::{Document, NodeId, NodeRef};

use super::article::{own_text_length, part};
use super::declarations::{Declarations, written};

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

/// Classes and ids that are hidden, each with the rule that does it.
#[derive(Debug, Default)]
pub(super) struct Names {
    rules: Vec<Hiding>,
    classes: HashMap<String, usize>,
    ids: HashMap<String, usize>,
    /// Classes and ids that some rule shows: in a state, in a place or in a window of a size.
    shown: HashSet<String>,
    combined: Combined,
    /// Elements that these hide, each with the rules.
    matches: HashMap<NodeId, Vec<usize>>,
}

/// What the page's own sheets say.
pub(super) fn read(document: &Document) -> Names {
    let mut names = Names::default();
    for sheet in document.select("style").nodes() {
        // One for a narrow window or for print is not for this reader.
        let media = sheet.attr("media").unwrap_or_default();
        if is_for_screens(&media) {
            names.read(&mut Parser::new(&sheet.text()), true);
        }
    }
    names.weaken();
    names
}

impl Names {
    /// The elements that are hidden, on a page that has nothing but its text.
    pub(super) fn hidden(mut self, document: &Document) -> Vec<NodeRef<'_>> {
        let Some(body) = document.body().filter(|_| !self.is_empty()) else {
            return Vec::new();
        };
        self.matches = self.combined.matches(document);
        let all = own_text_length(&body);
        for _ in 0..ROUNDS {
            let hidden = self.outermost_hidden(body);
            if !self.pass_over(&hidden, all) {
                return hidden;
            }
        }
        self.outermost_hidden(body)
    }

    fn is_empty(&self) -> bool {
        self.classes.is_empty() && self.ids.is_empty() && self.combined.is_empty()
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
        let hiding = match (declarations.remove(), declarations.hide()) {
            _ if !may_hide => None,
            (true, _) => Some(Hiding::Removed),
            (_, true) => Some(Hiding::Unseen),
            _ => None,
        };
        let display = declarations.value("display");
        let shows = display.is_some_and(|display| display != "none") && hiding.is_none();
        let rule = self.rules.len();
        self.rules.extend(hiding);
        for selector in selectors.split(',').map(str::trim) {
            let plain = plain_name(selector).filter(|_| may_hide);
            if shows {
                self.combined.show(selector);
            }
            let Some((is_class, name)) = plain else {
                if shows {
                    self.shown.extend(names_in(selector).map(str::to_owned));
                } else if hiding.is_some() {
                    self.combined.hide(selector, rule);
                }
                continue;
            };
            let names = if is_class {
                &mut self.classes
            } else {
                &mut self.ids
            };
            if let Some(hiding) = hiding {
                let known = names.entry(name.to_owned()).or_insert(rule);
                if self.rules.get(*known).is_some_and(|known| *known <= hiding) {
                    *known = rule;
                }
            } else if shows {
                names.remove(name);
            }
        }
    }

    /// What some rule shows may be what a browser shows.
    fn weaken(&mut self) {
        let names = self.classes.iter().chain(&self.ids);
        for (_, rule) in names.filter(|(name, _)| self.shown.contains(*name)) {
            if let Some(hiding) = self.rules.get_mut(*rule) {
                *hiding = Hiding::Unseen;
            }
        }
    }

    /// Forgets the rules that hide too much of all the text; whether there was one.
    fn pass_over(&mut self, hidden: &[NodeRef<'_>], all: usize) -> bool {
        let mut lengths = vec![0; self.rules.len()];
        for node in hidden {
            let length = own_text_length(node);
            let mut rules = self.rules_for(node);
            rules.sort_unstable();
            rules.dedup();
            for rule in rules {
                if let Some(sum) = lengths.get_mut(rule) {
                    *sum += length;
                }
            }
        }
        let rules = self.rules.iter().zip(lengths);
        let too_much: Vec<bool> = rules
            .map(|(rule, length)| part(length, all) > rule.at_most())
            .collect();
        let stays = |_: &String, rule: &mut usize| !too_much.get(*rule).is_some_and(|much| *much);
        self.classes.retain(stays);
        self.ids.retain(stays);
        for rules in self.matches.values_mut() {
            rules.retain(|rule| !too_much.get(*rule).is_some_and(|much| *much));
        }
        too_much.contains(&true)
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

    /// Those that hide the element.
    fn rules_for(&self, node: &NodeRef<'_>) -> Vec<usize> {
        let class = node.class().unwrap_or_default();
        let classes = class.split_ascii_whitespace();
        let by_class = classes.filter_map(|class| self.classes.get(class));
        let id = node.id_attr();
        let by_id = id.as_deref().and_then(|id| self.ids.get(id));
        let combined = self.matches.get(&node.id).into_iter().flatten();
        by_class.chain(by_id).chain(combined).copied().collect()
    }
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

/// The name in `.a` and `#a`, and whether it is a class.
fn plain_name(selector: &str) -> Option<(bool, &str)> {
    let class = selector.strip_prefix('.').map(|name| (true, name));
    let plain = class.or_else(|| selector.strip_prefix('#').map(|name| (false, name)));
    let is_part = |char: char| char.is_alphanumeric() || char == '-' || char == '_';
    plain.filter(|(_, name)| name.chars().all(is_part))
}

/// The classes and ids that an element itself must have for the selector.
fn names_in(selector: &str) -> impl Iterator<Item = &str> {
    let own = selector.rsplit([' ', '>', '+', '~']).next();
    let parts = own.unwrap_or_default().split(['.', '#']).skip(1);
    parts.filter_map(|part| part.split([':', '?']).next())
}
