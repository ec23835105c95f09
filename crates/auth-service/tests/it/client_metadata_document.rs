//! Client ID Metadata Documents as MCP asks for them (client registration, C1 to C10).

use crate::harness::{Answer, CALLBACK, Server, authorize_uri, open_to_all};
use auth_service::flows::client_metadata_document::DocumentPolicy;
use auth_service::flows::clients::ClientSettings;
use auth_service::flows::remote::{RemoteAnswer, RemoteFault};
use serde_json::{Value, json};
use token_core::Seconds;

pub(crate) const URL: &str = "https://app.example/oauth/client.json";

pub(crate) fn document() -> Value {
    json!({
        "client_id": URL,
        "client_name": "Documented",
        "client_uri": "https://elsewhere.example",
        "redirect_uris": [CALLBACK, "http://localhost/callback", "nonsense"],
        "token_endpoint_auth_method": "none",
        "unknown": { "member": true },
    })
}

pub(crate) fn changed(changes: &Value) -> Value {
    let mut document = document();
    for (name, value) in changes.as_object().unwrap() {
        document[name] = value.clone();
    }
    document
}

pub(crate) fn answer(status: u16, body: &str) -> RemoteAnswer {
    RemoteAnswer {
        status,
        content_type: Some("application/json".to_owned()),
        body: Some(body.as_bytes().to_vec()),
        ..RemoteAnswer::default()
    }
}

pub(crate) async fn asks(server: &Server) -> Answer {
    server.get(&authorize_uri(URL, &[])).await
}

#[actix_web::test]
async fn c1_a_client_that_never_registered_signs_somebody_in() {
    let server = Server::start();
    server.remote.put_json(URL, &document());
    let tokens = server.tokens(URL).await;
    let refresh_token = tokens["refresh_token"].as_str().unwrap();
    assert_eq!(server.refresh(URL, refresh_token).await.status, 200);
    assert_eq!(server.remote.asked(URL), 1);
}

#[actix_web::test]
async fn c2_c5_c10_what_a_document_must_and_must_not_be() {
    let too_large = changed(&json!({ "x": "x".repeat(10 * 1024) })).to_string();
    let whole = document().to_string();
    let mut without_type = answer(200, &whole);
    without_type.content_type = None;
    let of = |changes: Value| answer(200, &changed(&changes).to_string());
    for (fetched, words) in [
        (
            of(json!({ "client_id": "https://app.example/oauth/other.json" })),
            "its own address",
        ),
        (
            of(json!({ "client_id": format!("{URL}/") })),
            "its own address",
        ),
        (
            of(json!({ "client_id": "https://app.example/oauth/" })),
            "its own address",
        ),
        (
            of(json!({ "client_id": "https://APP.example/oauth/client.json" })),
            "its own address",
        ),
        (of(json!({ "client_name": null })), "client_name"),
        (of(json!({ "client_name": " " })), "client_name"),
        (of(json!({ "redirect_uris": null })), "redirect_uris"),
        (
            of(json!({ "redirect_uris": ["javascript:alert(1)"] })),
            "redirect_uris",
        ),
        (of(json!({ "client_secret": "s" })), "client_secret"),
        (
            of(json!({ "token_endpoint_auth_method": "client_secret_post" })),
            "token_endpoint_auth_method",
        ),
        (
            of(json!({ "token_endpoint_auth_method": "private_key_jwt" })),
            "jwks",
        ),
        (
            of(
                json!({ "jwks_uri": "http://app.example/jwks", "token_endpoint_auth_method": "private_key_jwt" }),
            ),
            "jwks_uri",
        ),
        (answer(200, "<html>"), "JSON"),
        (answer(200, "[]"), "JSON"),
        (answer(200, &too_large), "too large"),
        (without_type, "application/json"),
        (answer(404, &whole), "nothing at its address"),
        (answer(302, &whole), "cannot be fetched"),
        (answer(500, &whole), "cannot be fetched"),
    ] {
        let server = Server::start();
        server.remote.put(URL, Ok(fetched));
        let page = asks(&server).await;
        assert_eq!(page.status, 400, "{words}");
        assert!(page.headers.get("location").is_none(), "{words}");
        assert!(page.body.contains(words), "{words}: {}", page.body);
    }
}

#[actix_web::test]
async fn c3_a_document_is_kept_as_its_headers_say() {
    let server = Server::start();
    server.remote.put_json(URL, &document());
    asks(&server).await;
    server.clock.advance(Seconds(599));
    asks(&server).await;
    assert_eq!(server.remote.asked(URL), 1);
    server
        .remote
        .put_json(URL, &changed(&json!({ "client_name": "Renamed" })));
    server.clock.advance(Seconds(1));
    assert!(asks(&server).await.body.contains("Renamed"));
    assert_eq!(server.remote.asked(URL), 2);
}

#[actix_web::test]
async fn c3_the_last_good_document_stands_in_for_a_week_of_outage() {
    let server = Server::start();
    server.remote.put_json(URL, &document());
    asks(&server).await;
    for outage in [
        Err(RemoteFault::Unreachable),
        Ok(answer(503, "")),
        Ok(answer(429, "")),
    ] {
        server.remote.put(URL, outage);
        server.clock.advance(Seconds(86_400));
        assert_eq!(asks(&server).await.status, 200);
    }
    server.clock.advance(Seconds(4 * 86_400 + 600));
    let page = asks(&server).await;
    assert_eq!(page.status, 400);
    assert!(page.body.contains("cannot be fetched now"), "{}", page.body);
}

#[actix_web::test]
async fn a_withdrawn_document_ends_its_client_at_once() {
    let server = Server::start();
    server.remote.put_json(URL, &document());
    asks(&server).await;
    server.remote.put(URL, Ok(answer(404, "")));
    server.clock.advance(Seconds(600));
    assert_eq!(asks(&server).await.status, 400);
}

#[actix_web::test]
async fn c10_a_failure_is_not_kept() {
    let server = Server::start();
    asks(&server).await;
    asks(&server).await;
    assert_eq!(server.remote.asked(URL), 1, "but a burst is one fetch");
    server.remote.put_json(URL, &document());
    server.clock.advance(Seconds(5));
    assert_eq!(asks(&server).await.status, 200);
}

#[actix_web::test]
async fn c4_redirect_uris_are_those_of_the_document_with_any_port_on_loopback() {
    let server = Server::start();
    server.remote.put_json(URL, &document());
    for (redirect_uri, status) in [
        ("http://localhost:49152/callback", 200),
        ("http://127.0.0.1:3118/callback", 200),
        ("http://localhost:49152/other", 400),
        ("https://app.example/callback", 400),
    ] {
        let uri = authorize_uri(URL, &[("redirect_uri", redirect_uri)]);
        assert_eq!(server.get(&uri).await.status, status, "{redirect_uri}");
    }
}

#[actix_web::test]
async fn c7_c8_the_page_says_whose_name_it_is_and_where_the_answer_goes() {
    let server = Server::start();
    server.remote.put_json(URL, &document());
    let page = asks(&server).await.body;
    assert!(
        page.contains("Its name comes from <strong><bdi>app.example</bdi>"),
        "{page}"
    );
    assert!(page.contains("client.example"), "{page}");
    assert!(
        !page.contains("elsewhere.example"),
        "nobody vouches for that"
    );
    let here = authorize_uri(URL, &[("redirect_uri", "http://localhost:1/callback")]);
    assert!(
        server
            .get(&here)
            .await
            .body
            .contains("That is this computer.")
    );
}

#[actix_web::test]
async fn c9_the_operator_decides_whose_documents_are_taken() {
    for (policy, supported, status) in [
        ("open", true, 200),
        ("app.example", true, 200),
        ("other.example", true, 400),
        ("off", false, 400),
    ] {
        let settings = ClientSettings {
            documents: DocumentPolicy::parse(policy).unwrap(),
            ..open_to_all()
        };
        let server = Server::with("fetch", settings);
        server.remote.put_json(URL, &document());
        assert_eq!(asks(&server).await.status, status, "{policy}");
        assert_eq!(
            server.remote.asked(URL),
            usize::from(status == 200),
            "{policy}"
        );
        let metadata = server.get("/.well-known/oauth-authorization-server").await;
        let said = &metadata.json()["client_id_metadata_document_supported"];
        assert_eq!(said, supported, "{policy}");
    }
}

#[actix_web::test]
async fn c10_a_url_of_another_form_is_an_unknown_client_and_nothing_is_fetched() {
    let server = Server::start();
    for url in [
        "http://app.example/client.json",
        "https://app.example/",
        "https://app.example/a/../client.json",
        "https://u@app.example/client.json",
        "https://app.example/client.json#f",
    ] {
        server
            .remote
            .put_json(url, &changed(&json!({ "client_id": url })));
        let page = server.get(&authorize_uri(url, &[])).await;
        assert_eq!(page.status, 400, "{url}");
        assert!(page.body.contains("not known here"), "{url}");
        assert_eq!(server.remote.asked(url), 0, "{url}");
    }
}

#[actix_web::test]
async fn chatgpt_lists_none_beside_its_keys_and_may_do_without_them() {
    let server = Server::start();
    let chatgpt = changed(&json!({
        "token_endpoint_auth_method": "private_key_jwt",
        "token_endpoint_auth_methods_supported": ["private_key_jwt", "none"],
        "jwks_uri": "https://app.example/jwks.json",
    }));
    server.remote.put_json(URL, &chatgpt);
    assert!(server.tokens(URL).await["access_token"].is_string());
    let wrong = [
        ("grant_type", "refresh_token"),
        ("client_assertion", "e30.eyJzdWIiOiJ4In0.x"),
        (
            "client_assertion_type",
            "urn:ietf:params:oauth:client-assertion-type:jwt-bearer",
        ),
        ("client_id", URL),
    ];
    let answer = server.post_form("/token", &wrong).await;
    assert_eq!(
        answer.error().1,
        "invalid_request",
        "another client's assertion"
    );
}

#[actix_web::test]
async fn a_document_with_keys_alone_must_use_them() {
    let server = Server::start();
    let strict = changed(&json!({
        "token_endpoint_auth_method": "private_key_jwt",
        "jwks_uri": "https://app.example/jwks.json",
    }));
    server.remote.put_json(URL, &strict);
    let code = server.code(URL).await;
    let answer = server.redeem(URL, &code).await;
    assert_eq!(answer.error(), (401, "invalid_client".to_owned()));
}
