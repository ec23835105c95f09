//! Each step of a login is seen, and leads to the others.

use actix_web::test::TestRequest;
use token_core::audit::{Agent, LoginStep, LooksLike, Step};

use crate::harness::{Browser, PASSPHRASE, Server, authorize_uri};

fn named(steps: &[LoginStep]) -> Vec<(Step, Option<&str>)> {
    steps.iter().map(|step| (step.step, step.error)).collect()
}

#[actix_web::test]
async fn the_steps_of_a_login_are_one_flow_and_one_session() {
    let server = Server::start();
    server.get("/.well-known/oauth-authorization-server").await;
    let client_id = server.public_client().await;
    let code = server.code(&client_id).await;
    assert_eq!(server.redeem(&client_id, &code).await.status, 200);
    let steps = server.steps();
    let all = [
        Step::Discovery,
        Step::Registration,
        Step::Authorize,
        Step::Consent,
        Step::SignIn,
        Step::Token,
    ];
    assert_eq!(named(&steps), all.map(|step| (step, None)));
    let [_, registration, authorize, consent, sign_in, token] = &*steps else {
        panic!("{steps:?}");
    };
    for step in [registration, authorize, sign_in, token] {
        assert_eq!(
            step.client_id.as_ref().map(ToString::to_string),
            Some(client_id.clone())
        );
    }
    assert_eq!(authorize.looks_like, Some(LooksLike::Web));
    assert!(authorize.flow.is_some());
    assert_eq!(
        (&authorize.flow, &consent.flow),
        (&consent.flow, &sign_in.flow)
    );
    assert!(sign_in.grant.is_some() && sign_in.grant == token.grant);
    // Where the code goes, and nothing of it but its session.
    let all = serde_json::to_string(&steps).unwrap();
    assert!(
        !all.contains(&code) && !all.contains("client-state"),
        "{all}"
    );
}

#[actix_web::test]
async fn an_error_page_shows_a_reference_that_is_recorded() {
    let server = Server::start();
    let page = server.get(&authorize_uri("nobody", &[])).await;
    let [step] = &*server.steps() else {
        panic!("{:?}", server.steps());
    };
    assert_eq!(
        (step.step, step.error),
        (Step::Authorize, Some("unknown_client"))
    );
    assert_eq!(step.client_id.as_ref().unwrap().as_str(), "nobody");
    let reference = step.reference.as_ref().unwrap();
    assert!(
        page.body.contains(&format!("<code>{reference}</code>")),
        "{}",
        page.body
    );
    // There is nothing to know of a page that is not there.
    let nowhere = server.get("/nowhere").await;
    assert!(!nowhere.body.contains("Reference") && server.steps().len() == 1);
}

#[actix_web::test]
async fn a_failure_is_the_step_that_failed() {
    let server = Server::start();
    let client_id = server.public_client().await;
    let mut browser = Browser::new(&server);
    let state = browser.state(&authorize_uri(&client_id, &[])).await;
    let sign_in = |passphrase| [("state", state.clone()), ("passphrase", passphrase)];
    for passphrase in ["wrong".to_owned(), PASSPHRASE.to_owned()] {
        let fields = sign_in(passphrase);
        let fields: Vec<_> = fields
            .iter()
            .map(|(name, value)| (*name, value.as_str()))
            .collect();
        browser.post("/sign-in", &fields).await;
    }
    server
        .get(&authorize_uri(
            &client_id,
            &[("code_challenge_method", "plain")],
        ))
        .await;
    server.redeem(&client_id, "not-a-code").await;
    let request = TestRequest::post()
        .uri("/register")
        .insert_header(("User-Agent", "node"))
        .set_payload("{");
    server.send(request).await;
    let steps = server.steps();
    assert_eq!(
        named(&steps),
        [
            (Step::Registration, None),
            (Step::Authorize, None),
            (Step::Consent, None),
            (Step::SignIn, Some("wrong_passphrase")),
            (Step::SignIn, None),
            (Step::Authorize, Some("invalid_request")),
            (Step::Token, Some("invalid_grant")),
            (Step::Registration, Some("invalid_client_metadata")),
        ]
    );
    assert!(steps[3].flow.is_some() && steps[3].flow == steps[4].flow);
    assert_eq!(
        steps[5].description,
        Some("code_challenge_method must be S256")
    );
    assert_eq!(steps[7].agent, Agent::Node);
}
