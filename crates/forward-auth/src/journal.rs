//! What the verifier writes, beside its answers and never in their way: who was refused and why,
//! counted where it is many times the same; when tokens were used; and how much was decided.

use std::mem::take;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use token_core::audit::{AuditEvent, DeniedRequest, FailureReason, Network};
use token_core::store::{TokenUse, TokenUses};
use token_core::{ClientId, Jti, ResourceId, Timestamp};

use crate::Verifier;
use crate::decide::Denial;
use crate::memory::DueUse;
use crate::tally::Totals;
use crate::uses::Due;

/// How often uses are written.
const USES_EVERY: Duration = Duration::from_secs(1);
/// How many of those make an interval, within which the same refusals are one event.
const DENIALS_EVERY: u64 = 10;
/// How many of those make an interval of [`AuditEvent::RequestsCounted`].
const COUNTS_EVERY: u64 = 300;
/// How many uses may wait: no more tokens than that are used for the first time in a second.
const ROOM: usize = 32_768;
/// How many of them may be of tokens of which a use was passed on before, as far as is remembered.
/// Where more are in use within a minute than that makes, each is noted less often: to note one
/// costs Redis as much as several requests cost the verifier.
const ROOM_AGAIN: usize = 2048;
/// How many uses are written at once.
const BATCH: usize = 256;
/// More requests than that in a minute with one token are a burst: no person is so fast.
const BURST: u64 = 600;

/// What is to be written.
#[derive(Default)]
pub(crate) struct Journal {
    uses: Mutex<Vec<Used>>,
    /// How many of them are of tokens of which a use was passed on before.
    again: AtomicUsize,
    denied: Mutex<Vec<Denied>>,
    missed: AtomicU64,
    counted: Mutex<Option<Counted>>,
}

/// What was decided until the last time that it was written, and when that was.
#[derive(Clone)]
struct Counted {
    totals: Totals,
    at: Timestamp,
}

impl Counted {
    fn now(verifier: &Verifier) -> Self {
        Self {
            totals: verifier.totals(),
            at: verifier.parts.clock.now(),
        }
    }
}

/// Uses of a token.
struct Used {
    jti: Jti,
    client_id: ClientId,
    resource: ResourceId,
    expires_at: Timestamp,
    at: Timestamp,
    due: Due,
    network: Option<Network>,
    is_new_network: bool,
}

/// The same refusal, so many times.
struct Denied {
    resource: ResourceId,
    reason: FailureReason,
    count: u64,
    first: DeniedRequest,
}

impl Journal {
    /// Whether there is room for one more use of a token of which one was passed on before.
    pub(crate) fn has_room(&self) -> bool {
        self.again.load(Ordering::Relaxed) < ROOM_AGAIN
    }

    /// A request used this token, which is due to be passed on.
    pub(crate) fn used(&self, due: DueUse, address: Option<&str>, now: Timestamp) {
        let DueUse { pass, due } = due;
        if due.within.is_some() {
            self.again.fetch_add(1, Ordering::Relaxed);
        }
        let network = address.and_then(Network::of);
        let noted = Used {
            jti: pass.jti.clone(),
            client_id: pass.bearer.identity().client_id.clone(),
            resource: pass.bearer.resource().clone(),
            expires_at: pass.expires_at,
            at: now,
            due,
            network,
            is_new_network: network.is_some_and(|network| pass.networks.is_new(network)),
        };
        let mut uses = held(&self.uses);
        if uses.len() < ROOM {
            uses.push(noted);
        } else {
            self.missed.fetch_add(1, Ordering::Relaxed);
        }
    }

    /// A request was refused.
    pub(crate) fn denied(&self, resource: &ResourceId, denial: Denial, address: Option<&str>) {
        let Some(reason) = reason(denial) else { return };
        self.with(resource, reason, |denied| {
            denied.count += 1;
            if denied.count == 1 {
                denied.first.network = address.and_then(Network::of);
            }
        });
    }

    /// The token that was refused is one of ours.
    pub(crate) fn denied_ours(
        &self,
        resource: &ResourceId,
        denial: Denial,
        jti: &Jti,
        client_id: &ClientId,
    ) {
        let Some(reason) = reason(denial) else { return };
        self.with(resource, reason, |denied| {
            let first = &mut denied.first;
            if first.jti.is_none() {
                first.jti = Some(jti.clone());
                first.client_id = Some(client_id.clone());
            }
        });
    }

    fn with(&self, resource: &ResourceId, reason: FailureReason, change: impl FnOnce(&mut Denied)) {
        // Services and reasons are few.
        let mut all = held(&self.denied);
        let same = |denied: &&mut Denied| denied.reason == reason && denied.resource == *resource;
        if let Some(denied) = all.iter_mut().find(same) {
            change(denied);
            return;
        }
        let mut denied = Denied {
            resource: resource.clone(),
            reason,
            count: 0,
            first: DeniedRequest::default(),
        };
        change(&mut denied);
        all.push(denied);
    }
}

/// Writes for as long as the process runs.
pub async fn keep(verifier: Arc<Verifier>, store: Arc<dyn TokenUses>) {
    *held(&verifier.journal.counted) = Some(Counted::now(&verifier));
    for turn in 1_u64.. {
        tokio::time::sleep(USES_EVERY).await;
        write_uses(&verifier, store.as_ref()).await;
        if turn.is_multiple_of(DENIALS_EVERY) {
            write_denials(&verifier);
        }
        if turn.is_multiple_of(COUNTS_EVERY) {
            write_counts(&verifier);
        }
    }
}

/// Writes what there is now.
pub async fn write(verifier: &Verifier, store: &dyn TokenUses) {
    write_uses(verifier, store).await;
    write_denials(verifier);
}

/// Writes the rest when the process ends.
pub async fn finish(verifier: &Verifier, store: &dyn TokenUses) {
    write(verifier, store).await;
    write_counts(verifier);
}

/// The store is told of uses, and the audit trail of what is new in them. What a store does not
/// take is noted when the token is used again, a minute later.
async fn write_uses(verifier: &Verifier, store: &dyn TokenUses) {
    let (journal, audit) = (&verifier.journal, &verifier.parts.audit);
    let uses = take(&mut *held(&journal.uses));
    journal.again.store(0, Ordering::Relaxed);
    for batch in uses.chunks(BATCH) {
        let noted: Vec<_> = batch
            .iter()
            .map(|used| TokenUse {
                jti: used.jti.clone(),
                at: used.at,
                expires_at: used.expires_at,
            })
            .collect();
        let first = match store.note_uses(&noted, verifier.parts.clock.now()).await {
            Ok(first) => first,
            Err(error) => {
                tracing::warn!(%error, "the store takes no last uses of tokens");
                Vec::new()
            }
        };
        let first = first.into_iter().chain(std::iter::repeat(false));
        for (used, is_first) in batch.iter().zip(first) {
            for event in used.events(is_first) {
                audit.record(&event);
            }
        }
    }
    let missed = journal.missed.swap(0, Ordering::Relaxed);
    if missed > 0 {
        tracing::warn!(missed, "more tokens are used than can be noted");
    }
}

impl Used {
    fn events(&self, is_first: bool) -> Vec<AuditEvent> {
        let (jti, client_id, resource) = (
            self.jti.clone(),
            self.client_id.clone(),
            self.resource.clone(),
        );
        let mut events = Vec::new();
        if is_first {
            events.push(AuditEvent::TokenFirstUsed {
                jti: jti.clone(),
                client_id: client_id.clone(),
                resource: resource.clone(),
                network: self.network,
            });
        }
        if let Some(network) = self.network.filter(|_| self.is_new_network) {
            events.push(AuditEvent::TokenNewNetwork {
                jti: jti.clone(),
                client_id: client_id.clone(),
                resource: resource.clone(),
                network,
            });
        }
        let Due { requests, within } = self.due;
        if let Some(within) = within
            && requests.saturating_mul(60) >= BURST.saturating_mul(within.0)
        {
            events.push(AuditEvent::TokenBurst {
                jti,
                client_id,
                resource,
                requests,
                seconds: within.0,
            });
        }
        events
    }
}

fn write_denials(verifier: &Verifier) {
    for denied in take(&mut *held(&verifier.journal.denied)) {
        verifier.parts.audit.record(&AuditEvent::RequestsDenied {
            resource: denied.resource,
            reason: denied.reason,
            count: denied.count,
            first: denied.first,
        });
    }
}

fn write_counts(verifier: &Verifier) {
    let now = Counted::now(verifier);
    let before = held(&verifier.journal.counted).replace(now.clone());
    let Some(before) = before.filter(|before| before.totals != now.totals) else {
        return;
    };
    verifier.parts.audit.record(&AuditEvent::RequestsCounted {
        seconds: now.at.remaining(before.at).0,
        allowed: now.totals.allowed - before.totals.allowed,
        denied: now.totals.denied - before.totals.denied,
        undecided: now.totals.undecided - before.totals.undecided,
    });
}

/// A request without a token is how every client begins: it is no event.
fn reason(denial: Denial) -> Option<FailureReason> {
    Some(match denial {
        Denial::NoToken => return None,
        Denial::IllFormed => FailureReason::NoToken,
        Denial::WrongHost => FailureReason::WrongHost,
        Denial::Token(error) => FailureReason::Token(error),
        Denial::Inactive => FailureReason::InactiveToken,
        Denial::NotAdmitted => FailureReason::NotAdmitted,
        Denial::InsufficientScope => FailureReason::InsufficientScope,
        Denial::CannotDecide => FailureReason::CannotDecide,
        Denial::Flood => FailureReason::Flood,
    })
}

fn held<T>(list: &Mutex<T>) -> MutexGuard<'_, T> {
    // Nothing is half done under these locks.
    list.lock().unwrap_or_else(PoisonError::into_inner)
}
