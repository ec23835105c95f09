//! The public keys that a client signs its assertions with (RFC 7591 section 2, `jwks` and
//! `jwks_uri`; RFC 7517 section 5).

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use token_core::client::ClientKeys;
use token_core::keys::ForeignKeys;
use token_core::{Seconds, Timestamp};

use super::Context;
use super::remote::RemoteFault;

const MAX_BYTES: usize = 64 * 1024;
/// How long fetched keys are used without another look.
const LIFETIME: Seconds = Seconds(300);
/// The least time between two fetches of one address: whoever names keys that nobody has must not
/// make us ask for them each time.
const PAUSE: Seconds = Seconds(10);
const MAX_SETS: usize = 1000;

/// Fetched key sets, by their address.
#[derive(Default)]
pub(super) struct KeyCache(Mutex<HashMap<String, Kept>>);

#[derive(Clone)]
struct Kept {
    keys: Result<Arc<ForeignKeys>, RemoteFault>,
    fetched_at: Timestamp,
}

/// The keys of a client. `again` asks for a new look, since a key was named that was not there.
pub(super) async fn keys(
    context: &Context,
    of: &ClientKeys,
    again: bool,
) -> Result<Arc<ForeignKeys>, RemoteFault> {
    match of {
        ClientKeys::Jwks(json) => read(json.as_bytes()),
        ClientKeys::JwksUri(url) => context.clients.keys.at(context, url, again).await,
    }
}

fn read(json: &[u8]) -> Result<Arc<ForeignKeys>, RemoteFault> {
    ForeignKeys::from_jwks_json(json)
        .map(Arc::new)
        .map_err(|_| RemoteFault::Refused("jwks has no usable key"))
}

impl KeyCache {
    async fn at(
        &self,
        context: &Context,
        url: &str,
        again: bool,
    ) -> Result<Arc<ForeignKeys>, RemoteFault> {
        let now = context.now();
        let kept = self.lock().get(url).cloned();
        if let Some(kept) = &kept {
            let soon = if again || kept.keys.is_err() {
                PAUSE
            } else {
                LIFETIME
            };
            if !kept.fetched_at.plus(soon).has_passed(now) {
                return kept.keys.clone();
            }
        }
        let fetched = context.clients.remote.get(url).await;
        let fetched = fetched.and_then(|answer| read(answer.json(MAX_BYTES)?));
        // Keys that were good stay good while their owner cannot be asked.
        let keys = match (fetched, kept) {
            (Err(RemoteFault::Unreachable), Some(Kept { keys: Ok(old), .. })) => Ok(old),
            (fetched, _) => fetched,
        };
        let mut sets = self.lock();
        if sets.len() >= MAX_SETS {
            sets.retain(|_, kept| !kept.fetched_at.plus(LIFETIME).has_passed(now));
        }
        if sets.len() >= MAX_SETS {
            sets.clear();
        }
        let kept = Kept {
            keys: keys.clone(),
            fetched_at: now,
        };
        sets.insert(url.to_owned(), kept);
        keys
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, HashMap<String, Kept>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
