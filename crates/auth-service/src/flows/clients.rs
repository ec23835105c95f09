//! The client that a request names: pre-registered by the operator, described by a metadata
//! document of its own, or registered (RFC 7591), in this order.

use std::sync::Arc;

use token_core::ClientId;
use token_core::client::Client;
use token_core::oauth_error::OAuthErrorCode;
use token_core::store::StoreError;
use url::Url;

use super::client_keys::{self, KeyCache};
use super::client_metadata_document::{DocumentCache, DocumentPolicy, Standing};
use super::errands::{Errand, Errands, Patience};
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
    pub(super) errands: Errands,
}

impl Clients {
    /// With nothing fetched yet.
    pub fn new(settings: ClientSettings, remote: Arc<dyn Remote>) -> Self {
        Self {
            settings,
            remote,
            documents: DocumentCache::default(),
            keys: KeyCache::default(),
            errands: Errands::default(),
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
            momentary: false,
            source: Some(Box::new(fault)),
        }
    }
}

/// Whether a client that was found is in the store. Only such a one can be deleted.
pub(super) fn is_stored(context: &Context, client_id: &ClientId) -> bool {
    let pre_registered = context.clients.settings.pre_registered.find(client_id);
    pre_registered.is_none() && client_id.document_url().is_none()
}

/// As [`find`], but a document that was fetched before is taken as it is, and where none was, only
/// a patient caller waits for it.
pub(super) async fn find_at_once(
    context: &Context,
    client_id: &ClientId,
    patience: Patience,
) -> Result<Option<Client>, OAuthFailure> {
    if document(context, client_id).is_none() {
        return Ok(find(context, client_id).await?);
    }
    let clients = &context.clients;
    clients.documents.recall(context, client_id).await?;
    match clients.documents.standing(client_id, context.now()) {
        Standing::Known { client, stale } => {
            if stale {
                clients.errands.add(Errand::document(client_id));
            }
            Ok(Some(*client))
        }
        Standing::Failed(fault) => Err(fault.into()),
        Standing::Unknown if patience == Patience::ForThePerson => {
            Ok(find(context, client_id).await?)
        }
        Standing::Unknown => {
            clients.errands.add(Errand::document(client_id));
            Err(being_fetched())
        }
    }
}

/// What is asked for again in a moment is there: nothing is wrong with the client, which keeps its
/// credentials.
pub(super) fn being_fetched() -> OAuthFailure {
    let description = "the metadata or the keys of the client are being fetched; try again";
    OAuthFailure {
        momentary: true,
        ..OAuthFailure::new(OAuthErrorCode::TemporarilyUnavailable, description)
    }
}

/// The address of the document behind this client, if there is one that is taken.
fn document(context: &Context, client_id: &ClientId) -> Option<Url> {
    let settings = &context.clients.settings;
    client_id
        .document_url()
        .filter(|_| settings.pre_registered.find(client_id).is_none())
        .filter(|url| settings.documents.admits(url))
}

/// Keeps what a client has at addresses of its own, its document and its keys, where a restart and
/// every replica find it: somebody lets this client in, and its token requests must not wait for
/// its host. Who did waits here for what is not known yet.
pub(super) async fn keep(context: &Context, client_id: &ClientId) -> Result<(), StoreError> {
    let client = match remembered(context, client_id).await? {
        None if document(context, client_id).is_some() => match find(context, client_id).await {
            Ok(found) => found,
            Err(FindError::Document(_)) => None,
            Err(FindError::Store(error)) => return Err(error),
        },
        known => known,
    };
    let Some(client) = client else {
        return Ok(());
    };
    if document(context, client_id).is_some() {
        context.clients.documents.store(context, client_id).await?;
    }
    client_keys::keep(context, &client).await
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

/// Notes that a client is in use, so that its document is kept fresh.
pub(super) fn note_use(context: &Context, client_id: &ClientId) {
    let documents = &context.clients.documents;
    documents.note_use(client_id, context.now());
}

/// Fetches the document behind a client again.
pub(super) async fn renew_document(context: &Context, client_id: &ClientId) {
    if document(context, client_id).is_some() {
        context.clients.documents.renew(context, client_id).await;
    }
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
