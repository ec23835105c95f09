//! The store as traits: it speaks in outcomes, and each operation on a one-time thing is one
//! atomic step.
//!
//! Expiry is in the records and compared with the caller's `now`; a store's own expiry (a Redis
//! TTL) is garbage collection only. Nothing here is a secret: codes and refresh tokens appear as
//! [`SecretKey`], `state` as [`SecretHash`].

mod archive;
mod ending;
mod freshness;
mod inspection;
mod outcomes;
mod records;
mod trail;

use async_trait::async_trait;
use thiserror::Error;

use crate::client::Client;
use crate::clock::Timestamp;
use crate::identifiers::{ClientId, GrantId, Jti, UserId};
use crate::secret::{SecretHash, SecretKey};

pub use archive::*;
pub use ending::*;
pub use freshness::{Freshness, MAX_AGE, Mark, Voice};
pub use inspection::*;
pub use outcomes::*;
pub use records::*;
pub use trail::*;

/// Why the store could not do what was asked. "Not found" is no error but an outcome.
#[derive(Debug, Error)]
pub enum StoreError {
    /// It cannot be asked now.
    #[error("the store cannot be reached")]
    Unavailable(#[source] Box<dyn std::error::Error + Send + Sync>),
    /// A record is not what was written.
    #[error("a stored record is damaged")]
    Corrupt(#[source] Box<dyn std::error::Error + Send + Sync>),
}

/// Registration and its management (RFC 7591, RFC 7592).
#[async_trait]
pub trait ClientRegistry: Send + Sync {
    /// Registers a client. One with the same identifier that is alive gets the new client's
    /// registration tokens added (of which the newest `keep_tokens` stay) and is otherwise left
    /// as it is. Beyond `ceiling` clients the ones that never were used go first, the oldest of
    /// them first; used ones never go.
    async fn register_client(
        &self,
        client: &Client,
        ceiling: usize,
        keep_tokens: usize,
        now: Timestamp,
    ) -> Result<RegisterOutcome, StoreError>;

    /// Replaces a client that is alive; whether it was.
    async fn replace_client(&self, client: &Client, now: Timestamp) -> Result<bool, StoreError>;

    /// Marks a client that is alive as used, and sets when it is forgotten; whether it was alive.
    /// Never brings a deleted client back.
    async fn prolong_client(
        &self,
        id: &ClientId,
        expires_at: Option<Timestamp>,
        now: Timestamp,
    ) -> Result<bool, StoreError>;

    /// Takes one registration token away; whether it was there.
    async fn end_registration_token(
        &self,
        id: &ClientId,
        token: &SecretHash,
        now: Timestamp,
    ) -> Result<bool, StoreError>;

    /// Deletes a client; whether it was there. One that was used leaves a mark for as long as it
    /// could have lived, so that no restored backup brings it back: it is over when a client
    /// registers with that identifier. What was never used leaves none, since anybody can have
    /// as many of those as he likes.
    async fn delete_client(&self, id: &ClientId, now: Timestamp) -> Result<bool, StoreError>;

    /// The grants of a client that may still have tokens, to be ended with it.
    async fn client_grants(
        &self,
        id: &ClientId,
        now: Timestamp,
    ) -> Result<Vec<GrantId>, StoreError>;
}

/// Device authorization requests (RFC 8628).
#[async_trait]
pub trait DeviceStore: Send + Sync {
    /// Keeps a request. `false` when its user code is taken: the caller makes another.
    async fn put_device(&self, device: &DeviceRecord, now: Timestamp) -> Result<bool, StoreError>;

    /// The request with this user code that nobody has decided yet.
    async fn device(
        &self,
        user_code: &SecretHash,
        now: Timestamp,
    ) -> Result<Option<DeviceRecord>, StoreError>;

    /// Takes a person's decision. Of many decisions one counts; whether this one did.
    async fn decide_device(
        &self,
        user_code: &SecretHash,
        decision: &DeviceDecision,
        now: Timestamp,
    ) -> Result<bool, StoreError>;

    /// Answers a device's poll, and notes its time.
    async fn poll_device(
        &self,
        device_code: &SecretHash,
        client_id: &ClientId,
        now: Timestamp,
    ) -> Result<PollOutcome, StoreError>;
}

/// Pushed authorization requests (RFC 9126).
#[async_trait]
pub trait PushedRequestStore: Send + Sync {
    /// Keeps a request under the hash of its `request_uri`.
    async fn put_pushed_request(
        &self,
        request_uri: &SecretHash,
        request: &PushedRequest,
        now: Timestamp,
    ) -> Result<(), StoreError>;

    /// Looks at a request. It stays until it is over, so that a person may reload the page
    /// (RFC 9126 section 4).
    async fn pushed_request(
        &self,
        request_uri: &SecretHash,
        now: Timestamp,
    ) -> Result<Option<PushedRequest>, StoreError>;
}

/// Things that may be used once: the `jti` of assertions (RFC 7523 section 3).
#[async_trait]
pub trait ReplayStore: Send + Sync {
    /// Marks something as used until `until`. Whether this was the first use; of many callers one
    /// hears `true`.
    async fn first_use(
        &self,
        thing: &SecretHash,
        until: Timestamp,
        now: Timestamp,
    ) -> Result<bool, StoreError>;
}

/// Registered clients.
#[async_trait]
pub trait ClientStore: Send + Sync {
    /// Writes a client; one with the same identifier is replaced.
    async fn put_client(&self, client: &Client, now: Timestamp) -> Result<(), StoreError>;

    /// The client, unless it is expired at `now`.
    async fn client(&self, id: &ClientId, now: Timestamp) -> Result<Option<Client>, StoreError>;
}

/// The keys of clients as they were fetched from their `jwks_uri` (RFC 7591 section 2), so that a
/// restart, or another replica, knows them. It is a cache: no backup has it.
#[async_trait]
pub trait KeySetStore: Send + Sync {
    /// Keeps a key set in the place of the client's older one. One that is over at `now` takes
    /// that away.
    async fn put_key_set(&self, set: &KeySetRecord, now: Timestamp) -> Result<(), StoreError>;

    /// The key set of a client. [`ClientRegistry::delete_client`] deletes it too.
    async fn key_set(
        &self,
        client: &ClientId,
        now: Timestamp,
    ) -> Result<Option<KeySetRecord>, StoreError>;

    /// Whose key sets there are. Some may be gone.
    async fn clients_with_key_sets(&self, now: Timestamp) -> Result<Vec<ClientId>, StoreError>;
}

/// Sign-ins under way.
#[async_trait]
pub trait SignInStore: Send + Sync {
    /// Keeps a sign-in under the hash of its `state`.
    async fn put_sign_in(
        &self,
        state: &SecretHash,
        pending: &PendingSignIn,
        now: Timestamp,
    ) -> Result<(), StoreError>;

    /// Looks at a sign-in without ending it.
    async fn sign_in(
        &self,
        state: &SecretHash,
        now: Timestamp,
    ) -> Result<Option<PendingSignIn>, StoreError>;

    /// Takes a sign-in out: of many callers exactly one gets it.
    async fn take_sign_in(
        &self,
        state: &SecretHash,
        now: Timestamp,
    ) -> Result<Option<PendingSignIn>, StoreError>;
}

/// Codes, tokens and the families they form.
#[async_trait]
pub trait GrantStore: Send + Sync {
    /// Keeps a code.
    async fn put_code(&self, code: &CodeRecord, now: Timestamp) -> Result<(), StoreError>;

    /// Uses a code up. A used code leaves a mark until it would have expired, so that a replay
    /// names its grant.
    async fn consume_code(
        &self,
        code: &SecretKey,
        now: Timestamp,
    ) -> Result<CodeOutcome, StoreError>;

    /// Makes tokens active, unless their grant has ended or their client is gone. From the same
    /// moment on [`ClientRegistry::client_grants`] names the grant: so whoever deletes a client and
    /// then ends what is named misses no token.
    async fn issue_tokens(
        &self,
        tokens: &IssuedTokens,
        now: Timestamp,
    ) -> Result<IssueOutcome, StoreError>;

    /// Looks at a refresh token; `None` when it never was, is expired, or its grant has ended.
    async fn refresh_token(
        &self,
        key: &SecretKey,
        now: Timestamp,
    ) -> Result<Option<RefreshView>, StoreError>;

    /// Replaces a refresh token by its successor, under the same conditions and with the same
    /// promise as [`Self::issue_tokens`].
    async fn rotate_refresh(
        &self,
        rotation: &Rotation,
        now: Timestamp,
    ) -> Result<RotateOutcome, StoreError>;

    /// Ends one access token. A mark stays until it would have expired. Whether it was active.
    async fn revoke_token(&self, jti: &Jti, now: Timestamp) -> Result<bool, StoreError>;

    /// Ends a grant with every token of it, sealed answers included. A mark stays until `until`,
    /// which must be no earlier than the last moment at which tokens could still be issued under
    /// it; no token becomes active under the grant again.
    async fn end_grant(
        &self,
        grant: &GrantId,
        now: Timestamp,
        until: Timestamp,
    ) -> Result<(), StoreError>;
}

/// What one person gave to clients, for that person.
#[async_trait]
pub trait PersonStore: Send + Sync {
    /// The grants of a person that have tokens or may still get them, to be ended: from the moment
    /// of the approval on. Some may have ended.
    async fn user_grants(&self, user: &UserId, now: Timestamp) -> Result<Vec<GrantId>, StoreError>;

    /// Those of them that have an active access token or a good refresh token at `now`, as far as
    /// they can be read.
    async fn user_sessions(
        &self,
        user: &UserId,
        now: Timestamp,
    ) -> Result<Vec<Session>, StoreError>;

    /// When anything of these sessions was last used, as far as that is kept.
    async fn sessions_last_used(
        &self,
        sessions: &[GrantId],
    ) -> Result<Vec<Option<Timestamp>>, StoreError>;
}

/// The verifier's slice: whether a token is active. Nothing else.
#[async_trait]
pub trait ActiveTokens: Send + Sync {
    /// Whether the token is active at `now`.
    async fn is_active(&self, jti: &Jti, now: Timestamp) -> Result<bool, StoreError>;

    /// By which voice the store will tell of changes to what the calling thread asks it about.
    fn voice(&self) -> Voice {
        Voice::FIRST
    }

    /// Whether the store answers at all, for readiness.
    async fn ping(&self) -> Result<(), StoreError>;
}

/// Everything that the authorization server needs.
pub trait Store:
    ClientStore
    + ClientRegistry
    + KeySetStore
    + SignInStore
    + GrantStore
    + DeviceStore
    + PushedRequestStore
    + ReplayStore
    + PersonStore
    + ActiveTokens
{
}

impl<T> Store for T where
    T: ClientStore
        + ClientRegistry
        + KeySetStore
        + SignInStore
        + GrantStore
        + DeviceStore
        + PushedRequestStore
        + ReplayStore
        + PersonStore
        + ActiveTokens
{
}
