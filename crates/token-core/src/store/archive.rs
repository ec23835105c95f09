//! The slice for backups: what outlives a restart and a change of the store, record by record, and
//! putting it back. What lives for minutes (codes, sign-ins under way, sealed answers of the grace)
//! is not in it.
//!
//! A mark says that something ended: a grant, an access token, a refresh token that was replaced, or
//! a client that was deleted. Marks win: nothing is put back that the store knows to have ended, and
//! clearing leaves them.

use async_trait::async_trait;
use serde::{Deserialize, Serialize};

use super::StoreError;
use super::inspection::{Batch, Cursor};
use super::records::{RefreshRecord, TokenRecord};
use crate::client::Client;
use crate::clock::Timestamp;
use crate::identifiers::{ClientId, GrantId, Jti};

/// One record of a backup. No secret is in it, only hashes of secrets.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "record", rename_all = "snake_case")]
pub enum Archived {
    /// A registered client, or the kept copy of a client's metadata document. Its fetched keys
    /// ([`KeySetStore`](super::KeySetStore)) are in no backup: an old one would bring back keys
    /// that were withdrawn since, and they can be fetched.
    Client(Client),
    /// An active access token.
    AccessToken(TokenRecord),
    /// A refresh token.
    RefreshToken {
        /// Its record.
        token: RefreshRecord,
        /// Whether it was replaced: then it is a mark, by which its reuse is seen.
        replaced: bool,
    },
    /// The mark of a grant that ended.
    EndedGrant {
        /// The grant.
        grant: GrantId,
        /// Until when the mark stays.
        expires_at: Timestamp,
    },
    /// The mark of an access token that was revoked alone.
    RevokedToken {
        /// The token.
        jti: Jti,
        /// Until when the mark stays.
        expires_at: Timestamp,
    },
    /// The mark of a client that was deleted.
    DeletedClient {
        /// The client.
        client_id: ClientId,
        /// Until when the mark stays.
        expires_at: Timestamp,
    },
}

impl Archived {
    /// When it is over; `None` for never.
    pub fn expires_at(&self) -> Option<Timestamp> {
        match self {
            Self::Client(client) => client.expires_at,
            Self::AccessToken(token) => Some(token.expires_at),
            Self::RefreshToken { token, .. } => Some(token.expires_at),
            Self::EndedGrant { expires_at, .. }
            | Self::RevokedToken { expires_at, .. }
            | Self::DeletedClient { expires_at, .. } => Some(*expires_at),
        }
    }

    /// Whether it ends something, and so has to be put back before what it ends.
    pub fn is_ending(&self) -> bool {
        matches!(
            self,
            Self::EndedGrant { .. } | Self::RevokedToken { .. } | Self::DeletedClient { .. }
        )
    }

    /// What it is one of.
    pub fn kind(&self) -> ArchivedKind {
        match self {
            Self::Client(_) => ArchivedKind::Clients,
            Self::AccessToken(_) => ArchivedKind::AccessTokens,
            Self::RefreshToken {
                replaced: false, ..
            } => ArchivedKind::RefreshTokens,
            Self::RefreshToken { replaced: true, .. }
            | Self::EndedGrant { .. }
            | Self::RevokedToken { .. }
            | Self::DeletedClient { .. } => ArchivedKind::Marks,
        }
    }
}

/// The kinds of records as an operator counts them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ArchivedKind {
    /// Clients.
    Clients,
    /// Active access tokens.
    AccessTokens,
    /// Refresh tokens that can be used.
    RefreshTokens,
    /// Marks of what ended.
    Marks,
}

/// Whether records are put back, or only looked at as if they were.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Restoring {
    /// Put them back.
    Do,
    /// Say what putting them back would come to.
    Count,
    /// Say what it would come to after [`Archive::clear`].
    CountAsCleared,
}

/// What became of a record that was to be put back.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RestoreOutcome {
    /// It is there now, and was not before.
    Restored,
    /// It is there already, or something newer in its place, which stays.
    Present,
    /// The store knows that it ended.
    Ended,
    /// It is over.
    Expired,
}

/// Taking a copy of what there is, and putting it back.
#[async_trait]
pub trait Archive: Send + Sync {
    /// About how much there is to look at for [`Self::archived`].
    async fn archive_extent(&self) -> Result<u64, StoreError>;

    /// What is good at `now`, and the marks of what ended; those of grants, access tokens and
    /// clients last, so that they include what ended while the rest was read.
    async fn archived(
        &self,
        from: Option<&Cursor>,
        now: Timestamp,
    ) -> Result<Batch<Archived>, StoreError>;

    /// Puts records back: what became of each, in their order. Each is a step of its own; done
    /// again it changes nothing. A client that is there stays as it is, also where a mark says that
    /// one of its name was deleted. Every other mark ends what it names, as
    /// [`super::GrantStore::end_grant`] and [`super::GrantStore::revoke_token`] do.
    async fn restore(
        &self,
        records: &[Archived],
        how: Restoring,
        now: Timestamp,
    ) -> Result<Vec<RestoreOutcome>, StoreError>;

    /// Takes away clients, access tokens and refresh tokens that are good at `now`, and leaves every
    /// mark; or with `count` only names what would go.
    async fn clear(
        &self,
        from: Option<&Cursor>,
        count: bool,
        now: Timestamp,
    ) -> Result<Batch<ArchivedKind>, StoreError>;
}
