//! What a report counts.

use std::collections::BTreeMap;

use serde::Serialize;
use token_core::store::TrailRecord;
use token_core::{Seconds, Timestamp};

use super::super::output::number_of;
use super::super::trace::Attempts;
use super::series::{PARTS, Series};
use super::unusual::{Finding, Watch};

/// What happened over a window.
#[derive(Serialize)]
pub(crate) struct Figures {
    pub(crate) since: Timestamp,
    pub(crate) until: Timestamp,
    /// Login attempts, by how they ended.
    pub(crate) logins: BTreeMap<String, Series>,
    /// Sign-ins and token requests that were refused, by reason.
    pub(crate) failures: BTreeMap<String, Series>,
    /// Requests that the verifier refused, by reason.
    pub(crate) denials: BTreeMap<String, Series>,
    /// What the verifiers decided.
    pub(crate) requests: BTreeMap<String, Series>,
    pub(crate) unusual: Vec<Finding>,
    /// How many events the store lacks.
    pub(crate) missing: u64,
    /// The oldest event that was read: some are of before the window.
    pub(crate) first: Option<Timestamp>,
    /// The same of what the verifiers wrote, which is kept apart from the rest, and of the rest.
    #[serde(skip)]
    firsts: [Option<Timestamp>; 2],
    #[serde(skip)]
    watch: Watch,
    #[serde(skip)]
    attempts: Attempts,
}

impl Figures {
    pub(crate) fn over(since: Timestamp, until: Timestamp) -> Self {
        Self {
            since,
            until,
            logins: BTreeMap::new(),
            failures: BTreeMap::new(),
            denials: BTreeMap::new(),
            requests: BTreeMap::new(),
            unusual: Vec::new(),
            missing: 0,
            first: None,
            firsts: [None; 2],
            watch: Watch::default(),
            attempts: Attempts::default(),
        }
    }

    /// How long a part of the window is.
    pub(crate) fn step(&self) -> Seconds {
        let window = self.until.0.saturating_sub(self.since.0);
        Seconds(window.div_ceil(PARTS as u64).max(1))
    }

    fn part(&self, at: Timestamp) -> usize {
        let part = at.0.saturating_sub(self.since.0) / self.step().0;
        usize::try_from(part).unwrap_or(PARTS).min(PARTS - 1)
    }

    pub(crate) fn take(&mut self, record: &TrailRecord) {
        let of_verifier = record.text("program") == Some("forward-auth");
        let [verifiers, others] = &mut self.firsts;
        for first in [
            &mut self.first,
            if of_verifier { verifiers } else { others },
        ] {
            first.get_or_insert(record.at);
        }
        if record.at < self.since {
            self.watch.hear_of(record);
            return;
        }
        let part = self.part(record.at);
        let add = |to: &mut BTreeMap<String, Series>, name: &str, count| {
            if count > 0 {
                to.entry(name.to_owned()).or_default().add(part, count);
            }
        };
        let number = |member| record.number(member).unwrap_or_default();
        match record.event.as_str() {
            "auth_failure" => add(&mut self.failures, reason(record), 1),
            "requests_denied" => add(&mut self.denials, reason(record), number("count")),
            "requests_counted" => {
                for name in ["allowed", "denied", "undecided"] {
                    add(&mut self.requests, name, number(name));
                }
            }
            "events_missing" => self.missing = self.missing.saturating_add(number("count")),
            _ => {}
        }
        self.watch.take(record);
        self.attempts.take(record);
    }

    /// After the last record.
    pub(crate) fn finish(&mut self) {
        self.unusual = std::mem::take(&mut self.watch).into_findings();
        for attempt in std::mem::take(&mut self.attempts).into_all() {
            if attempt.other.is_some() {
                continue;
            }
            let how = match (attempt.is_done(), &attempt.error) {
                (true, _) => "connected",
                (false, Some(_)) => "failed",
                (false, None) => "not finished",
            };
            let part = self.part(attempt.began);
            self.logins.entry(how.to_owned()).or_default().add(part, 1);
        }
    }

    /// What the reader must know of the figures.
    pub(crate) fn notices(&self) -> Vec<String> {
        let mut notices = Vec::new();
        if self.missing > 0 {
            notices.push(format!(
                "{} missing in the store: more came than are kept, or it took none. The logs have \
                 them.",
                number_of(self.missing, "event")
            ));
        }
        // In a gateway that nobody uses for a while nothing happens for a while.
        let quiet = (self.until.0.saturating_sub(self.since.0) / 10).min(86_400);
        let begins = self.since.plus(Seconds(quiet));
        let late = |first: &Option<Timestamp>| first.is_none_or(|first| first > begins);
        let [verifiers, others] = self.firsts;
        let whose = match (late(&verifiers), late(&others)) {
            (false, false) => None,
            (true, true) => Some("The audit trail does"),
            (true, false) => Some("What the verifiers wrote does"),
            (false, true) => Some("What the authorization server wrote does"),
        };
        if let Some(whose) = whose {
            notices.push(format!(
                "{whose} not reach back to the beginning of this window: nothing happened there, or \
                 AUDIT_LENGTH keeps less."
            ));
        }
        notices
    }

    /// How well requests could be decided, and what that is worth.
    pub(crate) fn availability(&self) -> String {
        let total = |name| self.requests.get(name).map_or(0, Series::total);
        let (decided, undecided) = (total("allowed") + total("denied"), total("undecided"));
        let all = decided + undecided;
        if all == 0 {
            return "No verifier wrote how much it decided, so nothing is known of availability."
                .to_owned();
        }
        // To a hundredth of a percent, downwards: 100 % is all of them.
        let share = decided.saturating_mul(10_000) / all;
        format!(
            "{}.{:02} % of requests could be decided; the others got 503. A verifier that is down \
             writes nothing: ask your monitoring about that.",
            share / 100,
            share % 100
        )
    }
}

fn reason(record: &TrailRecord) -> &str {
    record.text("reason").unwrap_or("unknown")
}
