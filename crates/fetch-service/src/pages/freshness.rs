//! Who may be given a kept response, and for how long (RFC 9111 sections 3 and 4.2). Pure: headers
//! in, a verdict out.
//!
//! `Vary` needs nothing but the last line of [`Keeping::of_one`]: every request of this service has
//! the same headers, so whatever a response varies by was the same.

use std::time::{Duration, SystemTime};

use egress::{Fetched, Redirect};
use http::header::{AGE, CACHE_CONTROL, DATE, EXPIRES, HeaderName, LAST_MODIFIED, VARY};
use http::{HeaderMap, StatusCode};
use token_core::{Seconds, Timestamp};

/// The longest that anything is kept without asking again, whatever its headers say.
const LONGEST: u64 = 24 * 60 * 60;
/// RFC 9111 section 4.2.2: a tenth of the time since the page was last changed.
const HEURISTIC_PART: u64 = 10;
/// Statuses that may be kept without being told how long (RFC 9110 section 15.1).
const HEURISTIC_STATUSES: [u16; 9] = [200, 203, 204, 300, 301, 308, 404, 410, 414];

/// Whom a kept response may be given.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Audience {
    /// `no-store`.
    Nobody,
    /// `private`: the person who asked for it.
    Person,
    Everybody,
}

/// What may be done with a response. The default is what an intermediary could wish for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Keeping {
    pub(crate) audience: Audience,
    /// From its arrival on; zero asks for revalidation at every use.
    pub(crate) fresh_for: Seconds,
}

impl Keeping {
    /// Of a response with all that led to it: no longer and for no more people than any hop allows.
    pub(crate) fn of(fetched: &Fetched, headers: &HeaderMap, now: Timestamp) -> Self {
        let hops = fetched.redirects.iter();
        hops.map(
            |Redirect {
                 status, headers, ..
             }| Self::of_one(*status, headers, now),
        )
        .fold(Self::of_one(fetched.status, headers, now), Self::and)
    }

    fn and(self, other: Self) -> Self {
        Self {
            audience: self.audience.min(other.audience),
            fresh_for: self.fresh_for.min(other.fresh_for),
        }
    }

    pub(crate) fn of_one(status: StatusCode, headers: &HeaderMap, now: Timestamp) -> Self {
        let control = Control::of(headers);
        let audience = match &control {
            Control { no_store: true, .. } => Audience::Nobody,
            Control { private: true, .. } => Audience::Person,
            _ => Audience::Everybody,
        };
        let date = time(headers, &DATE).unwrap_or_else(|| instant(now));
        let lifetime = if control.no_cache || headers.get_all(VARY).iter().any(|value| value == "*")
        {
            0
        } else {
            lifetime(&control, status, headers, date)
        };
        let fresh_for = lifetime
            .min(LONGEST)
            .saturating_sub(age(headers, date, now));
        Self {
            audience,
            fresh_for: Seconds(fresh_for),
        }
    }
}

/// RFC 9111 section 4.2.1: what a shared cache is told comes first.
fn lifetime(control: &Control, status: StatusCode, headers: &HeaderMap, date: SystemTime) -> u64 {
    if let Some(seconds) = control.s_maxage.or(control.max_age) {
        return seconds;
    }
    if headers.contains_key(EXPIRES) {
        // What is no date (`0`, most often) has passed.
        return time(headers, &EXPIRES).map_or(0, |expires| seconds_from(date, expires));
    }
    if !HEURISTIC_STATUSES.contains(&status.as_u16()) {
        return 0;
    }
    time(headers, &LAST_MODIFIED).map_or(0, |changed| seconds_from(changed, date) / HEURISTIC_PART)
}

/// RFC 9111 section 4.2.3: what the caches before us say, or what the date says.
fn age(headers: &HeaderMap, date: SystemTime, now: Timestamp) -> u64 {
    let said = headers.get(AGE).and_then(|value| value.to_str().ok());
    let said = said.and_then(|text| text.trim().parse().ok()).unwrap_or(0);
    seconds_from(date, instant(now)).max(said)
}

fn seconds_from(earlier: SystemTime, later: SystemTime) -> u64 {
    later
        .duration_since(earlier)
        .map_or(0, |span| span.as_secs())
}

fn instant(now: Timestamp) -> SystemTime {
    SystemTime::UNIX_EPOCH + Duration::from_secs(now.0)
}

fn time(headers: &HeaderMap, name: &HeaderName) -> Option<SystemTime> {
    let text = headers.get(name)?.to_str().ok()?;
    httpdate::parse_http_date(text).ok()
}

/// The directives of `Cache-Control` that matter here (RFC 9111 section 5.2.2). Those with a list of
/// fields count as if they had none.
#[derive(Default)]
struct Control {
    no_store: bool,
    no_cache: bool,
    private: bool,
    max_age: Option<u64>,
    s_maxage: Option<u64>,
}

impl Control {
    fn of(headers: &HeaderMap) -> Self {
        let mut control = Self::default();
        for value in headers.get_all(CACHE_CONTROL) {
            match value.to_str() {
                Ok(text) => directives(text).for_each(|directive| control.take(&directive)),
                // What cannot be read could have said so.
                Err(_) => control.no_store = true,
            }
        }
        control
    }

    fn take(&mut self, directive: &str) {
        let (name, value) = directive.split_once('=').unwrap_or((directive, ""));
        // What is no number is stale (section 4.2.1), and of two the shorter one counts.
        let seconds = || value.trim_matches('"').parse().unwrap_or(0);
        match name {
            "no-store" => self.no_store = true,
            "no-cache" => self.no_cache = true,
            "private" => self.private = true,
            "max-age" => shorten(&mut self.max_age, seconds()),
            "s-maxage" => shorten(&mut self.s_maxage, seconds()),
            _ => {}
        }
    }
}

fn shorten(to: &mut Option<u64>, seconds: u64) {
    *to = Some(to.map_or(seconds, |already| already.min(seconds)));
}

/// Parted at the commas outside of quotes, in lower case.
fn directives(text: &str) -> impl Iterator<Item = String> {
    let mut quoted = false;
    text.split(move |character| {
        quoted ^= character == '"';
        character == ',' && !quoted
    })
    .map(|directive| directive.trim().to_ascii_lowercase())
}

#[cfg(test)]
mod tests {
    use http::{HeaderMap, HeaderName, StatusCode};
    use token_core::{Seconds, Timestamp};

    use super::{Audience, Keeping};

    /// Sun, 06 Nov 1994 08:49:37 GMT.
    const NOW: Timestamp = Timestamp(784_111_777);
    const HOUR_AGO: &str = "Sun, 06 Nov 1994 07:49:37 GMT";
    const AT_NOW: &str = "Sun, 06 Nov 1994 08:49:37 GMT";
    const HOUR_ON: &str = "Sun, 06 Nov 1994 09:49:37 GMT";

    fn keeping(status: u16, headers: &[(&str, &str)]) -> (Audience, u64) {
        let headers: HeaderMap = headers
            .iter()
            .map(|(name, value)| {
                let name: HeaderName = name.parse().unwrap();
                (name, value.parse().unwrap())
            })
            .collect();
        let status = StatusCode::from_u16(status).unwrap();
        let Keeping {
            audience,
            fresh_for: Seconds(fresh_for),
        } = Keeping::of_one(status, &headers, NOW);
        (audience, fresh_for)
    }

    #[test]
    fn headers_say_for_whom_and_how_long() {
        use Audience::{Everybody, Nobody, Person};
        let control = |text| keeping(200, &[("cache-control", text)]);
        for (text, expected) in [
            ("max-age=60", (Everybody, 60)),
            ("MAX-AGE=\"60\"", (Everybody, 60)),
            ("public, max-age=60, s-maxage=600", (Everybody, 600)),
            ("s-maxage=0, max-age=60", (Everybody, 0)),
            ("max-age=60, max-age=30", (Everybody, 30)),
            ("max-age=soon", (Everybody, 0)),
            ("max-age=-1", (Everybody, 0)),
            ("max-age=99999999", (Everybody, 86_400)),
            ("no-cache, max-age=60", (Everybody, 0)),
            ("no-cache=\"set-cookie, x\", max-age=60", (Everybody, 0)),
            ("private, max-age=60", (Person, 60)),
            ("private=\"x, no-store\", max-age=60", (Person, 60)),
            ("no-store", (Nobody, 0)),
            ("x=\"no-store\"", (Everybody, 0)),
            ("private,no-store", (Nobody, 0)),
            ("", (Everybody, 0)),
        ] {
            assert_eq!(control(text), expected, "{text}");
        }
    }

    #[test]
    fn dates_count_where_nothing_else_is_said() {
        let expires = |value| keeping(200, &[("date", AT_NOW), ("expires", value)]).1;
        assert_eq!(
            (expires(HOUR_ON), expires(HOUR_AGO), expires("0")),
            (3600, 0, 0)
        );
        let with_both = [
            ("date", AT_NOW),
            ("expires", HOUR_ON),
            ("cache-control", "max-age=5"),
        ];
        assert_eq!(keeping(200, &with_both).1, 5);
        let changed = [("date", AT_NOW), ("last-modified", HOUR_AGO)];
        assert_eq!(keeping(200, &changed).1, 360);
        assert_eq!(keeping(404, &changed).1, 360);
        assert_eq!((keeping(302, &changed).1, keeping(500, &changed).1), (0, 0));
    }

    #[test]
    fn what_is_old_already_is_fresh_for_less() {
        let aged = [("cache-control", "max-age=60"), ("age", "45")];
        assert_eq!(keeping(200, &aged).1, 15);
        let dated = [
            ("cache-control", "max-age=4000"),
            ("date", HOUR_AGO),
            ("age", "45"),
        ];
        assert_eq!(keeping(200, &dated).1, 400);
        let ahead = [("cache-control", "max-age=60"), ("date", HOUR_ON)];
        assert_eq!(keeping(200, &ahead).1, 60);
    }

    #[test]
    fn vary_by_everything_is_never_fresh_and_by_what_is_always_the_same_is() {
        let vary = |value| keeping(200, &[("cache-control", "max-age=60"), ("vary", value)]).1;
        assert_eq!((vary("*"), vary("Accept, User-Agent, Cookie")), (0, 60));
    }
}
