//! `robots.txt` (RFC 9309): what a site asks of programs that come by themselves. A model that calls
//! the tool is one; a person who picks the prompt is not.
//!
//! The file is fetched by the same guard as a page, once for each origin and day. [`rules`] reads it.

pub mod rules;

mod pattern;
#[cfg(test)]
mod tests;

use std::sync::Arc;
use std::time::Duration;

use egress::{
    Ask, Asking, EgressClient, EgressError, Fetched, Limits, Meter, Permission, TimeLimit,
};
use http::header::{CACHE_CONTROL, EXPIRES};
use quick_cache::Weighter;
use quick_cache::sync::Cache;
use token_core::{Clock, Seconds, Timestamp};
use url::Url;

use crate::bounded;
use crate::pages::freshness::Keeping;
use rules::{PARSE_LIMIT, Rules};

/// The product token that a group of `robots.txt` may name; the `User-Agent` begins with it.
pub const PRODUCT: &str = "mcp-fetch";

/// For the file and its redirects, in all.
const TIME: Duration = Duration::from_secs(10);
/// Bounds of how long a file counts (section 2.4: no longer than a day).
const SHORTEST: Seconds = Seconds(300);
const LONGEST: Seconds = Seconds(86_400);
/// How long a failure counts, so that a site that is back is read again soon.
const FAILED: Seconds = Seconds(60);
/// Bytes of all files that are remembered, as rules; one can have [`PARSE_LIMIT`].
const REMEMBERED: u64 = 12 * 1024 * 1024;
/// What an entry takes beside its rules and its origin.
const OVERHEAD: usize = 256;
/// Bytes of rules times bytes of a path that are compared in passing; more (only a hostile file has
/// it) waits on a thread of its own.
const IN_PASSING: usize = 1 << 24;

/// Knows what each site says.
pub(crate) struct Robots {
    client: EgressClient,
    clock: Arc<dyn Clock>,
    remembered: Cache<String, Known, Weight>,
}

#[derive(Clone)]
struct Known {
    says: Arc<Says>,
    until: Timestamp,
}

/// What an origin says of our crawler.
enum Says {
    Rules(Rules),
    /// There is no such file: everything is allowed (section 2.3.1.3).
    Nothing,
    /// It may be there and could not be read: everything is disallowed (section 2.3.1.4).
    Unreadable(String),
    /// The site itself cannot be reached, or must not be.
    Unreachable(EgressError),
}

#[derive(Clone)]
struct Weight;

impl Weighter<String, Known> for Weight {
    fn weight(&self, origin: &String, known: &Known) -> u64 {
        let rules = match &*known.says {
            Says::Rules(rules) => rules.weight(),
            _ => 0,
        };
        (rules + origin.len() + OVERHEAD) as u64
    }
}

impl Robots {
    pub(crate) fn new(client: &EgressClient, clock: Arc<dyn Clock>) -> Self {
        let limits = Limits {
            total: TIME,
            body_bytes: PARSE_LIMIT,
            ..Limits::default()
        };
        Self {
            client: client.limited(limits),
            clock,
            remembered: bounded::cache(REMEMBERED, Weight),
        }
    }

    /// Whether this URL may be fetched without a person's wish. What is fetched to know it, `meter`
    /// counts.
    pub(crate) async fn permit(&self, url: &Url, meter: &Meter) -> Result<(), EgressError> {
        let says = self.says(url, meter).await;
        match &*says {
            Says::Nothing => Ok(()),
            Says::Rules(rules) if rules.weight() * path(url).len() <= IN_PASSING => {
                judge(rules, url)
            }
            Says::Rules(_) => {
                let (says, url) = (Arc::clone(&says), url.clone());
                let judged = tokio::task::spawn_blocking(move || match &*says {
                    Says::Rules(rules) => judge(rules, &url),
                    _ => Ok(()),
                });
                judged.await.unwrap_or(Err(EgressError::Response))
            }
            Says::Unreadable(reason) => Err(EgressError::NotPermitted(format!(
                "the robots.txt of {} could not be read ({reason}), and then no page may be fetched \
                 automatically (RFC 9309 section 2.3.1.4)",
                url.origin().ascii_serialization()
            ))),
            Says::Unreachable(error) => Err(error.clone()),
        }
    }

    async fn says(&self, url: &Url, meter: &Meter) -> Arc<Says> {
        let origin = url.origin().ascii_serialization();
        let now = self.clock.now();
        self.remembered
            .remove_if(&origin, |known| known.until.has_passed(now));
        match self.remembered.get_value_or_guard_async(&origin).await {
            Ok(known) => known.says,
            // Who comes meanwhile waits; should this one go away, the next one asks.
            Err(place) => {
                let known = self.ask(&origin, meter).await;
                // It may have been pushed out already, and is right all the same.
                let _ = place.insert(known.clone());
                known.says
            }
        }
    }

    async fn ask(&self, origin: &str, meter: &Meter) -> Known {
        let url = format!("{origin}/robots.txt");
        let ask = Ask {
            meter: Some(meter),
            ..Ask::accepting("text/plain, */*;q=0.5")
        };
        let answer = self.client.fetch(&url, &ask).await;
        let now = self.clock.now();
        let (says, lifetime) = match answer {
            Ok(answer) => said(&answer, now),
            Err(EgressError::TooManyRedirects(_)) => (Says::Nothing, LONGEST),
            Err(error) => (failed(error), FAILED),
        };
        Known {
            says: Arc::new(says),
            until: now.plus(lifetime),
        }
    }
}

/// It, on somebody's account.
pub(crate) struct Metered<'a> {
    pub(crate) robots: &'a Robots,
    pub(crate) meter: &'a Meter,
}

impl Permission for Metered<'_> {
    fn ask<'a>(&'a self, url: &'a Url) -> Asking<'a> {
        Box::pin(self.robots.permit(url, self.meter))
    }
}

/// Sections 2.3.1.1 to 2.3.1.4.
fn said(answer: &Fetched, now: Timestamp) -> (Says, Seconds) {
    if answer.status.is_server_error() {
        return (Says::Unreadable(answer.status.to_string()), FAILED);
    }
    let says = if answer.status.is_success() {
        Says::Rules(Rules::parse(&answer.body, PRODUCT))
    } else {
        Says::Nothing
    };
    let says_how_long = [CACHE_CONTROL, EXPIRES].map(|name| answer.headers.contains_key(name));
    let lifetime = if says_how_long.contains(&true) {
        let keeping = Keeping::of(answer, &answer.headers, now);
        keeping.fresh_for.clamp(SHORTEST, LONGEST)
    } else {
        LONGEST
    };
    (says, lifetime)
}

fn failed(error: EgressError) -> Says {
    match error {
        EgressError::Refused(_)
        | EgressError::Unresolved
        | EgressError::Connect
        | EgressError::Tls
        | EgressError::Timeout(TimeLimit::Connect) => Says::Unreachable(error),
        other => Says::Unreadable(other.to_string()),
    }
}

fn judge(rules: &Rules, url: &Url) -> Result<(), EgressError> {
    match rules.forbidding(path(url)) {
        None => Ok(()),
        Some(rule) => Err(EgressError::NotPermitted(format!(
            "the robots.txt of {} forbids it to automatic visitors: `{rule}`",
            url.origin().ascii_serialization()
        ))),
    }
}

/// Path and query, as rules are compared with them.
fn path(url: &Url) -> &str {
    &url[url::Position::BeforePath..url::Position::AfterQuery]
}
