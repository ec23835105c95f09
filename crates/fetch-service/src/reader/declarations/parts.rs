//! Values taken apart, as browsers compute them.

use std::borrow::Cow;

use super::super::css_text::words;
use super::super::known_values::{is_global, is_known, is_unit};
use super::super::sums::worked_out;
use super::number;

/// A value without what makes it important, and whether something does.
pub(super) fn importance(value: &str) -> (&str, bool) {
    let value = value.trim();
    let plain = value
        .strip_suffix("important")
        .and_then(|value| value.trim_end().strip_suffix('!'));
    (plain.unwrap_or(value).trim_end(), plain.is_some())
}

/// With its sums worked out. What cannot be less than nothing is nothing then.
pub(super) fn computed<'a>(property: &str, value: &'a str) -> Cow<'a, str> {
    const SIZES: [&str; 9] = [
        "font-size",
        "width",
        "height",
        "min-width",
        "min-height",
        "max-width",
        "max-height",
        "line-height",
        "flex-grow",
    ];
    let computed = worked_out(value);
    match number(&computed) {
        Some((number, unit)) if number < 0.0 && SIZES.contains(&property) => {
            format!("0{unit}").into()
        }
        _ => computed,
    }
}

/// In `italic 700 12px/1.5 serif`: what has a unit, or is nothing; a family must follow.
pub(super) fn size_in_font(value: &str) -> Option<&str> {
    let mut words = value.split([' ', '/']).filter(|word| !word.is_empty());
    let size = words
        .find(|word| number(word).is_some_and(|(number, unit)| number == 0.0 || is_unit(unit)));
    let family = words.next_back()?;
    size.filter(|_| number(family).is_none())
}

/// Of a value with one to four parts: top, right, bottom and left. Nothing where browsers would not
/// take one of them for the property.
pub(super) fn sides<'a>(value: &'a str, property: &str) -> Option<[&'a str; 4]> {
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
