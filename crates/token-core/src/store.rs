//! The store as traits: it speaks in outcomes, and each operation on a one-time thing is one
//! atomic step.
//!
//! Expiry is in the records and compared with the caller's `now`; a store's own expiry (a Redis
//! TTL) is garbage collection only. Nothing here is a secret: codes and refresh tokens appear as
//! [`SecretKey`], `state` as [`SecretHash`].

use async_trait::async_trait;
use serde::{Deserialize, Serialize};
use thiserror::Error;

use crate::client::Client;
use crate::clock::{Seconds, Timestamp};
use crate::identifiers::{ClientId, GrantId, Jti, UserId, Username};
use crate::pkce::CodeChallenge;
use crate::redirect_uri::RedirectUri;
use crate::resource::ResourceId;
use crate::scope::Scopes;
use crate::secret::{SecretHash, SecretKey};

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

/// An authorization request that was checked: what the client asked for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct AuthorizationRequest {
    /// The client.
    pub client_id: ClientId,
    /// Where the answer goes: as requested, which on loopback may differ from the registered one
    /// by its port.
    pub redirect_uri: RedirectUri,
    /// The client's own `state`, to be given back byte for byte.
    pub state: Option<String>,
    /// The PKCE challenge.
    pub code_challenge: CodeChallenge,
    /// The service that is asked for.
    pub resource: ResourceId,
    /// The scopes that approval gives.
    pub scope: Scopes,
}

/// What a device asks for (RFC 8628), as the person who typed its code is asked about it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct DeviceRequest {
    /// Hash of the user code in its normal form: where the decision goes.
    pub user_code: SecretHash,
    /// The client.
    pub client_id: ClientId,
    /// The service that is asked for.
    pub resource: ResourceId,
    /// The scopes that approval gives.
    pub scope: Scopes,
}

/// What a person is asked to approve.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ConsentRequest {
    /// An authorization request: the answer is a redirect.
    Redirect(AuthorizationRequest),
    /// A device: it polls for the answer.
    Device(DeviceRequest),
}

impl ConsentRequest {
    /// The client.
    pub fn client_id(&self) -> &ClientId {
        match self {
            Self::Redirect(request) => &request.client_id,
            Self::Device(request) => &request.client_id,
        }
    }

    /// The service that is asked for.
    pub fn resource(&self) -> &ResourceId {
        match self {
            Self::Redirect(request) => &request.resource,
            Self::Device(request) => &request.resource,
        }
    }

    /// The scopes that approval gives.
    pub fn scope(&self) -> &Scopes {
        match self {
            Self::Redirect(request) => &request.scope,
            Self::Device(request) => &request.scope,
        }
    }
}

/// A sign-in under way: an approved request, waiting for the identity provider.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PendingSignIn {
    /// What was approved.
    pub request: ConsentRequest,
    /// Hash of the browser's cookie.
    pub browser: SecretHash,
    /// When it is over.
    pub expires_at: Timestamp,
}

/// Who approved what for whom: the part that codes and refresh tokens share.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Grant {
    /// Its identifier.
    pub id: GrantId,
    /// The client.
    pub client_id: ClientId,
    /// The person.
    pub user_id: UserId,
    /// The person's login name at sign-in.
    pub username: Username,
    /// The service.
    pub resource: ResourceId,
    /// The scopes that were approved.
    pub scope: Scopes,
}

/// An authorization code's record.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct CodeRecord {
    /// Hash and grant of the code.
    pub key: SecretKey,
    /// What was approved.
    pub grant: Grant,
    /// Must be repeated at the token endpoint.
    pub redirect_uri: RedirectUri,
    /// Must be answered at the token endpoint.
    pub code_challenge: CodeChallenge,
    /// When it is over.
    pub expires_at: Timestamp,
}

/// An active access token's record.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct TokenRecord {
    /// The token's identifier, which names its grant.
    pub jti: Jti,
    /// The client that holds it.
    pub client_id: ClientId,
    /// The person it stands for.
    pub user_id: UserId,
    /// The service it is for.
    pub resource: ResourceId,
    /// What it allows.
    pub scope: Scopes,
    /// When it was issued.
    pub issued_at: Timestamp,
    /// When it is over.
    pub expires_at: Timestamp,
}

/// A refresh token's record.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RefreshRecord {
    /// Hash and grant of the token.
    pub key: SecretKey,
    /// What was approved.
    pub grant: Grant,
    /// When it is over.
    pub expires_at: Timestamp,
}

/// The tokens that one token request gives.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct IssuedTokens {
    /// The access token.
    pub token: TokenRecord,
    /// The refresh token, where the client may have one.
    pub refresh: Option<RefreshRecord>,
}

/// One rotation of a refresh token.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rotation {
    /// The refresh token that was presented.
    pub presented: SecretKey,
    /// Its successor.
    pub successor: RefreshRecord,
    /// The new access token.
    pub token: TokenRecord,
    /// The answer, sealed under a key derived from the presented token: for the grace.
    pub sealed_answer: String,
    /// Until when a repeat gets that answer again.
    pub grace_until: Timestamp,
}

/// What became of a code that was presented.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum CodeOutcome {
    /// It was good, and is used up now.
    Fresh(Box<CodeRecord>),
    /// It was used before.
    Replayed(GrantId),
    /// It never was, or is expired.
    Unknown,
}

/// What became of tokens that were to be stored.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum IssueOutcome {
    /// They are active.
    Issued,
    /// The grant was ended in the meantime; nothing was stored.
    GrantEnded,
}

/// What became of a refresh token that was presented.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum RotateOutcome {
    /// The successor is active.
    Rotated,
    /// It was replaced within the grace: the sealed answer that was given then. The new pair was
    /// not stored.
    Graced(String),
    /// It was replaced before that: somebody has a copy.
    Reused(GrantId),
    /// It never was, is expired, or its grant has ended.
    Unknown,
}

/// What a refresh token that is presented says before it is rotated.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RefreshView {
    /// Its record.
    pub record: RefreshRecord,
    /// Whether it has been replaced already.
    pub replaced: bool,
}

/// What became of a registration.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RegisterOutcome {
    /// The client is new.
    Created,
    /// A client with this identifier was there: it got the new registration token.
    Joined,
    /// There are as many clients as may be, and every one of them is in use.
    Full,
}

/// A device authorization request (RFC 8628 section 3.1) that waits for a person.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct DeviceRecord {
    /// Hash of the device code.
    pub device_code: SecretHash,
    /// Hash of the user code in its normal form.
    pub user_code: SecretHash,
    /// The client.
    pub client_id: ClientId,
    /// The service that is asked for.
    pub resource: ResourceId,
    /// The scopes that approval gives.
    pub scope: Scopes,
    /// The least time between two polls.
    pub interval: Seconds,
    /// When it is over.
    pub expires_at: Timestamp,
}

/// What a person decided about a device.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum DeviceDecision {
    /// It may have what it asks for.
    Approved(Grant),
    /// It may not.
    Denied,
}

/// What a device that asks is told (RFC 8628 section 3.5).
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum PollOutcome {
    /// Nobody has decided yet.
    Pending,
    /// It asks too often: the interval grew by five seconds.
    SlowDown,
    /// It was approved. The record is gone: of many callers one gets this.
    Approved(Box<Grant>),
    /// It was refused. The record is gone.
    Denied,
    /// It never was, is over, or is another client's.
    Unknown,
}

/// A pushed authorization request (RFC 9126): the parameters as they were pushed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PushedRequest {
    /// The client that pushed it.
    pub client_id: ClientId,
    /// Its parameters, form-encoded.
    pub parameters: String,
    /// When it is over.
    pub expires_at: Timestamp,
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

    /// Deletes a client; whether it was there.
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

    /// Makes tokens active, unless their grant has ended.
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

    /// Replaces a refresh token by its successor.
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

/// The verifier's slice: whether a token is active. Nothing else.
#[async_trait]
pub trait ActiveTokens: Send + Sync {
    /// Whether the token is active at `now`.
    async fn is_active(&self, jti: &Jti, now: Timestamp) -> Result<bool, StoreError>;

    /// Whether the store answers at all, for readiness.
    async fn ping(&self) -> Result<(), StoreError>;
}

/// Everything that the authorization server needs.
pub trait Store:
    ClientStore
    + ClientRegistry
    + SignInStore
    + GrantStore
    + DeviceStore
    + PushedRequestStore
    + ReplayStore
    + ActiveTokens
{
}

impl<T> Store for T where
    T: ClientStore
        + ClientRegistry
        + SignInStore
        + GrantStore
        + DeviceStore
        + PushedRequestStore
        + ReplayStore
        + ActiveTokens
{
}
