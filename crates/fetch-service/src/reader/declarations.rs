//! The declarations of a style as browsers take them (CSS Syntax Level 3): comments and escapes are
//! resolved, `!important` wins, and a value that no browser knows is passed over.

use std::fmt::Write as _;

use cssparser::{BasicParseError, Delimiter, ParseError, Parser, Token};

use super::color::Color;

const GLOBAL: [&str; 5] = ["inherit", "initial", "unset", "revert", "revert-layer"];
const DISPLAY: &str = "none contents block inline inline-block list-item flow flow-root flex \
    inline-flex grid inline-grid table inline-table table-row table-cell table-caption \
    table-column table-column-group table-row-group table-header-group table-footer-group ruby \
    ruby-base ruby-text run-in math -webkit-box -webkit-inline-box -webkit-flex \
    -webkit-inline-flex";
const LENGTH: &str = "auto none medium small x-small xx-small large x-large xx-large xxx-large \
    smaller larger min-content max-content fit-content stretch";
const UNITS: &str = "px em rem ex ch lh rlh cap ic % vw vh vi vb vmin vmax svw svh lvw lvh dvw \
    dvh cqw cqh pt pc in cm mm q";
/// What is worked out later, and so known to be no mistake.
const COMPUTED: [&str; 6] = ["var", "env", "calc", "min", "max", "clamp"];
/// A length without unit is a mistake but in old pages; beyond this, in pixels, it is taken for one.
const FAR: f64 = 500.0;

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
                all.add(property.to_ascii_lowercase(), &value.to_ascii_lowercase());
            }
        }
        all
    }

    fn add(&mut self, property: String, value: &str) {
        let value = value.trim();
        let plain = value
            .strip_suffix("important")
            .and_then(|value| value.trim_end().strip_suffix('!'));
        let is_important = plain.is_some();
        let value = plain.unwrap_or(value).trim_end();
        let (property, value) = match (property.as_str(), size_in_font(value)) {
            ("font", Some(size)) => ("font-size".to_owned(), size),
            _ => (property, value),
        };
        if is_known(&property, value) {
            self.0.push(Declaration {
                property,
                value: value.to_owned(),
                is_important,
            });
        }
    }

    /// What rules: the last that is important, else the last.
    pub(super) fn value(&self, property: &str) -> Option<&str> {
        let mut declared = self
            .0
            .iter()
            .rev()
            .filter(|known| known.property == property);
        let last = declared.clone().next();
        let rules = declared.find(|known| known.is_important).or(last);
        rules.map(|known| known.value.as_str())
    }
}

/// The tokens as text: without comments, white space as one space, strings emptied.
pub(super) fn written(input: &mut Parser<'_>) -> String {
    let mut text = String::new();
    write(input, &mut text);
    text
}

fn write(input: &mut Parser<'_>, text: &mut String) {
    while let Ok(token) = input.next_including_whitespace().cloned() {
        // Writing to a String does not fail.
        let _ = match &token {
            Token::WhiteSpace(_) if text.ends_with(' ') => Ok(()),
            Token::WhiteSpace(_) => text.write_char(' '),
            Token::Ident(name) => text.write_str(name),
            Token::AtKeyword(name) => write!(text, "@{name}"),
            Token::Hash(name) | Token::IDHash(name) => write!(text, "#{name}"),
            Token::QuotedString(_) | Token::UnquotedUrl(_) => text.write_str("\"\""),
            Token::Number { value, .. } => write!(text, "{value}"),
            Token::Percentage { unit_value, .. } => write!(text, "{}%", unit_value * 100.0),
            Token::Dimension { value, unit, .. } => write!(text, "{value}{unit}"),
            Token::Delim(char) => text.write_char(*char),
            Token::Comma => text.write_char(','),
            Token::Colon => text.write_char(':'),
            Token::CDO | Token::CDC => Ok(()),
            Token::Function(name) => {
                let _ = write!(text, "{name}(");
                write_inside(input, text)
            }
            Token::ParenthesisBlock => {
                text.push('(');
                write_inside(input, text)
            }
            // No value that is looked at has one.
            _ => text.write_char('?'),
        };
    }
}

/// Up to the depth that the parser allows.
fn write_inside(input: &mut Parser<'_>, text: &mut String) -> std::fmt::Result {
    let inside = input.parse_nested_block(|input| {
        write(input, text);
        Ok::<_, ParseError<()>>(())
    });
    text.write_char(if inside.is_ok() { ')' } else { '?' })
}

/// The number and its unit.
pub(super) fn number(value: &str) -> Option<(f64, &str)> {
    let end = value
        .find(|char: char| char.is_ascii_alphabetic() || char == '%')
        .unwrap_or(value.len());
    let (number, unit) = value.split_at(end);
    Some((number.trim().parse().ok()?, unit.trim()))
}

/// In `italic 700 12px/1.5 serif`: what has a unit, or is nothing; a family must follow.
fn size_in_font(value: &str) -> Option<&str> {
    let mut words = value.split([' ', '/']).filter(|word| !word.is_empty());
    let size = words.find(|word| {
        number(word).is_some_and(|(number, unit)| number == 0.0 || is_one_of(UNITS, unit))
    });
    let family = words.next_back()?;
    size.filter(|_| number(family).is_none())
}

/// Whether browsers take the value; of properties that are not looked at, any.
fn is_known(property: &str, value: &str) -> bool {
    let all = |known: &str| value.split(' ').all(|word| is_one_of(known, word));
    let calls = |known: &[&str]| {
        value
            .split_once('(')
            .is_some_and(|(name, _)| known.contains(&name))
    };
    if value.is_empty() || value.contains(['?', '!']) {
        return false;
    }
    if GLOBAL.contains(&value) || calls(&COMPUTED) {
        return true;
    }
    match property {
        "display" => all(DISPLAY),
        "visibility" => all("visible hidden collapse"),
        "content-visibility" => all("visible auto hidden"),
        "position" => all("static relative absolute fixed sticky"),
        "overflow" => all("visible hidden clip scroll auto"),
        "opacity" => number(value).is_some_and(|(_, unit)| matches!(unit, "" | "%")),
        "scale" => value == "none" || value.split(' ').all(|word| number(word).is_some()),
        "font-size" | "width" | "height" | "max-width" | "max-height" | "left" | "right"
        | "top" | "bottom" | "text-indent" | "margin-left" => is_length(value),
        "color" | "background-color" | "-webkit-text-fill-color" => Color::parse(value).is_some(),
        "clip" => value == "auto" || calls(&["rect"]),
        "clip-path" => {
            value == "none"
                || calls(&[
                    "inset", "circle", "ellipse", "polygon", "path", "rect", "xywh",
                ])
        }
        "filter" => {
            value == "none"
                || calls(&[
                    "opacity",
                    "blur",
                    "brightness",
                    "contrast",
                    "drop-shadow",
                    "grayscale",
                    "hue-rotate",
                    "invert",
                    "saturate",
                    "sepia",
                    "url",
                ])
        }
        "transform" => {
            value == "none"
                || [
                    "matrix",
                    "translate",
                    "scale",
                    "rotate",
                    "skew",
                    "perspective",
                ]
                .iter()
                .any(|name| value.starts_with(name) && value.contains('('))
        }
        _ => true,
    }
}

fn is_length(value: &str) -> bool {
    is_one_of(LENGTH, value)
        || number(value).is_some_and(|(number, unit)| {
            is_one_of(UNITS, unit) || (unit.is_empty() && (number == 0.0 || number <= -FAR))
        })
}

fn is_one_of(words: &str, word: &str) -> bool {
    words.split_ascii_whitespace().any(|known| known == word)
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
