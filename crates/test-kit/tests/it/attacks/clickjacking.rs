//! Pages of ours in a frame of another site (RFC 9700 section 4.16). That a browser obeys is
//! shown in Chromium (`browser::the consent page cannot be framed`).

use test_kit::gateway::{Gateway, Reply};

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
        "/",
        "/authorize",
        "/authorize?client_id=nobody",
        "/consent",
        "/device",
        "/device?user_code=BCDF-GHJK",
        "/device/connected",
        "/error",
        "/no/such/page",
        &format!("/sign-in?{}", sign_in.query().unwrap()),
        "/success",
    ] {
        assert_cannot_be_framed(&gateway.get(path).await, path);
    }
    for path in ["/consent", "/sign-in", "/device"] {
        assert_cannot_be_framed(&gateway.post(path, &[]).await, path);
    }
}
