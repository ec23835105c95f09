//! Consent, sign-in and the way back: MCP security best practices P1 to P7, RFC 6749 section
//! 10.12.

use crate::harness::{Browser, PASSPHRASE, Server, authorize_uri};
use actix_web::test::TestRequest;
use serde_json::json;
use token_core::Seconds;
use token_core::audit::{AuditEvent, FailureReason};

#[actix_web::test]
async fn approval_and_sign_in_lead_back_with_code_state_and_issuer() {
    let server = Server::start();
    let client_id = server.public_client().await;
    let answer = Browser::new(&server)
        .through(&authorize_uri(&client_id, &[]))
        .await;
    assert_eq!(answer.status, 303);
    let (_, query) = answer.redirect();
    assert_eq!(query["state"], "client-state");
    assert_eq!(query["iss"], "https://auth.example.com");
    assert!(query["code"].len() > 60);
    let events = server.events();
    assert!(
        events
            .iter()
            .any(|event| matches!(event, AuditEvent::ConsentGiven { .. }))
    );
    assert!(
        events
            .iter()
            .any(|event| matches!(event, AuditEvent::AuthSuccess { .. }))
    );
}

#[actix_web::test]
async fn refusal_goes_back_and_nobody_is_asked_to_sign_in() {
    let server = Server::start();
    let client_id = server.public_client().await;
    let mut browser = Browser::new(&server);
    let request = browser
        .get(&authorize_uri(&client_id, &[]))
        .await
        .field("request");
    let fields = [("request", request.as_str()), ("decision", "refuse")];
    let (_, query) = browser.post("/consent", &fields).await.redirect();
    assert_eq!(query["error"], "access_denied");
    assert_eq!(query["iss"], "https://auth.example.com");
}

#[actix_web::test]
async fn no_sign_in_cookie_is_set_before_approval() {
    let server = Server::start();
    let client_id = server.public_client().await;
    let page = server.get(&authorize_uri(&client_id, &[])).await;
    let cookies: Vec<_> = page.headers.get_all("set-cookie").collect();
    assert_eq!(cookies.len(), 1);
    assert!(
        cookies[0]
            .to_str()
            .unwrap()
            .starts_with("__Host-mcp-consent=")
    );
}

#[actix_web::test]
async fn a_consent_form_works_in_its_own_browser_and_in_time() {
    let server = Server::start();
    let client_id = server.public_client().await;
    let uri = authorize_uri(&client_id, &[]);
    let mut own = Browser::new(&server);
    let request = own.get(&uri).await.field("request");
    let mut other = Browser::new(&server);
    other.get(&uri).await;
    let fields = [("request", request.as_str()), ("decision", "approve")];
    assert_eq!(
        other.post("/consent", &fields).await.status,
        400,
        "another browser"
    );
    assert_eq!(
        Browser::new(&server).post("/consent", &fields).await.status,
        400,
        "no cookie"
    );
    let changed = [("request", &request[1..]), ("decision", "approve")];
    assert_eq!(own.post("/consent", &changed).await.status, 400, "changed");
    assert_eq!(own.post("/consent", &fields).await.status, 303);
    server.clock.advance(Seconds(3600));
    assert_eq!(own.post("/consent", &fields).await.status, 400, "too late");
    let forged = |event: &AuditEvent| {
        let reason = FailureReason::ConsentForged;
        *event
            == AuditEvent::AuthFailure {
                reason,
                client_id: None,
                user_id: None,
            }
    };
    assert_eq!(
        server.events().iter().filter(|event| forged(event)).count(),
        4
    );
}

#[actix_web::test]
async fn a_state_is_one_browsers_one_time_and_five_minutes() {
    let server = Server::start();
    let client_id = server.public_client().await;
    let uri = authorize_uri(&client_id, &[]);
    let mut own = Browser::new(&server);
    let state = own.state(&uri).await;
    let fields = [("state", state.as_str()), ("passphrase", PASSPHRASE)];
    assert_eq!(
        Browser::new(&server).post("/sign-in", &fields).await.status,
        400
    );
    assert_eq!(own.post("/sign-in", &fields).await.status, 303);
    assert_eq!(own.post("/sign-in", &fields).await.status, 400, "used");

    let state = own.state(&uri).await;
    server.clock.advance(Seconds(300));
    let fields = [("state", state.as_str()), ("passphrase", PASSPHRASE)];
    assert_eq!(own.post("/sign-in", &fields).await.status, 400, "expired");
}

#[actix_web::test]
async fn wrong_passphrases_are_counted_and_then_refused() {
    let server = Server::start();
    let client_id = server.public_client().await;
    let mut browser = Browser::new(&server);
    let state = browser.state(&authorize_uri(&client_id, &[])).await;
    let wrong = [("state", state.as_str()), ("passphrase", "wrong")];
    for _ in 0..4 {
        let page = browser.post("/sign-in", &wrong).await;
        assert_eq!(page.status, 200);
        assert!(page.body.contains("passphrase-error"), "{}", page.body);
    }
    let last = browser.post("/sign-in", &wrong).await;
    assert_eq!(
        (last.status.as_u16(), last.header("retry-after")),
        (429, Some("300"))
    );
    let right = [("state", state.as_str()), ("passphrase", PASSPHRASE)];
    assert_eq!(browser.post("/sign-in", &right).await.status, 429);
}

#[actix_web::test]
async fn the_success_page_shows_what_its_own_browser_holds() {
    let server = Server::start();
    let uri = "https://auth.example.com/success";
    let metadata = json!({ "client_name": "Shell", "redirect_uris": [uri] });
    let client = server.register(&metadata).await.json();
    let client_id = client["client_id"].as_str().unwrap();
    let mut browser = Browser::new(&server);
    let answer = browser
        .through(&authorize_uri(client_id, &[("redirect_uri", uri)]))
        .await;
    assert_eq!(
        answer.header("location"),
        Some(uri),
        "no code in the address"
    );
    let page = browser.get("/success").await;
    assert!(page.body.contains("id=\"code\""), "{}", page.body);
    let consent = server
        .get(&authorize_uri(client_id, &[("redirect_uri", uri)]))
        .await;
    assert!(
        consent.body.contains("You will be shown a code"),
        "{}",
        consent.body
    );
    let stranger = server.get("/success?code=phished").await;
    assert!(!stranger.body.contains("phished") && !stranger.body.contains("id=\"code\""));
}

#[actix_web::test]
async fn a_stranger_who_knows_the_state_cannot_use_it_up() {
    let server = Server::start();
    let client_id = server.public_client().await;
    let mut own = Browser::new(&server);
    let state = own.state(&authorize_uri(&client_id, &[])).await;
    let fields = [("state", state.as_str()), ("passphrase", PASSPHRASE)];
    assert_eq!(
        Browser::new(&server).post("/sign-in", &fields).await.status,
        400
    );
    assert_eq!(own.post("/sign-in", &fields).await.status, 303);
}

#[actix_web::test]
async fn a_form_of_another_origin_is_refused_even_with_the_cookie() {
    let server = Server::start();
    let client_id = server.public_client().await;
    let mut browser = Browser::new(&server);
    let page = browser.get(&authorize_uri(&client_id, &[])).await;
    let fields = [
        ("request", page.field("request")),
        ("decision", "approve".to_owned()),
    ];
    let cookie = page
        .headers
        .get("set-cookie")
        .unwrap()
        .to_str()
        .unwrap()
        .to_owned();
    let cookie = cookie.split(';').next().unwrap();
    for (origin, status) in [
        ("http://evil.example", 400),
        ("https://auth.example.com", 303),
    ] {
        let request = TestRequest::post()
            .uri("/consent")
            .insert_header(("Origin", origin))
            .insert_header(("Cookie", cookie))
            .set_form(&fields);
        assert_eq!(server.send(request).await.status, status, "{origin}");
    }
}

#[actix_web::test]
async fn each_form_renews_the_cookie_and_bad_cookies_of_others_do_not_hide_it() {
    let server = Server::start();
    let client_id = server.public_client().await;
    let uri = authorize_uri(&client_id, &[]);
    let first = server.get(&uri).await;
    let cookie = first
        .headers
        .get("set-cookie")
        .unwrap()
        .to_str()
        .unwrap()
        .to_owned();
    let cookie = cookie.split(';').next().unwrap().to_owned();
    let mut header = b"bad=\xff; __Host-mcp-consent=; ".to_vec();
    header.extend_from_slice(cookie.as_bytes());
    let header = actix_web::http::header::HeaderValue::from_bytes(&header).unwrap();
    let again = server
        .send(
            TestRequest::get()
                .uri(&uri)
                .insert_header(("Cookie", header)),
        )
        .await;
    let renewed = again.headers.get("set-cookie").unwrap().to_str().unwrap();
    assert!(
        renewed.starts_with(&cookie),
        "the same value, for another hour: {renewed}"
    );
}

#[actix_web::test]
async fn a_form_that_is_too_large_gets_a_page() {
    let server = Server::start();
    for uri in ["/consent", "/sign-in"] {
        let answer = server
            .post_form(uri, &[("request", &"x".repeat(70_000))])
            .await;
        assert_eq!(answer.status, 400);
        assert!(answer.body.contains("64 KiB"), "{}", answer.body);
    }
}
