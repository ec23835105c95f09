//! Pages of ours in a frame of another site (RFC 9700 section 4.16). That a browser obeys is
//! shown in Chromium (`browser::the consent page cannot be framed`).

use test_kit::gateway::{Gateway, Reply};

use super::account::signed_in;
use super::forms::{for_people, genuine};

fn assert_cannot_be_framed(page: &Reply, what: &str) {
    let policies: Vec<_> = page
        .headers
        .get_all("content-security-policy")
        .iter()
        .collect();
    assert_eq!(policies.len(), 1, "{what}");
    let policy = policies[0].to_str().unwrap();
    assert!(
        policy
            .split("; ")
            .any(|one| one == "frame-ancestors 'none'"),
        "{what}: {policy}"
    );
    // For what knows no such policy.
    assert_eq!(page.header("x-frame-options"), Some("DENY"), "{what}");
    assert!(
        page.header("content-type")
            .unwrap_or("text/html")
            .starts_with("text/html")
    );
}

#[actix_web::test]
async fn no_page_can_be_framed_whatever_its_status() {
    let gateway = Gateway::start().await;
    let client_id = gateway.public_client("Framed").await;
    let request = Gateway::authorize(&client_id, &[]);
    assert_cannot_be_framed(&gateway.get(&request).await, "the consent page");

    let mut browser = gateway.browser();
    let consent = gateway.open(&mut browser, &request).await;
    let away = browser
        .submit(&consent, "consent", &[("decision", "approve")])
        .await;
    let sign_in = away.location.unwrap();
    for path in [
        "/authorize?client_id=nobody",
        "/device?user_code=BCDF-GHJK",
        "/no/such/page",
        &format!("/sign-in?{}", sign_in.query().unwrap()),
    ] {
        assert_cannot_be_framed(&gateway.get(path).await, path);
    }
    for (method, path) in for_people(&gateway).await {
        let request = gateway.http.request(method, gateway.url(&path));
        assert_cannot_be_framed(&gateway.send(request).await, &path);
    }
    for form in genuine(&gateway).await {
        let answer = form.post(&gateway, form.path, &[], &[]).await;
        assert!(form.was_taken(&answer), "{}: {answer:?}", form.path);
        assert_cannot_be_framed(&answer, form.path);
    }
    let (cookie, _) = signed_in(&gateway).await;
    let request = gateway.http.get(gateway.url("/account"));
    let page = gateway.send(request.header("Cookie", cookie)).await;
    assert!(page.body.contains("Signed in as"), "{}", page.body);
    assert_cannot_be_framed(&page, "the account page");
}
