//! Selectors (Selectors Level 4), read as browsers read them: one that they do not know makes all
//! of its rule void.

use std::collections::HashMap;

use cssparser::{Parser, Token};
use dom_query::{Matcher, NodeId, NodeRef};

use super::super::css_text::within;
use super::super::declarations::Weight;
use super::super::shadow::Shadows;
use super::names::{ANY, Name, Names};

/// Of one selector: each name costs time at each element, and compounds take stack.
const MAX_NAMES: usize = 8;
/// Bytes of the pseudo-classes and attributes of a compound.
const MAX_LENGTH: usize = 200;

/// Places of a [`Weight`].
const ID: usize = 1;
const CLASS: usize = 2;
const TYPE: usize = 3;

/// Pseudo-elements, which may be shown where that is hidden that they are parts of. Those of one
/// vendor begin with his name.
const PARTS: &str = "before after first-line first-letter marker placeholder selection backdrop cue \
    file-selector-button part slotted highlight target-text spelling-error grammar-error \
    details-content view-transition view-transition-group view-transition-image-pair \
    view-transition-new view-transition-old";
/// With one colon too.
const OLD_PARTS: &str = "before after first-line first-letter";
/// Pseudo-classes by the order of elements, and by what the page says of a link.
const BY_ORDER: &str = "first-child last-child only-child first-of-type last-of-type only-of-type \
    empty link any-link";
const BY_ORDER_CALLED: &str = "nth-child nth-last-child nth-of-type nth-last-of-type";
/// Of others it is not worked out here whether an element has them, or a person has to do something.
const AT_TIMES: &str = "checked enabled disabled hover focus focus-within focus-visible active target target-within visited \
    fullscreen -webkit-full-screen popover-open modal picture-in-picture open autofill \
    -webkit-autofill -webkit-any-link user-valid user-invalid valid invalid in-range out-of-range \
    required optional read-only read-write placeholder-shown default indeterminate blank defined \
    playing paused muted seeking buffering stalled volume-locked current past future scope host \
    local-link active-view-transition";
const AT_TIMES_CALLED: &str = "lang dir has host host-context state -webkit-any nth-col current \
    nth-last-col active-view-transition-type";

/// What is known of a selector, the better first.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Kind {
    #[default]
    Certain,
    /// It matches the page as it came. Scripts change attributes and order, so it hides nothing.
    MayShow,
    /// It is not compared: who points at something, or does something, sees it.
    AtTimes,
    /// It selects no element but a part of one.
    OfPart,
}

#[derive(Debug, Default)]
pub(super) struct Selector {
    /// From the left; the last is the element's own.
    compounds: Vec<Compound>,
    /// What stands before the next compound.
    joint: Option<char>,
    pub(super) weight: Weight,
    pub(super) kind: Kind,
    /// It has a name that no element of the page has.
    pub(super) is_for_nothing: bool,
}

/// `p.a#b:first-child`
#[derive(Debug, Default)]
struct Compound {
    /// How it is joined to what is left of it.
    joint: char,
    names: Vec<Name>,
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
            Token::Comma => all.push(std::mem::take(&mut selector).ended()?),
            Token::Delim('*') => selector.begin()?,
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
                let is_named = |input: &mut Parser<'_>| matches!(input.next(), Ok(Token::Ident(_)));
                if within(input, depth, is_named) == Some(false) {
                    return None;
                }
                selector.add_more(input.slice_from(start), Kind::MayShow);
            }
            Token::Colon => {
                let kind = selector.pseudo(input, names, depth)?;
                selector.add_more(input.slice_from(start), kind);
            }
            _ => return None,
        }
    }
    all.push(selector.ended()?);
    Some(all)
}

impl Selector {
    /// What the element itself is called at least.
    pub(super) fn own_name(&self) -> Name {
        let names = self.own_names();
        names.first().copied().unwrap_or(ANY)
    }

    pub(super) fn own_names(&self) -> &[Name] {
        self.compounds.last().map_or(&[], |own| &own.names)
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
        }
    }

    fn add_more(&mut self, text: &str, kind: Kind) {
        self.kind = self.kind.max(kind);
        if text.eq_ignore_ascii_case(":root") {
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

    /// After a colon. What is no pseudo-class and no pseudo-element makes the selector void.
    fn pseudo(&mut self, input: &mut Parser<'_>, names: &mut Names, depth: usize) -> Option<Kind> {
        let is_one_of =
            |known: &str, name: &str| known.split_ascii_whitespace().any(|known| known == name);
        let token = input.next_including_whitespace().ok()?.clone();
        let (is_part, token) = match token {
            Token::Colon => (true, input.next_including_whitespace().ok()?.clone()),
            token => (false, token),
        };
        let (is_called, name) = match token {
            Token::Ident(name) => (false, name.to_ascii_lowercase()),
            Token::Function(name) => (true, name.to_ascii_lowercase()),
            _ => return None,
        };
        let is_old_part = !is_called && is_one_of(OLD_PARTS, &name);
        if is_part || is_old_part {
            let is_known = name.starts_with("-webkit-") || is_one_of(PARTS, &name);
            return is_known.then_some(Kind::OfPart);
        }
        if !is_called && name == "root" {
            self.add_name("html".to_owned(), CLASS, names);
            return Some(Kind::Certain);
        }
        if is_called && matches!(name.as_str(), "is" | "where" | "not") {
            return self.listed(&name, input, names, depth);
        }
        self.add_weight(CLASS);
        let (by_order, at_times) = if is_called {
            (BY_ORDER_CALLED, AT_TIMES_CALLED)
        } else {
            (BY_ORDER, AT_TIMES)
        };
        if is_one_of(by_order, &name) {
            if is_called {
                within(input, depth, |_| ());
            }
            return Some(Kind::MayShow);
        }
        is_one_of(at_times, &name).then_some(Kind::AtTimes)
    }

    /// Within `:is()`, `:where()` or `:not()`, which weigh what the heaviest in them weighs.
    fn listed(
        &mut self,
        name: &str,
        input: &mut Parser<'_>,
        names: &mut Names,
        depth: usize,
    ) -> Option<Kind> {
        let list = within(input, depth, |input| read(input, names, depth + 1));
        let Some(list) = list.unwrap_or_default() else {
            // Of lists that forgive, the rest counts.
            return (name != "not").then_some(Kind::AtTimes);
        };
        let heaviest = list.iter().map(|inner| inner.weight).max();
        let weighs = heaviest.filter(|_| name != "where").unwrap_or_default();
        for (weight, more) in self.weight.iter_mut().zip(weighs) {
            *weight = weight.saturating_add(more);
        }
        let kind = list.iter().map(|inner| inner.kind).max();
        let at_best = if name == "not" {
            Kind::MayShow
        } else {
            Kind::Certain
        };
        kind.map(|kind| kind.max(at_best))
    }

    /// What is written of it, if that is one.
    fn ended(mut self) -> Option<Self> {
        let is_whole = !self.compounds.is_empty() && self.joint.is_none_or(|joint| joint == ' ');
        for compound in &mut self.compounds {
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
        node.is_element()
            && self.names.iter().all(has)
            && self.matcher.as_ref().is_none_or(|more| node.is_match(more))
    }
}
