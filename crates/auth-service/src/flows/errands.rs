//! What is to be fetched of clients behind the back of the requests that want it: nobody waits at
//! the token endpoint for a host of somebody else's. And what is fetched before anybody wants it,
//! because its client is in use.

use std::collections::HashSet;
use std::sync::{Mutex, PoisonError};

use futures_util::{StreamExt as _, stream};
use token_core::ClientId;
use token_core::store::StoreError;

use super::client_keys::{self, Reason};
use super::{Context, clients};

/// How many of the clients in use have something fetched at once. There are more hands than these:
/// what a request wants finds one free, also where every host hangs.
const AT_ONCE: usize = 8;

/// Whether a request may wait for a host of its client's.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Patience {
    /// No: what is known is used, and what is not is fetched behind its back.
    None,
    /// Yes: it begins something that a person goes on with, perhaps for a client that nobody has
    /// seen yet.
    ForThePerson,
}

/// Something to fetch.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Errand(What);

#[derive(Debug, Clone, PartialEq, Eq, Hash)]
enum What {
    Document(ClientId),
    Keys(ClientId, Reason),
}

impl Errand {
    pub(super) fn document(client_id: &ClientId) -> Self {
        Self(What::Document(client_id.clone()))
    }

    pub(super) fn keys(client_id: &ClientId, reason: Reason) -> Self {
        Self(What::Keys(client_id.clone(), reason))
    }

    /// Fetches it, unless that is under way or was tried a moment ago. What comes of it is found
    /// by who asks next.
    pub async fn run(self, context: &Context) {
        match &self.0 {
            What::Document(client_id) => clients::renew_document(context, client_id).await,
            What::Keys(client_id, reason) => client_keys::renew(context, client_id, *reason).await,
        }
    }
}

/// What requests left to be fetched. Whoever answers a request takes it, and runs it.
#[derive(Default)]
pub(super) struct Errands(Mutex<HashSet<Errand>>);

impl Errands {
    pub(super) fn add(&self, errand: Errand) {
        self.lock().insert(errand);
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, HashSet<Errand>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// What is to be fetched now. It is the caller's to run.
pub fn take(context: &Context) -> Vec<Errand> {
    context.clients.errands.lock().drain().collect()
}

/// Takes in the keys of clients that another process, or this one in an earlier life, kept fresh,
/// so that it goes on.
///
/// # Errors
/// The store cannot be asked.
pub async fn resume(context: &Context) -> Result<(), StoreError> {
    let now = context.now();
    for client_id in context.store.clients_with_key_sets(now).await? {
        client_keys::recall(context, &client_id).await?;
    }
    Ok(())
}

/// Fetches what clients in use will want soon. The operator's own are always in use.
pub async fn renew_what_is_in_use(context: &Context) {
    client_keys::note_pre_registered(context);
    let now = context.now();
    let clients = &context.clients;
    let documents = clients.documents.due(now).into_iter();
    let documents = documents.map(|client_id| Errand::document(&client_id));
    let keys = clients.keys.due(now).into_iter();
    let keys = keys.map(|client_id| Errand::keys(&client_id, Reason::Age));
    stream::iter(documents.chain(keys))
        .for_each_concurrent(AT_ONCE, |errand| errand.run(context))
        .await;
}
