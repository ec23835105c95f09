//! Sessions that the attacker chose before the victim came (RFC 6749 section 10.12; MCP security
//! best practices, "session hijacking").

use test_kit::gateway::{Gateway, Reply};

async fn with_cookie(gateway: &Gateway, path: &str, cookie: &str) -> Reply {
    let request = gateway.http.get(gateway.url(path)).header("Cookie", cookie);
    gateway.send(request).await
}

async fn decide(gateway: &Gateway, page: &Reply, cookie: &str) -> Reply {
    decide_from(gateway, page, cookie, &gateway.origin).await
}

async fn decide_from(gateway: &Gateway, page: &Reply, cookie: &str, origin: &str) -> Reply {
    let request = page.field("request");
    let form = [("request", &*request), ("decision", "approve")];
    let request = gateway
        .http
        .post(gateway.url("/consent"))
        .header("Cookie", cookie)
        .header("Origin", origin)
        .form(&form);
    gateway.send(request).await
}

#[actix_web::test]
async fn a_sign_in_gets_a_new_cookie_whatever_the_browser_came_with() {
    let gateway = Gateway::start().await;
    let client_id = gateway.public_client("Fixed").await;
    let request = Gateway::authorize(&client_id, &[]);
    let mut seen = Vec::new();
    for _ in 0..2 {
        // Names and values that the attacker knows from sign-ins of his own.
        let planted = seen.join("; ");
        let page = with_cookie(&gateway, &request, &planted).await;
        let cookie = format!("{planted}; {}", page.cookies());
        let away = decide(&gateway, &page, &cookie).await;
        let set = away.cookies();
        assert!(set.starts_with("mcp-sign-in-"), "{set}");
        assert!(!seen.contains(&set), "{set}");
        let value = set.split_once('=').unwrap().1.to_owned();
        assert!(!planted.contains(&value), "{set}");
        seen.push(set);
    }
}

#[actix_web::test]
async fn a_planted_consent_cookie_does_not_let_the_attackers_site_decide() {
    let gateway = Gateway::start().await;
    let client_id = gateway.public_client("Fixed").await;
    // His own page and his own cookie, which he plants: any server on loopback shares our jar.
    let page = gateway.get(&Gateway::authorize(&client_id, &[])).await;
    for (origin, status) in [("http://localhost:1", 400), (&*gateway.origin, 303)] {
        let answer = decide_from(&gateway, &page, &page.cookies(), origin).await;
        assert_eq!(answer.status, status, "{origin}");
    }
}

#[actix_web::test]
async fn a_sign_in_that_was_planted_with_its_cookie_signs_in_for_what_its_own_page_says() {
    let gateway = Gateway::start().await;
    let client_id = gateway.public_client("The attackers app").await;
    let request = Gateway::authorize(&client_id, &[]);
    let page = gateway.get(&request).await;
    let away = decide(&gateway, &page, &page.cookies()).await;
    // Whoever can plant a cookie can plant a sign-in: it still says for whom it is.
    let path = away
        .location()
        .unwrap()
        .strip_prefix(&gateway.origin)
        .unwrap()
        .to_owned();
    let page = with_cookie(&gateway, &path, &away.cookies()).await;
    assert!(page.body.contains("The attackers app"), "{}", page.body);
}

#[actix_web::test]
async fn a_code_planted_on_the_success_page_is_not_shown() {
    let gateway = Gateway::start().await;
    for planted in [
        "mcp-success=phished",
        "mcp-success=eyJjb2RlIjoicGhpc2hlZCJ9",
    ] {
        let page = with_cookie(&gateway, "/success?code=phished", planted).await;
        assert_eq!(page.status, 200);
        assert!(!page.body.contains("phished"), "{}", page.body);
        assert!(page.body.contains("Nothing to show"), "{}", page.body);
    }
}
