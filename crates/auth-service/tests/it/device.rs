//! RFC 8628: a device asks, a person types its code and is asked as anybody is.

use serde_json::{Value, json};
use token_core::Seconds;
use token_core::audit::{AuditEvent, FailureReason};

use crate::harness::{Answer, Browser, PASSPHRASE, RESOURCE, Server};

const GRANT_TYPE: &str = "urn:ietf:params:oauth:grant-type:device_code";

/// A client without a browser.
async fn device_client(server: &Server) -> String {
    device_client_named(server, "Terminal").await
}

async fn device_client_named(server: &Server, name: &str) -> String {
    let metadata = json!({
        "client_name": name,
        "grant_types": [GRANT_TYPE, "refresh_token"],
        "response_types": [],
        "token_endpoint_auth_method": "none",
    });
    let registered = server.register(&metadata).await.json();
    assert_eq!(
        registered["grant_types"],
        json!(["refresh_token", GRANT_TYPE])
    );
    assert_eq!(registered["response_types"], json!([]));
    registered["client_id"].as_str().unwrap().to_owned()
}

async fn begin(server: &Server, client_id: &str) -> Value {
    let fields = [("client_id", client_id), ("resource", RESOURCE)];
    let answer = server.post_form("/device_authorization", &fields).await;
    assert_eq!(answer.status, 200, "{}", answer.body);
    answer.json()
}

async fn poll(server: &Server, client_id: &str, begun: &Value) -> Answer {
    let fields = [
        ("grant_type", GRANT_TYPE),
        ("client_id", client_id),
        ("device_code", begun["device_code"].as_str().unwrap()),
    ];
    server.post_form("/token", &fields).await
}

/// Types the code: the consent page.
async fn typed(browser: &mut Browser<'_>, user_code: &str) -> Answer {
    browser.post("/device", &[("user_code", user_code)]).await
}

async fn decide(browser: &mut Browser<'_>, page: &Answer, decision: &str) -> Answer {
    let request = page.field("request");
    let fields = [("request", &*request), ("decision", decision)];
    browser.post("/consent", &fields).await
}

async fn sign_in(browser: &mut Browser<'_>, approved: &Answer) -> Answer {
    let state = approved.redirect().1["state"].clone();
    let fields = [("state", &*state), ("passphrase", PASSPHRASE)];
    browser.post("/sign-in", &fields).await
}

fn error(code: &str) -> (u16, String) {
    (400, code.to_owned())
}

#[actix_web::test]
async fn the_device_is_told_what_to_show() {
    let server = Server::start();
    let client_id = device_client(&server).await;
    let begun = begin(&server, &client_id).await;
    assert_eq!(begun["verification_uri"], "https://auth.example.com/device");
    assert_eq!(begun["expires_in"], 600);
    assert_eq!(begun["interval"], 5);
    let user_code = begun["user_code"].as_str().unwrap();
    let complete = format!("https://auth.example.com/device?user_code={user_code}");
    assert_eq!(begun["verification_uri_complete"], complete);
    // The code that came with the address is shown, not used (section 3.3.1).
    let page = server.get(&format!("/device?user_code={user_code}")).await;
    assert!(page.body.contains(&format!("value=\"{user_code}\"")));
    assert!(page.body.contains("Is this the code"));
    let page = server.get("/device?user_code=%22%3E%3Cscript%3E").await;
    assert!(
        page.body
            .contains("name=\"user_code\" type=\"text\" value=\"\"")
    );
}

#[actix_web::test]
async fn a_person_types_the_code_approves_and_signs_in() {
    let server = Server::start();
    let client_id = device_client(&server).await;
    let begun = begin(&server, &client_id).await;
    assert_eq!(
        poll(&server, &client_id, &begun).await.error(),
        error("authorization_pending")
    );

    let mut browser = Browser::new(&server);
    let user_code = begun["user_code"].as_str().unwrap();
    let sloppy = user_code.to_lowercase().replace('-', " ");
    let page = typed(&mut browser, &sloppy).await;
    assert_eq!(page.status, 200);
    for part in ["Terminal", "the device that shows the code", RESOURCE] {
        assert!(page.body.contains(part), "{part} in {}", page.body);
    }
    let approved = decide(&mut browser, &page, "approve").await;
    server.clock.advance(Seconds(5));
    assert_eq!(
        poll(&server, &client_id, &begun).await.error(),
        error("authorization_pending"),
        "approval without sign-in gives nothing"
    );
    let (done, _) = sign_in(&mut browser, &approved).await.redirect();
    assert_eq!(done, "https://auth.example.com/device/connected");
    assert!(
        server
            .get("/device/connected")
            .await
            .body
            .contains("You may go back to it.")
    );

    server.clock.advance(Seconds(5));
    let tokens = poll(&server, &client_id, &begun).await;
    assert_eq!(tokens.status, 200, "{}", tokens.body);
    let tokens = tokens.json();
    let refreshed = server
        .refresh(&client_id, tokens["refresh_token"].as_str().unwrap())
        .await;
    assert_eq!(refreshed.status, 200, "{}", refreshed.body);
    let fields = [
        ("client_id", &*client_id),
        ("token", tokens["access_token"].as_str().unwrap()),
    ];
    let token = server.post_form("/introspect", &fields).await.json();
    assert_eq!(token["sub"], "local|owner");
    assert_eq!(token["aud"], RESOURCE);

    assert_eq!(
        poll(&server, &client_id, &begun).await.error(),
        error("expired_token")
    );
    assert!(
        typed(&mut browser, user_code)
            .await
            .body
            .contains("No device waits")
    );
}

#[actix_web::test]
async fn a_refused_device_is_told_so() {
    let server = Server::start();
    let client_id = device_client(&server).await;
    let begun = begin(&server, &client_id).await;
    let mut browser = Browser::new(&server);
    let page = typed(&mut browser, begun["user_code"].as_str().unwrap()).await;
    let (done, _) = decide(&mut browser, &page, "refuse").await.redirect();
    assert_eq!(done, "https://auth.example.com/device/refused");
    assert!(
        server
            .get("/device/refused")
            .await
            .body
            .contains("You refused")
    );
    assert_eq!(
        poll(&server, &client_id, &begun).await.error(),
        error("access_denied")
    );
    assert_eq!(
        poll(&server, &client_id, &begun).await.error(),
        error("expired_token")
    );
}

#[actix_web::test]
async fn a_device_that_asks_too_often_is_slowed_down_and_one_that_waits_too_long_is_over() {
    let server = Server::start();
    let client_id = device_client(&server).await;
    let begun = begin(&server, &client_id).await;
    let pending = error("authorization_pending");
    assert_eq!(poll(&server, &client_id, &begun).await.error(), pending);
    server.clock.advance(Seconds(4));
    assert_eq!(
        poll(&server, &client_id, &begun).await.error(),
        error("slow_down")
    );
    server.clock.advance(Seconds(10));
    assert_eq!(poll(&server, &client_id, &begun).await.error(), pending);

    let mut browser = Browser::new(&server);
    let page = typed(&mut browser, begun["user_code"].as_str().unwrap()).await;
    let approved = decide(&mut browser, &page, "approve").await;
    // The sign-in (300 s) is younger than the device code (600 s) here.
    server.clock.advance(Seconds(286));
    let page = typed(&mut browser, begun["user_code"].as_str().unwrap()).await;
    assert_eq!(sign_in(&mut browser, &approved).await.status, 303);
    let again = decide(&mut browser, &page, "approve").await;
    let answer = sign_in(&mut browser, &again).await;
    assert_eq!(answer.status, 400, "one decision counts");
    assert!(answer.body.contains("The device is not connected"));

    let late = begin(&server, &client_id).await;
    server.clock.advance(Seconds(600));
    assert_eq!(
        poll(&server, &client_id, &late).await.error(),
        error("expired_token")
    );
    let page = typed(&mut browser, late["user_code"].as_str().unwrap()).await;
    assert!(page.body.contains("No device waits"));
}

#[actix_web::test]
async fn a_device_code_is_its_clients() {
    let server = Server::start();
    let client_id = device_client(&server).await;
    let begun = begin(&server, &client_id).await;
    let other = server.public_client().await;
    assert_eq!(
        poll(&server, &other, &begun).await.error(),
        error("unauthorized_client")
    );
    let another = device_client_named(&server, "Another").await;
    assert_eq!(
        poll(&server, &another, &begun).await.error(),
        error("expired_token")
    );
    assert_eq!(
        poll(&server, &client_id, &begun).await.error(),
        error("authorization_pending")
    );
    // A client that did not register the grant cannot begin.
    let fields = [("client_id", &*other)];
    let answer = server.post_form("/device_authorization", &fields).await;
    assert_eq!(answer.error(), error("unauthorized_client"));
    let fields = [
        ("client_id", &*client_id),
        ("resource", "https://elsewhere.example/mcp"),
    ];
    let answer = server.post_form("/device_authorization", &fields).await;
    assert_eq!(answer.error(), error("invalid_target"));
    let answer = server.post_form("/device_authorization", &[]).await;
    assert_eq!(answer.error(), (401, "invalid_client".to_owned()));
}

#[actix_web::test]
async fn guessing_codes_ends_soon() {
    let server = Server::start();
    let client_id = device_client(&server).await;
    let begun = begin(&server, &client_id).await;
    let mut browser = Browser::new(&server);
    for wrong in ["BBBB-BBBB"; 49].iter().chain(&["nonsense"; 60]) {
        let page = typed(&mut browser, wrong).await;
        assert_eq!(
            page.status, 200,
            "no code looks like nonsense: it is no guess"
        );
        assert!(page.body.contains("No device waits"));
    }
    assert_eq!(typed(&mut browser, "BBBB-BBBB").await.status, 429);
    let right = begun["user_code"].as_str().unwrap();
    let answer = typed(&mut browser, right).await;
    assert_eq!(answer.status, 429, "not even the right one is looked at");
    assert_eq!(answer.header("retry-after"), Some("300"));
    let guessed = AuditEvent::AuthFailure {
        reason: FailureReason::InvalidUserCode,
        client_id: None,
        user_id: None,
    };
    assert_eq!(
        server
            .events()
            .iter()
            .filter(|event| **event == guessed)
            .count(),
        49 + 60
    );
    server.clock.advance(Seconds(300));
    assert_eq!(typed(&mut browser, right).await.status, 200);
}
