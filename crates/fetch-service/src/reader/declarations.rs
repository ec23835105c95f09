//! The declarations of a style as browsers take them (CSS Syntax Level 3): comments and escapes are
//! resolved, of several for one property the one that rules is kept, and a value that no browser
//! knows is passed over.

mod parts;
#[cfg(test)]
mod tests;

use std::rc::Rc;

use cssparser::{BasicParseError, Delimiter, ParseError, Parser, Token};

use parts::{computed, importance, sides, size_in_font};

use super::color::{Color, MAX_LENGTH};
use super::css_text::{words, written};
use super::known_values::{is_global, is_known, is_worked_out_later};
use super::variables::{Custom, lowered};

/// The only properties that are looked at. Shorthands are taken apart into these.
const LOOKED_AT: [&str; 35] = [
    "-webkit-text-fill-color",
    "animation-name",
    "background-clip",
    "background-color",
    "background-image",
    "clip",
    "clip-path",
    "color",
    "content-visibility",
    "display",
    "filter",
    "flex-grow",
    "font-size",
    "bottom",
    "height",
    "left",
    "line-height",
    "margin-left",
    "margin-top",
    "max-height",
    "max-width",
    "min-height",
    "min-width",
    "opacity",
    "overflow-x",
    "overflow-y",
    "position",
    "right",
    "scale",
    "text-indent",
    "top",
    "transform",
    "translate",
    "visibility",
    "width",
];

/// Other names of properties, where lines run from left to right.
const ALIASES: [(&str, &str); 16] = [
    ("-webkit-opacity", "opacity"),
    ("-webkit-transform", "transform"),
    ("-webkit-filter", "filter"),
    ("-webkit-clip-path", "clip-path"),
    ("-webkit-background-clip", "background-clip"),
    ("animation", "animation-name"),
    ("inline-size", "width"),
    ("block-size", "height"),
    ("max-inline-size", "max-width"),
    ("max-block-size", "max-height"),
    ("inset-inline-start", "left"),
    ("inset-inline-end", "right"),
    ("inset-block-start", "top"),
    ("inset-block-end", "bottom"),
    ("margin-inline-start", "margin-left"),
    ("margin-block-start", "margin-top"),
];

/// How much a selector weighs (Selectors Level 4): whether it is in no layer, its ids, its classes
/// and its types. A style of an element itself weighs more.
pub(super) type Weight = [u8; 4];

/// What is declared for each property, names and values in lower case.
#[derive(Debug, Default, Clone)]
pub(super) struct Declarations {
    all: Vec<Declaration>,
    /// Of each rule, in their order.
    custom: Vec<(usize, Rc<Custom>)>,
}

#[derive(Debug, Clone)]
pub(super) struct Declaration {
    property: &'static str,
    value: Rc<str>,
    is_important: bool,
    weight: Weight,
    /// The place of the rule that says so.
    rule: usize,
    /// The rule that it is counted with where one hides too much.
    pub(super) counted_with: usize,
}

impl Declarations {
    pub(super) fn parse(style: &str) -> Self {
        Self::read(&mut Parser::new(style), |_| false)
    }

    /// Those of a block up to where it ends; rules within it are passed over.
    pub(super) fn read(input: &mut Parser<'_>, ends: fn(&mut Parser<'_>) -> bool) -> Self {
        let mut all = Self::default();
        let mut custom = Custom::new();
        while !input.is_exhausted() && !ends(input) {
            let property = input.try_parse(|input| {
                let property = input.expect_ident_cloned()?;
                input.expect_colon()?;
                Ok::<_, BasicParseError>(property)
            });
            let is_custom = property.as_ref().is_ok_and(|name| name.starts_with("--"));
            let end = if is_custom {
                Delimiter::Semicolon
            } else {
                Delimiter::Semicolon | Delimiter::CurlyBracketBlock
            };
            let value =
                input.parse_until_before(end, |input| Ok::<_, ParseError<()>>(written(input)));
            // What has a block is a rule: `a:hover { … }`.
            let is_rule = matches!(input.next(), Ok(Token::CurlyBracketBlock));
            if let (Ok(property), Ok(value), false) = (property, value, is_rule) {
                let value = lowered(&value);
                if is_custom {
                    let (value, is_important) = importance(&value);
                    let is_weaker = custom.get(&*property).is_some_and(|known| known.1);
                    if is_important || !is_weaker {
                        custom.insert((&*property).into(), (value.into(), is_important));
                    }
                } else {
                    all.add(&property.to_ascii_lowercase(), &value);
                }
            }
        }
        if !custom.is_empty() {
            all.custom.push((0, Rc::new(custom)));
        }
        all
    }

    fn add(&mut self, property: &str, value: &str) {
        let (value, is_important) = importance(value);
        let mut push = |property: &str, value: &str| {
            let mut looked_at = LOOKED_AT.iter().filter(|known| **known == property);
            // What is before this layer is not known apart from it.
            if let Some(property) = looked_at.next()
                && is_known(property, value)
                && value != "revert-layer"
            {
                self.cascade(Declaration {
                    property,
                    value: computed(property, value).into(),
                    is_important,
                    weight: Weight::default(),
                    rule: 0,
                    counted_with: 0,
                });
            }
        };
        match property {
            "font" => {
                if let Some(size) = size_in_font(value) {
                    push("font-size", size);
                    push("line-height", "normal");
                }
            }
            "margin" => {
                if let Some([top, .., left]) = sides(value, "margin-left") {
                    push("margin-top", top);
                    push("margin-left", left);
                }
            }
            "inset" => {
                if let Some([top, right, bottom, left]) = sides(value, "left") {
                    push("top", top);
                    push("right", right);
                    push("bottom", bottom);
                    push("left", left);
                }
            }
            "overflow" if is_known(property, value) => {
                let across = words(value).next().unwrap_or_default();
                push("overflow-x", across);
                push("overflow-y", words(value).nth(1).unwrap_or(across));
            }
            "flex" => {
                let grows = match words(value).next().unwrap_or_default() {
                    "none" | "initial" => "0",
                    word if is_known("flex-grow", word) => word,
                    _ => "1",
                };
                push("flex-grow", grows);
            }
            "background" if is_known(property, value) => {
                let by_itself = is_global(value) || is_worked_out_later(value);
                let mut colors = words(value).filter(|word| {
                    // A gradient may be longer.
                    word.len() <= MAX_LENGTH && Color::parse(word).is_some()
                });
                let color = colors.next().unwrap_or("transparent");
                push("background-color", if by_itself { value } else { color });
                let images = words(value).filter(|word| {
                    let is_plain = is_known("color", word) && !is_global(word);
                    word.contains('(') && !is_plain || word.contains('"')
                });
                let is_any = by_itself || images.count() > 0;
                push("background-image", if is_any { "image" } else { "none" });
                let is_of_text = words(value).any(|word| word == "text");
                push(
                    "background-clip",
                    if is_of_text { "text" } else { "border-box" },
                );
            }
            _ => {
                let mut aliases = ALIASES.iter().filter(|(alias, _)| *alias == property);
                push(aliases.next().map_or(property, |(_, name)| name), value);
            }
        }
    }

    /// Adds one, unless another weighs more. Of two that weigh the same the later one rules.
    fn cascade(&mut self, new: Declaration) {
        let mut known = self.all.iter_mut();
        match known.find(|known| known.property == new.property) {
            None => self.all.push(new),
            Some(known) if known.priority() <= new.priority() => *known = new,
            Some(_) => {}
        }
    }

    /// Adds those of another rule, which weigh the same.
    pub(super) fn merge(&mut self, other: &Self) {
        self.add_all(other.iter(), Weight::default());
        self.custom.extend(other.custom.iter().cloned());
    }

    /// Adds those that stand further down in the same rule.
    pub(super) fn join(&mut self, other: &Self) {
        self.add_all(other.iter(), Weight::default());
        let Some((_, further)) = other.custom.first() else {
            return;
        };
        let Some((_, known)) = self.custom.first_mut() else {
            self.custom.clone_from(&other.custom);
            return;
        };
        let known = Rc::make_mut(known);
        for (name, (value, is_important)) in further.iter() {
            let is_weaker = known.get(name).is_some_and(|known| known.1);
            if *is_important || !is_weaker {
                known.insert(Rc::clone(name), (Rc::clone(value), *is_important));
            }
        }
    }

    /// The value of a custom property, and how much it counts. None where it is what it is around.
    pub(super) fn custom(&self, name: &str) -> Option<(bool, usize, &Rc<str>)> {
        let named = self.custom.iter().filter_map(|(rule, custom)| {
            let (value, is_important) = custom.get(name)?;
            (!is_global(value)).then_some((*is_important, *rule, value))
        });
        named.max_by_key(|(is_important, rule, _)| (*is_important, *rule))
    }

    pub(super) fn custom_names(&self) -> impl Iterator<Item = &Rc<str>> {
        self.custom_blocks().flat_map(|custom| custom.keys())
    }

    pub(super) fn custom_blocks(&self) -> impl Iterator<Item = &Rc<Custom>> {
        self.custom.iter().map(|(_, custom)| custom)
    }

    /// How much there is to look through for a custom property.
    pub(super) fn customs(&self) -> usize {
        self.custom.len()
    }

    /// Puts in what values are made of, where that is known.
    pub(super) fn put_in(&mut self, resolve: &mut dyn FnMut(&str) -> Option<String>) {
        for declaration in &mut self.all {
            let property = declaration.property;
            let Some(value) = is_worked_out_later(&declaration.value)
                .then(|| resolve(&declaration.value))
                .flatten()
            else {
                continue;
            };
            let value = value.trim();
            let is_color = |word: &&str| word.len() <= MAX_LENGTH && Color::parse(word).is_some();
            let value = if is_known(property, value) {
                value
            } else if property == "background-color" {
                // It may be of `background`.
                words(value).find(is_color).unwrap_or("transparent")
            } else {
                "unset"
            };
            declaration.value = computed(property, value).into();
        }
    }

    /// Adds what others declare, with a weight.
    pub(super) fn add_all<'a>(
        &mut self,
        others: impl IntoIterator<Item = &'a Declaration>,
        weight: Weight,
    ) {
        for other in others {
            self.cascade(Declaration {
                weight,
                ..other.clone()
            });
        }
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = &Declaration> {
        self.all.iter()
    }

    pub(super) fn len(&self) -> usize {
        self.all.len()
    }

    pub(super) fn is_empty(&self) -> bool {
        self.all.is_empty() && self.custom.is_empty()
    }

    /// Says which rule they are of, and which each property is counted with.
    pub(super) fn set_rule(&mut self, rule: usize, counted_with: impl Fn(&str) -> usize) {
        for declaration in &mut self.all {
            declaration.rule = rule;
            declaration.counted_with = counted_with(declaration.property);
        }
        for (of_custom, _) in &mut self.custom {
            *of_custom = rule;
        }
    }

    pub(super) fn value(&self, property: &str) -> Option<&str> {
        self.find(property).map(|known| &*known.value)
    }

    pub(super) fn shared(&self, property: &str) -> Option<Rc<str>> {
        self.find(property).map(|known| Rc::clone(&known.value))
    }

    /// The rule that the property is counted with.
    pub(super) fn counted_with(&self, property: &str) -> Option<usize> {
        self.find(property).map(|known| known.counted_with)
    }

    fn find(&self, property: &str) -> Option<&Declaration> {
        self.all.iter().find(|known| known.property == property)
    }
}

impl Declaration {
    fn priority(&self) -> (bool, Weight, usize) {
        let weight = weight_of(self.weight, self.is_important);
        (self.is_important, weight, self.rule)
    }
}

/// Of what is important, that in a layer weighs more (CSS Cascading Level 5 section 6.4.4).
pub(super) fn weight_of(mut weight: Weight, is_important: bool) -> Weight {
    let [layer, ..] = &mut weight;
    if is_important && *layer < 2 {
        *layer = 1 - *layer;
    }
    weight
}

/// Whether anything is made of it.
pub(super) fn is_looked_at(property: &str) -> bool {
    LOOKED_AT.contains(&property)
}

/// The number and its unit, `calc` around them or not; nothing of a sum.
pub(super) fn number(value: &str) -> Option<(f64, &str)> {
    let inside = value.strip_prefix("calc(");
    let inside = inside.and_then(|value| value.strip_suffix(')'));
    let value = inside.map_or(value, str::trim);
    let end = value
        .find(|char: char| char.is_ascii_alphabetic() || char == '%')
        .unwrap_or(value.len());
    let (number, unit) = value.split_at(end);
    let is_unit = unit == "%" || unit.chars().all(|char| char.is_ascii_alphabetic());
    let number = number.parse().ok()?;
    is_unit.then_some((number, unit))
}
