//! The authorization request: OAuth 2.1 section 4.1.1, RFC 8707, RFC 9207.

use token_core::RedirectUri;
use token_core::client::GrantType;

use crate::harness::{Browser, CALLBACK, Server, authorize_uri, operators_client};
use actix_web::test::TestRequest;
use serde_json::json;

#[actix_web::test]
async fn the_consent_page_says_who_asks_for_what() {
    let server = Server::start();
    let client_id = server.public_client().await;
    let page = server.get(&authorize_uri(&client_id, &[])).await;
    assert_eq!(page.status, 200);
    assert_eq!(page.header("cache-control"), Some("no-store"));
    for text in [
        "Test client",
        "client.example",
        "https://fetch.example.com/mcp",
        "tools",
    ] {
        assert!(page.body.contains(text), "{text}: {}", page.body);
    }
    assert!(!page.body.contains("<script"));
}

#[actix_web::test]
async fn hostile_metadata_stays_text() {
    let server = Server::start();
    let name = "<script>alert(1)</script>\"'><img src=x>";
    let metadata = json!({ "client_name": name, "redirect_uris": [CALLBACK] });
    let client = server.register(&metadata).await.json();
    let page = server
        .get(&authorize_uri(client["client_id"].as_str().unwrap(), &[]))
        .await;
    assert!(
        !page.body.contains("<script>") && !page.body.contains("<img"),
        "{}",
        page.body
    );
}

#[actix_web::test]
async fn a_refused_request_goes_back_with_state_and_issuer() {
    let server = Server::with_services("fetch,echo");
    let client_id = server.public_client().await;
    for (changes, error) in [
        (&[("code_challenge", "")][..], "invalid_request"),
        (&[("code_challenge_method", "")], "invalid_request"),
        (&[("code_challenge_method", "plain")], "invalid_request"),
        (&[("code_challenge", "short")], "invalid_request"),
        (&[("response_type", "token")], "unsupported_response_type"),
        (&[("response_type", "")], "invalid_request"),
        (&[("response_mode", "fragment")], "invalid_request"),
        (
            &[("resource", "https://evil.example/mcp")],
            "invalid_target",
        ),
        (&[("resource", "")], "invalid_target"),
    ] {
        let answer = server.get(&authorize_uri(&client_id, changes)).await;
        assert_eq!(answer.status, 303, "{changes:?}");
        let (base, query) = answer.redirect();
        assert_eq!(base, CALLBACK);
        assert_eq!(query["error"], error, "{changes:?}");
        assert_eq!(query["state"], "client-state");
        assert_eq!(query["iss"], "https://auth.example.com");
        assert!(!query.contains_key("code"));
    }
}

#[actix_web::test]
async fn repeated_parameters_are_refused_but_for_the_same_resource() {
    let server = Server::start();
    let client_id = server.public_client().await;
    let uri = authorize_uri(&client_id, &[]);
    let again = server
        .get(&format!("{uri}&resource=https://fetch.example.com/mcp/"))
        .await;
    assert_eq!(
        again.redirect().1["error"],
        "invalid_target",
        "two spellings are two values"
    );
    let same = server
        .get(&format!(
            "{uri}&resource=https%3A%2F%2Ffetch.example.com%2Fmcp"
        ))
        .await;
    assert_eq!(same.status, 200);
    let scope = server.get(&format!("{uri}&scope=mcp&scope=mcp")).await;
    assert_eq!(scope.redirect().1["error"], "invalid_request");
    let redirect = server
        .get(&format!("{uri}&redirect_uri=https://evil.example/"))
        .await;
    assert_eq!(redirect.status, 400);
    assert!(redirect.header("location").is_none());
}

#[actix_web::test]
async fn without_a_trusted_redirect_there_is_a_page() {
    let server = Server::start();
    let client_id = server.public_client().await;
    for (client_id, changes) in [
        ("nobody", &[][..]),
        ("", &[]),
        (
            &client_id,
            &[("redirect_uri", "https://client.example/other")],
        ),
        (
            &client_id,
            &[("redirect_uri", "https://client.example/callback/")],
        ),
        (
            &client_id,
            &[(
                "redirect_uri",
                "https://client.example@evil.example/callback",
            )],
        ),
        (&client_id, &[("redirect_uri", "javascript:alert(1)")]),
    ] {
        let answer = server.get(&authorize_uri(client_id, changes)).await;
        assert_eq!(answer.status, 400, "{changes:?}");
        assert!(answer.header("location").is_none(), "{changes:?}");
    }
}

#[actix_web::test]
async fn an_mcp_host_sends_the_browser_to_the_issuer_with_its_query_unchanged() {
    let server = Server::with_services("fetch,echo");
    let named = TestRequest::get()
        .uri("/authorize?resource=https://echo.example.com/mcp")
        .insert_header(("Host", "fetch.example.com"));
    let location = "https://auth.example.com/authorize?resource=https://echo.example.com/mcp";
    assert_eq!(server.send(named).await.header("location"), Some(location));
    for host in [
        "fetch.example.com",
        "FETCH.example.com:443",
        "fetch.example.com.",
    ] {
        let request = TestRequest::get()
            .uri("/authorize?client_id=x&state=a%2Fb")
            .insert_header(("Host", host));
        let answer = server.send(request).await;
        assert_eq!(answer.status, 302, "{host}");
        let location = "https://auth.example.com/authorize?client_id=x&state=a%2Fb";
        let added = "&resource=https%3A%2F%2Ffetch.example.com%2Fmcp";
        assert_eq!(
            answer.header("location"),
            Some(&*format!("{location}{added}"))
        );
    }
}

#[actix_web::test]
async fn the_answer_keeps_the_redirect_uris_own_query_and_escapes_the_state() {
    let server = Server::start();
    let uri = "https://client.example/cb?tenant=1";
    let metadata = json!({ "redirect_uris": [uri], "token_endpoint_auth_method": "none" });
    let client = server.register(&metadata).await.json();
    let client_id = client["client_id"].as_str().unwrap();
    let state = "x&code=INJECTED\r\nSet-Cookie: a=b é";
    let request = authorize_uri(client_id, &[("redirect_uri", uri), ("state", state)]);
    let answer = Browser::new(&server).through(&request).await;
    let location = answer.header("location").unwrap();
    assert!(
        location.starts_with("https://client.example/cb?tenant=1&code="),
        "{location}"
    );
    assert_eq!(location.matches("code=").count(), 1, "{location}");
    assert_eq!(answer.redirect().1["state"], state);
}

#[actix_web::test]
async fn a_client_whose_grants_begin_otherwise_is_sent_back() {
    let server = Server::start();
    let mut machine = operators_client("machine", GrantType::ClientCredentials);
    machine.redirect_uris = vec![RedirectUri::parse(CALLBACK).unwrap()];
    server.provision(&machine).await;
    let answer = server.get(&authorize_uri("machine", &[])).await;
    assert_eq!(answer.redirect().1["error"], "unauthorized_client");
}
