//! What an operator should look at: a theft looks like one of these, and so does a good client on
//! a bad day.

use std::collections::{BTreeMap, BTreeSet};

use serde::Serialize;
use token_core::store::TrailRecord;
use token_core::{Seconds, Timestamp};

/// Somebody who lets in as many clients within the window is worth a look.
const MANY_CLIENTS: usize = 6;
/// A client that was not heard of for so long, and comes back: two weeks.
pub(crate) const DORMANT: Seconds = Seconds(14 * 86_400);
/// A token that is used on so many networks is told once, with their number.
const MANY_NETWORKS: usize = 3;

/// One thing that was found.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(crate) struct Finding {
    pub(crate) at: Timestamp,
    pub(crate) kind: &'static str,
    pub(crate) what: String,
}

/// What is remembered to find it: as much as there are clients, people and unusual tokens.
#[derive(Default)]
pub(crate) struct Watch {
    found: Vec<Finding>,
    clients: BTreeMap<String, Timestamp>,
    people: BTreeMap<String, (BTreeSet<String>, Option<Timestamp>)>,
    networks: BTreeMap<String, (String, BTreeSet<String>, Timestamp)>,
    bursts: BTreeMap<String, (String, u64, Timestamp)>,
}

impl Watch {
    pub(crate) fn take(&mut self, record: &TrailRecord) {
        let text = |member| record.text(member).unwrap_or("?").to_owned();
        match record.event.as_str() {
            "refresh_reused" => {
                self.session(record, "refresh reuse", "a refresh token was used twice");
            }
            "code_replayed" => self.session(record, "code reuse", "a code was used twice"),
            "token_new_network" => {
                let new = (text("client_id"), BTreeSet::new(), record.at);
                let seen = self.networks.entry(text("jti")).or_insert(new);
                seen.1.insert(text("network"));
                seen.2 = record.at;
            }
            "token_burst" => {
                let requests = record.number("requests").unwrap_or_default();
                let rate =
                    requests.saturating_mul(60) / record.number("seconds").unwrap_or(60).max(1);
                let new = (text("client_id"), rate, record.at);
                let burst = self.bursts.entry(text("jti")).or_insert(new);
                if rate > burst.1 {
                    (burst.1, burst.2) = (rate, record.at);
                }
            }
            "requests_denied" if record.text("reason") == Some("wrong_audience") => {
                self.found.push(Finding {
                    at: record.at,
                    kind: "wrong service",
                    what: format!("a token of another service came to {}", text("resource")),
                });
            }
            "auth_success" => self.person(record),
            _ => {}
        }
        if let Some((client, away)) = self.hear_of(record)
            && away >= DORMANT
        {
            self.found.push(Finding {
                at: record.at,
                kind: "dormant client",
                what: format!("{client} is back after {} days", away.0 / 86_400),
            });
        }
    }

    /// Notes when a client is heard of: which, and how long it was not. Who was heard of before the
    /// window is known too.
    pub(crate) fn hear_of(&mut self, record: &TrailRecord) -> Option<(String, Seconds)> {
        if !matches!(record.event.as_str(), "auth_success" | "token_first_used") {
            return None;
        }
        let client = record.text("client_id")?.to_owned();
        let before = self.clients.insert(client.clone(), record.at)?;
        Some((client, record.at.remaining(before)))
    }

    fn session(&mut self, record: &TrailRecord, kind: &'static str, what: &str) {
        let grant = record.text("grant").unwrap_or("?");
        self.found.push(Finding {
            at: record.at,
            kind,
            what: format!("{what}; session {grant} was ended"),
        });
    }

    fn person(&mut self, record: &TrailRecord) {
        let (Some(person), Some(client)) = (record.text("user_id"), record.text("client_id"))
        else {
            return;
        };
        let (clients, at) = self.people.entry(person.to_owned()).or_default();
        clients.insert(client.to_owned());
        if clients.len() >= MANY_CLIENTS && at.is_none() {
            *at = Some(record.at);
        }
    }

    /// The newest first.
    pub(crate) fn into_findings(self) -> Vec<Finding> {
        let mut found = self.found;
        for (token, (client, networks, at)) in self.networks {
            let what = if networks.len() < MANY_NETWORKS {
                let networks: Vec<_> = networks.into_iter().collect();
                format!(
                    "{client}: token {token} came from {}",
                    networks.join(" and ")
                )
            } else {
                format!(
                    "{client}: token {token} came from {} new networks",
                    networks.len()
                )
            };
            found.push(Finding {
                at,
                kind: "new network",
                what,
            });
        }
        for (token, (client, rate, at)) in self.bursts {
            let what = format!("{client}: token {token} was used {rate} times a minute");
            found.push(Finding {
                at,
                kind: "burst",
                what,
            });
        }
        for (person, (clients, at)) in self.people {
            if let Some(at) = at {
                let what = format!("{person} let in {} clients", clients.len());
                found.push(Finding {
                    at,
                    kind: "many clients",
                    what,
                });
            }
        }
        found.sort_by(|one, other| other.at.cmp(&one.at).then(one.what.cmp(&other.what)));
        found
    }
}
