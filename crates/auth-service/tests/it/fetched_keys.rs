//! Keys that clients keep at addresses of their own (RFC 7591 section 2, `jwks_uri`): no request
//! at the token endpoint waits for the host there, and no key is believed for want of a question.

use std::sync::Arc;
use std::time::Duration;

use auth_service::flows::clients::ClientSettings;
use auth_service::flows::errands::{renew_what_is_in_use, resume};
use auth_service::flows::pre_registered::PreRegistered;
use auth_service::flows::remote::{RemoteAnswer, RemoteFault};
use serde_json::json;
use token_core::store::{ClientRegistry as _, KeySetStore as _};
use token_core::{ClientId, Clock as _, Seconds, Services};
use token_store::MemoryStore;

use crate::harness::{
    Answer, CALLBACK, CHALLENGE, RESOURCE, Server, VERIFIER, open_to_all, settled,
};
use crate::private_key_jwt::{JWKS_URI, Key, TYPE, refused, registered, revokes};

/// A server that knows the keys of a client.
struct Known {
    server: Server,
    store: Arc<MemoryStore>,
    client_id: String,
    key: Key,
}

impl Known {
    async fn start() -> Self {
        let store = Arc::new(MemoryStore::new());
        let (server, key) = (Server::on(Arc::clone(&store) as _), Key::new(1, "old"));
        server.remote.put_json(JWKS_URI, &key.jwks());
        let client_id = registered(&server, &json!({ "jwks_uri": JWKS_URI })).await;
        let known = Self {
            server,
            store,
            client_id,
            key,
        };
        assert!(is_later(&known.tries(&known.key, "first").await));
        assert_eq!(known.tries(&known.key, "second").await.status, 200);
        assert_eq!(known.server.remote.asked(JWKS_URI), 1);
        known
    }

    /// Shows an assertion at an endpoint where nothing else can go wrong, and lets go on what that
    /// left to be done.
    async fn tries(&self, key: &Key, jti: &str) -> Answer {
        let assertion = key.assertion(&self.server, &self.client_id, jti);
        let answer = at_once(revokes(&self.server, &assertion)).await;
        settled().await;
        answer
    }

    fn after(&self, seconds: u64) {
        self.server.clock.advance(Seconds(seconds));
    }

    fn asked(&self) -> usize {
        self.server.remote.asked(JWKS_URI)
    }
}

/// An answer that waits for nobody.
async fn at_once(answer: impl Future<Output = Answer>) -> Answer {
    let patience = Duration::from_secs(10);
    let answer = tokio::time::timeout(patience, answer).await;
    answer.unwrap_or_else(|_| panic!("the request waits for the client's host"))
}

fn is_later(answer: &Answer) -> bool {
    answer.error() == (503, "temporarily_unavailable".to_owned())
        && answer.header("retry-after") == Some("2")
}

fn not_there() -> RemoteAnswer {
    RemoteAnswer {
        status: 404,
        ..RemoteAnswer::default()
    }
}

async fn redeems(server: &Server, client_id: &str, code: &str, assertion: &str) -> Answer {
    let fields = [
        ("grant_type", "authorization_code"),
        ("client_id", client_id),
        ("client_assertion_type", TYPE),
        ("client_assertion", assertion),
        ("code", code),
        ("code_verifier", VERIFIER),
        ("redirect_uri", CALLBACK),
    ];
    at_once(server.post_form("/token", &fields)).await
}

#[actix_web::test]
async fn keys_are_known_once_somebody_let_their_client_in_here_and_after_a_restart() {
    let store = Arc::new(MemoryStore::new());
    let (server, key) = (Server::on(Arc::clone(&store) as _), Key::new(1, "k1"));
    server.remote.put_json(JWKS_URI, &key.jwks());
    let client_id = registered(&server, &json!({ "jwks_uri": JWKS_URI })).await;
    assert_eq!(server.remote.asked(JWKS_URI), 0, "nobody let it in yet");
    let (first, second) = (server.code(&client_id).await, server.code(&client_id).await);
    assert_eq!(server.remote.asked(JWKS_URI), 1);

    server.remote.hang();
    let assertion = key.assertion(&server, &client_id, "1");
    let answer = redeems(&server, &client_id, &first, &assertion).await;
    assert_eq!(answer.status, 200, "{}", answer.body);

    let after = Server::on(store);
    after.remote.hang();
    let assertion = key.assertion(&after, &client_id, "2");
    let answer = redeems(&after, &client_id, &second, &assertion).await;
    assert_eq!(answer.status, 200, "{}", answer.body);
}

#[actix_web::test]
async fn keys_that_grow_old_are_used_at_once_and_fetched_again_behind_the_request() {
    let known = Known::start().await;
    known.after(299);
    assert_eq!(known.tries(&known.key, "3").await.status, 200);
    assert_eq!(known.asked(), 1);
    known.after(1);
    known.server.remote.hang();
    for (endpoint, jti) in [("/revoke", "4"), ("/introspect", "5")] {
        let assertion = known.key.assertion(&known.server, &known.client_id, jti);
        let fields = [
            ("token", "x"),
            ("client_assertion_type", TYPE),
            ("client_assertion", &*assertion),
        ];
        let answer = at_once(known.server.post_form(endpoint, &fields)).await;
        assert_eq!(answer.status, 200, "{endpoint}: {}", answer.body);
        settled().await;
    }
    assert_eq!(known.asked(), 2, "by one of them");
}

#[actix_web::test]
async fn a_new_key_is_asked_for_behind_the_request_and_good_at_the_next() {
    let known = Known::start().await;
    let new = Key::new(2, "new");
    known.server.remote.put_json(JWKS_URI, &new.jwks());
    known.server.remote.hang();
    for jti in ["3", "4"] {
        assert!(is_later(&known.tries(&new, jti).await), "nobody knows yet");
    }
    assert_eq!(known.tries(&known.key, "5").await.status, 200);
    known.server.remote.answer_again();
    settled().await;
    assert_eq!(known.tries(&new, "6").await.status, 200);
    assert_eq!(known.asked(), 2);
}

#[actix_web::test]
async fn a_key_that_its_owner_does_not_have_is_refused_after_he_was_asked() {
    let known = Known::start().await;
    let made_up = Key::new(3, "made up");
    assert!(is_later(&known.tries(&made_up, "3").await));
    for jti in ["4", "5", "6"] {
        assert!(refused(&known.tries(&made_up, jti).await));
    }
    // Others are first heard of after that question: the next is put in its time.
    let another = Key::new(4, "another");
    for jti in ["7", "8"] {
        assert!(is_later(&known.tries(&another, jti).await));
    }
    assert_eq!(
        known.asked(),
        2,
        "made-up keys do not make us ask each time"
    );
    known.after(10);
    assert!(is_later(&known.tries(&another, "9").await));
    assert!(refused(&known.tries(&another, "10").await));
    assert_eq!(known.asked(), 3);
}

#[actix_web::test]
async fn a_key_is_never_refused_for_want_of_an_answer() {
    let known = Known::start().await;
    let new = Key::new(2, "new");
    let down = Err(RemoteFault::Unreachable);
    known.server.remote.put(JWKS_URI, down);
    for jti in ["3", "4", "5"] {
        assert!(is_later(&known.tries(&new, jti).await));
        known.after(10);
    }
    assert_eq!(known.asked(), 4);
    assert_eq!(known.tries(&known.key, "6").await.status, 200);
    known.server.remote.put_json(JWKS_URI, &new.jwks());
    assert!(is_later(&known.tries(&new, "7").await));
    assert_eq!(known.tries(&new, "8").await.status, 200);
}

#[actix_web::test]
async fn a_withdrawn_key_is_refused_once_its_owner_was_asked() {
    for (silence, before_he_is_asked) in [(300, 200), (599, 200), (600, 503), (80_000, 503)] {
        let known = Known::start().await;
        let new = Key::new(2, "new");
        known.server.remote.put_json(JWKS_URI, &new.jwks());
        known.after(silence);
        let answer = known.tries(&known.key, "3").await;
        assert_eq!(answer.status, before_he_is_asked, "after {silence} s");
        let answer = known.tries(&known.key, "4").await;
        assert!(is_later(&answer), "perhaps it is newer: {}", answer.body);
        assert!(refused(&known.tries(&known.key, "5").await));
        assert_eq!(known.tries(&new, "6").await.status, 200);
    }
}

#[actix_web::test]
async fn a_client_without_keys_at_its_address_is_refused() {
    let known = Known::start().await;
    known.server.remote.put(JWKS_URI, Ok(not_there()));
    known.after(600);
    assert!(is_later(&known.tries(&known.key, "3").await));
    assert!(refused(&known.tries(&known.key, "4").await));
    known.server.remote.put_json(JWKS_URI, &known.key.jwks());
    known.after(10);
    assert!(is_later(&known.tries(&known.key, "5").await));
    assert_eq!(known.tries(&known.key, "6").await.status, 200);
}

#[actix_web::test]
async fn old_keys_stand_in_for_a_day_while_their_owner_is_out_of_reach() {
    let known = Known::start().await;
    let code = known.server.code(&known.client_id).await;
    let assertion = known.key.assertion(&known.server, &known.client_id, "0");
    let used = redeems(&known.server, &known.client_id, &code, &assertion).await;
    assert_eq!(used.status, 200, "so that it lives longer than a day");
    let down = Err(RemoteFault::Unreachable);
    known.server.remote.put(JWKS_URI, down);
    known.after(600);
    assert!(is_later(&known.tries(&known.key, "3").await), "he is asked");
    assert_eq!(known.tries(&known.key, "4").await.status, 200);
    known.after(86_400 - 600 - 1);
    assert!(is_later(&known.tries(&known.key, "5").await));
    assert_eq!(known.tries(&known.key, "6").await.status, 200);
    known.after(1);
    let late = known.tries(&known.key, "7").await;
    assert_eq!(late.error(), (503, "temporarily_unavailable".to_owned()));
}

#[actix_web::test]
async fn the_keys_of_a_client_in_use_are_fetched_before_they_are_old() {
    let known = Known::start().await;
    for minutes in 1..=60 {
        known.after(60);
        renew_what_is_in_use(known.server.context()).await;
        assert_eq!(known.asked(), 1 + minutes / 4);
    }
    assert_eq!(known.tries(&known.key, "3").await.status, 200);
    let new = Key::new(2, "new");
    known.server.remote.put_json(JWKS_URI, &new.jwks());
    known.after(240);
    renew_what_is_in_use(known.server.context()).await;
    assert!(is_later(&known.tries(&known.key, "4").await), "withdrawn");
    assert!(refused(&known.tries(&known.key, "5").await));
    assert_eq!(known.tries(&new, "6").await.status, 200);
    let asked = known.asked();
    known.after(86_400);
    renew_what_is_in_use(known.server.context()).await;
    assert_eq!(known.asked(), asked, "nobody used it for a day");
}

#[actix_web::test]
async fn after_a_restart_the_keys_in_use_are_kept_fresh_again() {
    let store = Arc::new(MemoryStore::new());
    let (before, key) = (Server::on(Arc::clone(&store) as _), Key::new(1, "k1"));
    before.remote.put_json(JWKS_URI, &key.jwks());
    let client_id = registered(&before, &json!({ "jwks_uri": JWKS_URI })).await;
    let code = before.code(&client_id).await;
    let assertion = key.assertion(&before, &client_id, "1");
    assert_eq!(
        redeems(&before, &client_id, &code, &assertion).await.status,
        200
    );
    before.clock.advance(Seconds(240));
    renew_what_is_in_use(before.context()).await;

    let after = Server::on(store);
    after.remote.put_json(JWKS_URI, &key.jwks());
    after.clock.advance(Seconds(480));
    resume(after.context()).await.unwrap();
    renew_what_is_in_use(after.context()).await;
    assert_eq!(after.remote.asked(JWKS_URI), 1);
    after.clock.advance(Seconds(599));
    after.remote.hang();
    let assertion = key.assertion(&after, &client_id, "2");
    assert_eq!(at_once(revokes(&after, &assertion)).await.status, 200);
}

#[actix_web::test]
async fn the_keys_of_the_operators_own_clients_are_fetched_before_they_ever_come() {
    let toml = format!(
        "[[client]]\nclient_id = \"machine\"\nname = \"Machine\"\njwks_uri = \"{JWKS_URI}\"\n\
         grant_types = [\"client_credentials\"]\nown_services = [\"fetch\"]\n"
    );
    let services = Services::parse("fetch", "example.com").unwrap();
    let settings = ClientSettings {
        pre_registered: PreRegistered::parse(&toml, &services).unwrap(),
        ..open_to_all()
    };
    let (server, key) = (Server::with("fetch", settings), Key::new(1, "k1"));
    server.remote.put_json(JWKS_URI, &key.jwks());
    renew_what_is_in_use(server.context()).await;
    server.remote.hang();
    server.clock.advance(Seconds(599));
    let assertion = key.assertion(&server, "machine", "1");
    let fields = [
        ("grant_type", "client_credentials"),
        ("client_assertion_type", TYPE),
        ("client_assertion", &*assertion),
    ];
    let answer = at_once(server.post_form("/token", &fields)).await;
    assert_eq!(answer.status, 200, "{}", answer.body);
}

#[actix_web::test]
async fn only_the_keys_of_clients_that_somebody_let_in_are_stored_and_they_go_with_the_client() {
    let known = Known::start().await;
    let (id, now) = (
        ClientId::parse(&*known.client_id).unwrap(),
        known.server.clock.now(),
    );
    let stored = || known.store.key_set(&id, now);
    assert_eq!(stored().await.unwrap(), None);
    known.server.code(&known.client_id).await;
    assert!(stored().await.unwrap().is_some());
    known.store.delete_client(&id, now).await.unwrap();
    assert_eq!(stored().await.unwrap(), None);
    known.after(300);
    renew_what_is_in_use(known.server.context()).await;
    assert_eq!(known.asked(), 1, "nobody's keys are not fetched");
    assert_eq!(stored().await.unwrap(), None);
}

#[actix_web::test]
async fn a_client_that_begins_by_pushing_its_request_is_learnt_there() {
    let server = Server::start();
    let (url, key) = ("https://app.example/client.json", Key::new(1, "k1"));
    let document = json!({
        "client_id": url,
        "client_name": "Pushing",
        "redirect_uris": [CALLBACK],
        "token_endpoint_auth_method": "private_key_jwt",
        "jwks_uri": JWKS_URI,
    });
    server.remote.put_json(url, &document);
    server.remote.put_json(JWKS_URI, &key.jwks());
    let assertion = key.assertion(&server, url, "1");
    let fields = [
        ("client_assertion_type", TYPE),
        ("client_assertion", &*assertion),
        ("response_type", "code"),
        ("code_challenge", CHALLENGE),
        ("code_challenge_method", "S256"),
        ("redirect_uri", CALLBACK),
        ("resource", RESOURCE),
    ];
    let pushed = server.post_form("/par", &fields).await;
    assert_eq!(pushed.status, 201, "{}", pushed.body);
}
