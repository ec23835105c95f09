//! A thousand tokens that nobody signed in for, written by the store's own code beside the running
//! gateway.

use serde_json::{Value, json};
use token_core::secret::RefreshToken;
use token_core::store::{
    Archive, Archived, Grant, RefreshRecord, RestoreOutcome, Restoring, TokenRecord,
};
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

struct Population {
    resource: String,
    now: Timestamp,
}

pub(super) async fn settle(world: &World) {
    let (store, resource) = beside(world);
    let now = SystemClock.now();
    let population = Population { resource, now };
    let clients = (0..CLIENTS).map(|number| population.registration(number));
    let tokens = (0..TOKENS).flat_map(|number| population.session(number, now));
    put(&*store, clients.chain(tokens).collect(), now).await;
    // As of the day before yesterday, and good for a day.
    let then = Timestamp(now.0 - 2 * DAY.0);
    let over = (0..EXPIRED).flat_map(|number| population.session(number, then));
    put(&*store, over.collect(), then).await;
}

impl Population {
    fn registration(&self, number: u64) -> Archived {
        Archived::Client(of(json!({
            "client_id": client(number),
            "client_name": format!("Client {number}"),
            "redirect_uris": ["http://127.0.0.1/callback"],
            "credential": {"method": "none"},
            "grant_types": ["authorization_code"],
            "application_type": "native",
            "scope": null,
            "issued_at": self.now,
            "expires_at": null,
        })))
    }

    /// One person's session with one client: an access token and a refresh token.
    fn session(&self, number: u64, from: Timestamp) -> [Archived; 2] {
        let entropy = SystemEntropy::new();
        let id = GrantId::generate(&entropy).unwrap();
        let grant: Grant = of(json!({
            "id": id,
            "client_id": client(number),
            "user_id": person(number),
            "username": format!("person-{}", number % PEOPLE),
            "resource": self.resource,
            "scope": "mcp",
        }));
        let refresh = RefreshToken::generate(&grant.id, &entropy).unwrap();
        let token = TokenRecord {
            jti: Jti::generate(&grant.id, &entropy).unwrap(),
            client_id: grant.client_id.clone(),
            user_id: grant.user_id.clone(),
            username: grant.username.clone(),
            resource: grant.resource.clone(),
            scope: grant.scope.clone(),
            issued_at: from,
            expires_at: from.plus(DAY),
        };
        let refresh = Archived::RefreshToken {
            token: RefreshRecord {
                key: refresh.key().unwrap(),
                expires_at: from.plus(DAY),
                grant,
            },
            replaced: false,
        };
        [Archived::AccessToken(token), refresh]
    }
}

/// The identifier of a client.
pub(super) fn client(number: u64) -> String {
    format!("seeded-{:02}", number % CLIENTS)
}

/// The identifier of a person.
pub(super) fn person(number: u64) -> String {
    format!("github|{}", 9000 + number % PEOPLE)
}

/// The world's store, and the name of a service of its.
fn beside(world: &World) -> (Box<dyn Archive>, String) {
    match world {
        World::Deployment(stack) => {
            let store = RedisStore::connect(&RedisSettings {
                url: format!("redis://{}", stack.redis.address),
                password: Some(stack.redis.password.clone()),
            });
            let resource = stack.edge.resource("fetch");
            (Box::new(store.expect("settings of Redis")), resource)
        }
        World::Single(gateway) => {
            let store = SqliteStore::open(gateway.data().join("gateway.db"));
            (Box::new(store.expect("its file")), gateway.url("/mcp"))
        }
    }
}

/// As a backup is put back: the store's way to write many records.
async fn put(store: &dyn Archive, records: Vec<Archived>, now: Timestamp) {
    let outcomes = store.restore(&records, Restoring::Do, now).await.unwrap();
    let restored = |outcome: &RestoreOutcome| *outcome == RestoreOutcome::Restored;
    assert!(outcomes.iter().all(restored), "{outcomes:?}");
}

fn of<T: serde::de::DeserializeOwned>(record: Value) -> T {
    serde_json::from_value(record).unwrap()
}
