//! The system under test: a real Redis, what the authorization server and the operator do there,
//! and two verifiers, each with a way of its own to Redis.

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use forward_auth::forwarded::{ForwardedRequest, Presented};
use forward_auth::tally::Tally;
use forward_auth::unretired::Unretired;
use forward_auth::verifier::Parts;
use forward_auth::{Verdict, Verifier};
use token_core::admission::{Admission, AllowedUsers};
use token_core::assertion::AssertionSigner;
use token_core::audit::MemoryAudit;
use token_core::clock::ManualClock;
use token_core::keys::{
    LiveKeys, SigningKey, SigningKeys, VerificationKeySource, VerificationKeys,
    generate_ed25519_pem,
};
use token_core::live::Live;
use token_core::store::{ActiveTokens as _, Voice};
use token_core::{Clock as _, Issuer, ResourceId, Services, SystemEntropy};
use token_store::{Heard, RedisActiveTokens};
use tokio::time::sleep;

use crate::link::Link;
use crate::redis_server::{RedisServer, verifier_settings};

pub(crate) const PEOPLE: [&str; 3] = ["alice", "bob", "carol"];

/// How long the system may take to settle, on the busiest machine.
const PATIENCE: u32 = 4000;
const PAUSE: Duration = Duration::from_millis(5);

/// The keys that a verifier polled last.
struct Polled(Live<VerificationKeys>);

impl VerificationKeySource for Polled {
    fn current(&self) -> Option<Arc<VerificationKeys>> {
        Some(self.0.current())
    }

    fn version(&self) -> u64 {
        self.0.version()
    }

    fn refresh_soon(&self) {}
}

/// Shared by the source of keys and who polls.
struct Shared(Arc<Polled>);

impl VerificationKeySource for Shared {
    fn current(&self) -> Option<Arc<VerificationKeys>> {
        self.0.current()
    }

    fn version(&self) -> u64 {
        self.0.version()
    }

    fn refresh_soon(&self) {}
}

/// A verifier and its way to Redis.
pub(crate) struct Node {
    pub(crate) link: Link,
    verifier: Arc<Verifier>,
    tokens: RedisActiveTokens,
    heard: Heard,
    polled: Arc<Polled>,
    resource: ResourceId,
    clock: Arc<ManualClock>,
}

/// Who may come in, as the file of the settings says now.
pub(crate) type List = Arc<Mutex<Admission>>;

impl Node {
    pub(crate) async fn start(
        redis: &RedisServer,
        clock: &Arc<ManualClock>,
        list: &List,
        key: &SigningKey,
    ) -> Self {
        let link = Link::to(redis.address()).await;
        let heard = Heard {
            freshness: Arc::default(),
            retired_keys: Arc::default(),
            reload: Arc::default(),
        };
        let settings = verifier_settings(link.address);
        let tokens = RedisActiveTokens::connect(&settings, heard.clone(), Arc::clone(clock) as _);
        let tokens = tokens.unwrap();
        let admission = Arc::new(Live::new(list.lock().unwrap().clone()));
        let (read, live) = (Arc::clone(list), Arc::clone(&admission));
        app_shell::reload::follow(Arc::clone(&heard.reload), move || {
            live.replace(read.lock().unwrap().clone());
        })
        .unwrap();
        let services = Services::parse("fetch", "example.com").unwrap();
        let resource = services.resource("fetch").unwrap().clone();
        let polled = Arc::new(Polled(Live::new(VerificationKeys::of([key]))));
        let parts = Parts {
            issuer: issuer(),
            services,
            admission,
            keys: Arc::new(Unretired {
                published: Shared(Arc::clone(&polled)),
                retired: Arc::clone(&heard.retired_keys),
            }),
            tokens: Arc::new(tokens.clone()),
            freshness: Arc::clone(&heard.freshness),
            assertions: AssertionSigner::new(
                issuer(),
                Arc::new(LiveKeys::new(SigningKeys::only(signing_key()))),
            ),
            audit: Arc::new(MemoryAudit::default()),
            clock: Arc::clone(clock) as _,
        };
        let tally = Tally::register(&prometheus::Registry::new()).unwrap();
        Self {
            link,
            verifier: Arc::new(Verifier::new(parts, 1 << 20, tally)),
            tokens,
            heard,
            polled,
            resource,
            clock: Arc::clone(clock),
        }
    }

    pub(crate) async fn verify(&self, token: &str) -> Verdict {
        let request = ForwardedRequest {
            presented: Presented::Token(token),
            host: Some("fetch.example.com"),
            uri: Some("/mcp"),
            method: Some("POST"),
            address: Some("203.0.113.9"),
        };
        self.verifier.verify(&self.resource, &request).await
    }

    /// The key set is polled, and is this.
    pub(crate) fn poll(&self, published: &[&SigningKey]) {
        let keys = VerificationKeys::of(published.iter().copied());
        self.polled.0.replace(keys);
    }

    /// Waits until it has heard all that was acknowledged before.
    pub(crate) async fn settle(&self, list: &List, retired: &BTreeSet<String>) {
        // What Redis had to say before the answer comes before the answer.
        self.until("it is connected", async || self.tokens.ping().await.is_ok())
            .await;
        // An announcement is only the news that there is something to be read.
        let list = list.lock().unwrap().clone();
        self.until("it has read what was announced", async || {
            *self.verifier.parts.admission.current() == list
                && *self.heard.retired_keys.current() == *retired
        })
        .await;
        self.until("it remembers again", async || self.hears())
            .await;
    }

    /// Waits until it has noticed that nothing is heard.
    pub(crate) async fn until_deaf(&self) {
        self.until("it notices the silence", async || !self.hears())
            .await;
    }

    fn hears(&self) -> bool {
        self.heard.freshness.hears(Voice::FIRST, self.clock.now())
    }

    async fn until(&self, what: &str, mut holds: impl AsyncFnMut() -> bool) {
        for _ in 0..PATIENCE {
            if holds().await {
                return;
            }
            sleep(PAUSE).await;
        }
        panic!("it never happened that {what}");
    }
}

pub(crate) fn issuer() -> Issuer {
    Issuer::parse("https://auth.example.com").unwrap()
}

pub(crate) fn signing_key() -> SigningKey {
    let pem = generate_ed25519_pem(&SystemEntropy::new()).unwrap();
    SigningKey::from_pkcs8_pem(pem.as_bytes()).unwrap()
}

pub(crate) fn admitting(people: &BTreeSet<usize>) -> Admission {
    // An empty list admits nobody, but is no list that an operator could write.
    let names: Vec<_> = people.iter().map(|person| PEOPLE[*person]).collect();
    let list = [names.as_slice(), &["nobody-else"]].concat().join(",");
    Admission {
        github: Some(AllowedUsers::parse(&list).unwrap()),
        local: false,
        vouched_for: false,
    }
}
