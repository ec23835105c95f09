//! The person's own page: what clients have, and the end of it.

use async_trait::async_trait;
use auth_service::identity::{Person, UpstreamError, UpstreamProvider};
use serde_json::Value;
use token_core::admission::AllowedUsers;
use token_core::audit::AuditEvent;
use token_core::pkce::{CodeChallenge, CodeVerifier};
use token_core::secret::SignInState;
use token_core::{Seconds, UserId, Username};

use crate::harness::{Answer, Browser, PASSPHRASE, Server, authorize_uri};

/// Signs in to the page; the browser holds its cookie then.
pub(crate) async fn open(browser: &mut Browser<'_>) -> Answer {
    let page = browser.get("/account").await;
    let ticket = page.field("ticket");
    let away = browser
        .post("/account/sign-in", &[("ticket", &ticket)])
        .await;
    let state = away.redirect().1["state"].clone();
    let form = [("state", &*state), ("passphrase", PASSPHRASE)];
    let (done, _) = browser.post("/sign-in", &form).await.redirect();
    assert_eq!(done, "https://auth.example.com/account");
    browser.get("/account").await
}

async fn end(browser: &mut Browser<'_>, page: &Answer, grant: &str) -> Answer {
    let ticket = page.field("ticket");
    let form = [("ticket", &*ticket), ("grant", grant)];
    browser.post("/account/end", &form).await
}

/// The page that the answer to a form leads to.
async fn after(browser: &mut Browser<'_>, done: &Answer) -> Answer {
    let (at, query) = done.redirect();
    assert_eq!(at, "https://auth.example.com/account");
    browser
        .get(&format!("/account?done={}", query["done"]))
        .await
}

fn text<'a>(tokens: &'a Value, name: &str) -> &'a str {
    tokens[name].as_str().unwrap()
}

fn grant_of(tokens: &Value) -> String {
    let refresh = text(tokens, "refresh_token");
    refresh.split_once('.').unwrap().0.to_owned()
}

#[actix_web::test]
async fn a_person_sees_what_clients_have_and_ends_one() {
    let server = Server::start();
    let [first, second] = ["Northlight", "Southwind"].map(|name| (name, &server));
    let first = first.1.public_client_named(first.0).await;
    let second = second.1.public_client_named(second.0).await;
    let (kept, ended) = (server.tokens(&first).await, server.tokens(&second).await);
    server.clock.advance(Seconds(7200));
    let ended = server.refresh(&second, text(&ended, "refresh_token")).await;
    let ended = ended.json();

    let mut browser = Browser::new(&server);
    let page = open(&mut browser).await;
    for part in [
        "Signed in as",
        "owner",
        "Northlight",
        "Southwind",
        "2 hours ago",
    ] {
        assert!(page.body.contains(part), "{part} in {}", page.body);
    }
    assert_eq!(page.header("cache-control"), Some("no-store"));
    assert!(
        page.body
            .contains(&format!("value=\"{}\"", grant_of(&kept)))
    );

    let done = end(&mut browser, &page, &grant_of(&ended)).await;
    let page = after(&mut browser, &done).await;
    assert!(
        page.body.contains("<strong>Ended.</strong>"),
        "{}",
        page.body
    );
    assert!(!page.body.contains("Southwind"), "{}", page.body);
    assert!(!server.is_active(text(&ended, "access_token")).await);
    let again = server.refresh(&second, text(&ended, "refresh_token")).await;
    assert_eq!(again.error(), (400, "invalid_grant".to_owned()));
    let other = server.refresh(&first, text(&kept, "refresh_token")).await;
    assert_eq!(other.status, 200, "{}", other.body);
    let events = server.events();
    let withdrawn = |event: &AuditEvent| matches!(event, AuditEvent::AccessWithdrawn { grant, .. } if grant.as_str() == grant_of(&ended));
    assert_eq!(events.iter().filter(|event| withdrawn(event)).count(), 1);

    // Said again, nothing happens, and the page says so.
    let done = end(&mut browser, &page, &grant_of(&ended)).await;
    let page = after(&mut browser, &done).await;
    assert!(
        page.body.contains("That had ended before."),
        "{}",
        page.body
    );
}

#[actix_web::test]
async fn to_end_all_takes_what_no_client_has_fetched_too() {
    let server = Server::start();
    let client = server.public_client().await;
    let [first, second] = [server.tokens(&client).await, server.tokens(&client).await];
    let code = server.code(&client).await;
    let mut browser = Browser::new(&server);
    let page = open(&mut browser).await;
    assert!(page.body.contains("End all 2 connections"), "{}", page.body);
    let ticket = page.field("ticket");
    let form = [("ticket", &*ticket)];
    let done = browser.post("/account/end-all", &form).await;
    let page = after(&mut browser, &done).await;
    assert!(page.body.contains("Ended 2 connections."), "{}", page.body);
    assert!(
        page.body.contains("No app has access now."),
        "{}",
        page.body
    );
    for tokens in [&first, &second] {
        assert!(!server.is_active(text(tokens, "access_token")).await);
    }
    let late = server.redeem(&client, &code).await;
    assert_eq!(late.error(), (400, "invalid_grant".to_owned()));

    // Pressed again it ends nothing, and the audit trail does not grow.
    let withdrawn = |event: &&AuditEvent| matches!(event, AuditEvent::AccessWithdrawn { .. });
    let told = || server.events().iter().filter(withdrawn).count();
    assert_eq!(told(), 3);
    browser.post("/account/end-all", &form).await;
    assert_eq!(told(), 3);
}

#[actix_web::test]
async fn a_sign_in_holds_for_a_quarter_of_an_hour_and_for_as_long_as_the_person_is_admitted() {
    let server = Server::start();
    let client = server.public_client_named("Northlight").await;
    let tokens = server.tokens(&client).await;
    let mut browser = Browser::new(&server);
    let page = open(&mut browser).await;
    server.clock.advance(Seconds(899));
    assert!(browser.get("/account").await.body.contains("Northlight"));
    server.clock.advance(Seconds(1));
    let late = browser.get("/account").await;
    assert!(!late.body.contains("Northlight") && late.body.contains("Sign in with"));
    // A form of that sign-in ends nothing, and leads to a new one.
    let refused = end(&mut browser, &page, &grant_of(&tokens)).await;
    assert_eq!(refused.redirect().1.get("done"), None);
    assert!(server.is_active(text(&tokens, "access_token")).await);

    assert!(open(&mut browser).await.body.contains("Northlight"));
    server.admits(|admission| admission.local = false);
    assert!(!browser.get("/account").await.body.contains("Northlight"));
}

#[actix_web::test]
async fn signed_out_the_browser_holds_nothing() {
    let server = Server::start();
    let mut browser = Browser::new(&server);
    let page = open(&mut browser).await;
    let ticket = page.field("ticket");
    let out = browser
        .post("/account/sign-out", &[("ticket", &ticket)])
        .await;
    assert_eq!(out.redirect().0, "https://auth.example.com/account");
    assert!(browser.get("/account").await.body.contains("Sign in with"));
}

#[actix_web::test]
async fn a_form_is_good_for_the_sign_in_that_it_was_shown_to_alone() {
    let server = Server::start();
    let client = server.public_client().await;
    let tokens = server.tokens(&client).await;
    let (mut own, mut other) = (Browser::new(&server), Browser::new(&server));
    let (page, elsewhere) = (open(&mut own).await, open(&mut other).await);
    let consent = other
        .get(&authorize_uri(&client, &[]))
        .await
        .field("request");
    let grant = grant_of(&tokens);
    for ticket in [&*elsewhere.field("ticket"), &consent, "", "x"] {
        for (path, form) in [
            ("/account/end", vec![("ticket", ticket), ("grant", &*grant)]),
            ("/account/end-all", vec![("ticket", ticket)]),
            ("/account/sign-out", vec![("ticket", ticket)]),
            ("/account/sign-in", vec![("ticket", ticket)]),
        ] {
            let answer = own.post(path, &form).await;
            assert_eq!(answer.status, 400, "{path}: {}", answer.body);
            assert!(answer.body.contains("Nothing was ended"), "{}", answer.body);
        }
    }
    assert!(server.is_active(text(&tokens, "access_token")).await);
    let ended = end(&mut own, &page, &grant).await;
    assert_eq!(ended.status, 303);
    assert!(!server.is_active(text(&tokens, "access_token")).await);
}

/// GitHub, where the code is the person's number.
struct Numbers;

#[async_trait]
impl UpstreamProvider for Numbers {
    fn authorization_url(&self, state: &SignInState, _: &CodeChallenge) -> String {
        format!("https://github.example/?state={}", state.expose())
    }

    async fn identify(&self, code: &str, _: &CodeVerifier) -> Result<Person, UpstreamError> {
        if code == "nobody" {
            return Err(UpstreamError::Refused);
        }
        Ok(Person {
            user_id: UserId::parse(format!("github|{code}")).unwrap(),
            username: Username::parse(format!("person-{code}")).unwrap(),
        })
    }
}

/// Signs a person in at GitHub's stand-in: the answer of the callback.
async fn as_person(browser: &mut Browser<'_>, number: &str) -> Answer {
    let ticket = browser.get("/account").await.field("ticket");
    let away = browser
        .post("/account/sign-in", &[("ticket", &ticket)])
        .await;
    let (at, query) = away.redirect();
    assert_eq!(at, "https://github.example/");
    let callback = format!("/callback?state={}&code={number}", query["state"]);
    browser.get(&callback).await
}

async fn tokens_of(server: &Server, client: &str, number: &str) -> Value {
    let mut browser = Browser::new(server);
    let state = browser.state(&authorize_uri(client, &[])).await;
    let callback = format!("/callback?state={state}&code={number}");
    let (_, query) = browser.get(&callback).await.redirect();
    server.redeem(client, &query["code"]).await.json()
}

#[actix_web::test]
async fn nobody_sees_or_ends_what_another_gave() {
    let server = Server::start().signing_in_at(Numbers);
    let client = server.public_client_named("Shared app").await;
    let (own, theirs) = (
        tokens_of(&server, &client, "1").await,
        tokens_of(&server, &client, "2").await,
    );
    let mut browser = Browser::new(&server);
    as_person(&mut browser, "1").await;
    let page = browser.get("/account").await;
    assert!(page.body.contains(&grant_of(&own)) && !page.body.contains(&grant_of(&theirs)));
    assert!(page.body.contains("person-1") && !page.body.contains("person-2"));

    // Of another's grant he hears what he would hear of one that never was.
    let mut answers = Vec::new();
    for grant in [&*grant_of(&theirs), "AAAAAAAAAAAAAAAAAAAAAA", "no grant"] {
        let done = end(&mut browser, &page, grant).await;
        let shown = after(&mut browser, &done).await;
        let ticket = shown.field("ticket");
        answers.push(shown.body.replace(&ticket, "TICKET"));
    }
    assert!(answers[0].contains("That had ended before."));
    assert_eq!(answers[0], answers[1]);
    assert_eq!(answers[0], answers[2]);
    let form = [("ticket", &*page.field("ticket"))];
    assert_eq!(browser.post("/account/end-all", &form).await.status, 303);
    assert!(server.is_active(text(&theirs, "access_token")).await);
    assert!(!server.is_active(text(&own, "access_token")).await);
}

#[actix_web::test]
async fn who_is_not_named_or_not_admitted_is_told_so_and_gets_no_cookie() {
    let server = Server::start().signing_in_at(Numbers);
    let mut browser = Browser::new(&server);
    let answer = as_person(&mut browser, "nobody").await;
    assert_eq!(answer.status, 400);
    assert!(
        answer.body.contains("You are not signed in"),
        "{}",
        answer.body
    );
    server.admits(|admission| {
        admission.github = Some(AllowedUsers::parse("id:1").unwrap());
    });
    let answer = as_person(&mut browser, "2").await;
    assert_eq!(answer.status, 403);
    assert!(answer.body.contains("“person-2”"), "{}", answer.body);
    assert!(
        browser
            .get("/account")
            .await
            .body
            .contains("Sign in with GitHub")
    );
    assert_eq!(as_person(&mut browser, "1").await.status, 303);
    assert!(browser.get("/account").await.body.contains("person-1"));
}

#[actix_web::test]
async fn a_sign_in_to_the_page_gives_no_client_anything_and_the_other_way_round() {
    let server = Server::start();
    let client = server.public_client().await;
    let mut browser = Browser::new(&server);
    let (_, query) = browser
        .through(&authorize_uri(&client, &[]))
        .await
        .redirect();
    assert!(query.contains_key("code"));
    let page = browser.get("/account").await;
    assert!(
        page.body.contains("Sign in with"),
        "a client's sign-in opens nothing"
    );
}
