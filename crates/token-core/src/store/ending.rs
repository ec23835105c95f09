//! The slice for the operator who ends many things at once. Each is a step of its own, as the
//! authorization server takes it; a store may take several of them together, so that its disk is
//! waited for once.

use async_trait::async_trait;

use super::StoreError;
use crate::clock::{Seconds, Timestamp};
use crate::identifiers::{ClientId, GrantId, Jti};

/// How long the mark of a deleted client stays that would never have expired: ten years.
pub const ENDLESS: Seconds = Seconds(10 * 365 * 86_400);

/// Ending many things. What became of each is in their order; where none of them could be done,
/// there is one error for all.
#[async_trait]
pub trait Ending: Send + Sync {
    /// Ends grants, as [`super::GrantStore::end_grant`] does; each mark stays until its time.
    /// Whether each had not ended before.
    async fn end_grants(
        &self,
        grants: &[(GrantId, Timestamp)],
        now: Timestamp,
    ) -> Vec<Result<bool, StoreError>>;

    /// Revokes access tokens, as [`super::GrantStore::revoke_token`] does; whether each was
    /// active.
    async fn revoke_tokens(&self, tokens: &[Jti], now: Timestamp) -> Vec<Result<bool, StoreError>>;

    /// Deletes clients, as [`super::ClientRegistry::delete_client`] does; whether each was there.
    /// Each leaves a mark, used or not: the operator has said that it is to go.
    async fn delete_clients(
        &self,
        clients: &[ClientId],
        now: Timestamp,
    ) -> Vec<Result<bool, StoreError>>;
}
