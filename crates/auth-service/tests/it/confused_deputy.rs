//! The confused deputy (MCP security best practices), P1 to P7: what the other tests of the sign-in
//! leave open.

use actix_web::cookie::{Cookie, SameSite};
use serde_json::json;

use crate::harness::{Answer, Browser, CALLBACK, Server, authorize_uri};

fn cookies(answer: &Answer) -> Vec<Cookie<'static>> {
    let headers = answer.headers.get_all("set-cookie");
    headers
        .map(|value| Cookie::parse(value.to_str().unwrap().to_owned()).unwrap())
        .collect()
}

#[actix_web::test]
async fn p2_consent_is_asked_again_of_somebody_who_approved_before() {
    let server = Server::start();
    let client_id = server.public_client().await;
    let uri = authorize_uri(&client_id, &[]);
    let mut browser = Browser::new(&server);
    let (_, query) = browser.through(&uri).await.redirect();
    assert!(query.contains_key("code"));
    let again = browser.get(&uri).await;
    assert_eq!(again.status, 200, "a page, and no redirect");
    assert!(again.body.contains("id=\"consent\""), "{}", again.body);
}

#[actix_web::test]
async fn p3_the_page_shows_the_redirect_uri_in_full() {
    let server = Server::start();
    let uris = [
        CALLBACK,
        "http://localhost:8787/callback",
        "cursor://anysphere.cursor-mcp/oauth/callback",
    ];
    let metadata = json!({ "client_name": "Three ways", "redirect_uris": uris });
    let client = server.register(&metadata).await.json();
    let client_id = client["client_id"].as_str().unwrap();
    for uri in uris {
        let page = server
            .get(&authorize_uri(client_id, &[("redirect_uri", uri)]))
            .await;
        for shown in [
            &format!("<bdi>{uri}</bdi>"),
            "Three ways",
            "public profile",
            "passphrase",
        ] {
            let is_there = page.body.contains(shown);
            // This server signs people in by a passphrase, so it names no third party's scopes.
            assert_eq!(is_there, shown != "public profile", "{uri}: {shown}");
        }
    }
}

#[actix_web::test]
async fn p4_every_cookie_is_this_hosts_secure_hidden_from_scripts_and_lax() {
    let server = Server::start();
    let out_of_band = "https://auth.example.com/success";
    let metadata = json!({ "client_name": "Shell", "redirect_uris": [out_of_band] });
    let client = server.register(&metadata).await.json();
    let uri = authorize_uri(
        client["client_id"].as_str().unwrap(),
        &[("redirect_uri", out_of_band)],
    );
    let mut set = cookies(&server.get(&uri).await);
    let mut browser = Browser::new(&server);
    set.extend(cookies(&browser.approve(&uri).await));
    set.extend(cookies(&browser.through(&uri).await));
    let name = |cookie: &Cookie<'_>| cookie.name().to_owned();
    let names: Vec<_> = set.iter().map(name).collect();
    for begin in [
        "__Host-mcp-consent",
        "__Host-mcp-sign-in-",
        "__Host-mcp-success",
    ] {
        assert!(
            names.iter().any(|name| name.starts_with(begin)),
            "{begin}: {names:?}"
        );
    }
    for cookie in set {
        assert_eq!(cookie.secure(), Some(true), "{cookie}");
        assert_eq!(cookie.http_only(), Some(true), "{cookie}");
        assert_eq!(cookie.same_site(), Some(SameSite::Lax), "{cookie}");
        assert_eq!(
            (cookie.path(), cookie.domain()),
            (Some("/"), None),
            "{cookie}"
        );
        assert!(cookie.max_age().is_some(), "{cookie}");
    }
}

#[actix_web::test]
async fn p4_an_approval_is_for_the_client_that_was_shown_and_no_other() {
    let server = Server::start();
    let shown = server.public_client_named("Shown").await;
    let other = server.public_client_named("Other").await;
    let mut browser = Browser::new(&server);
    browser.get(&authorize_uri(&other, &[])).await;
    let form = browser
        .get(&authorize_uri(&shown, &[]))
        .await
        .field("request");
    // What names the client beside the form is not looked at.
    let fields = [
        ("request", form.as_str()),
        ("decision", "approve"),
        ("client_id", &other),
    ];
    let (_, query) = browser.post("/consent", &fields).await.redirect();
    let back = browser
        .post(
            "/sign-in",
            &[
                ("state", &query["state"]),
                ("passphrase", crate::harness::PASSPHRASE),
            ],
        )
        .await;
    let code = back.redirect().1["code"].clone();
    let refused = server.redeem(&other, &code).await;
    assert_eq!(refused.error().1, "invalid_grant");
}

#[actix_web::test]
async fn p6_p7_the_sign_ins_cookie_comes_with_the_redirect_that_follows_the_approval() {
    let server = Server::start();
    let client_id = server.public_client().await;
    let uri = authorize_uri(&client_id, &[]);
    let is_sign_in = |cookie: &Cookie<'_>| cookie.name().starts_with("__Host-mcp-sign-in-");
    let page = server.get(&uri).await;
    assert!(!cookies(&page).iter().any(is_sign_in), "not before");
    let mut browser = Browser::new(&server);
    let first = browser.approve(&uri).await;
    assert_eq!(first.status, 303);
    assert!(
        cookies(&first).iter().any(is_sign_in),
        "with that very answer"
    );
    let state = |answer: &Answer| answer.redirect().1["state"].clone();
    let second = browser.approve(&uri).await;
    assert_ne!(state(&first), state(&second), "each sign-in has its own");
    assert_eq!(state(&first).len(), 43, "256 bits");

    let form = browser.get(&uri).await.field("request");
    let refused = browser
        .post(
            "/consent",
            &[("request", form.as_str()), ("decision", "refuse")],
        )
        .await;
    assert!(
        !cookies(&refused).iter().any(is_sign_in),
        "not after a refusal"
    );
}
