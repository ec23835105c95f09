//! An outage of the store, of the identity provider or of a client's own site, at every endpoint
//! and at every step of its request: 503 `temporarily_unavailable` (RFC 6749 section 4.1.2.1, and
//! the same where an answer is direct), never an error on which clients throw their credentials
//! away.

mod world;

use std::collections::BTreeSet;

use actix_web::test::TestRequest;
use auth_service::http::routes::paths;

use crate::harness::{Answer, CALLBACK, authorize_uri};
use world::{World, form, typed, with_cookies};

/// More than any request has.
const MOST_STEPS: usize = 20;

/// What a request does at an endpoint.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Case {
    Account,
    AccountSignIn,
    AccountEnd,
    AccountEndAll,
    Authorize,
    AuthorizePushed,
    Callback,
    Consent,
    ConsentRefused,
    Device,
    DeviceAuthorization,
    Introspect,
    IntrospectRefresh,
    Par,
    Register,
    RegisterAgain,
    ReadRegistration,
    ReplaceRegistration,
    DeleteRegistration,
    Revoke,
    RevokeRefresh,
    SignIn,
    SignInPage,
    TokenByCode,
    TokenByReplayedCode,
    TokenByRefresh,
    TokenByRepeatedRefresh,
    TokenByMachine,
    TokenByDevice,
    TokenByAssertion,
}

/// Every case, with the path that it asks.
const CASES: [(&str, Case); 30] = [
    ("/account", Case::Account),
    ("/account/sign-in", Case::AccountSignIn),
    ("/account/end", Case::AccountEnd),
    ("/account/end-all", Case::AccountEndAll),
    ("/authorize", Case::Authorize),
    ("/authorize", Case::AuthorizePushed),
    ("/callback", Case::Callback),
    ("/consent", Case::Consent),
    ("/consent", Case::ConsentRefused),
    ("/device", Case::Device),
    ("/device_authorization", Case::DeviceAuthorization),
    ("/introspect", Case::Introspect),
    ("/introspect", Case::IntrospectRefresh),
    ("/par", Case::Par),
    ("/register", Case::Register),
    ("/register", Case::RegisterAgain),
    ("/register/{client_id}", Case::ReadRegistration),
    ("/register/{client_id}", Case::ReplaceRegistration),
    ("/register/{client_id}", Case::DeleteRegistration),
    ("/revoke", Case::Revoke),
    ("/revoke", Case::RevokeRefresh),
    ("/sign-in", Case::SignIn),
    ("/sign-in", Case::SignInPage),
    ("/token", Case::TokenByCode),
    ("/token", Case::TokenByReplayedCode),
    ("/token", Case::TokenByRefresh),
    ("/token", Case::TokenByRepeatedRefresh),
    ("/token", Case::TokenByMachine),
    ("/token", Case::TokenByDevice),
    ("/token", Case::TokenByAssertion),
];

/// Paths that are answered without the store.
const WITHOUT: [&str; 13] = [
    "/",
    "/.well-known/jwks.json",
    "/.well-known/oauth-authorization-server",
    "/.well-known/oauth-authorization-server/{suffix:.*}",
    "/.well-known/openid-configuration",
    "/assets/favicon.svg",
    "/assets/gateway.css",
    "/device/connected",
    "/device/refused",
    "/favicon.ico",
    "/jwks",
    "/openapi.json",
    "/success",
];
/// A form that only has the browser forget something.
const WITHOUT_BY_FORM: &str = "/account/sign-out";
/// A page that says that something is over, whatever the store says.
const ALWAYS_OVER: &str = "/error";

/// Says that the server is out of order, and not the caller.
fn says_unavailable(answer: &Answer) -> bool {
    if answer.status == 503 {
        let json = answer.header("content-type") == Some("application/json");
        let named = !json || answer.error().1 == "temporarily_unavailable";
        return named && answer.header("retry-after").is_some();
    }
    // A browser cannot take a status to the client.
    answer.status == 303
        && answer.redirect().0 == CALLBACK
        && answer.redirect().1.get("error").map(String::as_str) == Some("temporarily_unavailable")
}

#[test]
fn every_path_is_in_one_of_the_tables() {
    let served: BTreeSet<_> = paths().collect();
    let mut tables: BTreeSet<_> = CASES.iter().map(|(path, _)| *path).collect();
    tables.extend(WITHOUT);
    tables.extend([WITHOUT_BY_FORM, ALWAYS_OVER]);
    assert_eq!(tables, served);
}

#[actix_web::test]
async fn a_store_that_fails_at_any_step_of_any_request_is_temporarily_unavailable() {
    for (path, case) in CASES {
        let mut steps = 0;
        loop {
            let world = World::begin(case);
            let request = world.request(case).await;
            world.store.fail_from(steps);
            let answer = world.server.send(request).await;
            let failed = world.store.failed();
            let at = format!("{case:?} at {path}, failing from step {steps} ({failed:?})");
            if failed.is_empty() {
                break;
            }
            // A client that is not prolonged now is prolonged at its next use.
            if failed == ["prolong_client"] {
                assert_eq!(answer.status, 200, "{at}: {}", answer.body);
            } else {
                let said = (answer.status, answer.header("location"), &answer.body);
                assert!(says_unavailable(&answer), "{at}: {said:?}");
            }
            steps += 1;
            assert!(steps < MOST_STEPS, "{at}");
        }
        assert!(steps > 0, "{case:?} at {path} never asked the store");
    }
}

#[actix_web::test]
async fn what_needs_no_store_is_answered_without_it() {
    let world = World::begin(Case::Register);
    world.store.fail_from(0);
    for path in WITHOUT {
        let path = path.replace("{suffix:.*}", "mcp");
        let answer = world.server.get(&path).await;
        assert_eq!(answer.status, 200, "{path}: {}", answer.body);
    }
    let forgotten = world.server.post_form(WITHOUT_BY_FORM, &[]).await;
    assert_eq!(forgotten.status, 303);
    assert_eq!(world.server.get(ALWAYS_OVER).await.status, 400);
    assert!(world.store.failed().is_empty());
}

#[actix_web::test]
async fn an_identity_provider_that_is_down_is_temporarily_unavailable_to_clients_and_devices() {
    let world = World::begin(Case::Callback);
    let server = &world.server;
    let callback = async |page: Answer| {
        let approve = [
            ("request", &*page.field("request")),
            ("decision", "approve"),
        ];
        let away = server
            .send(with_cookies(form("/consent", &approve), &page))
            .await;
        let uri = format!("/callback?code=down&state={}", away.redirect().1["state"]);
        server
            .send(with_cookies(TestRequest::get().uri(&uri), &away))
            .await
    };
    let client_id = server.public_client().await;
    let page = server.get(&authorize_uri(&client_id, &[])).await;
    let back = callback(page).await;
    assert_eq!(back.redirect().0, CALLBACK);
    assert!(says_unavailable(&back), "{:?}", back.redirect());

    let (begun, page) = world.typed_device().await;
    let page = callback(page).await;
    assert_eq!(page.status, 503, "{}", page.body);
    assert!(says_unavailable(&page));
    // The device waits on, and its code may be typed again.
    assert_eq!(server.send(typed(&begun)).await.status, 200);
}
