//! Custom properties (CSS Variables Level 1), and values with them put in.

use std::collections::HashMap;
use std::rc::Rc;

/// Values within values, and how many in all: a few may be made of each other without end.
const MAX_DEPTH: usize = 8;
const MAX_STEPS: usize = 50;
/// Bytes of what comes of it.
const MAX_LENGTH: usize = 1_000;

/// The values that one block gives to names, and whether they are important.
pub(super) type Custom = HashMap<Rc<str>, (Rc<str>, bool)>;

/// What is known of a custom property.
pub(super) enum Known {
    Is(Rc<str>),
    /// Nowhere on the page.
    Undefined,
    /// It depends on what is around.
    Somewhere,
}

/// What `var()` and `env()` stand for in a value, if that is known.
pub(super) fn put_in(value: &str, known: &mut dyn FnMut(&str) -> Known) -> Option<String> {
    let mut steps = MAX_STEPS;
    resolved(value, known, &mut steps, 0)
}

fn resolved(
    value: &str,
    known: &mut dyn FnMut(&str) -> Known,
    steps: &mut usize,
    depth: usize,
) -> Option<String> {
    if depth > MAX_DEPTH || value.len() > MAX_LENGTH {
        return None;
    }
    let mut all = String::new();
    let mut rest = value;
    while let Some((at, is_variable)) = next_call(rest) {
        *steps = steps.checked_sub(1)?;
        let (before, call) = rest.split_at(at);
        all.push_str(before);
        let call = call.get("var(".len()..)?;
        let (inside, after) = call.split_at(end_of(call)?);
        rest = after.strip_prefix(')')?;
        let (name, fallback) = inside
            .split_once(',')
            .map_or((inside, None), |(name, rest)| (name, Some(rest)));
        let name = name.trim();
        let found = if is_variable {
            known(name)
        } else if name.starts_with("safe-area-") || name.starts_with("keyboard-") {
            Known::Is("0px".into())
        } else {
            Known::Undefined
        };
        let inside = match found {
            Known::Is(value) => resolved(&value, known, steps, depth + 1)?,
            Known::Undefined => resolved(fallback?, known, steps, depth + 1)?,
            Known::Somewhere => return None,
        };
        all.push_str(inside.trim());
        if all.len() > MAX_LENGTH {
            return None;
        }
    }
    all.push_str(rest);
    (all.len() <= MAX_LENGTH).then_some(all)
}

/// Where one begins, and whether it is `var()`.
fn next_call(text: &str) -> Option<(usize, bool)> {
    let calls = [("var(", true), ("env(", false)];
    let starts = calls.into_iter().filter_map(|(call, is_variable)| {
        let mut found = text.match_indices(call).map(|(at, _)| at);
        let start = found.find(|at| {
            let before = text.get(..*at).unwrap_or_default();
            !before.ends_with(|char: char| char.is_alphanumeric() || matches!(char, '-' | '_'))
        });
        Some((start?, is_variable))
    });
    starts.min()
}

/// Where the parenthesis is that closes what has been opened before.
fn end_of(text: &str) -> Option<usize> {
    let mut open = 1_usize;
    let mut signs = text.char_indices();
    let end = signs.find(|(_, char)| {
        match char {
            '(' => open += 1,
            ')' => open -= 1,
            _ => {}
        }
        open == 0
    });
    end.map(|(at, _)| at)
}

/// In lower case, but for the names of custom properties.
pub(super) fn lowered(value: &str) -> String {
    if !value.contains("--") {
        return value.to_ascii_lowercase();
    }
    let is_of_name = |char: char| char.is_alphanumeric() || matches!(char, '-' | '_' | '\\');
    let mut all = String::with_capacity(value.len());
    let mut is_custom = false;
    let mut is_in_name = false;
    for (at, char) in value.char_indices() {
        if !is_of_name(char) {
            (is_custom, is_in_name) = (false, false);
        } else if !is_in_name {
            is_in_name = true;
            is_custom = value.get(at..).is_some_and(|rest| rest.starts_with("--"));
        }
        all.push(if is_custom {
            char
        } else {
            char.to_ascii_lowercase()
        });
    }
    all
}
