//! A client that is deleted while it asks for a token (RFC 7592 section 2.3), or whose person ends
//! everything meanwhile, at each step of its request: whatever the interleaving, no token of it
//! stays active.

use std::sync::Arc;

use actix_web::test::TestRequest;
use futures_util::future::{Either, join, select};
use serde_json::{Value, json};
use test_kit::redis::Redis;
use token_core::Clock as _;
use token_core::audit::AuditEvent;
use token_core::store::{ActiveTokens as _, Store};
use token_store::{MemoryStore, RedisSettings, RedisStore, SqliteStore};

use crate::account;
use crate::harness::{Answer, Browser, CALLBACK, PASSPHRASE, RESOURCE, Server, VERIFIER};
use crate::watched_store::WatchedStore;

const DEVICE_CODE: &str = "urn:ietf:params:oauth:grant-type:device_code";
/// More than a token request and a deletion have together.
const MOST_STEPS: usize = 40;

/// A client with a secret of its own, which can be deleted.
struct Deletable<'a> {
    server: &'a Server,
    registered: Value,
}

impl<'a> Deletable<'a> {
    async fn register(server: &'a Server) -> Self {
        let metadata = json!({
            "redirect_uris": [CALLBACK],
            "token_endpoint_auth_method": "client_secret_post",
            "grant_types": ["authorization_code", "refresh_token", DEVICE_CODE],
        });
        let registered = server.register(&metadata).await.json();
        Self { server, registered }
    }

    fn text(&self, name: &str) -> &str {
        self.registered[name].as_str().unwrap()
    }

    /// Posts a form with the client's credentials.
    async fn post(&self, uri: &str, fields: &[(&str, &str)]) -> Answer {
        let mut fields = fields.to_vec();
        fields.push(("client_id", self.text("client_id")));
        fields.push(("client_secret", self.text("client_secret")));
        self.server.post_form(uri, &fields).await
    }

    async fn delete(&self) -> Answer {
        let path = format!("/register/{}", self.text("client_id"));
        let token = format!("Bearer {}", self.text("registration_access_token"));
        let request = TestRequest::delete().uri(&path);
        self.server
            .send(request.insert_header(("Authorization", token)))
            .await
    }

    /// A token request that would be granted, its grant type first.
    async fn request(&self, grant_type: &'static str) -> Vec<(&'static str, String)> {
        let mut fields = vec![("grant_type", grant_type.to_owned())];
        match grant_type {
            "authorization_code" => {
                fields.push(("code", self.server.code(self.text("client_id")).await));
                fields.push(("code_verifier", VERIFIER.to_owned()));
            }
            "refresh_token" => {
                let code = Box::pin(self.request("authorization_code")).await;
                let tokens = self.post("/token", &borrowed(&code)).await.json();
                let token = tokens["refresh_token"].as_str().unwrap().to_owned();
                fields.push(("refresh_token", token));
            }
            _ => fields.push(("device_code", self.approved_device().await)),
        }
        fields
    }

    /// The code of a device whose person has approved it.
    async fn approved_device(&self) -> String {
        let asked = [("resource", RESOURCE)];
        let begun = self.post("/device_authorization", &asked).await.json();
        let mut browser = Browser::new(self.server);
        let user_code = begun["user_code"].as_str().unwrap();
        let page = browser.post("/device", &[("user_code", user_code)]).await;
        let request = page.field("request");
        let approve = [("request", &*request), ("decision", "approve")];
        let away = browser.post("/consent", &approve).await;
        let state = away.redirect().1["state"].clone();
        let sign_in = [("state", &*state), ("passphrase", PASSPHRASE)];
        assert_eq!(browser.post("/sign-in", &sign_in).await.status, 303);
        begun["device_code"].as_str().unwrap().to_owned()
    }
}

fn borrowed<'a>(fields: &'a [(&'static str, String)]) -> Vec<(&'static str, &'a str)> {
    let pairs = fields.iter().map(|(name, value)| (*name, value.as_str()));
    pairs.collect()
}

/// What happens while a client asks.
#[derive(Debug, Clone, Copy)]
enum End {
    /// It is deleted.
    Deletion,
    /// Its person ends everything on the account page.
    Withdrawal,
}

impl End {
    const ALL: [Self; 2] = [Self::Deletion, Self::Withdrawal];

    /// How a client that is too late is refused.
    fn refusals(self) -> &'static [(u16, &'static str)] {
        match self {
            Self::Deletion => &[(401, "invalid_client"), (400, "invalid_grant")],
            Self::Withdrawal => &[(400, "invalid_grant")],
        }
    }
}

/// The person at the account page, before he presses the button.
struct Person<'a> {
    browser: Browser<'a>,
    ticket: String,
}

impl<'a> Person<'a> {
    async fn at_the_page(server: &'a Server) -> Self {
        let mut browser = Browser::new(server);
        let page = account::open(&mut browser).await;
        let ticket = page.field("ticket");
        Self { browser, ticket }
    }

    async fn ends_all(&mut self) {
        let form = [("ticket", &*self.ticket)];
        let answer = self.browser.post("/account/end-all", &form).await;
        assert_eq!(answer.status, 303, "{}", answer.body);
    }
}

/// Each end when the request has come to each of its steps in turn.
async fn at_every_step(store: Arc<dyn Store>) {
    let store = WatchedStore::over(store);
    let server = Server::on(Arc::clone(&store) as _);
    let grant_types = ["authorization_code", "refresh_token", DEVICE_CODE];
    for (end, grant_type) in End::ALL
        .iter()
        .flat_map(|end| grant_types.map(|name| (*end, name)))
    {
        let mut steps = 0;
        while ended_at(steps, end, grant_type, &server, &store).await {
            steps += 1;
            assert!(steps < MOST_STEPS, "{grant_type}: the request has no end");
        }
        assert!(steps >= 3, "{grant_type}: {steps} steps were seen");
    }
}

/// Whether the request came to that step.
async fn ended_at(
    step: usize,
    end: End,
    grant_type: &'static str,
    server: &Server,
    store: &WatchedStore,
) -> bool {
    let others = store.made().len();
    let client = Deletable::register(server).await;
    let fields = client.request(grant_type).await;
    let mut person = Person::at_the_page(server).await;
    let before = issued(server);

    let held = store.hold_at(step);
    let request = Box::pin(client.post_owned(&fields));
    let waiting = match select(request, Box::pin(held.reached())).await {
        Either::Left((answer, _)) => {
            assert_eq!(answer.status, 200, "{grant_type}: {}", answer.body);
            store.let_be();
            return false;
        }
        Either::Right(((), waiting)) => waiting,
    };
    let at = format!("{end:?}, {grant_type}, step {step}");
    let ending = async {
        match end {
            End::Deletion => assert_eq!(client.delete().await.status, 204, "{at}"),
            End::Withdrawal => person.ends_all().await,
        }
        held.release();
    };
    let (answer, ()) = join(waiting, ending).await;

    let made = store.made();
    for jti in made.iter().skip(others) {
        assert!(
            !store.is_active(jti, server.clock.now()).await.unwrap(),
            "{at}: a token lives on"
        );
    }
    if answer.status != 200 {
        let error = answer.error();
        let refusals = end.refusals();
        assert!(
            refusals
                .iter()
                .any(|(status, code)| error == (*status, (*code).to_owned())),
            "{at}: {error:?}"
        );
        assert_eq!(issued(server), before, "{at}: refused, and yet issued");
    }
    true
}

fn issued(server: &Server) -> usize {
    let events = server.events();
    let issued = |event: &&AuditEvent| matches!(event, AuditEvent::TokenIssued { .. });
    events.iter().filter(issued).count()
}

impl Deletable<'_> {
    async fn post_owned(&self, fields: &[(&'static str, String)]) -> Answer {
        self.post("/token", &borrowed(fields)).await
    }
}

#[actix_web::test]
async fn what_ends_at_any_step_of_a_token_request_has_no_token_left_in_memory() {
    at_every_step(Arc::new(MemoryStore::new())).await;
}

#[actix_web::test]
async fn what_ends_at_any_step_of_a_token_request_has_no_token_left_in_sqlite() {
    let directory = tempfile::TempDir::new().unwrap();
    let store = SqliteStore::open(directory.path().join("gateway.db")).unwrap();
    at_every_step(Arc::new(store)).await;
}

fn connected(redis: &Redis) -> RedisStore {
    let settings = RedisSettings {
        url: format!("redis://{}", redis.address),
        password: Some(redis.password.clone()),
    };
    RedisStore::connect(&settings).unwrap()
}

#[actix_web::test]
async fn what_ends_at_any_step_of_a_token_request_has_no_token_left_in_redis() {
    let redis = Redis::start().await;
    at_every_step(Arc::new(connected(&redis))).await;
}

/// Whose index names what has ended, so that the second look of a deletion finds it again.
#[actix_web::test]
async fn each_grant_of_a_deleted_client_is_told_of_once() {
    let redis = Redis::start().await;
    let server = Server::on(Arc::new(connected(&redis)));
    let client = Deletable::register(&server).await;
    for _ in 0..2 {
        let code = client.request("authorization_code").await;
        assert_eq!(client.post_owned(&code).await.status, 200);
    }
    assert_eq!(client.delete().await.status, 204);
    let revoked = |event: &&AuditEvent| matches!(event, AuditEvent::GrantRevoked { .. });
    assert_eq!(server.events().iter().filter(revoked).count(), 2);
}
