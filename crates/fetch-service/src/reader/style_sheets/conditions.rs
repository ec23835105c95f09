//! Conditions of `@media` and `@supports`, judged for one browser with one window. Nothing where that
//! is not known.

use super::super::css_text::{parts, words};
use super::super::declarations::is_looked_at;
use super::super::known_values::{is_known, is_size};
use super::super::ways::pixels;

/// In pixels, that of a computer; most pages are made to be read in it.
const WIDTH: f64 = 1280.0;
const HEIGHT: f64 = 800.0;

/// Whether a list of media (Media Queries Level 4) has the window in it.
pub(super) fn has_window(media: &str) -> Option<bool> {
    let media = media.trim().to_ascii_lowercase();
    if media.is_empty() {
        return Some(true);
    }
    any(parts(&media, &[',']).map(|query| holds(query, &is_of_window)))
}

/// Whether the browser takes what is asked for (CSS Conditional Rules Level 3).
pub(super) fn is_supported(condition: &str) -> Option<bool> {
    holds(&condition.trim().to_ascii_lowercase(), &takes)
}

/// Any number of what `is_so` judges, with `not`, `and` and `or`.
fn holds(condition: &str, is_so: &dyn Fn(&str) -> Option<bool>) -> Option<bool> {
    let condition = condition.strip_prefix("only ").unwrap_or(condition);
    match condition.strip_prefix("not ") {
        // Browsers know of no two.
        Some(rest) if rest.starts_with("not ") => Some(false),
        Some(rest) => together(rest, is_so).map(|is_so| !is_so),
        None => together(condition, is_so),
    }
}

/// Without a `not` before them all.
fn together(condition: &str, is_so: &dyn Fn(&str) -> Option<bool>) -> Option<bool> {
    let is_either = words(condition).any(|word| word == "or");
    let terms = words(condition).filter(|word| !matches!(*word, "and" | "or"));
    let terms = terms.map(|term| {
        let inside = term
            .strip_prefix('(')
            .and_then(|term| term.strip_suffix(')'));
        match inside.map(str::trim) {
            Some(inside) if inside.starts_with(['(', 'n']) && inside.contains('(') => {
                holds(inside, is_so)
            }
            Some(inside) => is_so(inside),
            // A call, or a part of a condition.
            None if term.contains('(') || term == "not" => None,
            None => Some(matches!(term, "all" | "screen")),
        }
    });
    if is_either {
        any(terms)
    } else {
        // Not one that is none.
        any(terms.map(|term| term.map(|term| !term))).map(|is_any| !is_any)
    }
}

/// Whether one holds, if that does not lie with one of which it is not known.
fn any(mut conditions: impl Iterator<Item = Option<bool>>) -> Option<bool> {
    conditions
        .try_fold(false, |is_any, condition| match condition {
            Some(true) => None,
            condition => Some(is_any || condition.is_none()),
        })
        .map_or(Some(true), |is_unknown| (!is_unknown).then_some(false))
}

/// `min-width:30em`, `width >= 600px` or `orientation:landscape`.
fn is_of_window(feature: &str) -> Option<bool> {
    let feature: String = feature.chars().filter(|char| *char != ' ').collect();
    let (name, value) = feature.split_once([':', '<', '>', '='])?;
    let size = |name: &str| match name {
        "width" => Some(WIDTH),
        "height" => Some(HEIGHT),
        _ => None,
    };
    if name == "orientation" {
        return Some(value == "landscape");
    }
    let sign = feature
        .trim_start_matches(name)
        .trim_end_matches(|char| !"<>=:".contains(char));
    let (least, name) = match (name.split_once('-'), sign) {
        (Some(("min", name)), ":") => (true, name),
        (Some(("max", name)), ":") => (false, name),
        (None, ">" | ">=") => (true, name),
        (None, "<" | "<=") => (false, name),
        _ => return None,
    };
    let size = size(name)?;
    let value = value.trim_start_matches('=');
    if !is_size(value) {
        // Of what is wrong with it, browsers know.
        return Some(false);
    }
    let value = pixels(value)?;
    Some(if least { size >= value } else { size <= value })
}

/// `display:grid`, where that is looked at.
fn takes(declaration: &str) -> Option<bool> {
    let (property, value) = declaration.split_once(':')?;
    let (property, value) = (property.trim(), value.trim());
    is_looked_at(property).then(|| is_known(property, value))
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
        ] {
            assert_eq!(is_supported(condition), expected, "{condition}");
        }
    }
}
