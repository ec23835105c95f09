//! Selectors (Selectors Level 4), read as browsers read them: one that they do not know makes all
//! of its rule void.

mod pseudo;

use std::collections::HashMap;

use cssparser::{Parser, Token};
use dom_query::{Matcher, NodeId, NodeRef};

use super::super::css_text::within;
use super::super::declarations::Weight;
use super::super::shadow::Shadows;
use super::names::{ANY, Name, Names};

/// Of one selector: each name costs time at each element, and compounds take stack.
const MAX_NAMES: usize = 8;
/// How many selectors are kept, of one list and of those of the page that must be compared. Each
/// takes some hundred bytes, and may have been written in two.
pub(super) const MAX_SELECTORS: usize = 100_000;
/// Bytes of the pseudo-classes and attributes of a compound.
const MAX_LENGTH: usize = 200;

/// Places of a [`Weight`].
const ID: usize = 1;
const CLASS: usize = 2;
const TYPE: usize = 3;
/// No place.
const NOTHING: usize = usize::MAX;

/// What is known of a selector, the better first.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Kind {
    #[default]
    Certain,
    /// It matches the page as it came. Scripts change what the whole page is, and the order of its
    /// elements, so it hides nothing.
    MayShow,
    /// It is not compared: who points at something, or does something, sees it.
    AtTimes,
    /// It selects no element but a part of one.
    OfPart,
}

#[derive(Debug, Default, Clone)]
pub(super) struct Selector {
    /// From the left; the last is the element's own.
    compounds: Vec<Compound>,
    /// What stands before the next compound.
    joint: Option<char>,
    pub(super) weight: Weight,
    pub(super) kind: Kind,
    /// It has a name that no element of the page has.
    pub(super) is_for_nothing: bool,
    /// Scripts that let parts of a page fade in find those by such attributes: `[data-aos]`.
    pub(super) is_by_data: bool,
    /// By one that frameworks take away as soon as they run: `[v-cloak]`.
    pub(super) is_by_cloak: bool,
}

/// `p.a#b:first-child`
#[derive(Debug, Default, Clone)]
struct Compound {
    /// How it is joined to what is left of it.
    joint: char,
    names: Vec<Name>,
    /// A class or id is among them.
    is_signed: bool,
    /// Pseudo-classes and attributes.
    more: String,
    matcher: Option<Matcher>,
}

/// The elements that selectors are compared with.
pub(super) struct Elements<'a> {
    /// The names of each that has some.
    pub(super) names: HashMap<NodeId, Vec<Name>>,
    pub(super) shadows: &'a Shadows,
}

impl Elements<'_> {
    /// What an element is in, as the page was written: what is in a slot is no part of the shadow
    /// that has it, and nothing in a shadow is in what its host is in.
    fn around<'a>(&self, node: &NodeRef<'a>) -> impl Iterator<Item = NodeRef<'a>> {
        let scope = self.shadows.get(&node.id);
        let around = node.ancestors_it(None);
        around.filter(move |around| self.shadows.get(&around.id) == scope)
    }
}

/// Reads a list of selectors, if it is one.
pub(super) fn read(
    input: &mut Parser<'_>,
    names: &mut Names,
    depth: usize,
) -> Option<Vec<Selector>> {
    let mut all = Vec::new();
    let mut selector = Selector::default();
    loop {
        let start = input.position();
        let Ok(token) = input.next_including_whitespace().cloned() else {
            break;
        };
        match token {
            Token::WhiteSpace(_) => selector.join(' ')?,
            Token::Delim(joint @ ('>' | '+' | '~')) => selector.join(joint)?,
            Token::Comma => {
                let ended = std::mem::take(&mut selector).ended(names)?;
                if all.len() < MAX_SELECTORS {
                    all.push(ended);
                }
            }
            Token::Delim('*') => {
                selector.begin()?;
                // Of any namespace.
                let is_next = |input: &mut Parser<'_>, sign| {
                    let next = |input: &mut Parser<'_>| {
                        let is_it = matches!(input.next_including_whitespace(), Ok(Token::Delim(next)) if *next == sign);
                        is_it.then_some(()).ok_or(())
                    };
                    input.try_parse(next).is_ok()
                };
                if is_next(input, '|') && !is_next(input, '*') {
                    match input.next_including_whitespace() {
                        Ok(Token::Ident(name)) => {
                            selector.add_name(name.to_string(), TYPE, names);
                        }
                        _ => return None,
                    }
                }
            }
            // In no other rule, that is `:scope`.
            Token::Delim('&') => selector.add_name("html".to_owned(), NOTHING, names),
            Token::Ident(name) => {
                selector.begin()?;
                selector.add_name(name.to_string(), TYPE, names);
            }
            Token::Delim('.') => match input.next_including_whitespace() {
                Ok(Token::Ident(name)) => selector.add_name(format!(".{name}"), CLASS, names),
                _ => return None,
            },
            Token::IDHash(name) => selector.add_name(format!("#{name}"), ID, names),
            Token::SquareBracketBlock => {
                let name = within(input, depth, |input| match input.next() {
                    Ok(Token::Ident(name)) => Some(name.to_ascii_lowercase()),
                    _ => None,
                });
                match name {
                    Some(None) => return None,
                    Some(Some(name)) => selector.note_attribute(&name),
                    None => {}
                }
                selector.add_weight(CLASS);
                selector.add_more(input.slice_from(start), Kind::Certain);
            }
            Token::Colon => {
                let (kind, text) = selector.pseudo(input, names, depth)?;
                selector.add_more(&text, kind);
            }
            _ => return None,
        }
    }
    let ended = selector.ended(names)?;
    if all.len() < MAX_SELECTORS {
        all.push(ended);
    }
    Some(all)
}

impl Selector {
    /// Whether to compare it may take a walk for each step of another: joints beside a list.
    pub(super) fn has_joint_and_list(&self) -> bool {
        let mut compounds = self.compounds.iter();
        self.compounds.len() > 1 && compounds.any(|compound| compound.more.contains('('))
    }

    /// What the element itself is called at least.
    pub(super) fn own_name(&self) -> Name {
        let names = self.own_names();
        names.first().copied().unwrap_or(ANY)
    }

    pub(super) fn own_names(&self) -> &[Name] {
        self.compounds.last().map_or(&[], |own| &own.names)
    }

    pub(super) fn has_own_names(&self, names: &[Name]) -> bool {
        let mut own = self.own_names().iter();
        own.all(|own| names.binary_search(own).is_ok())
    }

    /// Whether pseudo-classes or attributes of the element itself are in it.
    pub(super) fn has_more(&self) -> bool {
        self.compounds
            .last()
            .is_some_and(|own| !own.more.is_empty())
    }

    /// And nothing else.
    pub(super) fn is_by_more_alone(&self) -> bool {
        matches!(self.compounds.as_slice(), [own] if own.names.is_empty() && !own.more.is_empty())
    }

    /// Whether an element has those.
    pub(super) fn matches_more(&self, node: &NodeRef<'_>) -> bool {
        self.compounds
            .last()
            .is_none_or(|own| own.matches_more(node))
    }

    /// Whether another says the same of the element itself.
    pub(super) fn has_same_own(&self, other: &Self) -> bool {
        let both = self.compounds.last().zip(other.compounds.last());
        both.is_some_and(|(one, other)| one.names == other.names && one.more == other.more)
    }

    /// All names in it.
    pub(super) fn names(&self) -> impl Iterator<Item = Name> {
        self.compounds.iter().flat_map(|part| &part.names).copied()
    }

    /// Whether each element matches that has the name.
    pub(super) fn is_plain(&self) -> bool {
        matches!(self.compounds.as_slice(), [own] if own.names.len() <= 1 && own.more.is_empty())
    }

    pub(super) fn set_layer(&mut self, is_in_layer: bool) {
        self.weight[0] = u8::from(!is_in_layer);
    }

    fn note_attribute(&mut self, name: &str) {
        self.is_by_data |= name.starts_with("data-");
        self.is_by_cloak |= name.contains("cloak");
    }

    fn join(&mut self, joint: char) -> Option<()> {
        match self.joint {
            _ if self.compounds.is_empty() => (joint == ' ').then_some(()),
            Some(' ') | None => {
                self.joint = Some(joint);
                Some(())
            }
            Some(_) => (joint == ' ').then_some(()),
        }
    }

    /// At a type or `*`, which stand before all else.
    fn begin(&mut self) -> Option<()> {
        let is_first = self.compounds.is_empty() || self.joint.is_some();
        self.compound();
        is_first.then_some(())
    }

    /// The one that is read.
    fn compound(&mut self) -> Option<&mut Compound> {
        let joint = self.joint.take();
        if joint.is_some() || self.compounds.is_empty() {
            if joint == Some('~') || self.compounds.len() >= MAX_NAMES {
                self.kind = self.kind.max(Kind::AtTimes);
            }
            if self.compounds.len() < MAX_NAMES {
                self.compounds.push(Compound {
                    joint: joint.unwrap_or(' '),
                    ..Compound::default()
                });
            }
        }
        self.compounds.last_mut()
    }

    fn add_name(&mut self, name: String, weighs: usize, names: &mut Names) {
        self.add_weight(weighs);
        let number = names.number(name);
        self.is_for_nothing |= number.is_none();
        let is_full = self.names().count() >= MAX_NAMES;
        if is_full {
            self.kind = self.kind.max(Kind::AtTimes);
        }
        if let (Some(compound), Some(number), false) = (self.compound(), number, is_full) {
            // Fewer have the class or id than are of the type.
            let place = if weighs == TYPE {
                compound.names.len()
            } else {
                0
            };
            compound.names.insert(place, number);
            compound.is_signed |= matches!(weighs, CLASS | ID);
        }
    }

    fn add_more(&mut self, text: &str, kind: Kind) {
        self.kind = self.kind.max(kind);
        if text.is_empty() {
            // It is a name.
            return;
        }
        let compound = self.compound();
        let is_short = |compound: &&mut Compound| compound.more.len() + text.len() <= MAX_LENGTH;
        match compound.filter(is_short) {
            Some(compound) => compound.more.push_str(text),
            None => self.kind = self.kind.max(Kind::AtTimes),
        }
    }

    fn add_weight(&mut self, place: usize) {
        if let Some(weight) = self.weight.get_mut(place) {
            *weight = weight.saturating_add(1);
        }
    }

    /// What is written of it, if that is one.
    fn ended(mut self, names: &mut Names) -> Option<Self> {
        let is_whole = !self.compounds.is_empty() && self.joint.is_none_or(|joint| joint == ' ');
        let whole = ["html", "body"].map(|name| names.number(name.to_owned()));
        let own = self.compounds.len().saturating_sub(1);
        for (place, compound) in self.compounds.iter_mut().enumerate() {
            let is_of_page = compound
                .names
                .iter()
                .any(|name| whole.contains(&Some(*name)))
                || (compound.names.is_empty() && place < own);
            // What has not one of some classes is most of a page.
            let is_of_all = !compound.is_signed && compound.more.contains(":not(");
            if (is_of_page || is_of_all) && !compound.more.is_empty() {
                // What the whole page is, most scripts change: `html:not(.js)`.
                self.kind = self.kind.max(Kind::MayShow);
            }
            if !compound.more.is_empty() && self.kind <= Kind::MayShow {
                compound.matcher = Matcher::new(&compound.more).ok();
                if compound.matcher.is_none() {
                    self.kind = Kind::AtTimes;
                }
            }
        }
        is_whole.then_some(self)
    }

    pub(super) fn matches(&self, node: &NodeRef<'_>, elements: &Elements<'_>) -> bool {
        matches!(compare(&self.compounds, node, elements), Outcome::Matches)
    }
}

enum Outcome {
    Matches,
    NotHere,
    /// Nor at what is further up.
    Nowhere,
}

/// Whether an element matches the last of the compounds, and what is around it the others.
fn compare(compounds: &[Compound], node: &NodeRef<'_>, elements: &Elements<'_>) -> Outcome {
    let Some((own, left)) = compounds.split_last() else {
        return Outcome::Matches;
    };
    if !own.matches(node, elements) {
        return Outcome::NotHere;
    }
    if left.is_empty() {
        return Outcome::Matches;
    }
    let next = match own.joint {
        '>' => elements.around(node).next(),
        '+' => node.prev_element_sibling(),
        _ => {
            for around in elements.around(node) {
                match compare(left, &around, elements) {
                    Outcome::NotHere => {}
                    outcome => return outcome,
                }
            }
            return Outcome::Nowhere;
        }
    };
    next.map_or(Outcome::NotHere, |next| compare(left, &next, elements))
}

impl Compound {
    fn matches(&self, node: &NodeRef<'_>, elements: &Elements<'_>) -> bool {
        let names = elements.names.get(&node.id).map_or(&[][..], Vec::as_slice);
        let has = |name: &Name| names.binary_search(name).is_ok();
        node.is_element() && self.names.iter().all(has) && self.matches_more(node)
    }

    fn matches_more(&self, node: &NodeRef<'_>) -> bool {
        self.matcher.as_ref().is_none_or(|more| node.is_match(more))
    }
}
