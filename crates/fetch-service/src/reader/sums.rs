//! Sums (CSS Values Level 4), worked out where they are of one unit: `calc(1px - 9px)` is `-8px`.

use std::borrow::Cow;
use std::fmt::Write as _;

/// Units that are so many pixels.
const ABSOLUTE: [(&str, f64); 7] = [
    ("px", 1.0),
    ("pt", 96.0 / 72.0),
    ("pc", 16.0),
    ("in", 96.0),
    ("cm", 96.0 / 2.54),
    ("mm", 96.0 / 25.4),
    ("q", 96.0 / 101.6),
];
const CALLS: [&str; 4] = ["calc", "min", "max", "clamp"];
/// Beyond this one number is as good as another.
const LARGEST: f64 = 1e30;
/// Sums within sums. None that is written here has more.
const MAX_DEPTH: usize = 40;

#[derive(Debug, Clone)]
struct Amount<'a> {
    number: f64,
    unit: &'a str,
}

/// A value with its sums worked out. Those that depend on what is around stay as they are.
pub(super) fn worked_out(value: &str) -> Cow<'_, str> {
    let mut done = String::new();
    let mut rest = value;
    while let Some(at) = next_call(rest) {
        let (before, call) = rest.split_at(at);
        done.push_str(before);
        let mut sum = Sum { rest: call };
        if let Some(amount) = sum.term(0) {
            // Writing to a String does not fail.
            let _ = write!(done, "{}{}", amount.number, amount.unit);
            rest = sum.rest;
        } else {
            let name_end = call.find('(').map_or(call.len(), |at| at + 1);
            let (name, after) = call.split_at(name_end);
            done.push_str(name);
            rest = after;
        }
    }
    if done.is_empty() && rest.len() == value.len() {
        return value.into();
    }
    done.push_str(rest);
    done.into()
}

/// Where a sum begins.
fn next_call(text: &str) -> Option<usize> {
    let is_of_name = |char: char| char.is_alphanumeric() || matches!(char, '-' | '_');
    text.match_indices('(').find_map(|(at, _)| {
        let before = text.get(..at)?;
        let without = CALLS.iter().find_map(|call| before.strip_suffix(call))?;
        (!without.ends_with(is_of_name)).then_some(without.len())
    })
}

struct Sum<'a> {
    rest: &'a str,
}

impl<'a> Sum<'a> {
    fn take(&mut self, sign: &str) -> bool {
        let rest = self.rest.strip_prefix(sign);
        self.rest = rest.unwrap_or(self.rest);
        rest.is_some()
    }

    fn skip_space(&mut self) {
        self.rest = self.rest.trim_start();
    }

    fn sum(&mut self, depth: usize) -> Option<Amount<'a>> {
        self.skip_space();
        let mut all = self.product(depth)?;
        loop {
            let sign = if self.take(" + ") {
                1.0
            } else if self.take(" - ") {
                -1.0
            } else {
                self.skip_space();
                return Some(all);
            };
            let next = self.product(depth)?;
            let has_units = !all.unit.is_empty() && !next.unit.is_empty();
            all = if all.unit == next.unit {
                amount(all.number + sign * next.number, all.unit)
            } else if has_units && next.number == 0.0 {
                all
            } else if has_units && all.number == 0.0 {
                amount(sign * next.number, next.unit)
            } else {
                return None;
            };
        }
    }

    fn product(&mut self, depth: usize) -> Option<Amount<'a>> {
        let mut all = self.term(depth)?;
        loop {
            let before = self.rest;
            self.skip_space();
            if self.take("*") {
                self.skip_space();
                let next = self.term(depth)?;
                let ((unit, "") | ("", unit)) = (all.unit, next.unit) else {
                    return None;
                };
                all = amount(all.number * next.number, unit);
            } else if self.take("/") {
                self.skip_space();
                let next = self.term(depth)?;
                if !next.unit.is_empty() || next.number == 0.0 {
                    return None;
                }
                all = amount(all.number / next.number, all.unit);
            } else {
                self.rest = before;
                return Some(all);
            }
        }
    }

    /// A number, or what is in parentheses.
    fn term(&mut self, depth: usize) -> Option<Amount<'a>> {
        if depth > MAX_DEPTH {
            return None;
        }
        if self.take("calc(") || self.take("(") {
            let sum = self.sum(depth + 1)?;
            return self.take(")").then_some(sum);
        }
        for name in ["min(", "max(", "clamp("] {
            if self.take(name) {
                let mut all = vec![self.sum(depth + 1)?];
                while self.take(",") {
                    all.push(self.sum(depth + 1)?);
                }
                return self.take(")").then(|| chosen(name, all))?;
            }
        }
        for (name, number) in [
            ("infinity", LARGEST),
            ("-infinity", -LARGEST),
            ("pi", std::f64::consts::PI),
        ] {
            if self.take(name) {
                return Some(amount(number, ""));
            }
        }
        let is_of_number = |char: char| char.is_ascii_digit() || matches!(char, '.' | '-' | '+');
        let end = self.rest.find(|char| !is_of_number(char));
        let (number, after) = self.rest.split_at(end.unwrap_or(self.rest.len()));
        let is_of_unit = |char: char| char.is_ascii_alphabetic() || char == '%';
        let end = after.find(|char| !is_of_unit(char));
        let (unit, after) = after.split_at(end.unwrap_or(after.len()));
        self.rest = after;
        let number: f64 = number.parse().ok()?;
        let pixels = ABSOLUTE.iter().find(|(known, _)| *known == unit);
        Some(pixels.map_or_else(
            || amount(number, unit),
            |(_, each)| amount(number * each, "px"),
        ))
    }
}

fn amount(number: f64, unit: &str) -> Amount<'_> {
    Amount {
        number: number.clamp(-LARGEST, LARGEST),
        unit,
    }
}

fn chosen<'a>(name: &str, all: Vec<Amount<'a>>) -> Option<Amount<'a>> {
    if name == "clamp(" {
        let [least, value, most] = <[Amount<'a>; 3]>::try_from(all).ok()?;
        let value = one_of(value, most, true)?;
        return one_of(least, value, false);
    }
    let is_least = name == "min(";
    let mut all = all.into_iter();
    let first = all.next()?;
    all.try_fold(first, |one, other| one_of(one, other, is_least))
}

/// The lesser of two, or the greater. Whatever a unit is, nothing of it is less than something.
fn one_of<'a>(one: Amount<'a>, other: Amount<'a>, is_least: bool) -> Option<Amount<'a>> {
    let is_first_less = if one.unit == other.unit {
        one.number <= other.number
    } else if one.number <= 0.0 && other.number >= 0.0 {
        true
    } else if one.number >= 0.0 && other.number <= 0.0 {
        false
    } else {
        return None;
    };
    Some(if is_first_less == is_least {
        one
    } else {
        other
    })
}

#[cfg(test)]
mod tests {
    use super::worked_out;

    #[test]
    fn sums_of_one_unit_are_worked_out_and_others_stay() {
        for (value, expected) in [
            ("calc(1 - 1)", "0"),
            ("calc(0px - 9999px)", "-9999px"),
            ("min(0px,1px)", "0px"),
            ("min(0px, 5vw)", "0px"),
            ("max(1px, 2px, 3px)", "3px"),
            ("clamp(0px, 5px, 1px)", "1px"),
            ("calc(1em + 0px)", "1em"),
            ("calc(2 * (1px + 2px) / 3)", "2px"),
            (
                "calc(-infinity * 1px)",
                "-1000000000000000000000000000000px",
            ),
            ("translate(calc(1px - 2px), 3px)", "translate(-1px, 3px)"),
            ("calc(1in)", "96px"),
            ("calc(1px + 2%)", "calc(1px + 2%)"),
            ("clamp(1rem,2vw + 3px,4rem)", "clamp(1rem,2vw + 3px,4rem)"),
            ("calc(1 / 0)", "calc(1 / 0)"),
            ("xcalc(1 + 1)", "xcalc(1 + 1)"),
            ("calc(1 +", "calc(1 +"),
            ("12px", "12px"),
        ] {
            assert_eq!(worked_out(value), expected, "{value}");
        }
        worked_out(&"calc(".repeat(2_000));
    }
}
