//! RFC 9126: requests that the client sends ahead.

use token_core::RedirectUri;
use token_core::Seconds;
use token_core::client::{Client, GrantType};

use crate::harness::{
    Answer, Browser, CALLBACK, Server, authorization_request, authorize_uri, operators_client,
};

/// A request with these parameters changed; an empty value leaves one out.
async fn push(server: &Server, client_id: &str, changes: &[(&str, &str)]) -> Answer {
    let changes = [&[("state", "pushed-state")], changes].concat();
    let fields = authorization_request(client_id, &changes);
    server.post_form("/par", &fields).await
}

async fn pushed(server: &Server, client_id: &str) -> String {
    let answer = push(server, client_id, &[]).await;
    assert_eq!(answer.status, 201, "{}", answer.body);
    assert_eq!(answer.json()["expires_in"], 90);
    answer.json()["request_uri"].as_str().unwrap().to_owned()
}

fn with_request_uri(client_id: &str, request_uri: &str, more: &str) -> String {
    let mut query = url::form_urlencoded::Serializer::new(String::new());
    query.append_pair("client_id", client_id);
    query.append_pair("request_uri", request_uri);
    format!("/authorize?{}{more}", query.finish())
}

#[actix_web::test]
async fn a_pushed_request_leads_to_a_code() {
    let server = Server::start();
    let client_id = server.public_client().await;
    let request_uri = pushed(&server, &client_id).await;
    assert!(request_uri.starts_with("urn:ietf:params:oauth:request_uri:"));

    let uri = with_request_uri(&client_id, &request_uri, "");
    let (base, query) = Browser::new(&server).through(&uri).await.redirect();
    assert_eq!(base, CALLBACK);
    assert_eq!(query["state"], "pushed-state");
    let tokens = server.redeem(&client_id, &query["code"]).await;
    assert_eq!(tokens.status, 200, "{}", tokens.body);
}

#[actix_web::test]
async fn what_stands_beside_a_request_uri_is_ignored() {
    let server = Server::start();
    let client_id = server.public_client().await;
    let request_uri = pushed(&server, &client_id).await;
    let more = "&state=injected&redirect_uri=https%3A%2F%2Fevil.example%2F&response_type=token";
    let uri = with_request_uri(&client_id, &request_uri, more);
    let (base, query) = Browser::new(&server).through(&uri).await.redirect();
    assert_eq!(base, CALLBACK);
    assert_eq!(query["state"], "pushed-state");
}

#[actix_web::test]
async fn a_request_uri_is_its_clients_and_lives_ninety_seconds() {
    let server = Server::start();
    let client_id = server.public_client().await;
    let stranger = server.public_client_named("Stranger").await;
    let request_uri = pushed(&server, &client_id).await;
    for (client_id, request_uri) in [
        (&*stranger, &*request_uri),
        (&*client_id, "urn:ietf:params:oauth:request_uri:made-up"),
        (&*client_id, "https://client.example/request.jwt"),
    ] {
        let answer = server
            .get(&with_request_uri(client_id, request_uri, ""))
            .await;
        assert_eq!(answer.status, 400, "{request_uri}");
        assert!(answer.header("location").is_none());
    }
    let uri = with_request_uri(&client_id, &request_uri, "");
    server.clock.advance(Seconds(89));
    assert_eq!(server.get(&uri).await.status, 200);
    assert_eq!(
        server.get(&uri).await.status,
        200,
        "a reload is no second use"
    );
    server.clock.advance(Seconds(1));
    assert_eq!(server.get(&uri).await.status, 400);
}

#[actix_web::test]
async fn a_pushed_request_is_checked_as_the_browsers_would_be() {
    let server = Server::start();
    let client_id = server.public_client().await;
    for (name, value, error) in [
        ("redirect_uri", "https://evil.example/", "invalid_request"),
        ("response_type", "token", "unsupported_response_type"),
        ("code_challenge", "", "invalid_request"),
        ("code_challenge_method", "plain", "invalid_request"),
        (
            "resource",
            "https://elsewhere.example/mcp",
            "invalid_target",
        ),
        (
            "request_uri",
            "urn:ietf:params:oauth:request_uri:x",
            "invalid_request",
        ),
    ] {
        let answer = push(&server, &client_id, &[(name, value)]).await;
        assert_eq!(answer.error(), (400, error.to_owned()), "{name}={value}");
    }
    let unknown = push(&server, "nobody", &[]).await;
    assert_eq!(unknown.error(), (401, "invalid_client".to_owned()));
    // The same request is good at the authorization endpoint.
    let answer = server.get(&authorize_uri(&client_id, &[])).await;
    assert_eq!(answer.status, 200);
}

#[actix_web::test]
async fn a_confidential_client_proves_itself_when_it_pushes() {
    let server = Server::start();
    let client = Client {
        redirect_uris: vec![RedirectUri::parse(CALLBACK).unwrap()],
        ..operators_client("web-app", GrantType::AuthorizationCode)
    };
    server.provision(&client).await;
    let answer = push(&server, "web-app", &[]).await;
    assert_eq!(answer.error(), (401, "invalid_client".to_owned()));
    let answer = push(&server, "web-app", &[("client_secret", "s3cret")]).await;
    assert_eq!(answer.status, 201, "{}", answer.body);
    let request_uri = answer.json()["request_uri"].as_str().unwrap().to_owned();
    let page = server
        .get(&with_request_uri("web-app", &request_uri, ""))
        .await;
    assert_eq!(page.status, 200);
}
