//! The client that a request names: pre-registered by the operator, described by a metadata
//! document of its own, or registered (RFC 7591), in this order.

use std::sync::Arc;

use token_core::ClientId;
use token_core::client::Client;
use token_core::oauth_error::OAuthErrorCode;
use token_core::store::StoreError;
use url::Url;

use super::client_keys::KeyCache;
use super::client_metadata_document::{DocumentCache, DocumentPolicy};
use super::pre_registered::PreRegistered;
use super::remote::{Remote, RemoteFault};
use super::{Context, OAuthFailure};

/// What the operator decides about clients.
#[derive(Debug, Clone)]
pub struct ClientSettings {
    /// Whether clients may register themselves (`CLIENT_REGISTRATION`).
    pub registration: bool,
    /// How many registered clients there may be (`MAX_CLIENTS`).
    pub ceiling: usize,
    /// Whose metadata documents are taken (`CIMD_POLICY`).
    pub documents: DocumentPolicy,
    /// The operator's own clients (`CLIENTS`).
    pub pre_registered: PreRegistered,
}

/// What is known of clients besides the store.
pub struct Clients {
    pub(super) settings: ClientSettings,
    pub(super) remote: Arc<dyn Remote>,
    pub(super) documents: DocumentCache,
    pub(super) keys: KeyCache,
}

impl Clients {
    /// With nothing fetched yet.
    pub fn new(settings: ClientSettings, remote: Arc<dyn Remote>) -> Self {
        Self {
            settings,
            remote,
            documents: DocumentCache::default(),
            keys: KeyCache::default(),
        }
    }
}

/// Why a client could not be looked up.
#[derive(Debug, thiserror::Error)]
pub enum FindError {
    /// The store cannot be asked.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// Its metadata document is not to be had, or not good.
    #[error("the client's metadata document: {0}")]
    Document(#[from] RemoteFault),
}

impl From<FindError> for OAuthFailure {
    fn from(error: FindError) -> Self {
        match error {
            FindError::Store(error) => error.into(),
            FindError::Document(fault) => fault.into(),
        }
    }
}

impl From<RemoteFault> for OAuthFailure {
    /// An outage of theirs is no fault of the client's: it keeps its credentials.
    fn from(fault: RemoteFault) -> Self {
        let (code, description) = match fault {
            RemoteFault::Unreachable => (
                OAuthErrorCode::TemporarilyUnavailable,
                "the metadata or the keys of the client cannot be fetched now; try again",
            ),
            RemoteFault::Refused(_) => (
                OAuthErrorCode::InvalidClient,
                "the metadata or the keys of the client are not good",
            ),
        };
        Self {
            code,
            description,
            source: Some(Box::new(fault)),
        }
    }
}

/// Whether a client that was found is in the store. Only such a one can be deleted.
pub(super) fn is_stored(context: &Context, client_id: &ClientId) -> bool {
    let pre_registered = context.clients.settings.pre_registered.find(client_id);
    pre_registered.is_none() && client_id.document_url().is_none()
}

/// As [`find`], but a document that was fetched before is taken as it is: no client waits for its
/// own host at the token endpoint. Who calls this then [renews](renew_document) it.
pub async fn find_known(
    context: &Context,
    client_id: &ClientId,
) -> Result<Option<Client>, FindError> {
    if document(context, client_id).is_some() {
        let documents = &context.clients.documents;
        documents.recall(context, client_id).await?;
        if let Some(client) = documents.known(client_id, context.now()) {
            return Ok(Some(client));
        }
    }
    find(context, client_id).await
}

/// The address of the document behind this client, if there is one that is taken.
fn document(context: &Context, client_id: &ClientId) -> Option<Url> {
    let settings = &context.clients.settings;
    client_id
        .document_url()
        .filter(|_| settings.pre_registered.find(client_id).is_none())
        .filter(|url| settings.documents.admits(url))
}

/// Keeps the document behind a client, if there is one, where a restart and every replica find it:
/// somebody lets this client in, and its token requests must not wait for its host.
pub(super) async fn keep_document(
    context: &Context,
    client_id: &ClientId,
) -> Result<(), StoreError> {
    if document(context, client_id).is_none() {
        return Ok(());
    }
    match find_known(context, client_id).await {
        Ok(_) => context.clients.documents.store(context, client_id).await,
        Err(FindError::Document(_)) => Ok(()),
        Err(FindError::Store(error)) => Err(error),
    }
}

/// The client as it is remembered: nothing is fetched.
pub async fn remembered(
    context: &Context,
    client_id: &ClientId,
) -> Result<Option<Client>, StoreError> {
    let clients = &context.clients;
    if let Some(client) = clients.settings.pre_registered.find(client_id) {
        return Ok(Some(client.clone()));
    }
    if client_id.document_url().is_some() {
        clients.documents.recall(context, client_id).await?;
        return Ok(clients.documents.known(client_id, context.now()));
    }
    context.store.client(client_id, context.now()).await
}

/// Whether the document behind this client, if there is one, is due to be fetched again.
pub fn has_stale_document(context: &Context, client_id: &ClientId) -> bool {
    let documents = &context.clients.documents;
    documents.is_stale(client_id, context.now())
}

/// Fetches the document behind a client again, if it is due. What comes of it is the cache's.
pub async fn renew_document(context: &Context, client_id: &ClientId) {
    // Its outcome is logged where it is fetched, and told to who asks next.
    let _ = find(context, client_id).await;
}

/// The client with this identifier; `None` where there is none.
pub async fn find(context: &Context, client_id: &ClientId) -> Result<Option<Client>, FindError> {
    let clients = &context.clients;
    if let Some(client) = clients.settings.pre_registered.find(client_id) {
        return Ok(Some(client.clone()));
    }
    if let Some(url) = client_id.document_url() {
        if !clients.settings.documents.admits(&url) {
            return Ok(None);
        }
        clients.documents.recall(context, client_id).await?;
        return Ok(Some(clients.documents.client(context, client_id).await?));
    }
    Ok(context.store.client(client_id, context.now()).await?)
}
