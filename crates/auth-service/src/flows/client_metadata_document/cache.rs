//! Documents that were fetched (draft-ietf-oauth-client-id-metadata-document section 5.2): kept as
//! long as their headers say, and for a week where a newer one cannot be fetched (RFC 5861). The
//! store has those of clients that somebody let in, so that a restart, or another replica, need not
//! wait for them.

use std::collections::{HashMap, HashSet};
use std::sync::{Mutex, MutexGuard, PoisonError};

use token_core::client::Client;
use token_core::store::StoreError;
use token_core::{ClientId, Seconds, Timestamp};

use super::client;
use crate::flows::Context;
use crate::flows::remote::RemoteFault;

/// Anybody can name a document: this bounds what they fill.
const MAX_DOCUMENTS: usize = 1000;
/// How long the last good document stands in for one that cannot be fetched.
const STALE_IF_ERROR: Seconds = Seconds(7 * 86_400);
/// How long a failed fetch is not repeated.
const PAUSE: Seconds = Seconds(5);
/// For how long a client counts as in use.
const IN_USE: Seconds = Seconds(86_400);
/// How long before its time is over the document of a client in use is fetched again: more than
/// passes between two looks at what is due.
const EARLY: Seconds = Seconds(60);
/// The least time between two fetches that nobody asked for.
const REGULAR: Seconds = Seconds(240);

/// The documents, by their address.
#[derive(Default)]
pub(in crate::flows) struct DocumentCache {
    kept: Mutex<HashMap<ClientId, Kept>>,
    under_way: Mutex<HashSet<ClientId>>,
}

#[derive(Clone)]
struct Kept {
    client: Result<Client, RemoteFault>,
    asked_at: Timestamp,
    fresh_until: Timestamp,
    gone_at: Timestamp,
    used_at: Timestamp,
}

/// What is known of a document now.
pub(in crate::flows) enum Standing {
    /// The client that it describes.
    Known {
        /// That client.
        client: Box<Client>,
        /// Whether it is to be fetched again.
        stale: bool,
    },
    /// It was asked for a moment ago, in vain.
    Failed(RemoteFault),
    /// Nothing.
    Unknown,
}

impl DocumentCache {
    /// Takes in what the store has of a document, as one that is to be fetched again. It is there
    /// for as long as it may stand in for a newer one.
    pub(in crate::flows) async fn recall(
        &self,
        context: &Context,
        client_id: &ClientId,
    ) -> Result<(), StoreError> {
        let now = context.now();
        if self.kept(client_id, now).is_none()
            && let Some(client) = context.store.client(client_id, now).await?
            && let Some(gone_at) = client.expires_at
        {
            let stale = Kept {
                client: Ok(as_fetched(client)),
                asked_at: Timestamp(0),
                fresh_until: now,
                gone_at,
                used_at: Timestamp(0),
            };
            self.keep(client_id, stale, now);
        }
        Ok(())
    }

    /// The client with this document: from the cache, or fetched.
    pub(in crate::flows) async fn client(
        &self,
        context: &Context,
        client_id: &ClientId,
    ) -> Result<Client, RemoteFault> {
        let now = context.now();
        let kept = self.kept(client_id, now);
        if let Some(kept) = &kept
            && !kept.fresh_until.has_passed(now)
        {
            return kept.client.clone();
        }
        self.fetch(context, client_id).await
    }

    /// Fetches a document again behind everybody's back, unless somebody does.
    pub(in crate::flows) async fn renew(&self, context: &Context, client_id: &ClientId) {
        if let Some(_alone) = Alone::with(&self.under_way, client_id) {
            // Its outcome is logged where it is fetched, and told to who asks next.
            let _ = self.fetch(context, client_id).await;
        }
    }

    async fn fetch(&self, context: &Context, client_id: &ClientId) -> Result<Client, RemoteFault> {
        let now = context.now();
        let kept = self.kept(client_id, now);
        let used_at = kept.as_ref().map_or(Timestamp(0), |kept| kept.used_at);
        let fetched = context.clients.remote.get(client_id.as_str()).await;
        let fetched = fetched.and_then(|answer| {
            let client = client(client_id, &answer, now)?;
            Ok((client, answer.lifetime(now)))
        });
        let new = match (fetched, kept) {
            (Ok((client, lifetime)), _) => {
                let fresh_until = now.plus(lifetime);
                Kept {
                    client: Ok(client),
                    asked_at: now,
                    fresh_until,
                    gone_at: fresh_until.plus(STALE_IF_ERROR),
                    used_at,
                }
            }
            (Err(RemoteFault::Unreachable), Some(kept)) if kept.client.is_ok() => {
                tracing::warn!(%client_id, "a metadata document could not be fetched: the last one is used");
                Kept {
                    asked_at: now,
                    fresh_until: now.plus(PAUSE),
                    ..kept
                }
            }
            (Err(fault), _) => {
                tracing::warn!(%client_id, %fault, "a metadata document was not taken");
                Kept {
                    client: Err(fault),
                    asked_at: now,
                    used_at,
                    fresh_until: now.plus(PAUSE),
                    gone_at: now.plus(PAUSE),
                }
            }
        };
        self.keep(client_id, new.clone(), now);
        if let Err(error) = self.tell_store(context, client_id, &new).await {
            tracing::warn!(%client_id, %error, "the store has an older state of a metadata document");
        }
        new.client
    }

    /// What is stored of a document follows what was fetched: a newer one takes its place, and one
    /// that was withdrawn ends it.
    async fn tell_store(
        &self,
        context: &Context,
        client_id: &ClientId,
        new: &Kept,
    ) -> Result<(), StoreError> {
        let now = context.now();
        match &new.client {
            Ok(client) => {
                let stored = to_store(client, new.gone_at);
                context.store.replace_client(&stored, now).await?;
            }
            Err(RemoteFault::Refused(_)) => {
                context.store.delete_client(client_id, now).await?;
            }
            Err(RemoteFault::Unreachable) => {}
        }
        Ok(())
    }

    /// Keeps a document in the store too, as a client that goes first where there are too many: it
    /// can be fetched again.
    pub(in crate::flows) async fn store(
        &self,
        context: &Context,
        client_id: &ClientId,
    ) -> Result<(), StoreError> {
        let now = context.now();
        let Some(Kept {
            client: Ok(client),
            gone_at,
            ..
        }) = self.kept(client_id, now)
        else {
            return Ok(());
        };
        let stored = to_store(&client, gone_at);
        if !context.store.replace_client(&stored, now).await? {
            let ceiling = context.clients.settings.ceiling;
            context
                .store
                .register_client(&stored, ceiling, 0, now)
                .await?;
        }
        Ok(())
    }

    /// What is known of a document, fresh or not: for who cannot wait for somebody else's server.
    pub(in crate::flows) fn standing(&self, client_id: &ClientId, now: Timestamp) -> Standing {
        match self.kept(client_id, now) {
            None => Standing::Unknown,
            Some(kept) => {
                let stale = kept.fresh_until.has_passed(now);
                kept.client.map_or_else(Standing::Failed, |client| {
                    let client = Box::new(client);
                    Standing::Known { client, stale }
                })
            }
        }
    }

    /// The client with this document, where it is known, fresh or not.
    pub(in crate::flows) fn known(&self, client_id: &ClientId, now: Timestamp) -> Option<Client> {
        self.kept(client_id, now)?.client.ok()
    }

    /// Notes that the client is in use.
    pub(in crate::flows) fn note_use(&self, client_id: &ClientId, now: Timestamp) {
        if let Some(kept) = self.lock().get_mut(client_id) {
            kept.used_at = now;
        }
    }

    /// The clients in use whose documents are to be fetched again.
    pub(in crate::flows) fn due(&self, now: Timestamp) -> Vec<ClientId> {
        let documents = self.lock();
        let due = documents.iter().filter(|(_, kept)| {
            !kept.used_at.plus(IN_USE).has_passed(now)
                && kept.fresh_until.has_passed(now.plus(EARLY))
                && kept.asked_at.plus(REGULAR).has_passed(now)
        });
        due.map(|(client_id, _)| client_id.clone()).collect()
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<ClientId, Kept>> {
        self.kept.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn kept(&self, client_id: &ClientId, now: Timestamp) -> Option<Kept> {
        let documents = self.lock();
        let kept = documents.get(client_id)?;
        (!kept.gone_at.has_passed(now)).then(|| kept.clone())
    }

    /// Where there is no room, what is over goes first, and then what goes soonest: failures.
    fn keep(&self, client_id: &ClientId, new: Kept, now: Timestamp) {
        let mut documents = self.lock();
        if documents.len() >= MAX_DOCUMENTS && !documents.contains_key(client_id) {
            documents.retain(|_, kept| !kept.gone_at.has_passed(now));
            if documents.len() >= MAX_DOCUMENTS {
                let soonest = documents.iter().min_by_key(|(_, kept)| kept.gone_at);
                let soonest = soonest.map(|(client_id, _)| client_id.clone());
                soonest.map(|client_id| documents.remove(&client_id));
            }
        }
        documents.insert(client_id.clone(), new);
    }
}

/// The only one who fetches a document.
struct Alone<'a>(&'a Mutex<HashSet<ClientId>>, &'a ClientId);

impl<'a> Alone<'a> {
    fn with(all: &'a Mutex<HashSet<ClientId>>, client_id: &'a ClientId) -> Option<Self> {
        let mut under_way = all.lock().unwrap_or_else(PoisonError::into_inner);
        let alone = under_way.insert(client_id.clone());
        alone.then(|| Self(all, client_id))
    }
}

impl Drop for Alone<'_> {
    fn drop(&mut self) {
        let mut under_way = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        under_way.remove(self.1);
    }
}

/// A document's client as the store has it.
fn to_store(client: &Client, gone_at: Timestamp) -> Client {
    Client {
        expires_at: Some(gone_at),
        used: false,
        ..client.clone()
    }
}

/// And as it is without: nothing prolongs it but a newer document.
fn as_fetched(stored: Client) -> Client {
    Client {
        expires_at: None,
        used: true,
        ..stored
    }
}
