//! The declarations of a style as browsers take them (CSS Syntax Level 3): comments and escapes are
//! resolved, `!important` wins, and a value that no browser knows is passed over.

use cssparser::{BasicParseError, Delimiter, ParseError, Parser};

use super::css_text::{words, written};
use super::known_values::{is_global, is_known, is_unit};

/// Other names of properties, where lines run from left to right.
const ALIASES: [(&str, &str); 13] = [
    ("-webkit-opacity", "opacity"),
    ("-webkit-transform", "transform"),
    ("-webkit-filter", "filter"),
    ("-webkit-clip-path", "clip-path"),
    ("inline-size", "width"),
    ("block-size", "height"),
    ("max-inline-size", "max-width"),
    ("max-block-size", "max-height"),
    ("inset-inline-start", "left"),
    ("inset-inline-end", "right"),
    ("inset-block-start", "top"),
    ("inset-block-end", "bottom"),
    ("margin-inline-start", "margin-left"),
];

/// In their order, names and values in lower case.
#[derive(Debug, Default)]
pub(super) struct Declarations(Vec<Declaration>);

#[derive(Debug)]
struct Declaration {
    property: String,
    value: String,
    is_important: bool,
}

impl Declarations {
    pub(super) fn parse(style: &str) -> Self {
        Self::read(&mut Parser::new(style))
    }

    /// Those of a block; rules within it are passed over.
    pub(super) fn read(input: &mut Parser<'_>) -> Self {
        let mut all = Self::default();
        while !input.is_exhausted() {
            let property = input.try_parse(|input| {
                let property = input.expect_ident_cloned()?;
                input.expect_colon()?;
                Ok::<_, BasicParseError>(property)
            });
            let end = match &property {
                Ok(_) => Delimiter::Semicolon,
                Err(_) => Delimiter::Semicolon | Delimiter::CurlyBracketBlock,
            };
            let value =
                input.parse_until_after(end, |input| Ok::<_, ParseError<()>>(written(input)));
            if let (Ok(property), Ok(value)) = (property, value) {
                all.add(&property.to_ascii_lowercase(), &value.to_ascii_lowercase());
            }
        }
        all
    }

    fn add(&mut self, property: &str, value: &str) {
        let value = value.trim();
        let plain = value
            .strip_suffix("important")
            .and_then(|value| value.trim_end().strip_suffix('!'));
        let is_important = plain.is_some();
        let value = plain.unwrap_or(value).trim_end();
        let mut push = |property: &str, value: &str| {
            if is_known(property, value) {
                self.0.push(Declaration {
                    property: property.to_owned(),
                    value: value.to_owned(),
                    is_important,
                });
            }
        };
        match (property, size_in_font(value)) {
            ("font", Some(size)) => push("font-size", size),
            ("margin", _) => {
                if let Some([.., left]) = sides(value, "margin-left") {
                    push("margin-left", left);
                }
            }
            ("inset", _) => {
                if let Some([top, right, bottom, left]) = sides(value, "left") {
                    push("top", top);
                    push("right", right);
                    push("bottom", bottom);
                    push("left", left);
                }
            }
            _ => {
                let mut aliases = ALIASES.iter().filter(|(alias, _)| *alias == property);
                push(aliases.next().map_or(property, |(_, name)| name), value);
            }
        }
    }

    /// What rules.
    pub(super) fn value(&self, property: &str) -> Option<&str> {
        self.ruling(property).map(|known| known.value.as_str())
    }

    /// Whether what rules is important.
    pub(super) fn is_important(&self, property: &str) -> bool {
        self.ruling(property)
            .is_some_and(|known| known.is_important)
    }

    /// The last that is important, else the last.
    fn ruling(&self, property: &str) -> Option<&Declaration> {
        let mut declared = self
            .0
            .iter()
            .rev()
            .filter(|known| known.property == property);
        let last = declared.clone().next();
        declared.find(|known| known.is_important).or(last)
    }
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

/// In `italic 700 12px/1.5 serif`: what has a unit, or is nothing; a family must follow.
fn size_in_font(value: &str) -> Option<&str> {
    let mut words = value.split([' ', '/']).filter(|word| !word.is_empty());
    let size = words
        .find(|word| number(word).is_some_and(|(number, unit)| number == 0.0 || is_unit(unit)));
    let family = words.next_back()?;
    size.filter(|_| number(family).is_none())
}

/// Of a value with one to four parts: top, right, bottom and left. Nothing where browsers would not
/// take one of them for the property.
fn sides<'a>(value: &'a str, property: &str) -> Option<[&'a str; 4]> {
    let parts: Vec<&str> = words(value).collect();
    let is_side = |part: &&str| is_known(property, part) && (parts.len() == 1 || !is_global(part));
    let sides = match *parts.as_slice() {
        [all] => [all; 4],
        [ends, sides] => [ends, sides, ends, sides],
        [top, sides, bottom] => [top, sides, bottom, sides],
        [top, right, bottom, left] => [top, right, bottom, left],
        _ => return None,
    };
    parts.iter().all(is_side).then_some(sides)
}

#[cfg(test)]
mod tests {
    use super::Declarations;

    #[test]
    fn what_browsers_take_rules() {
        for (style, expected) in [
            ("display:none", "none"),
            ("DISPLAY : None /* x */", "none"),
            ("display:n\\6fne", "none"),
            ("d\\69splay:none", "none"),
            ("display:none!important;display:block", "none"),
            ("display:none ! important;display:block", "none"),
            ("display:none;display:block!important", "block"),
            ("display:none;display:block", "block"),
            ("display:none;display:x", "none"),
            ("display:none;display:", "none"),
            ("display:none;display:block block2", "none"),
            ("display:none;display:block block", "none"),
            ("display:none;display:inline none", "none"),
            ("display:none;display:inline flow-root", "inline flow-root"),
            ("--x:\"/*\";display:none", "none"),
            ("display:none;--x:\";display:block;\"", "none"),
            ("--x:{display:block};display:none", "none"),
            ("color:red;.b{display:block}display:none", "none"),
            (";;display:none;;", "none"),
        ] {
            let declarations = Declarations::parse(style);
            assert_eq!(declarations.value("display"), Some(expected), "{style}");
        }
    }

    #[test]
    fn the_size_within_font_is_one_of_its_own() {
        for (style, expected) in [
            ("font:0/0 a", Some("0")),
            ("font:italic 700 12px/1.5 serif", Some("12px")),
            ("font-size:0;font:inherit", Some("0")),
            ("font-size:0;font:12px", Some("0")),
            ("font:0/0 a;font-size:12px", Some("12px")),
            ("font:caption", None),
        ] {
            let declarations = Declarations::parse(style);
            assert_eq!(declarations.value("font-size"), expected, "{style}");
        }
    }

    #[test]
    fn no_depth_is_too_great() {
        let deep = format!("width:{}", "calc(".repeat(100_000));
        Declarations::parse(&deep);
        Declarations::parse(&"{".repeat(100_000));
        Declarations::parse(&"a{}".repeat(100_000));
    }
}
