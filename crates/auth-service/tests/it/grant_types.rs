//! A grant that a client gave up since (RFC 7592 section 2.2, or in its metadata document): no step
//! that began before leads to tokens.

use actix_web::test::TestRequest;
use serde_json::{Value, json};
use token_core::Seconds;
use token_core::audit::AuditEvent;

use crate::harness::{Answer, Browser, CALLBACK, PASSPHRASE, Server, VERIFIER, authorize_uri};

const DEVICE_CODE: &str = "urn:ietf:params:oauth:grant-type:device_code";

/// A client with a secret, of both grants that begin with a person.
struct Turncoat(Value);

impl Turncoat {
    async fn register(server: &Server) -> Self {
        let metadata = metadata(&["authorization_code", DEVICE_CODE]);
        Self(server.register(&metadata).await.json())
    }

    fn registered(&self, name: &str) -> &str {
        self.0[name].as_str().unwrap()
    }

    /// Its registration from now on.
    async fn keep_only(&self, server: &Server, grant_type: &str) {
        let mut new = metadata(&[grant_type]);
        new["client_id"] = self.0["client_id"].clone();
        let path = format!("/register/{}", self.registered("client_id"));
        let token = format!("Bearer {}", self.registered("registration_access_token"));
        let put = TestRequest::put().uri(&path).set_json(&new);
        let answer = server
            .send(put.insert_header(("authorization", token)))
            .await;
        assert_eq!(answer.status, 200, "{}", answer.body);
    }

    async fn post(&self, server: &Server, path: &str, more: &[(&str, &str)]) -> Answer {
        let own = ["client_id", "client_secret"].map(|name| (name, self.registered(name)));
        server.post_form(path, &[&own, more].concat()).await
    }

    async fn begin_device(&self, server: &Server) -> Value {
        self.post(server, "/device_authorization", &[]).await.json()
    }
}

fn metadata(grant_types: &[&str]) -> Value {
    json!({
        "redirect_uris": [CALLBACK],
        "grant_types": grant_types,
        "token_endpoint_auth_method": "client_secret_post",
    })
}

async fn approve(browser: &mut Browser<'_>, page: &Answer) -> Answer {
    let ticket = page.field("request");
    let fields = [("request", &*ticket), ("decision", "approve")];
    browser.post("/consent", &fields).await
}

async fn typed(browser: &mut Browser<'_>, begun: &Value) -> Answer {
    let user_code = begun["user_code"].as_str().unwrap();
    browser.post("/device", &[("user_code", user_code)]).await
}

fn unauthorized_client() -> (u16, String) {
    (400, "unauthorized_client".to_owned())
}

fn somebody_consented(server: &Server) -> bool {
    let consented = |event: &AuditEvent| matches!(event, AuditEvent::ConsentGiven { .. });
    server.events().iter().any(consented)
}

#[actix_web::test]
async fn a_device_of_a_client_that_gave_the_grant_up_is_not_approved() {
    let server = Server::start();
    let client = Turncoat::register(&server).await;
    let begun = client.begin_device(&server).await;
    let mut browser = Browser::new(&server);
    let page = typed(&mut browser, &begun).await;
    client.keep_only(&server, "authorization_code").await;
    let answer = approve(&mut browser, &page).await;
    assert_eq!(answer.status, 400, "{}", answer.body);
    assert!(answer.body.contains("no longer connects devices"));
    assert!(!somebody_consented(&server));
}

#[actix_web::test]
async fn an_approved_device_gets_nothing_once_its_client_gave_the_grant_up() {
    let server = Server::start();
    let client = Turncoat::register(&server).await;
    let begun = client.begin_device(&server).await;
    let mut browser = Browser::new(&server);
    let page = typed(&mut browser, &begun).await;
    let approved = approve(&mut browser, &page).await;
    client.keep_only(&server, "authorization_code").await;
    let state = approved.redirect().1["state"].clone();
    let fields = [("state", &*state), ("passphrase", PASSPHRASE)];
    assert_eq!(browser.post("/sign-in", &fields).await.status, 303);

    let device_code = begun["device_code"].as_str().unwrap();
    let fields = [("grant_type", DEVICE_CODE), ("device_code", device_code)];
    let answer = client.post(&server, "/token", &fields).await;
    assert_eq!(answer.error(), unauthorized_client());
}

#[actix_web::test]
async fn a_code_is_of_no_use_to_a_client_that_gave_codes_up() {
    let server = Server::start();
    let client = Turncoat::register(&server).await;
    let code = server.code(client.registered("client_id")).await;
    client.keep_only(&server, DEVICE_CODE).await;
    let fields = [
        ("grant_type", "authorization_code"),
        ("code", &*code),
        ("code_verifier", VERIFIER),
    ];
    let answer = client.post(&server, "/token", &fields).await;
    assert_eq!(answer.error(), unauthorized_client());
}

#[actix_web::test]
async fn a_request_of_a_client_whose_document_gave_codes_up_goes_back_unapproved() {
    const URL: &str = "https://app.example/oauth/client.json";
    let server = Server::start();
    let mut document = json!({
        "client_id": URL,
        "client_name": "Documented",
        "redirect_uris": [CALLBACK],
        "token_endpoint_auth_method": "none",
    });
    server.remote.put_json(URL, &document);
    let mut browser = Browser::new(&server);
    browser.get(&authorize_uri(URL, &[])).await;
    server.clock.advance(Seconds(599));
    let page = browser.get(&authorize_uri(URL, &[])).await;
    document["grant_types"] = json!([DEVICE_CODE]);
    server.remote.put_json(URL, &document);
    // It is fetched again after ten minutes.
    server.clock.advance(Seconds(1));
    let (to, query) = approve(&mut browser, &page).await.redirect();
    assert_eq!((&*to, &*query["error"]), (CALLBACK, "unauthorized_client"));
    assert!(!somebody_consented(&server));
}
