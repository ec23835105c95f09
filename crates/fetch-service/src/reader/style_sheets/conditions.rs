//! Conditions of `@media` and `@supports`, judged for one browser with one window. Nothing where that
//! is not known.

use cssparser::{ParseError, Parser, Token};

use super::super::css_text::within;
use super::super::declarations::is_looked_at;
use super::super::known_values::{is_known, is_size};
use super::super::ways::pixels;

/// In pixels, that of a computer; most pages are made to be read in it.
const WIDTH: f64 = 1280.0;
const HEIGHT: f64 = 800.0;

/// What comes of a part of a condition.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Judged {
    Yes,
    No,
    /// Browsers do not know what it asks for, so that its contrary does not hold either.
    Never,
    /// It is not known here.
    Open,
}

impl Judged {
    fn known(self) -> Option<bool> {
        match self {
            Self::Yes => Some(true),
            Self::No | Self::Never => Some(false),
            Self::Open => None,
        }
    }

    fn of(known: Option<bool>) -> Self {
        match known {
            Some(true) => Self::Yes,
            Some(false) => Self::No,
            None => Self::Open,
        }
    }

    fn contrary(self) -> Self {
        match self {
            Self::Yes => Self::No,
            Self::No => Self::Yes,
            other => other,
        }
    }

    /// Of several, the one that is first in this order rules.
    fn first_of(self, other: Self, order: [Self; 3]) -> Self {
        let is_one = |ruling: &Self| self == *ruling || other == *ruling;
        order.into_iter().find(is_one).unwrap_or(self)
    }

    fn and(self, other: Self) -> Self {
        self.first_of(other, [Self::No, Self::Open, Self::Never])
    }

    fn or(self, other: Self) -> Self {
        self.first_of(other, [Self::Yes, Self::Open, Self::Never])
    }
}

/// What is in parentheses, if that is no condition again.
type Feature = fn(&str) -> Judged;

/// Whether a list of media (Media Queries Level 4) has the window in it.
pub(super) fn has_window(media: &str) -> Option<bool> {
    let media = media.trim().to_ascii_lowercase();
    if media.is_empty() {
        return Some(true);
    }
    let mut input = Parser::new(&media);
    let queries = input.parse_comma_separated(|input| {
        let query = query(input);
        let is_whole = input.is_exhausted();
        while input.next().is_ok() {}
        // One that browsers do not know is `not all`, whatever the others are.
        Ok::<_, ParseError<()>>(query.filter(|_| is_whole).unwrap_or(Judged::No))
    });
    // Signs that are not looked at.
    let is_read = !media.contains('?');
    let all = queries.unwrap_or_default().into_iter();
    all.fold(Judged::No, Judged::or).known().filter(|_| is_read)
}

/// Whether the browser takes what is asked for (CSS Conditional Rules Level 3).
pub(super) fn is_supported(condition: &str) -> Option<bool> {
    let text = condition.trim().to_ascii_lowercase();
    let mut input = Parser::new(&text);
    let judged = terms(&mut input, takes, true, 0).filter(|_| input.is_exhausted());
    // Who cannot be understood is not heard.
    let judged = judged.unwrap_or(Judged::No);
    judged.known().filter(|_| !text.contains('?'))
}

/// `only screen and (min-width:1px)`, `not (hover)`.
fn query(input: &mut Parser<'_>) -> Option<Judged> {
    let start = input.state();
    let sign = word(input, &["not", "only"]);
    let Ok(Token::Ident(kind)) = input.next().cloned() else {
        input.reset(&start);
        return terms(input, is_of_window, true, 0);
    };
    if matches!(&*kind, "not" | "only" | "and" | "or" | "layer") {
        return None;
    }
    let mut judged = Judged::of(Some(matches!(&*kind, "all" | "screen")));
    if word(input, &["and"]).is_some() {
        judged = judged.and(terms(input, is_of_window, false, 0)?);
    }
    Some(if sign == Some("not") {
        judged.contrary()
    } else {
        judged
    })
}

/// `not (a)`, `(a) and (b)`, `(a) or (b)`; the two joints are not mixed, and `not` stands before no
/// further ones. With a type of media before it there is no `or`.
fn terms(
    input: &mut Parser<'_>,
    feature: Feature,
    can_be_either: bool,
    depth: usize,
) -> Option<Judged> {
    if word(input, &["not"]).is_some() {
        return term(input, feature, depth).map(Judged::contrary);
    }
    let mut all = term(input, feature, depth)?;
    let joints: &[&str] = if can_be_either {
        &["and", "or"]
    } else {
        &["and"]
    };
    let Some(joint) = word(input, joints) else {
        return Some(all);
    };
    loop {
        let next = term(input, feature, depth)?;
        all = if joint == "and" {
            all.and(next)
        } else {
            all.or(next)
        };
        if word(input, &[joint]).is_none() {
            return Some(all);
        }
    }
}

/// What is in parentheses, or a call.
fn term(input: &mut Parser<'_>, feature: Feature, depth: usize) -> Option<Judged> {
    match input.next().cloned().ok()? {
        Token::Function(_) => {
            within(input, depth, |_| ());
            Some(Judged::Open)
        }
        Token::ParenthesisBlock => {
            let inside = within(input, depth, |input| {
                let start = input.state();
                let is_condition = match input.next() {
                    Ok(Token::ParenthesisBlock | Token::Function(_)) => true,
                    Ok(Token::Ident(name)) => &**name == "not",
                    _ => false,
                };
                input.reset(&start);
                if is_condition {
                    let all = terms(input, feature, true, depth + 1);
                    return all
                        .filter(|_| input.is_exhausted())
                        .unwrap_or(Judged::Never);
                }
                let start = input.position();
                while input.next().is_ok() {}
                feature(input.slice_from(start).trim())
            });
            Some(inside.unwrap_or(Judged::Open))
        }
        _ => None,
    }
}

/// One of these words, if it is next.
fn word<'a>(input: &mut Parser<'_>, words: &[&'a str]) -> Option<&'a str> {
    let next = input.try_parse(|input| {
        let next = input.expect_ident().map_err(|_| ())?;
        words.iter().find(|word| **word == &**next).ok_or(())
    });
    next.ok().copied()
}

/// `min-width:30em`, `width >= 600px` or `orientation:landscape`.
fn is_of_window(feature: &str) -> Judged {
    let is_sign = |char: char| matches!(char, ':' | '<' | '>' | '=');
    let Some(at) = feature.find(is_sign) else {
        return Judged::Open;
    };
    let (name, rest) = feature.split_at(at);
    let mut signs = [":", ">=", "<=", ">", "<"].into_iter();
    let Some((sign, value)) = signs.find_map(|sign| Some((sign, rest.strip_prefix(sign)?))) else {
        return Judged::Open;
    };
    let (name, value) = (name.trim(), value.trim());
    if (name, sign) == ("orientation", ":") {
        return match value {
            "landscape" => Judged::Yes,
            "portrait" => Judged::No,
            _ => Judged::Never,
        };
    }
    let (least, name) = match (name.split_once('-'), sign) {
        (Some(("min", name)), ":") => (true, name),
        (Some(("max", name)), ":") => (false, name),
        (None, ">" | ">=") => (true, name),
        (None, "<" | "<=") => (false, name),
        _ => return Judged::Open,
    };
    let size = match name {
        "width" => WIDTH,
        "height" => HEIGHT,
        _ => return Judged::Open,
    };
    if !is_size(value) {
        // Of what is wrong with it, browsers know.
        return Judged::Never;
    }
    let holds = |value| match sign {
        ">" => size > value,
        "<" => size < value,
        _ if least => size >= value,
        _ => size <= value,
    };
    Judged::of(pixels(value).map(holds))
}

/// `display:grid`, where that is looked at.
fn takes(declaration: &str) -> Judged {
    let Some((property, value)) = declaration.split_once(':') else {
        return Judged::No;
    };
    let (property, value) = (property.trim(), value.trim());
    let plain = value.strip_suffix("important").map(str::trim_end);
    let plain = plain.and_then(|value| value.strip_suffix('!'));
    let value = plain.unwrap_or(value).trim_end();
    Judged::of(is_looked_at(property).then(|| is_known(property, value)))
}

#[cfg(test)]
mod tests {
    use super::{has_window, is_supported};

    #[test]
    fn media_are_judged_for_one_window() {
        for (media, expected) in [
            ("", Some(true)),
            ("all", Some(true)),
            ("only screen", Some(true)),
            ("print", Some(false)),
            ("speech", Some(false)),
            ("print,screen", Some(true)),
            ("not all", Some(false)),
            ("not print", Some(true)),
            ("(min-width:768px)", Some(true)),
            ("(min-width:120em)", Some(false)),
            ("(max-width:1px)", Some(false)),
            (
                "screen and (min-width:768px) and (max-width:1000px)",
                Some(false),
            ),
            ("not screen and (max-width:1000px)", Some(true)),
            ("(width >= 600px)", Some(true)),
            ("(width<600px)", Some(false)),
            ("(max-height:1px) or (min-width:1px)", Some(true)),
            ("(not (min-width:1px))", Some(false)),
            ("((min-width:1px) and (max-width:1px))", Some(false)),
            ("(min-width:1)", Some(false)),
            ("(orientation:portrait)", Some(false)),
            ("not not print", Some(false)),
            ("screen and not (hover)", None),
            ("(hover:hover)", None),
            ("print and (hover:hover)", Some(false)),
            ("screen and (hover:hover)", None),
            ("screen,(hover:hover)", Some(true)),
            ("(hover:hover),screen", Some(true)),
            ("print,(hover:hover)", None),
            // What browsers refuse is `not all`.
            ("and", Some(false)),
            ("screen screen", Some(false)),
            ("screen (min-width:1px)", Some(false)),
            (",print", Some(false)),
            (",screen", Some(true)),
            ("screen,", Some(true)),
            ("only (min-width:1px)", Some(false)),
            ("only and (min-width:1px)", Some(false)),
            ("not (min-width:1px) and (min-width:9999px)", Some(false)),
            (
                "(max-width:1px) and (min-width:1px) or (min-width:1px)",
                Some(false),
            ),
            ("screen and (min-width:1px) or (min-width:1px)", Some(false)),
            ("screen and (min-width:1px) and", Some(false)),
            ("(min-width:1px) and not (max-width:1px)", Some(false)),
            ("(min-width:1px)(min-width:1px)", Some(false)),
            ("(min-width:1 px)", Some(false)),
            ("not (min-width:1 px)", Some(false)),
            ("((min-width:1px) (min-width:1px))", Some(false)),
            ("(width>1280px)", Some(false)),
            ("screen and not (max-width:1px)", Some(true)),
            ("(min-width:1px)and (max-width:9999px)", Some(true)),
        ] {
            assert_eq!(has_window(media), expected, "{media}");
        }
    }

    #[test]
    fn what_is_supported_is_known_of_what_is_looked_at() {
        for (condition, expected) in [
            ("(display:grid)", Some(true)),
            ("(display:x)", Some(false)),
            ("not (display:grid)", Some(false)),
            ("(x:y)", None),
            ("(x:y) or (display:grid)", Some(true)),
            ("selector(:has(a))", None),
            ("(display:grid!important)", Some(true)),
            ("(display:grid) and (display:block)", Some(true)),
            ("((display:grid) or (display:x))", Some(true)),
            ("", Some(false)),
            ("screen", Some(false)),
            ("(display)", Some(false)),
            ("(display:grid) (display:grid)", Some(false)),
            ("not (display:x) and (display:grid)", Some(false)),
        ] {
            assert_eq!(is_supported(condition), expected, "{condition}");
        }
    }
}
