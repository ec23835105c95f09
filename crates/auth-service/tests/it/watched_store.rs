//! A store that fails, or stops, at a step that the test chooses.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use async_trait::async_trait;
use token_core::client::Client;
use token_core::secret::{SecretHash, SecretKey};
use token_core::store::{
    ActiveTokens, ClientRegistry, ClientStore, CodeOutcome, CodeRecord, DeviceDecision,
    DeviceRecord, DeviceStore, GrantStore, IssueOutcome, IssuedTokens, KeySetRecord, KeySetStore,
    PendingSignIn, PersonStore, PollOutcome, PushedRequest, PushedRequestStore, RefreshView,
    RegisterOutcome, ReplayStore, RotateOutcome, Rotation, Session, SignInStore, Store, StoreError,
};
use token_core::{ClientId, GrantId, Jti, Timestamp, UserId};
use tokio::sync::Notify;

/// A store of any kind, watched.
pub(crate) struct WatchedStore {
    inner: Arc<dyn Store>,
    plan: Mutex<Plan>,
    step: AtomicUsize,
    failed: Mutex<Vec<&'static str>>,
    made: Mutex<Vec<Jti>>,
}

enum Plan {
    Nothing,
    /// That step fails and each one after it.
    FailFrom(usize),
    /// That step waits before it is taken.
    HoldAt(usize, Arc<Held>),
}

/// A step that waits.
#[derive(Default)]
pub(crate) struct Held {
    reached: Notify,
    released: Notify,
}

impl Held {
    /// Until somebody waits at the step.
    pub(crate) async fn reached(&self) {
        self.reached.notified().await;
    }

    /// Lets the step be taken.
    pub(crate) fn release(&self) {
        self.released.notify_one();
    }
}

impl WatchedStore {
    pub(crate) fn over(inner: Arc<dyn Store>) -> Arc<Self> {
        Arc::new(Self {
            inner,
            plan: Mutex::new(Plan::Nothing),
            step: AtomicUsize::new(0),
            failed: Mutex::default(),
            made: Mutex::default(),
        })
    }

    /// From now on the step with this number (0 is the next) and each after it fails.
    pub(crate) fn fail_from(&self, step: usize) {
        self.begin(Plan::FailFrom(step));
    }

    /// From now on the step with this number (0 is the next) waits to be released.
    pub(crate) fn hold_at(&self, step: usize) -> Arc<Held> {
        let held = Arc::new(Held::default());
        self.begin(Plan::HoldAt(step, Arc::clone(&held)));
        held
    }

    /// From now on every step is taken as it comes.
    pub(crate) fn let_be(&self) {
        self.begin(Plan::Nothing);
    }

    /// The operations that failed since the plan was made.
    pub(crate) fn failed(&self) -> Vec<&'static str> {
        self.failed.lock().unwrap().clone()
    }

    /// The access tokens that the store was ever given to make active.
    pub(crate) fn made(&self) -> Vec<Jti> {
        self.made.lock().unwrap().clone()
    }

    fn begin(&self, plan: Plan) {
        self.step.store(0, Ordering::SeqCst);
        self.failed.lock().unwrap().clear();
        *self.plan.lock().unwrap() = plan;
    }

    async fn before(&self, operation: &'static str) -> Result<(), StoreError> {
        let step = self.step.fetch_add(1, Ordering::SeqCst);
        let held = match &*self.plan.lock().unwrap() {
            Plan::FailFrom(first) if step >= *first => {
                self.failed.lock().unwrap().push(operation);
                return Err(StoreError::Unavailable("the test said so".into()));
            }
            Plan::HoldAt(at, held) if step == *at => Arc::clone(held),
            _ => return Ok(()),
        };
        held.reached.notify_one();
        held.released.notified().await;
        Ok(())
    }
}

/// Every operation: the plan first, then the store. Tokens that it makes are noted.
macro_rules! watched {
    ($($slice:ident { $($name:ident($($argument:ident: $kind:ty),*) -> $answer:ty $(, makes $jti:expr)?;)* })*) => {
        $(
            #[async_trait]
            impl $slice for WatchedStore {
                $(
                    async fn $name(&self, $($argument: $kind),*) -> Result<$answer, StoreError> {
                        self.before(stringify!($name)).await?;
                        $(self.made.lock().unwrap().push($jti.clone());)?
                        self.inner.$name($($argument),*).await
                    }
                )*
            }
        )*
    };
}

watched! {
    ClientStore {
        put_client(client: &Client, now: Timestamp) -> ();
        client(id: &ClientId, now: Timestamp) -> Option<Client>;
    }
    ClientRegistry {
        register_client(client: &Client, ceiling: usize, keep: usize, now: Timestamp) -> RegisterOutcome;
        replace_client(client: &Client, now: Timestamp) -> bool;
        prolong_client(id: &ClientId, expires_at: Option<Timestamp>, now: Timestamp) -> bool;
        end_registration_token(id: &ClientId, token: &SecretHash, now: Timestamp) -> bool;
        delete_client(id: &ClientId, now: Timestamp) -> bool;
        client_grants(id: &ClientId, now: Timestamp) -> Vec<GrantId>;
    }
    KeySetStore {
        put_key_set(set: &KeySetRecord, now: Timestamp) -> ();
        key_set(client: &ClientId, now: Timestamp) -> Option<KeySetRecord>;
        clients_with_key_sets(now: Timestamp) -> Vec<ClientId>;
    }
    SignInStore {
        put_sign_in(state: &SecretHash, pending: &PendingSignIn, now: Timestamp) -> ();
        sign_in(state: &SecretHash, now: Timestamp) -> Option<PendingSignIn>;
        take_sign_in(state: &SecretHash, now: Timestamp) -> Option<PendingSignIn>;
    }
    GrantStore {
        put_code(code: &CodeRecord, now: Timestamp) -> ();
        consume_code(code: &SecretKey, now: Timestamp) -> CodeOutcome;
        issue_tokens(tokens: &IssuedTokens, now: Timestamp) -> IssueOutcome, makes tokens.token.jti;
        refresh_token(key: &SecretKey, now: Timestamp) -> Option<RefreshView>;
        rotate_refresh(rotation: &Rotation, now: Timestamp) -> RotateOutcome, makes rotation.token.jti;
        revoke_token(jti: &Jti, now: Timestamp) -> bool;
        end_grant(grant: &GrantId, now: Timestamp, until: Timestamp) -> ();
    }
    DeviceStore {
        put_device(device: &DeviceRecord, now: Timestamp) -> bool;
        device(user_code: &SecretHash, now: Timestamp) -> Option<DeviceRecord>;
        decide_device(user_code: &SecretHash, decision: &DeviceDecision, now: Timestamp) -> bool;
        poll_device(device_code: &SecretHash, client_id: &ClientId, now: Timestamp) -> PollOutcome;
    }
    PushedRequestStore {
        put_pushed_request(uri: &SecretHash, request: &PushedRequest, now: Timestamp) -> ();
        pushed_request(uri: &SecretHash, now: Timestamp) -> Option<PushedRequest>;
    }
    ReplayStore {
        first_use(thing: &SecretHash, until: Timestamp, now: Timestamp) -> bool;
    }
    PersonStore {
        user_grants(user: &UserId, now: Timestamp) -> Vec<GrantId>;
        user_sessions(user: &UserId, now: Timestamp) -> Vec<Session>;
        sessions_last_used(sessions: &[GrantId]) -> Vec<Option<Timestamp>>;
    }
    ActiveTokens {
        is_active(jti: &Jti, now: Timestamp) -> bool;
        ping() -> ();
    }
}
