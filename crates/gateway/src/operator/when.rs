//! Times as a person reads them: how far away, and when, in UTC.

use std::cmp::Ordering;

use token_core::{Seconds, Timestamp};

use crate::utc::utc;

const STEPS: [(u64, &str); 4] = [(86_400, "d"), (3600, "h"), (60, "min"), (1, "s")];

/// A length of time in its largest whole unit: `29 d`, `12 min`.
pub(crate) fn length(seconds: Seconds) -> String {
    let fits = STEPS.iter().find(|(unit, _)| seconds.0 >= *unit);
    let (unit, name) = fits.unwrap_or(&(1, "s"));
    format!("{} {name}", seconds.0 / unit)
}

/// How far a time is away: `in 29 d`, `12 min ago`, `now`.
pub(crate) fn distance(at: Timestamp, now: Timestamp) -> String {
    match at.cmp(&now) {
        Ordering::Equal => "now".to_owned(),
        Ordering::Greater => format!("in {}", length(at.remaining(now))),
        Ordering::Less => format!("{} ago", length(now.remaining(at))),
    }
}

/// When it is, to the minute, in UTC: `2026-11-25 19:20`.
pub(crate) fn minute(at: Timestamp) -> String {
    let text = utc(at);
    let minute = text.get(..16).unwrap_or(&text);
    minute.replace('T', " ")
}

/// Reads a length of time such as `90d`, `12h`, `30min` or `3600s`; at least a second.
pub(crate) fn parse_length(text: &str) -> Result<Seconds, String> {
    let wrong = || format!("{text:?} is no length of time: write it as 90d, 12h, 30min or 3600s");
    let digits = text.find(|c: char| !c.is_ascii_digit()).ok_or_else(wrong)?;
    let (number, name) = text.split_at(digits);
    let unit = STEPS.iter().find(|(_, unit)| *unit == name);
    let (unit, _) = unit.ok_or_else(wrong)?;
    let number: u64 = number.parse().map_err(|_| wrong())?;
    match number.checked_mul(*unit) {
        Some(seconds) if seconds > 0 => Ok(Seconds(seconds)),
        _ => Err(wrong()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_distance_has_one_unit_and_a_direction() {
        let now = Timestamp(1_800_000_000);
        for (at, text) in [
            (now.0, "now"),
            (now.0 + 1, "in 1 s"),
            (now.0 - 59, "59 s ago"),
            (now.0 + 3599, "in 59 min"),
            (now.0 - 3600, "1 h ago"),
            (now.0 + 30 * 86_400 - 1, "in 29 d"),
        ] {
            assert_eq!(distance(Timestamp(at), now), text);
        }
        assert_eq!(minute(now), "2027-01-15 08:00");
    }

    #[test]
    fn lengths_are_read_and_nonsense_is_not() {
        for (text, seconds) in [
            ("90d", 7_776_000),
            ("12h", 43_200),
            ("30min", 1800),
            ("5s", 5),
        ] {
            assert_eq!(parse_length(text), Ok(Seconds(seconds)));
        }
        for text in [
            "",
            "90",
            "d",
            "-1d",
            "0d",
            "1 d",
            "1w",
            "99999999999999999999d",
            "1d2h",
        ] {
            assert!(parse_length(text).is_err(), "{text:?}");
        }
        assert!(parse_length("999999999999999999d").is_err());
    }
}
