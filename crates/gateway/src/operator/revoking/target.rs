//! What is to go, in words: for the question, for the answer, for the audit.

use std::error::Error;

use token_core::audit::{Actor, OperatorAct, OperatorAction};
use token_core::{ClientId, GrantId, Jti, UserId};

use super::Gone;
use crate::operator::selection::Selection;

/// What is to go.
#[derive(Debug, Clone)]
pub(crate) enum Target {
    /// These sessions, and what was approved and not fetched.
    Sessions(Selection),
    /// One session.
    Session(GrantId),
    /// The access tokens of these sessions, which may be renewed.
    Tokens(Selection),
    /// One access token.
    Token(Jti),
    /// A client with all that it has.
    Client(ClientId),
    /// The registration of one client.
    Registration(ClientId),
    /// Every registration.
    Registrations,
}

impl Target {
    /// A thing that was named and is not there is an error, so that a typing error is not taken
    /// for success.
    pub(super) fn must_be_there(&self) -> Result<(), Box<dyn Error>> {
        let missing = match self {
            Self::Session(grant) => format!("there is no session {grant}: `sessions list --full`"),
            Self::Token(jti) => {
                format!("the token {jti} is not active: `tokens list --full` shows those that are")
            }
            Self::Client(client) => format!(
                "the client {client} has neither registration nor session: \
                 `registrations list --full`, `sessions list --full`"
            ),
            Self::Registration(client) if client.document_url().is_some() => format!(
                "the client {client} is known by its document and has no registration: \
                 `registrations delete --complete {client}` or \
                 `sessions revoke --client {client}` ends what it has"
            ),
            Self::Registration(client) => {
                format!("the client {client} is not registered: `registrations list --full`")
            }
            Self::Sessions(selection) | Self::Tokens(selection)
                if *selection != Selection::default() =>
            {
                "nothing here is of that client, person and service: `sessions list`".to_owned()
            }
            Self::Sessions(_) | Self::Tokens(_) | Self::Registrations => return Ok(()),
        };
        Err(missing.into())
    }

    /// The people whom a login name means: it may have been another's before.
    pub(super) fn whose(&self) -> String {
        let (Self::Sessions(selection) | Self::Tokens(selection)) = self else {
            return String::new();
        };
        let people = selection.people.iter().flatten().map(UserId::as_str);
        let people: Vec<_> = people.collect();
        if people.is_empty() {
            String::new()
        } else {
            format!(" of {}", people.join(" and "))
        }
    }

    pub(super) fn action(&self) -> OperatorAction {
        match self {
            Self::Sessions(_) | Self::Session(_) => OperatorAction::RevokeSessions,
            Self::Tokens(_) | Self::Token(_) => OperatorAction::DeleteTokens,
            Self::Client(_) => OperatorAction::DeleteClient,
            Self::Registration(_) | Self::Registrations => OperatorAction::DeleteRegistrations,
        }
    }

    /// What the operator may not expect.
    pub(super) fn note(&self) -> Option<&'static str> {
        match self {
            Self::Tokens(_) | Self::Token(_) => {
                Some("A client with a refresh token may renew: `sessions revoke` ends that too.")
            }
            Self::Registration(_) | Self::Registrations => Some(
                "Access tokens live until they expire, and cannot be renewed: \
                 `registrations delete --complete` and `sessions revoke` end them now.",
            ),
            Self::Sessions(_) | Self::Session(_) | Self::Client(_) => None,
        }
    }

    pub(super) fn act(&self, gone: Gone) -> OperatorAct {
        let mut act = OperatorAct {
            actor: Actor::Operator,
            action: self.action(),
            client_id: None,
            user_ids: Vec::new(),
            resource: None,
            grant: None,
            jti: None,
            registrations: gone.registrations,
            grants: gone.sessions + gone.approvals,
            access_tokens: gone.access_tokens,
        };
        match self {
            Self::Sessions(selection) | Self::Tokens(selection) => {
                act.client_id.clone_from(&selection.client);
                act.user_ids = selection.people.iter().flatten().cloned().collect();
                act.resource.clone_from(&selection.resource);
            }
            Self::Session(grant) => act.grant = Some(grant.clone()),
            Self::Token(jti) => act.jti = Some(jti.clone()),
            Self::Client(client) | Self::Registration(client) => {
                act.client_id = Some(client.clone());
            }
            Self::Registrations => {}
        }
        act
    }
}
