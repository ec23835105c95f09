//! From the consent page through the identity provider and back: refusals, forgeries, expiry.

use std::time::Duration;

use serde_json::json;
use test_kit::forger::Token;
use test_kit::stack::Stack;

#[actix_web::test]
async fn a_refusal_goes_back_as_access_denied_and_nobody_is_sent_to_github() {
    let stack = Stack::start().await;
    let mut client = stack.client("fetch").await;
    let (mut browser, consent) = stack.consent_page(&mut client).await;
    let back = browser
        .submit(&consent, "consent", &[("decision", "refuse")])
        .await;
    assert_eq!(
        back.location_query("error").as_deref(),
        Some("access_denied")
    );
    assert_eq!(back.location_query("state"), Some(client.state.clone()));
    assert_eq!(back.location_query("iss"), Some(stack.edge.issuer()));
}

#[actix_web::test]
async fn an_approval_from_another_browser_is_refused() {
    let stack = Stack::start().await;
    let mut client = stack.client("fetch").await;
    let (mut browser, consent) = stack.consent_page(&mut client).await;
    browser.clear_cookies();
    let answer = browser
        .submit(&consent, "consent", &[("decision", "approve")])
        .await;
    assert!(answer.status.is_client_error(), "{answer:?}");
    assert_eq!(answer.location, None);
}

#[actix_web::test]
async fn a_callback_in_another_browser_is_refused() {
    let stack = Stack::start().await;
    let mut client = stack.client("fetch").await;
    let (mut browser, consent) = stack.consent_page(&mut client).await;
    let away = browser
        .submit(&consent, "consent", &[("decision", "approve")])
        .await;
    let callback = browser.get(&away.location.unwrap()).await.location.unwrap();
    let mut victim = stack.browser();
    let answer = victim.get(&callback).await;
    assert!(answer.status.is_client_error(), "{answer:?}");
    assert_eq!(answer.location, None);
}

#[actix_web::test]
async fn a_state_works_once_and_a_made_up_one_never() {
    let stack = Stack::start().await;
    let mut client = stack.client("fetch").await;
    let (mut browser, consent) = stack.consent_page(&mut client).await;
    let away = browser
        .submit(&consent, "consent", &[("decision", "approve")])
        .await;
    let callback = browser.get(&away.location.unwrap()).await.location.unwrap();

    let mut forged = callback.clone();
    forged
        .query_pairs_mut()
        .clear()
        .append_pair("code", "x")
        .append_pair("state", "made-up");
    let answer = browser.get(&forged).await;
    assert!(answer.status.is_client_error(), "{answer:?}");
    assert_eq!(answer.location, None);

    let first = browser.get(&callback).await;
    assert!(first.location_query("code").is_some(), "{first:?}");
    let second = browser.get(&callback).await;
    assert!(second.status.is_client_error(), "{second:?}");
    assert_eq!(second.location, None);
}

#[actix_web::test]
async fn an_expired_state_is_refused_with_a_page() {
    let stack = Stack::start_with(&[("STATE_LIFETIME", "1")]).await;
    let mut client = stack.client("fetch").await;
    let (mut browser, consent) = stack.consent_page(&mut client).await;
    let away = browser
        .submit(&consent, "consent", &[("decision", "approve")])
        .await;
    let callback = browser.get(&away.location.unwrap()).await.location.unwrap();
    tokio::time::sleep(Duration::from_secs(3)).await;
    let answer = browser.get(&callback).await;
    assert!(answer.status.is_client_error(), "{answer:?}");
    assert_eq!(answer.location, None);
    assert!(
        answer.content_type.starts_with("text/html"),
        "{}",
        answer.content_type
    );
}

#[actix_web::test]
async fn an_expired_request_cannot_be_approved() {
    let stack = Stack::start_with(&[("SESSION_TIMEOUT", "1")]).await;
    let mut client = stack.client("fetch").await;
    let (mut browser, consent) = stack.consent_page(&mut client).await;
    tokio::time::sleep(Duration::from_secs(3)).await;
    let answer = browser
        .submit(&consent, "consent", &[("decision", "approve")])
        .await;
    assert!(answer.status.is_client_error(), "{answer:?}");
    assert_eq!(answer.location, None);
}

#[actix_web::test]
async fn a_person_who_may_not_come_in_gets_no_code() {
    let stack = Stack::start().await;
    stack.sign_in_as("stranger", 4711).await;
    let mut client = stack.client("fetch").await;
    let (mut browser, consent) = stack.consent_page(&mut client).await;
    let answer = stack.approve(&mut browser, &consent).await;
    assert_eq!(answer.location, None, "{answer:?}");
    assert!(!answer.status.is_success(), "{answer:?}");
    // The way back to the client is a link, so that the person learns why.
    assert!(answer.body.contains("error=access_denied"), "{answer:?}");
    assert!(!answer.body.contains("code="), "{answer:?}");
}

#[actix_web::test]
async fn a_denial_at_github_gives_no_code() {
    let stack = Stack::start().await;
    stack.github_control(&json!({ "deny": true })).await;
    let mut client = stack.client("fetch").await;
    let (mut browser, consent) = stack.consent_page(&mut client).await;
    let answer = stack.approve(&mut browser, &consent).await;
    assert_eq!(
        answer.location_query("error").as_deref(),
        Some("access_denied"),
        "{answer:?}"
    );
    assert_eq!(answer.location_query("code"), None);
}

#[actix_web::test]
async fn github_down_is_not_the_clients_fault() {
    let stack = Stack::start().await;
    let mut client = stack.client("fetch").await;
    let (mut browser, consent) = stack.consent_page(&mut client).await;
    let away = browser
        .submit(&consent, "consent", &[("decision", "approve")])
        .await;
    let callback = browser.get(&away.location.unwrap()).await.location.unwrap();
    stack.github_control(&json!({ "down": true })).await;
    let answer = browser.get(&callback).await;
    assert_eq!(answer.location_query("code"), None, "{answer:?}");
    let error = answer.location_query("error");
    let blames_the_server = error
        .as_deref()
        .map_or(answer.status.is_server_error(), |error| {
            error == "temporarily_unavailable" || error == "server_error"
        });
    assert!(blames_the_server, "{answer:?}");
}

#[actix_web::test]
async fn a_state_is_used_up_by_a_denial_too() {
    let stack = Stack::start().await;
    stack.github_control(&json!({ "deny": true })).await;
    let mut client = stack.client("fetch").await;
    let (mut browser, consent) = stack.consent_page(&mut client).await;
    let away = browser
        .submit(&consent, "consent", &[("decision", "approve")])
        .await;
    let denied = browser.get(&away.location.unwrap()).await.location.unwrap();
    let first = browser.get(&denied).await;
    let error = first.location_query("error");
    assert_eq!(error.as_deref(), Some("access_denied"), "{first:?}");
    let again = browser.get(&denied).await;
    assert_eq!((again.status.as_u16(), again.location), (400, None));
}

#[actix_web::test]
async fn github_is_asked_for_no_scope() {
    let stack = Stack::start().await;
    let mut client = stack.client("fetch").await;
    let (mut browser, consent) = stack.consent_page(&mut client).await;
    assert!(consent.body.contains("No email, no repositories."));
    let away = browser
        .submit(&consent, "consent", &[("decision", "approve")])
        .await;
    assert_eq!(away.location_query("scope"), None, "{away:?}");
    assert!(away.location_query("state").is_some());
}

#[actix_web::test]
async fn two_people_who_sign_in_at_once_are_two_people() {
    let stack = Stack::start_with(&[("ALLOWED_GITHUB_USERS", "octocat,hubot")]).await;
    let mut sign_ins = Vec::new();
    for (login, id) in [("octocat", 583_231), ("hubot", 480_938)] {
        stack.sign_in_as(login, id).await;
        let mut client = stack.client("fetch").await;
        let (mut browser, consent) = stack.consent_page(&mut client).await;
        let away = browser
            .submit(&consent, "consent", &[("decision", "approve")])
            .await;
        let callback = browser.get(&away.location.unwrap()).await.location.unwrap();
        sign_ins.push((client, browser, callback, login));
    }
    let mut both = sign_ins
        .iter_mut()
        .map(|(_, browser, callback, _)| browser.get(callback));
    let (one, two) = (both.next().unwrap(), both.next().unwrap());
    let (one, two) = tokio::join!(one, two);
    drop(both);
    for ((client, _, _, login), back) in sign_ins.iter().zip([one, two]) {
        let code = back.location_query("code").unwrap();
        let tokens = client.redeem(&code).await;
        let claims = Token::parse(tokens.text("access_token")).claims;
        assert_eq!(claims["username"], *login);
    }
}
