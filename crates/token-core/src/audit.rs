//! The audit trail: every decision leaves one event, without a secret or personal data in it.
//! People appear by `sub` (a numeric id) or by a pseudonym, never by name or e-mail; addresses as
//! networks. `docs/audit.md` describes each event; a test holds that.

mod network;
mod reason;
mod record;
mod room;
mod step;

use std::sync::Mutex;

use serde::Serialize;

use crate::identifiers::{ClientId, GrantId, Jti, UserId};
use crate::jose::TokenError;
use crate::resource::ResourceId;

pub use network::Network;
pub use reason::FailureReason;
pub use record::{AuditLog, Counted, Naming, People, Program, Recorder, SCHEMA};
pub use room::Room;
pub use step::{Agent, LoginStep, LooksLike, Reference, Step};

/// How many records a store keeps where nothing else is set (`AUDIT_LENGTH`).
pub const KEPT: u64 = 100_000;

/// What happened. The variant's name in snake case is the event's name in the log.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(tag = "event", rename_all = "snake_case")]
pub enum AuditEvent {
    /// A client registered itself.
    ClientRegistered {
        /// The new client.
        client_id: ClientId,
    },
    /// A client changed its registration (RFC 7592 section 2.2).
    ClientChanged {
        /// The client.
        client_id: ClientId,
    },
    /// A client ended its registration, or one of those that it shares (RFC 7592 section 2.3).
    ClientDeleted {
        /// The client.
        client_id: ClientId,
    },
    /// A person approved a client for a service.
    ConsentGiven {
        /// The client.
        client_id: ClientId,
        /// The service.
        resource: ResourceId,
    },
    /// A person refused a client.
    ConsentRefused {
        /// The client.
        client_id: ClientId,
        /// The service.
        resource: ResourceId,
    },
    /// A step of a login was seen, or failed.
    LoginStep(LoginStep),
    /// Somebody was let in under a new grant: a person signed in, or a client acts for itself.
    AuthSuccess {
        /// The person, or the client as a machine.
        user_id: UserId,
        /// The client.
        client_id: ClientId,
        /// The new grant.
        grant: GrantId,
    },
    /// A sign-in or a token request was refused.
    AuthFailure {
        /// Why, in one word.
        reason: FailureReason,
        /// The client, where it is known.
        #[serde(skip_serializing_if = "Option::is_none")]
        client_id: Option<ClientId>,
        /// The person, where he is known.
        #[serde(skip_serializing_if = "Option::is_none")]
        user_id: Option<UserId>,
    },
    /// Tokens were issued.
    TokenIssued {
        /// The access token's identifier.
        jti: Jti,
        /// By which grant type.
        grant_type: &'static str,
    },
    /// A code was used a second time; its grant was ended.
    CodeReplayed {
        /// The grant.
        grant: GrantId,
    },
    /// A refresh token was used after its successor's grace; its family was ended.
    RefreshReused {
        /// The grant.
        grant: GrantId,
    },
    /// A client revoked an access token.
    TokenRevoked {
        /// The access token's identifier.
        jti: Jti,
    },
    /// A client revoked a refresh token, and with it the whole grant.
    GrantRevoked {
        /// The grant.
        grant: GrantId,
    },
    /// A person signed in to see what clients have.
    AccountOpened {
        /// The person.
        user_id: UserId,
    },
    /// A person ended what a client had of him, on his account page.
    AccessWithdrawn {
        /// The person.
        user_id: UserId,
        /// The grant.
        grant: GrantId,
    },
    /// An operator changed something by a command of the `gateway` executable.
    OperatorActed(OperatorAct),
    /// The guard of outbound requests refused one that somebody asked for.
    EgressRefused {
        /// Who asked, where that is known.
        #[serde(flatten)]
        asked_by: Option<AskedBy>,
        /// The host that was asked for, and nothing else of the URL; empty where it had none.
        host: String,
        /// The rule that was broken.
        rule: &'static str,
        /// The class of the address that was refused, if it was one.
        #[serde(skip_serializing_if = "Option::is_none")]
        address_class: Option<&'static str>,
        /// Redirects followed before.
        redirects: u8,
    },
    /// The verifier refused requests: so many with one reason at one service within an interval.
    RequestsDenied {
        /// The service.
        resource: ResourceId,
        /// Why, in one word.
        reason: FailureReason,
        /// How many.
        count: u64,
        /// Where the first of them came from.
        #[serde(flatten)]
        first: DeniedRequest,
    },
    /// A token was used for the first time.
    TokenFirstUsed {
        /// The token.
        jti: Jti,
        /// The client.
        client_id: ClientId,
        /// The service.
        resource: ResourceId,
        /// Where from.
        #[serde(skip_serializing_if = "Option::is_none")]
        network: Option<Network>,
    },
    /// A token was used from a network that it was not seen on before.
    TokenNewNetwork {
        /// The token.
        jti: Jti,
        /// The client.
        client_id: ClientId,
        /// The service.
        resource: ResourceId,
        /// Where from.
        network: Network,
    },
    /// A token was used very often.
    TokenBurst {
        /// The token.
        jti: Jti,
        /// The client.
        client_id: ClientId,
        /// The service.
        resource: ResourceId,
        /// How many requests.
        requests: u64,
        /// Within how many seconds.
        seconds: u64,
    },
    /// What the verifier decided within an interval, where it decided anything.
    RequestsCounted {
        /// The interval's length in seconds.
        seconds: u64,
        /// How many were let in.
        allowed: u64,
        /// How many were refused, those without a token among them.
        denied: u64,
        /// How many got 503, because it could not be known whether to let them in.
        undecided: u64,
    },
    /// Events are missing here: more came than are kept, or the store took none. The log has them.
    EventsMissing {
        /// How many.
        count: u64,
    },
    /// A person had more fetched than his quota allows.
    QuotaExceeded {
        /// Who asked.
        #[serde(flatten)]
        asked_by: AskedBy,
        /// What has run out.
        quota: &'static str,
    },
}

/// What is known of a request that the verifier refused. A token that is not good says nothing.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct DeniedRequest {
    /// Where it came from.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub network: Option<Network>,
    /// The client, where the token is one of ours.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub client_id: Option<ClientId>,
    /// The token, where it is one of ours.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub jti: Option<Jti>,
}

/// What an operator did, to what, and how much it was.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct OperatorAct {
    /// Who: whoever may run the command is the operator.
    pub actor: Actor,
    /// What.
    pub action: OperatorAction,
    /// Only of this client.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub client_id: Option<ClientId>,
    /// Only of these people; none means all.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub user_ids: Vec<UserId>,
    /// Only for this service.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub resource: Option<ResourceId>,
    /// Only this grant.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub grant: Option<GrantId>,
    /// Only this access token.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub jti: Option<Jti>,
    /// How many registrations it took.
    pub registrations: u64,
    /// How many grants it ended.
    pub grants: u64,
    /// How many access tokens it ended or made.
    pub access_tokens: u64,
}

/// Who acts where no person and no client does.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Actor {
    /// Whoever may run the `gateway` executable on the store.
    Operator,
}

/// What an operator may do.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum OperatorAction {
    /// Took registrations away.
    DeleteRegistrations,
    /// Ended a client with all that it had.
    DeleteClient,
    /// Ended sessions.
    RevokeSessions,
    /// Ended access tokens.
    DeleteTokens,
    /// Made an access token.
    MintToken,
    /// Wrote a backup.
    CreateBackup,
    /// Read a backup.
    ViewBackup,
    /// Put back what a backup has: that much was not there before.
    RestoreBackup,
    /// Took every client and every token away, to put a backup in their place.
    ClearStore,
}

/// A person and the client that he uses.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct AskedBy {
    /// The person.
    pub user_id: UserId,
    /// The client.
    pub client_id: ClientId,
}

impl AuditEvent {
    /// Whether an operator should look into it: a theft, or a client and a service that do not
    /// fit together. Nobody brings it about without a token of ours.
    pub fn is_alarming(&self) -> bool {
        match self {
            Self::CodeReplayed { .. } | Self::RefreshReused { .. } => true,
            Self::RequestsDenied { reason, .. } => {
                *reason == FailureReason::Token(TokenError::WrongAudience)
            }
            _ => false,
        }
    }
}

/// Where events go.
pub trait AuditSink: Send + Sync {
    /// Takes one event. It cannot fail and does not wait.
    fn record(&self, event: &AuditEvent);
}

/// Keeps events in memory, for tests.
#[derive(Debug, Default)]
pub struct MemoryAudit(Mutex<Vec<AuditEvent>>);

impl MemoryAudit {
    /// What was recorded so far.
    pub fn events(&self) -> Vec<AuditEvent> {
        self.0
            .lock()
            .map(|events| events.clone())
            .unwrap_or_default()
    }
}

impl AuditSink for MemoryAudit {
    fn record(&self, event: &AuditEvent) {
        if let Ok(mut events) = self.0.lock() {
            events.push(event.clone());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_theft_and_a_misfit_are_alarming_and_nothing_that_a_stranger_can_bring_about() {
        let refused = |reason| AuditEvent::RequestsDenied {
            resource: ResourceId::parse("https://fetch.example.com/mcp").unwrap(),
            reason,
            count: 1,
            first: DeniedRequest::default(),
        };
        assert!(refused(FailureReason::Token(TokenError::WrongAudience)).is_alarming());
        for provoked in [
            FailureReason::Token(TokenError::Malformed),
            FailureReason::Token(TokenError::BadSignature),
            FailureReason::Token(TokenError::UnknownKey),
            FailureReason::InvalidClient,
            FailureReason::InvalidGrant,
            FailureReason::NoToken,
        ] {
            assert!(!refused(provoked).is_alarming(), "{provoked:?}");
        }
    }
}
