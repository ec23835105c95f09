//! The audit trail and the last use of tokens: what is written beside a request, never in its way.

use async_trait::async_trait;
use serde_json::{Map, Value};

use super::{Batch, Cursor, StoreError};
use crate::ClaimedName;
use crate::clock::{Seconds, Timestamp};
use crate::identifiers::Jti;

/// How long the last use of a session is kept after it: longer than a session lives that is not
/// renewed.
pub const SESSION_USE_KEPT: Seconds = Seconds(90 * 86_400);

/// Writing the trail. Whoever writes can read none of it, and take none of it back.
#[async_trait]
pub trait AuditTrail: Send + Sync {
    /// Appends records (JSON), the oldest first. Of all that there are about the newest `keep`
    /// stay.
    async fn append(&self, records: &[String], keep: u64) -> Result<(), StoreError>;
}

/// A token that was used.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TokenUse {
    /// The token.
    pub jti: Jti,
    /// When.
    pub at: Timestamp,
    /// When the token is over: what is kept of its use ends with it.
    pub expires_at: Timestamp,
}

/// Writing when tokens were last used.
#[async_trait]
pub trait TokenUses: Send + Sync {
    /// Notes uses of tokens and of their sessions. For each whether it is the token's first; of
    /// many that note the first use of one token one hears so.
    async fn note_uses(&self, uses: &[TokenUse], now: Timestamp) -> Result<Vec<bool>, StoreError>;
}

/// A record of the trail as it is read, whatever version wrote it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TrailRecord {
    /// When.
    pub at: Timestamp,
    /// What, such as `auth_failure`.
    pub event: String,
    /// All its members, those two among them.
    pub members: Map<String, Value>,
}

impl TrailRecord {
    /// Reads a record; `None` where it is none. Whoever could write into the trail could write
    /// what a terminal obeys: characters of that kind are replaced.
    pub fn read(json: &str) -> Option<Self> {
        let Value::Object(mut members) = serde_json::from_str(json).ok()? else {
            return None;
        };
        members.values_mut().for_each(disarm);
        Some(Self {
            at: Timestamp(members.get("at")?.as_u64()?),
            event: members.get("event")?.as_str()?.to_owned(),
            members,
        })
    }

    /// The text of a member.
    pub fn text(&self, member: &str) -> Option<&str> {
        self.members.get(member)?.as_str()
    }

    /// The number of a member.
    pub fn number(&self, member: &str) -> Option<u64> {
        self.members.get(member)?.as_u64()
    }
}

fn disarm(value: &mut Value) {
    match value {
        Value::String(text) if text.chars().any(ClaimedName::hides) => {
            *text = text
                .chars()
                .map(|c| if ClaimedName::hides(c) { '\u{fffd}' } else { c })
                .collect();
        }
        Value::Array(values) => values.iter_mut().for_each(disarm),
        Value::Object(members) => members.values_mut().for_each(disarm),
        _ => {}
    }
}

/// Reading both, for the operator.
#[async_trait]
pub trait Recorded: Send + Sync {
    /// The trail's records, the oldest first, or those after a cursor. Batches end where there
    /// are no more now; [`Batch::next`] is then `None`.
    async fn trail(
        &self,
        from: Option<&Cursor>,
        since: Timestamp,
    ) -> Result<Batch<TrailRecord>, StoreError>;

    /// When these tokens were last used, as far as that is kept.
    async fn tokens_last_used(&self, tokens: &[Jti]) -> Result<Vec<Option<Timestamp>>, StoreError>;
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_terminal_would_obey_is_replaced() {
        let json =
            r#"{"at": 1, "event": "x", "reason": "a\u001b]52;c;Zm9v\u0007b", "of": ["\u202e"]}"#;
        let record = TrailRecord::read(json).unwrap();
        assert_eq!(record.text("reason"), Some("a\u{fffd}]52;c;Zm9v\u{fffd}b"));
        assert!(
            !Value::Object(record.members)
                .to_string()
                .contains('\u{202e}')
        );
    }
}
