//! Documents that were fetched (draft-ietf-oauth-client-id-metadata-document section 5.2): kept as
//! long as their headers say, and for a week where a newer one cannot be fetched (RFC 5861). The
//! store has those of clients that somebody let in, so that a restart, or another replica, need not
//! wait for them.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

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

/// The documents, by their address.
#[derive(Default)]
pub(in crate::flows) struct DocumentCache(Mutex<HashMap<ClientId, Kept>>);

#[derive(Clone)]
struct Kept {
    client: Result<Client, RemoteFault>,
    fresh_until: Timestamp,
    gone_at: Timestamp,
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
                fresh_until: now,
                gone_at,
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
                    fresh_until,
                    gone_at: fresh_until.plus(STALE_IF_ERROR),
                }
            }
            (Err(RemoteFault::Unreachable), Some(kept)) if kept.client.is_ok() => {
                tracing::warn!(%client_id, "a metadata document could not be fetched: the last one is used");
                Kept {
                    fresh_until: now.plus(PAUSE),
                    ..kept
                }
            }
            (Err(fault), _) => {
                tracing::warn!(%client_id, %fault, "a metadata document was not taken");
                Kept {
                    client: Err(fault),
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

    /// The client with this document, where it is known, fresh or not: for who cannot wait for
    /// somebody else's server.
    pub(in crate::flows) fn known(&self, client_id: &ClientId, now: Timestamp) -> Option<Client> {
        self.kept(client_id, now)?.client.ok()
    }

    /// Whether what is known of it is due to be fetched again.
    pub(in crate::flows) fn is_stale(&self, client_id: &ClientId, now: Timestamp) -> bool {
        self.kept(client_id, now)
            .is_some_and(|kept| kept.fresh_until.has_passed(now))
    }

    fn kept(&self, client_id: &ClientId, now: Timestamp) -> Option<Kept> {
        let documents = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let kept = documents.get(client_id)?;
        (!kept.gone_at.has_passed(now)).then(|| kept.clone())
    }

    /// Where there is no room, what is over goes first, and then what goes soonest: failures.
    fn keep(&self, client_id: &ClientId, new: Kept, now: Timestamp) {
        let mut documents = self.0.lock().unwrap_or_else(PoisonError::into_inner);
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
