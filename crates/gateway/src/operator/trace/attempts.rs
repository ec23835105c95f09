//! Putting login attempts together from the records of their steps.
//!
//! From consent to the return from the sign-in a login has a name of its own (`flow`), from there
//! on a session (`grant`). What comes before has neither: a registration is an attempt's by its
//! client, discovery by its network within the minutes before.

#[cfg(test)]
mod tests;

use std::collections::HashMap;

use serde::Serialize;
use token_core::Timestamp;
use token_core::store::TrailRecord;

use super::super::trail::in_words;
use super::cause::{self, Outcome};

/// The steps, in their order.
pub(crate) const STEPS: [&str; 7] = [
    "discovery",
    "registration",
    "authorize",
    "consent",
    "sign-in",
    "token",
    "first call",
];
const REGISTRATION: usize = 1;
const AUTHORIZE: usize = 2;
const CALL: usize = 6;

/// Discovery is an attempt's that begins within this many seconds: ten minutes, and the five within
/// which a network's next one is not recorded.
const NEAR: u64 = 900;
/// A client asks for a person within this many seconds after its registration, or another time.
const SOON: u64 = 3600;

/// What became of a step.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Mark {
    #[default]
    Missing,
    Came,
    Failed,
    NotNeeded,
}

impl Mark {
    pub(crate) fn symbol(self) -> char {
        match self {
            Self::Missing => '·',
            Self::Came => '✓',
            Self::Failed => '✗',
            Self::NotNeeded => '-',
        }
    }
}

/// A login attempt.
#[derive(Debug)]
pub(crate) struct Attempt {
    pub(crate) began: Timestamp,
    pub(crate) last: Timestamp,
    pub(crate) flow: Option<String>,
    /// What an error page showed.
    pub(crate) page: Option<String>,
    pub(crate) client_id: Option<String>,
    pub(crate) looks_like: Option<String>,
    pub(crate) agent: Option<String>,
    pub(crate) networks: Vec<String>,
    pub(crate) marks: [Mark; 7],
    pub(crate) error: Option<String>,
    pub(crate) reason: Option<String>,
    pub(crate) description: Option<String>,
    /// It is no login, but something else that failed.
    pub(crate) other: Option<&'static str>,
}

impl Attempt {
    fn begun(began: Timestamp) -> Self {
        Self {
            began,
            last: began,
            flow: None,
            page: None,
            client_id: None,
            looks_like: None,
            agent: None,
            networks: Vec::new(),
            marks: [Mark::Missing; 7],
            error: None,
            reason: None,
            description: None,
            other: None,
        }
    }

    /// What names it: the page that somebody saw goes before.
    pub(crate) fn reference(&self) -> Option<&String> {
        self.page.as_ref().or(self.flow.as_ref())
    }

    pub(crate) fn is_named(&self, reference: &str) -> bool {
        [&self.page, &self.flow]
            .into_iter()
            .flatten()
            .any(|own| own == reference)
    }

    pub(crate) fn is_done(&self) -> bool {
        self.other.is_none() && self.marks.last() == Some(&Mark::Came)
    }

    pub(crate) fn call_failed(&self) -> bool {
        self.marks.last() == Some(&Mark::Failed)
    }

    pub(crate) fn outcome(&self, now: Timestamp) -> Outcome {
        cause::of(self, now)
    }

    /// What it looks like, or how its identifier begins.
    pub(crate) fn client(&self) -> String {
        let agent = self.agent.as_deref().filter(|agent| *agent != "browser");
        match (&self.looks_like, &self.client_id, agent) {
            (Some(known), ..) => in_words(known).to_owned(),
            (None, Some(id), _) => id.strip_prefix("https://").unwrap_or(id).to_owned(),
            (None, None, Some(agent)) => in_words(agent).to_owned(),
            (None, None, None) => "not known".to_owned(),
        }
    }

    fn mark(&mut self, step: usize, mark: Mark) {
        if let Some(place) = self.marks.get_mut(step) {
            *place = mark;
        }
    }

    fn learn(&mut self, record: &TrailRecord) {
        let text = |member| record.text(member).map(str::to_owned);
        self.last = record.at;
        self.flow = self.flow.take().or_else(|| text("flow"));
        self.client_id = self.client_id.take().or_else(|| text("client_id"));
        self.looks_like = text("looks_like").or_else(|| self.looks_like.take());
        self.agent = self.agent.take().or_else(|| text("agent"));
        if let Some(network) = text("network")
            && !self.networks.contains(&network)
        {
            self.networks.push(network);
        }
    }

    /// The outcome of the last step that was seen; one that went well clears what failed before.
    fn conclude(&mut self, step: usize, record: &TrailRecord, reason: Option<String>) {
        let text = |member| record.text(member).map(str::to_owned);
        self.error = text("error");
        self.description = text("description");
        self.reason = reason.filter(|_| self.error.is_some());
        self.page = text("reference").or_else(|| self.page.take());
        let failed = self.error.is_some();
        self.mark(step, if failed { Mark::Failed } else { Mark::Came });
    }
}

/// A failure that has a reason.
struct Failure {
    reason: String,
    at: Timestamp,
    client_id: Option<String>,
}

/// All that there are.
#[derive(Default)]
pub(crate) struct Attempts {
    all: Vec<Attempt>,
    by_flow: HashMap<String, usize>,
    by_grant: HashMap<String, usize>,
    by_registration: HashMap<String, usize>,
    discovered: HashMap<String, Timestamp>,
    /// The failures of the last second that have a reason and no step yet.
    failures: Vec<Failure>,
}

impl Attempts {
    /// What was put together, the oldest first.
    pub(crate) fn into_all(mut self) -> Vec<Attempt> {
        self.all.sort_by_key(|attempt| attempt.began);
        self.all
    }

    /// Takes the next record.
    pub(crate) fn take(&mut self, record: &TrailRecord) {
        match record.event.as_str() {
            "login_step" => self.step(record),
            "auth_failure" => {
                self.forget_failures(record.at);
                self.failures
                    .extend(record.text("reason").map(|reason| Failure {
                        reason: reason.to_owned(),
                        at: record.at,
                        client_id: record.text("client_id").map(str::to_owned),
                    }));
            }
            "token_first_used" => {
                if let Some(attempt) = self.of_token(record) {
                    attempt.learn(record);
                    attempt.mark(CALL, Mark::Came);
                }
            }
            "requests_denied" => {
                let reason = record.text("reason").map(str::to_owned);
                if let Some(attempt) = self.of_token(record)
                    && attempt.marks.last() != Some(&Mark::Came)
                {
                    attempt.learn(record);
                    attempt.mark(CALL, Mark::Failed);
                    attempt.error.clone_from(&reason);
                    attempt.reason = reason;
                }
            }
            _ => {}
        }
    }

    fn of_token(&mut self, record: &TrailRecord) -> Option<&mut Attempt> {
        let (grant, _) = record.text("jti")?.split_once('.')?;
        let at = *self.by_grant.get(grant)?;
        self.all.get_mut(at)
    }

    fn step(&mut self, record: &TrailRecord) {
        let Some(name) = record.text("step") else {
            return;
        };
        let step = match name {
            "discovery" => {
                if let Some(network) = record.text("network") {
                    self.discovered.insert(network.to_owned(), record.at);
                }
                return;
            }
            "registration" => REGISTRATION,
            "authorize" => AUTHORIZE,
            "consent" => 3,
            "sign_in" => 4,
            "token" => 5,
            "renewal" => return self.other(record, "renewal"),
            _ => return self.other(record, "page"),
        };
        let reason = self.reason(record);
        let at = self.place(step, record);
        if let (Some(grant), Some(_)) = (record.text("grant"), self.all.get(at)) {
            self.by_grant.entry(grant.to_owned()).or_insert(at);
        }
        if let Some(flow) = record.text("flow") {
            self.by_flow.insert(flow.to_owned(), at);
        }
        if let Some(attempt) = self.all.get_mut(at) {
            attempt.learn(record);
            attempt.conclude(step, record, reason);
        }
    }

    /// Which attempt a step belongs to; a new one where there is none.
    fn place(&mut self, step: usize, record: &TrailRecord) -> usize {
        let index = |map: &HashMap<String, usize>, member| {
            record.text(member).and_then(|key| map.get(key)).copied()
        };
        let by_grant = index(&self.by_grant, "grant")
            .filter(|at| record.text("error").is_none() || !self.grant_is_known_to_others(*at));
        if let Some(known) = index(&self.by_flow, "flow").or(by_grant) {
            return known;
        }
        if step == AUTHORIZE
            && let Some(client) = record.text("client_id")
            && let Some(at) = self.by_registration.remove(client)
            && let Some(attempt) = self.all.get(at)
            && record.at.0.saturating_sub(attempt.last.0) <= SOON
        {
            return at;
        }
        let at = self.all.len();
        let mut attempt = Attempt::begun(record.at);
        let discovered = record
            .text("network")
            .and_then(|from| self.discovered.get(from));
        if discovered.is_some_and(|seen| record.at.0.saturating_sub(seen.0) <= NEAR) {
            attempt.mark(0, Mark::Came);
        } else if step > REGISTRATION {
            attempt.mark(0, Mark::NotNeeded);
        }
        if step > REGISTRATION {
            attempt.mark(REGISTRATION, Mark::NotNeeded);
        } else if let Some(client) = record.text("client_id") {
            self.by_registration.insert(client.to_owned(), at);
        }
        self.all.push(attempt);
        at
    }

    /// Whether the session of an attempt may be named by others than its client. What failed says
    /// what its caller likes; until the first call nobody has seen a code or a `jti` but the client
    /// and its person, from then on the MCP server has.
    fn grant_is_known_to_others(&self, at: usize) -> bool {
        self.all.get(at).is_some_and(Attempt::is_done)
    }

    /// Something that failed and is no step of a login.
    fn other(&mut self, record: &TrailRecord, what: &'static str) {
        let reason = self.reason(record);
        let mut attempt = Attempt {
            other: Some(what),
            marks: [Mark::NotNeeded; 7],
            ..Attempt::begun(record.at)
        };
        attempt.learn(record);
        attempt.conclude(STEPS.len(), record, reason);
        self.all.push(attempt);
    }

    /// The reason of a failure that was recorded by the same request, just before: the last one of
    /// the same client; where that is known of neither, the only one of nobody's. Of several that
    /// could be meant none is.
    fn reason(&mut self, record: &TrailRecord) -> Option<String> {
        record.text("error")?;
        self.forget_failures(record.at);
        let client = record.text("client_id");
        let own = |failure: &Failure| client.is_some() && failure.client_id.as_deref() == client;
        let at = self.failures.iter().rposition(own).or_else(|| {
            let nobodys = |failure: &&Failure| failure.client_id.is_none() || client.is_none();
            let only = self.failures.iter().filter(nobodys).count() == 1;
            let first = self.failures.iter().position(|own| nobodys(&own));
            first.filter(|_| only)
        })?;
        Some(self.failures.remove(at).reason)
    }

    fn forget_failures(&mut self, now: Timestamp) {
        self.failures
            .retain(|failure| now.0.saturating_sub(failure.at.0) <= 1);
    }
}
