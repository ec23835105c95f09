//! An event as it is written: what happened, when, and who wrote it, as one JSON object.

use std::sync::Arc;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::{AuditEvent, AuditSink};
use crate::clock::{Clock, Timestamp};
use crate::sealing::{KeyedHash, RootSecret, SealError};

/// The version of the records' schema. Members may be added within one; a member that changes its
/// meaning, or goes, makes the next.
pub const SCHEMA: u8 = 1;

/// Who writes a record.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Program {
    /// The authorization server.
    AuthService,
    /// The verifier.
    ForwardAuth,
    /// The MCP server with the fetch tool.
    FetchService,
    /// The operator's executable, and all of them in one process.
    Gateway,
}

/// How people appear in records.
pub enum People {
    /// By their identifier, which is a number: `github|583231`.
    ById,
    /// By a hash under a key of the root secret.
    ByPseudonym(KeyedHash),
    /// Not at all: whoever writes holds no key for a pseudonym. Session and token lead to the
    /// record that has it.
    Left,
}

impl std::fmt::Debug for People {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::ById => "ById",
            Self::ByPseudonym(_) => "ByPseudonym([redacted])",
            Self::Left => "Left",
        })
    }
}

/// How the operator wants people to appear (`AUDIT_USERS`).
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Naming {
    /// `id`
    #[default]
    Ids,
    /// `pseudonym`
    Pseudonyms,
}

impl Naming {
    /// Reads the setting.
    ///
    /// # Errors
    /// What is wrong with it.
    pub fn parse(text: &str) -> Result<Self, &'static str> {
        match text {
            "id" => Ok(Self::Ids),
            "pseudonym" => Ok(Self::Pseudonyms),
            _ => Err("not one of id and pseudonym"),
        }
    }
}

impl People {
    /// As the operator wants them, by who has the root secret.
    ///
    /// # Errors
    /// No key can be derived.
    pub fn named(naming: Naming, root: Option<&RootSecret>) -> Result<Self, SealError> {
        match (naming, root) {
            (Naming::Ids, _) => Ok(Self::ById),
            (Naming::Pseudonyms, Some(root)) => {
                root.keyed_hash("audit pseudonym").map(Self::ByPseudonym)
            }
            (Naming::Pseudonyms, None) => Ok(Self::Left),
        }
    }
}

/// Who is told of each event: what it is, the step of a login, and in one word why. The last two
/// are empty where there is none.
pub type Counted = Arc<dyn Fn(&str, &str, &str) + Send + Sync>;

/// Makes records of events.
#[derive(Clone)]
pub struct Recorder {
    program: Program,
    people: Arc<People>,
    clock: Arc<dyn Clock>,
    counted: Option<Counted>,
}

impl std::fmt::Debug for Recorder {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Recorder")
            .field("program", &self.program)
            .field("people", &self.people)
            .finish_non_exhaustive()
    }
}

#[derive(Serialize)]
struct Record<'a> {
    v: u8,
    at: Timestamp,
    program: Program,
    #[serde(flatten)]
    event: &'a AuditEvent,
}

/// What is counted of a record: words, which JSON writes as they are.
#[derive(Deserialize)]
struct Words<'a> {
    event: &'a str,
    step: Option<&'a str>,
    reason: Option<&'a str>,
    rule: Option<&'a str>,
    quota: Option<&'a str>,
    error: Option<&'a str>,
}

impl Recorder {
    /// One for this program.
    pub fn new(program: Program, people: People, clock: Arc<dyn Clock>) -> Self {
        Self {
            program,
            people: Arc::new(people),
            clock,
            counted: None,
        }
    }

    /// The same, and each event that is recorded is counted there.
    #[must_use]
    pub fn counted_by(self, counted: Counted) -> Self {
        Self {
            counted: Some(counted),
            ..self
        }
    }

    /// The record of an event, as JSON on one line, and in the log: target `audit`, the record as
    /// `event`. What an operator should look into is a warning. `None` where it cannot be written,
    /// which the log then says.
    pub fn log(&self, event: &AuditEvent) -> Option<String> {
        match self.record(event) {
            Ok(record) => {
                self.count(&record);
                if event.is_alarming() {
                    tracing::warn!(target: "audit", event = %record);
                } else {
                    tracing::info!(target: "audit", event = %record);
                }
                Some(record)
            }
            Err(error) => {
                tracing::error!(target: "audit", %error, "an event cannot be written");
                None
            }
        }
    }

    fn count(&self, record: &str) {
        if let (Some(counted), Ok(words)) = (&self.counted, serde_json::from_str::<Words>(record)) {
            let why = words.reason.or(words.rule).or(words.quota).or(words.error);
            counted(
                words.event,
                words.step.unwrap_or_default(),
                why.unwrap_or_default(),
            );
        }
    }

    fn record(&self, event: &AuditEvent) -> serde_json::Result<String> {
        let record = Record {
            v: SCHEMA,
            at: self.clock.now(),
            program: self.program,
            event,
        };
        if matches!(*self.people, People::ById) {
            return serde_json::to_string(&record);
        }
        let mut record = serde_json::to_value(&record)?;
        if let Some(members) = record.as_object_mut() {
            self.rename(members, "user_id");
            self.rename(members, "user_ids");
        }
        serde_json::to_string(&record)
    }

    /// Puts pseudonyms where people are named, whatever the event.
    fn rename(&self, members: &mut serde_json::Map<String, Value>, member: &str) {
        let Some(named) = members.remove(member) else {
            return;
        };
        let People::ByPseudonym(key) = self.people.as_ref() else {
            return;
        };
        let pseudonym = |id: &str| {
            let hash = key.of(id);
            Value::from(format!("p|{}", hash.get(..22).unwrap_or(&hash)))
        };
        let renamed = match named {
            Value::String(id) => pseudonym(&id),
            Value::Array(ids) => ids
                .iter()
                .filter_map(Value::as_str)
                .map(pseudonym)
                .collect(),
            _ => return,
        };
        members.insert(member.to_owned(), renamed);
    }
}

/// Writes events to the process's log, and nowhere else.
#[derive(Debug, Clone)]
pub struct AuditLog(pub Recorder);

impl AuditSink for AuditLog {
    fn record(&self, event: &AuditEvent) {
        self.0.log(event);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::audit::{Actor, FailureReason, OperatorAct, OperatorAction};
    use crate::clock::ManualClock;
    use crate::identifiers::UserId;

    fn recorded(people: People, event: &AuditEvent) -> Value {
        let clock = Arc::new(ManualClock::at(Timestamp(1_800_000_000)));
        let recorder = Recorder::new(Program::AuthService, people, clock);
        serde_json::from_str(&recorder.log(event).unwrap()).unwrap()
    }

    fn refused() -> AuditEvent {
        AuditEvent::AuthFailure {
            reason: FailureReason::NotAdmitted,
            client_id: None,
            user_id: Some(UserId::parse("github|583231").unwrap()),
        }
    }

    #[test]
    fn a_record_says_what_when_and_who_wrote_it() {
        let record = recorded(People::ById, &refused());
        assert_eq!(
            record,
            serde_json::json!({
                "v": 1, "at": 1_800_000_000, "program": "auth-service",
                "event": "auth_failure", "reason": "not_admitted", "user_id": "github|583231",
            })
        );
    }

    #[test]
    fn a_pseudonym_is_the_same_each_time_and_names_nobody() {
        let root = RootSecret::new([7; 32]).unwrap();
        let people = |root| People::named(Naming::Pseudonyms, root).unwrap();
        let named = || recorded(people(Some(&root)), &refused());
        let (record, again) = (named(), named());
        let pseudonym = record.get("user_id").unwrap().as_str().unwrap();
        assert!(pseudonym.starts_with("p|") && !record.to_string().contains("583231"));
        assert_eq!(record, again);

        let act = AuditEvent::OperatorActed(OperatorAct {
            actor: Actor::Operator,
            action: OperatorAction::RevokeSessions,
            client_id: None,
            user_ids: vec![UserId::parse("github|583231").unwrap()],
            resource: None,
            grant: None,
            jti: None,
            registrations: 0,
            grants: 1,
            access_tokens: 1,
        });
        let record = recorded(people(Some(&root)), &act);
        assert_eq!(record.pointer("/user_ids/0").unwrap(), pseudonym);
        assert_eq!(recorded(people(None), &act).get("user_ids"), None);
    }
}
