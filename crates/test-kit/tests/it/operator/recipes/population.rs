//! A thousand tokens that nobody signed in for, written by the store's own code beside the running
//! gateway.

use serde_json::{Value, json};
use token_core::client::Client;
use token_core::secret::RefreshToken;
use token_core::store::{Grant, IssueOutcome, IssuedTokens, RefreshRecord, Store, TokenRecord};
use token_core::{Clock as _, GrantId, Jti, Seconds, SystemClock, SystemEntropy, Timestamp};
use token_store::{RedisSettings, RedisStore, SqliteStore};

use super::super::world::World;

pub(super) const TOKENS: u64 = 1000;
pub(super) const CLIENTS: u64 = 20;
/// Each has some of every client's.
const PEOPLE: u64 = 9;
/// Tokens besides, which are over and still kept.
pub(super) const EXPIRED: u64 = 40;

const DAY: Seconds = Seconds(86_400);

pub(super) struct Population {
    resource: String,
    store: Box<dyn Store>,
}

impl Population {
    pub(super) async fn settle(world: &World) -> Self {
        let population = Self::beside(world);
        let now = SystemClock.now();
        for number in 0..CLIENTS {
            population.register(number, now).await;
        }
        for number in 0..TOKENS {
            population.grant(number, now).await;
        }
        // As of the day before yesterday, and good for a day.
        let then = Timestamp(now.0 - 2 * DAY.0);
        for number in 0..EXPIRED {
            population.grant(number, then).await;
        }
        population
    }

    fn beside(world: &World) -> Self {
        match world {
            World::Deployment(stack) => Self {
                resource: stack.edge.resource("fetch"),
                store: Box::new(
                    RedisStore::connect(&RedisSettings {
                        url: format!("redis://{}", stack.redis.address),
                        password: Some(stack.redis.password.clone()),
                    })
                    .expect("settings of Redis"),
                ),
            },
            World::Single(gateway) => Self {
                resource: gateway.url("/mcp"),
                store: Box::new(
                    SqliteStore::open(gateway.data().join("gateway.db")).expect("its file"),
                ),
            },
        }
    }

    /// The identifier of a client.
    pub(super) fn client(&self, number: u64) -> String {
        format!("seeded-{:02}", number % CLIENTS)
    }

    /// The identifier of a person.
    pub(super) fn person(&self, number: u64) -> String {
        format!("github|{}", 9000 + number % PEOPLE)
    }

    async fn register(&self, number: u64, now: Timestamp) {
        let client: Client = of(json!({
            "client_id": self.client(number),
            "client_name": format!("Client {number}"),
            "redirect_uris": ["http://127.0.0.1/callback"],
            "credential": {"method": "none"},
            "grant_types": ["authorization_code"],
            "application_type": "native",
            "scope": null,
            "issued_at": now,
            "expires_at": null,
        }));
        self.store.put_client(&client, now).await.unwrap();
    }

    /// One person's session with one client: an access token and a refresh token.
    async fn grant(&self, number: u64, now: Timestamp) {
        let entropy = SystemEntropy::new();
        let id = GrantId::generate(&entropy).unwrap();
        let grant: Grant = of(json!({
            "id": id,
            "client_id": self.client(number),
            "user_id": self.person(number),
            "username": format!("person-{}", number % PEOPLE),
            "resource": self.resource,
            "scope": "mcp",
        }));
        let refresh = RefreshToken::generate(&grant.id, &entropy).unwrap();
        let tokens = IssuedTokens {
            token: TokenRecord {
                jti: Jti::generate(&grant.id, &entropy).unwrap(),
                client_id: grant.client_id.clone(),
                user_id: grant.user_id.clone(),
                username: grant.username.clone(),
                resource: grant.resource.clone(),
                scope: grant.scope.clone(),
                issued_at: now,
                expires_at: now.plus(DAY),
            },
            refresh: Some(RefreshRecord {
                key: refresh.key().unwrap(),
                expires_at: now.plus(DAY),
                grant,
            }),
            client_is_stored: false,
        };
        let issued = self.store.issue_tokens(&tokens, now).await.unwrap();
        assert_eq!(issued, IssueOutcome::Issued);
    }
}

fn of<T: serde::de::DeserializeOwned>(record: Value) -> T {
    serde_json::from_value(record).unwrap()
}
