//! `/authorize`: what never redirects, and what goes back to the client as an error.

use test_kit::browser::Page;
use test_kit::mcp_client::REDIRECT_URI;
use test_kit::stack::Stack;

/// Asks for authorization with one parameter changed (or, by `None`, left out).
async fn ask_with(stack: &Stack, name: &str, value: Option<&str>) -> Page {
    let mut client = stack.client("fetch").await;
    let mut parameters = client.authorization_parameters();
    parameters.retain(|(key, _)| *key != name);
    let mut url = client.authorization_url(&parameters);
    if let Some(value) = value {
        url.query_pairs_mut().append_pair(name, value);
    }
    stack.browser().get(&url).await
}

fn assert_is_an_error_page(page: &Page) {
    assert_eq!(page.status, 400, "{}", page.body);
    assert_eq!(page.location, None);
    assert!(
        page.content_type.starts_with("text/html"),
        "{}",
        page.content_type
    );
}

fn assert_goes_back_with(stack: &Stack, page: &Page, error: &str) {
    let location = page
        .location
        .as_ref()
        .map_or("", |location| location.as_str());
    assert!(location.starts_with(REDIRECT_URI), "{page:?}");
    assert_eq!(page.location_query("error").as_deref(), Some(error));
    assert_eq!(page.location_query("iss"), Some(stack.edge.issuer()));
    assert!(page.location_query("state").is_some());
    assert_eq!(page.location_query("code"), None);
}

#[actix_web::test]
async fn an_unknown_client_gets_a_page_and_no_redirect() {
    let stack = Stack::start().await;
    assert_is_an_error_page(&ask_with(&stack, "client_id", Some("nobody")).await);
    assert_is_an_error_page(&ask_with(&stack, "client_id", None).await);
}

#[actix_web::test]
async fn an_unregistered_redirect_uri_gets_a_page_and_no_redirect() {
    let stack = Stack::start().await;
    for uri in [
        "https://evil.example/callback",
        "http://127.0.0.1:7777/callback/other",
        "http://127.0.0.1.evil.example:7777/callback",
        "http://127.0.0.1:7777/callback#fragment",
        "javascript:alert(1)",
    ] {
        assert_is_an_error_page(&ask_with(&stack, "redirect_uri", Some(uri)).await);
    }
}

#[actix_web::test]
async fn pkce_must_be_there_and_must_be_s256() {
    let stack = Stack::start().await;
    let page = ask_with(&stack, "code_challenge", None).await;
    assert_goes_back_with(&stack, &page, "invalid_request");
    let page = ask_with(&stack, "code_challenge_method", Some("plain")).await;
    assert_goes_back_with(&stack, &page, "invalid_request");
    // Without a method the meaning is `plain` (RFC 7636 section 4.3).
    let page = ask_with(&stack, "code_challenge_method", None).await;
    assert_goes_back_with(&stack, &page, "invalid_request");
}

#[actix_web::test]
async fn a_resource_that_is_not_served_is_an_invalid_target() {
    let stack = Stack::start().await;
    let page = ask_with(&stack, "resource", Some("https://elsewhere.example/mcp")).await;
    assert_goes_back_with(&stack, &page, "invalid_target");
}

#[actix_web::test]
async fn another_response_type_is_unsupported() {
    let stack = Stack::start().await;
    let page = ask_with(&stack, "response_type", Some("token")).await;
    assert_goes_back_with(&stack, &page, "unsupported_response_type");
}
