//! Calls under way, so that `notifications/cancelled` of the older era (MCP 2025-03-26 to
//! 2025-11-25) can end one. There are no sessions, so a call is known by its person, his client and
//! its id; where two of them have the same (two windows of one client count alike), neither is ended.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use rmcp::model::RequestId;
use token_core::assertion::Identity;
use token_core::{ClientId, UserId};
use tokio::sync::Notify;

type Name = (UserId, ClientId, RequestId);

/// The calls of this process. Cheap to clone.
#[derive(Clone, Debug, Default)]
pub(crate) struct Calls(Arc<Mutex<HashMap<Name, Vec<Arc<Notify>>>>>);

/// One of them. Dropped, it is under way no more.
#[derive(Debug)]
pub(crate) struct Call {
    calls: Calls,
    name: Name,
    end: Arc<Notify>,
}

impl Calls {
    pub(crate) fn begin(&self, identity: &Identity, id: &RequestId) -> Call {
        let (name, end) = (name(identity, id), Arc::new(Notify::new()));
        let mut calls = self.under_way();
        calls
            .entry(name.clone())
            .or_default()
            .push(Arc::clone(&end));
        Call {
            calls: self.clone(),
            name,
            end,
        }
    }

    /// Ends the only call of that name.
    pub(crate) fn cancel(&self, identity: &Identity, id: &RequestId) {
        if let Some([only]) = self.under_way().get(&name(identity, id)).map(Vec::as_slice) {
            only.notify_one();
        }
    }

    fn under_way(&self) -> MutexGuard<'_, HashMap<Name, Vec<Arc<Notify>>>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Call {
    pub(crate) async fn cancelled(&self) {
        self.end.notified().await;
    }
}

impl Drop for Call {
    fn drop(&mut self) {
        let mut calls = self.calls.under_way();
        if let Some(ends) = calls.get_mut(&self.name) {
            ends.retain(|end| !Arc::ptr_eq(end, &self.end));
            if ends.is_empty() {
                calls.remove(&self.name);
            }
        }
    }
}

fn name(identity: &Identity, id: &RequestId) -> Name {
    (
        identity.user_id.clone(),
        identity.client_id.clone(),
        id.clone(),
    )
}
