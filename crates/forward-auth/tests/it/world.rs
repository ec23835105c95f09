//! A verifier, and everything around it.

use std::collections::HashSet;
use std::sync::Arc;
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use async_trait::async_trait;
use forward_auth::decide::Denial;
use forward_auth::forwarded::{ForwardedRequest, Presented};
use forward_auth::tally::Tally;
use forward_auth::verifier::Parts;
use forward_auth::{Verdict, Verifier};
use token_core::access_token::AccessTokenClaims;
use token_core::admission::{Admission, AllowedUsers};
use token_core::assertion::AssertionSigner;
use token_core::audit::MemoryAudit;
use token_core::clock::ManualClock;
use token_core::jose::TimeClaims;
use token_core::keys::{LiveKeys, SigningKey, SigningKeys, generate_ed25519_pem};
use token_core::live::Live;
use token_core::store::{ActiveTokens, Freshness, StoreError, Voice};
use token_core::{
    ClientId, GrantId, Issuer, Jti, ResourceId, Scopes, Seconds, Services, SystemEntropy,
    Timestamp, UserId, Username,
};
use tokio::sync::Semaphore;

pub(crate) const START: Timestamp = Timestamp(1_800_000_000);
pub(crate) const LIFETIME: Seconds = Seconds(3600);

/// A store that counts what it is asked.
pub(crate) struct Store {
    active: Mutex<HashSet<Jti>>,
    asked: AtomicUsize,
    pub(crate) down: AtomicBool,
    /// A question takes a permit after it looked, and before it answers.
    pub(crate) answers: Semaphore,
}

impl Store {
    /// Without a word to anybody.
    pub(crate) fn activate(&self, token: &Issued) {
        self.active.lock().unwrap().insert(token.jti.clone());
    }

    /// Without a word to anybody.
    pub(crate) fn deactivate(&self, token: &Issued) {
        self.active.lock().unwrap().remove(&token.jti);
    }
}

#[async_trait]
impl ActiveTokens for Store {
    async fn is_active(&self, jti: &Jti, _now: Timestamp) -> Result<bool, StoreError> {
        self.asked.fetch_add(1, Ordering::SeqCst);
        let active = self.active.lock().unwrap().contains(jti);
        self.answers.acquire().await.unwrap().forget();
        // No store answers in no time.
        tokio::task::yield_now().await;
        if self.down.load(Ordering::SeqCst) {
            return Err(StoreError::Unavailable("down".into()));
        }
        Ok(active)
    }

    async fn ping(&self) -> Result<(), StoreError> {
        Ok(())
    }
}

/// The verifier and what it is made of.
pub(crate) struct World {
    pub(crate) verifier: Arc<Verifier>,
    pub(crate) store: Arc<Store>,
    pub(crate) freshness: Arc<Freshness>,
    pub(crate) admission: Arc<Live<Admission>>,
    pub(crate) keys: Arc<LiveKeys>,
    pub(crate) assertion_keys: Arc<LiveKeys>,
    pub(crate) clock: Arc<ManualClock>,
    pub(crate) audit: Arc<MemoryAudit>,
    pub(crate) resource: ResourceId,
    /// Another service.
    pub(crate) notes: ResourceId,
}

/// A token that was issued.
#[derive(Clone)]
pub(crate) struct Issued {
    pub(crate) text: String,
    pub(crate) jti: Jti,
}

impl World {
    /// One whose store tells of changes, and has said so.
    pub(crate) fn new() -> Self {
        Self::remembering(8 << 20)
    }

    pub(crate) fn remembering(bytes: u64) -> Self {
        let store = Arc::new(Store {
            active: Mutex::default(),
            asked: AtomicUsize::new(0),
            down: AtomicBool::new(false),
            answers: Semaphore::new(Semaphore::MAX_PERMITS),
        });
        let services = Services::parse("fetch,notes", "example.com").unwrap();
        let resource = services.resource("fetch").unwrap().clone();
        let notes = services.resource("notes").unwrap().clone();
        let (keys, assertion_keys) = (live_keys(), live_keys());
        let (freshness, clock) = (
            Arc::new(Freshness::default()),
            Arc::new(ManualClock::at(START)),
        );
        let (admission, audit) = (
            Arc::new(Live::new(admitting("alice,bob"))),
            Arc::new(MemoryAudit::default()),
        );
        let parts = Parts {
            issuer: issuer(),
            services,
            admission: Arc::clone(&admission),
            keys: Arc::clone(&keys) as _,
            tokens: Arc::clone(&store) as _,
            freshness: Arc::clone(&freshness),
            assertions: AssertionSigner::new(issuer(), Arc::clone(&assertion_keys)),
            audit: Arc::clone(&audit) as _,
            clock: Arc::clone(&clock) as _,
        };
        let world = Self {
            verifier: Arc::new(Verifier::new(parts, bytes, tally())),
            store,
            freshness,
            admission,
            keys,
            assertion_keys,
            clock,
            audit,
            resource,
            notes,
        };
        world.heartbeat();
        world
    }

    /// The store gives a sign of life.
    pub(crate) fn heartbeat(&self) {
        use token_core::Clock as _;
        self.freshness.complete_at(Voice::FIRST, self.clock.now());
    }

    /// Time passes, and the store goes on giving signs of life.
    pub(crate) fn pass(&self, seconds: u64) {
        self.clock.advance(Seconds(seconds));
        self.heartbeat();
    }

    pub(crate) fn issue(&self, login: &str) -> Issued {
        let issued = self.sign(login);
        self.store.activate(&issued);
        self.freshness.token_changed(issued.jti.as_str());
        issued
    }

    /// One whose claims differ.
    pub(crate) fn issue_but(
        &self,
        login: &str,
        change: impl FnOnce(&mut AccessTokenClaims),
    ) -> Issued {
        let mut claims = self.claims(login);
        change(&mut claims);
        let issued = self.signed(&claims);
        self.store.activate(&issued);
        issued
    }

    /// As issued, but the store does not know it.
    pub(crate) fn sign(&self, login: &str) -> Issued {
        self.signed(&self.claims(login))
    }

    fn claims(&self, login: &str) -> AccessTokenClaims {
        use token_core::Clock as _;
        let entropy = SystemEntropy::new();
        let jti = Jti::generate(&GrantId::generate(&entropy).unwrap(), &entropy).unwrap();
        let now = self.clock.now();
        AccessTokenClaims {
            iss: issuer(),
            sub: UserId::parse(format!("github|{}", login.len())).unwrap(),
            aud: self.resource.clone(),
            client_id: ClientId::parse("client-1").unwrap(),
            jti,
            scope: Scopes::from_request(None),
            username: Username::parse(login).unwrap(),
            times: TimeClaims {
                exp: now.plus(LIFETIME),
                iat: now,
                nbf: None,
            },
        }
    }

    fn signed(&self, claims: &AccessTokenClaims) -> Issued {
        let text = claims.sign(&self.keys.signing().active).unwrap();
        Issued {
            text: text.expose().to_owned(),
            jti: claims.jti.clone(),
        }
    }

    pub(crate) fn revoke(&self, token: &Issued) {
        self.store.deactivate(token);
        self.freshness.token_changed(token.jti.as_str());
    }

    pub(crate) async fn verify(&self, token: &str) -> Verdict {
        self.verify_from("203.0.113.9", token).await
    }

    pub(crate) async fn verify_from(&self, address: &str, token: &str) -> Verdict {
        let request = ForwardedRequest {
            address: Some(address),
            ..request(token)
        };
        self.verifier.verify(&self.resource, &request).await
    }

    pub(crate) async fn passes(&self, token: &Issued) -> bool {
        matches!(self.verify(&token.text).await, Verdict::Allow(..))
    }

    pub(crate) async fn denial(&self, token: &str) -> Denial {
        denial_of(&self.verify(token).await)
    }

    pub(crate) fn asked(&self) -> usize {
        self.store.asked.load(Ordering::SeqCst)
    }
}

pub(crate) fn denial_of(verdict: &Verdict) -> Denial {
    match verdict {
        Verdict::Deny(denial) => *denial,
        Verdict::Allow(..) => panic!("it passes"),
    }
}

pub(crate) fn request(token: &str) -> ForwardedRequest<'_> {
    ForwardedRequest {
        presented: Presented::Token(token),
        host: Some("fetch.example.com"),
        uri: Some("/mcp"),
        method: Some("POST"),
        address: None,
    }
}

pub(crate) fn admitting(list: &str) -> Admission {
    Admission {
        github: Some(AllowedUsers::parse(list).unwrap()),
        local: false,
        vouched_for: false,
    }
}

pub(crate) fn signing_keys() -> SigningKeys {
    let pem = generate_ed25519_pem(&SystemEntropy::new()).unwrap();
    SigningKeys::only(SigningKey::from_pkcs8_pem(pem.as_bytes()).unwrap())
}

pub(crate) fn issuer() -> Issuer {
    Issuer::parse("https://auth.example.com").unwrap()
}

fn tally() -> Tally {
    Tally::register(&prometheus::Registry::new()).unwrap()
}

fn live_keys() -> Arc<LiveKeys> {
    Arc::new(LiveKeys::new(signing_keys()))
}
