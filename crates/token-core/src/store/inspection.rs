//! The operator's slice: what there is in the store, batch by batch, so that who looks needs the
//! memory of one batch whatever there is. What is shown holds no secret and no hash of one.
//!
//! A batch begins where the one before ended, and others write meanwhile: what is there from the
//! first batch to the last is in one of them; what comes or goes in between may be. Redis may name
//! a thing twice while it grows or shrinks its tables.

use async_trait::async_trait;
use serde::Serialize;

use super::archive::Archive;
use super::ending::Ending;
use super::records::{Grant, TokenRecord};
use super::trail::{AuditTrail, Recorded};
use super::{Store, StoreError};
use crate::client::{Client, ClientAuthenticationMethod, GrantType};
use crate::clock::Timestamp;
use crate::identifiers::{ClientId, GrantId, UserId, Username};
use crate::redirect_uri::RedirectUri;
use crate::resource::ResourceId;
use crate::scope::Scopes;

/// Where the next batch begins. Only the store that made it can read it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Cursor(String);

impl Cursor {
    /// For stores.
    pub fn new(text: impl Into<String>) -> Self {
        Self(text.into())
    }

    /// For stores.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// Some of what there is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Batch<T> {
    /// What was found. Others may follow even where it is empty.
    pub items: Vec<T>,
    /// What cannot be read, record by record.
    pub unreadable: Vec<Unreadable>,
    /// Where the next begins; `None` at the end.
    pub next: Option<Cursor>,
    /// How much was looked at for it, in the measure of [`Inspection::extent`].
    pub looked_at: u64,
}

/// A record that is not what was written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Unreadable {
    /// The grant that it belongs to, where its place tells. That is enough to end it.
    pub grant: Option<GrantId>,
}

/// What is to be looked at.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// Registered clients.
    Clients,
    /// Sessions.
    Sessions,
    /// Approvals.
    Approvals,
    /// What is over and still kept.
    Expired,
}

/// A registered client.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Registration {
    /// Its identifier.
    pub client_id: ClientId,
    /// What it calls itself; hostile text.
    pub client_name: Option<String>,
    /// Where codes may be sent.
    pub redirect_uris: Vec<RedirectUri>,
    /// How it proves itself.
    pub token_endpoint_auth_method: ClientAuthenticationMethod,
    /// What it may ask for.
    pub grant_types: Vec<GrantType>,
    /// When it was registered.
    pub issued_at: Timestamp,
    /// When it is forgotten; `None` for never.
    pub expires_at: Option<Timestamp>,
    /// Whether it ever completed a sign-in.
    pub used: bool,
}

impl Registration {
    /// Of a client in the store. `None` where it is known by its metadata document, of which the
    /// store has a copy and nothing was registered.
    pub fn of(client: Client) -> Option<Self> {
        client.client_id.document_url().is_none().then(|| Self {
            client_id: client.client_id,
            client_name: client.client_name,
            redirect_uris: client.redirect_uris,
            token_endpoint_auth_method: client.credential.method(),
            grant_types: client.grant_types,
            issued_at: client.issued_at,
            expires_at: client.expires_at,
            used: client.used,
        })
    }
}

/// A grant that has tokens: what one person gave one client for one service by one sign-in.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Session {
    /// The grant.
    pub grant: GrantId,
    /// The client.
    pub client_id: ClientId,
    /// The person, or the client as a machine.
    pub user_id: UserId,
    /// The login name at sign-in.
    pub username: Username,
    /// The service.
    pub resource: ResourceId,
    /// What was approved.
    pub scope: Scopes,
    /// When it was approved; `None` where a version began it that did not keep that.
    pub approved_at: Option<Timestamp>,
    /// Its active access tokens, the oldest first.
    pub tokens: Vec<TokenRecord>,
    /// Until when its refresh token is good; `None` where it has none.
    pub refreshable_until: Option<Timestamp>,
}

impl Session {
    /// Of what the store has of one grant: its active access tokens, and its refresh token that
    /// was not replaced, with its expiry. `None` when it has neither.
    pub fn of(mut tokens: Vec<TokenRecord>, refresh: Option<(Grant, Timestamp)>) -> Option<Self> {
        tokens.sort_by(|one, other| {
            (one.issued_at, one.jti.as_str()).cmp(&(other.issued_at, other.jti.as_str()))
        });
        let refreshable_until = refresh.as_ref().map(|(_, until)| *until);
        let grant = match (refresh, tokens.first()) {
            (Some((grant, _)), _) => grant,
            // Nothing came before the first of them, since nothing renews them.
            (None, Some(token)) => Grant {
                approved_at: Some(token.issued_at),
                ..token.grant()
            },
            (None, None) => return None,
        };
        Some(Self {
            grant: grant.id,
            client_id: grant.client_id,
            user_id: grant.user_id,
            username: grant.username,
            resource: grant.resource,
            scope: grant.scope,
            approved_at: grant.approved_at,
            tokens,
            refreshable_until,
        })
    }

    /// When it is over, unless it is renewed: the last expiry of what it has.
    pub fn ends_at(&self) -> Option<Timestamp> {
        let tokens = self.tokens.iter().map(|token| token.expires_at);
        tokens.chain(self.refreshable_until).max()
    }

    /// When its newest access token was issued.
    pub fn renewed_at(&self) -> Option<Timestamp> {
        self.tokens.iter().map(|token| token.issued_at).max()
    }
}

/// What somebody approved: behind a code, or for a device.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Approval {
    /// What was approved.
    pub grant: Grant,
    /// Until when it can be fetched.
    pub expires_at: Timestamp,
    /// Whether its client was told: it has tokens, or is about to get them.
    pub fetched: bool,
}

/// How many records of a kind are over and still kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Expired {
    /// What they are, in the store's own words.
    pub what: &'static str,
    /// How many.
    pub count: u64,
}

/// Looking at all that there is, and clearing away what is over.
#[async_trait]
pub trait Inspection: Send + Sync {
    /// About how much there is to look at.
    async fn extent(&self, kind: Kind) -> Result<u64, StoreError>;

    /// Registered clients that are alive at `now`.
    async fn registrations(
        &self,
        from: Option<&Cursor>,
        now: Timestamp,
    ) -> Result<Batch<Registration>, StoreError>;

    /// Grants that have an active access token or a good refresh token at `now`.
    async fn sessions(
        &self,
        from: Option<&Cursor>,
        now: Timestamp,
    ) -> Result<Batch<Session>, StoreError>;

    /// The session of one grant, if it has anything at `now`. [`StoreError::Corrupt`] where
    /// nothing of what it has can be read.
    async fn session(&self, grant: &GrantId, now: Timestamp)
    -> Result<Option<Session>, StoreError>;

    /// What may still be fetched at `now`, and what was fetched until then. Without the grants that
    /// have ended.
    async fn approvals(
        &self,
        from: Option<&Cursor>,
        now: Timestamp,
    ) -> Result<Batch<Approval>, StoreError>;

    /// What is over at `now` and still kept; `clear` deletes it, and counts what it deletes.
    /// Nothing that is good, and no mark that still has a purpose, is touched.
    async fn expired(
        &self,
        from: Option<&Cursor>,
        clear: bool,
        now: Timestamp,
    ) -> Result<Batch<Expired>, StoreError>;
}

/// Everything that the operator's commands need.
pub trait OperatorStore: Store + Inspection + Archive + Ending + AuditTrail + Recorded {}

impl<T: Store + Inspection + Archive + Ending + AuditTrail + Recorded> OperatorStore for T {}
