//! Nobody is sent to an address that stands in the request (RFC 9700 section 4.11).

use reqwest::Method;
use reqwest::header::HOST;
use test_kit::gateway::Gateway;

use super::forms::{for_people, genuine};

const EVIL: &str = "https://evil.example/";
/// Names under which servers have taken an address to go on to.
const NAMES: [&str; 8] = [
    "redirect_uri",
    "redirect",
    "return_to",
    "next",
    "url",
    "continue",
    "RelayState",
    "target_link_uri",
];

#[actix_web::test]
async fn no_page_redirects_to_an_address_in_its_query() {
    let gateway = Gateway::start().await;
    for (method, path) in for_people(&gateway).await {
        for name in NAMES.iter().filter(|_| method == Method::GET) {
            let answer = gateway.get(&format!("{path}?{name}={EVIL}&state=x")).await;
            assert_eq!(answer.location(), None, "{path} {name}");
            assert!(!answer.body.contains("evil.example"), "{path} {name}");
        }
    }
}

#[actix_web::test]
async fn no_form_redirects_to_an_address_that_is_posted() {
    let gateway = Gateway::start().await;
    let evil = NAMES.map(|name| (name, EVIL));
    let query: Vec<_> = NAMES.iter().map(|name| format!("{name}={EVIL}")).collect();
    for form in genuine(&gateway).await {
        let path = format!("{}?{}", form.path, query.join("&"));
        let answer = form.post(&gateway, &path, &evil, &[]).await;
        // It leads where it would have led without them.
        assert!(form.was_taken(&answer), "{}: {answer:?}", form.path);
        let said = format!("{:?} {}", answer.location(), answer.body);
        assert!(!said.contains("evil.example"), "{}: {said}", form.path);
    }
}

#[actix_web::test]
async fn an_error_stays_here_until_client_and_redirect_uri_belong_together() {
    let gateway = Gateway::start().await;
    let client_id = gateway.public_client("Honest").await;
    // Each request has a fault besides, which would be told to a client that is trusted.
    for (client_id, redirect_uri) in [
        ("nobody", EVIL),
        ("", EVIL),
        (&*client_id, EVIL),
        (&*client_id, "http://127.0.0.1:1/callback/../evil"),
    ] {
        let changes = [("redirect_uri", redirect_uri), ("response_type", "token")];
        let answer = gateway.get(&Gateway::authorize(client_id, &changes)).await;
        assert_eq!(answer.status, 400, "{client_id} {redirect_uri}");
        assert_eq!(answer.location(), None, "{client_id} {redirect_uri}");
    }
}

#[actix_web::test]
async fn a_path_or_host_that_names_another_site_leads_nowhere() {
    let gateway = Gateway::start().await;
    for path in [
        "//evil.example/authorize",
        "//evil.example/%2e%2e",
        "/\\evil.example/",
        "/authorize//evil.example",
        "/.evil.example",
    ] {
        let host = gateway.host();
        let request = format!("GET {path} HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n");
        let answer = gateway.raw(request.as_bytes()).await;
        let answer = String::from_utf8(answer).unwrap();
        assert!(
            !answer.to_ascii_lowercase().contains("\r\nlocation:"),
            "{path}: {answer}"
        );
    }
    for forged in [
        "evil.example",
        "localhost.evil.example",
        "localhost:1@evil.example",
    ] {
        let request = gateway
            .http
            .get(gateway.url("/authorize"))
            .header(HOST, forged);
        let answer = gateway.send(request).await;
        assert_eq!(
            (answer.status.as_u16(), answer.location()),
            (421, None),
            "{forged}"
        );
        assert!(!answer.body.contains("evil"), "{forged}");
    }
}
