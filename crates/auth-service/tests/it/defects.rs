//! The defects of this page's first implementation (`docs/rfc-map.md`, by their numbers there):
//! that ours has them not, where no other test shows it.

use actix_web::http::Method;
use actix_web::http::header::HeaderValue;
use actix_web::test::TestRequest;
use auth_service::identity::IdentityProvider;
use auth_service::identity::github::{GitHub, GitHubApp};
use serde_json::{Value, json};
use token_core::audit::{AuditEvent, FailureReason};
use token_core::secret::ClientSecret;
use token_core::{Issuer, Seconds};
use url::Url;

use crate::harness::{Browser, CALLBACK, Server, authorize_uri};

const HOUR: Seconds = Seconds(3600);

fn text<'a>(value: &'a Value, name: &str) -> &'a str {
    value[name]
        .as_str()
        .unwrap_or_else(|| panic!("no {name}: {value}"))
}

/// A client with a secret of its own.
async fn confidential(server: &Server) -> Value {
    let metadata = json!({
        "client_name": "Mine",
        "redirect_uris": [CALLBACK],
        "token_endpoint_auth_method": "client_secret_post",
    });
    server.register(&metadata).await.json()
}

/// A request to a registration, with its own token.
fn managed(registered: &Value, method: Method) -> TestRequest {
    let path = format!("/register/{}", text(registered, "client_id"));
    let token = text(registered, "registration_access_token");
    TestRequest::with_uri(&path)
        .method(method)
        .insert_header(("Authorization", format!("Bearer {token}")))
}

#[actix_web::test]
async fn defect_7_whichever_token_is_revoked_the_other_ends_with_it() {
    let server = Server::start();
    let client_id = server.public_client().await;
    for revoked in ["access_token", "refresh_token"] {
        let tokens = server.tokens(&client_id).await;
        let other = server.tokens(&client_id).await;
        let fields = [
            ("client_id", &*client_id),
            ("token", text(&tokens, revoked)),
        ];
        for _ in 0..3 {
            assert_eq!(server.post_form("/revoke", &fields).await.status, 200);
        }
        assert!(
            !server.is_active(text(&tokens, "access_token")).await,
            "{revoked}"
        );
        let refresh = server
            .refresh(&client_id, text(&tokens, "refresh_token"))
            .await;
        assert_eq!(
            refresh.error(),
            (400, "invalid_grant".to_owned()),
            "{revoked}"
        );
        assert!(
            server.is_active(text(&other, "access_token")).await,
            "another sign-in"
        );
    }
    let ended = |event: &AuditEvent| matches!(event, AuditEvent::GrantRevoked { .. });
    assert_eq!(
        server.events().iter().filter(|event| ended(event)).count(),
        2,
        "each is told once, however often it is said"
    );
}

#[actix_web::test]
async fn defect_7_an_expired_access_token_ends_nothing() {
    let server = Server::start();
    let client_id = server.public_client().await;
    let tokens = server.tokens(&client_id).await;
    server.clock.advance(HOUR);
    let fields = [
        ("client_id", &*client_id),
        ("token", text(&tokens, "access_token")),
    ];
    assert_eq!(server.post_form("/revoke", &fields).await.status, 200);
    let refresh = server
        .refresh(&client_id, text(&tokens, "refresh_token"))
        .await;
    assert_eq!(refresh.status, 200, "{}", refresh.body);
}

#[actix_web::test]
async fn defect_8_a_person_who_was_taken_off_the_list_gets_no_more_tokens() {
    let server = Server::start();
    let client_id = server.public_client().await;
    let tokens = server.tokens(&client_id).await;
    server.admits(|admission| admission.local = false);
    let refused = server
        .refresh(&client_id, text(&tokens, "refresh_token"))
        .await;
    assert_eq!(refused.error(), (400, "invalid_grant".to_owned()));
    assert!(
        !server.is_active(text(&tokens, "access_token")).await,
        "his grant has ended"
    );
    let not_admitted = |event: &AuditEvent| {
        matches!(
            event,
            AuditEvent::AuthFailure {
                reason: FailureReason::NotAdmitted,
                ..
            }
        )
    };
    assert!(server.events().iter().any(not_admitted));
}

#[actix_web::test]
async fn defect_12_what_stands_in_an_address_is_on_no_page() {
    let server = Server::start();
    let client_id = server.public_client().await;
    let hostile = "%3Cscript%3Ealert(1)%3C/script%3E";
    let known = authorize_uri(
        &client_id,
        &[("redirect_uri", "https://x.example/alert(1)")],
    );
    for uri in [
        &format!("/authorize?client_id={hostile}"),
        &known,
        &format!("/success?code={hostile}&state={hostile}"),
        &format!("/success?error={hostile}&error_description={hostile}"),
        &format!("/error?error={hostile}&error_description={hostile}"),
        &format!("/callback?error={hostile}&state={hostile}"),
        &format!("/sign-in?state={hostile}"),
        &format!("/device?user_code={hostile}"),
        &format!("/{hostile}"),
    ] {
        let page = server.get(uri).await;
        assert!(
            page.header("content-type")
                .unwrap()
                .starts_with("text/html"),
            "{uri}"
        );
        assert!(!page.body.contains("alert(1)"), "{uri}: {}", page.body);
    }
}

#[actix_web::test]
async fn defect_14_a_client_with_a_secret_must_show_it_to_revoke_and_to_introspect() {
    let server = Server::start();
    let client = confidential(&server).await;
    let client_id = text(&client, "client_id");
    for path in ["/revoke", "/introspect"] {
        for secret in ["", "wrong", "é\u{1f600}"] {
            let fields = [
                ("client_id", client_id),
                ("client_secret", secret),
                ("token", "x"),
            ];
            let answer = server.post_form(path, &fields).await;
            assert_eq!(
                answer.error(),
                (401, "invalid_client".to_owned()),
                "{path} {secret}"
            );
        }
        let secret = text(&client, "client_secret");
        let fields = [
            ("client_id", client_id),
            ("client_secret", secret),
            ("token", "x"),
        ];
        assert_eq!(server.post_form(path, &fields).await.status, 200, "{path}");
    }
}

#[actix_web::test]
async fn defect_20_a_registration_is_small() {
    let server = Server::start();
    for metadata in [
        json!({ "redirect_uris": [CALLBACK], "client_name": "x".repeat(200_000) }),
        json!({ "redirect_uris": vec![CALLBACK; 5000] }),
        json!({ "redirect_uris": [CALLBACK], "x": "x".repeat(70_000) }),
    ] {
        let answer = server.register(&metadata).await;
        assert_eq!(answer.status, 400, "{}", answer.body);
        assert!(answer.json()["error"].is_string());
    }
}

#[actix_web::test]
async fn defect_20_a_replacement_does_not_prolong_a_client() {
    let server = Server::start();
    let client = confidential(&server).await;
    server.clock.advance(Seconds(23 * HOUR.0));
    let body = json!({ "client_id": client["client_id"], "redirect_uris": [CALLBACK] });
    let put = server
        .send(managed(&client, Method::PUT).set_json(&body))
        .await;
    assert_eq!(put.status, 200, "{}", put.body);
    server.clock.advance(HOUR);
    assert_eq!(server.send(managed(&client, Method::GET)).await.status, 401);
}

#[actix_web::test]
async fn defect_20_where_clients_stay_for_ever_the_never_used_go_within_a_day() {
    let mut server = Server::start();
    server.change(|context| context.lifetimes.client = None);
    let used = server.public_client_named("Used").await;
    server.tokens(&used).await;
    let unused = server.public_client_named("Unused").await;
    server.clock.advance(Seconds(24 * HOUR.0));
    assert_eq!(server.get(&authorize_uri(&unused, &[])).await.status, 400);
    server.clock.advance(Seconds(3650 * 24 * HOUR.0));
    assert_eq!(server.get(&authorize_uri(&used, &[])).await.status, 200);
}

#[actix_web::test]
async fn defect_24_a_registration_token_that_is_not_ascii_is_refused() {
    let server = Server::start();
    let client = confidential(&server).await;
    for token in [
        "Bearer \u{e9}\u{1f600}".as_bytes(),
        b"Bearer \xff\xfe",
        b"Bearer",
    ] {
        let header = HeaderValue::from_bytes(token).unwrap();
        let path = format!("/register/{}", text(&client, "client_id"));
        let request = TestRequest::get()
            .uri(&path)
            .insert_header(("Authorization", header));
        let answer = server.send(request).await;
        assert_eq!(answer.error(), (401, "invalid_token".to_owned()));
    }
}

#[actix_web::test]
async fn defect_25_a_missing_parameter_is_400_at_every_endpoint() {
    let server = Server::start();
    let client_id = server.public_client().await;
    for (path, fields) in [
        ("/token", vec![]),
        ("/token", vec![("grant_type", "authorization_code")]),
        ("/token", vec![("grant_type", "refresh_token")]),
        (
            "/token",
            vec![("grant_type", "authorization_code"), ("code", "x")],
        ),
        ("/revoke", vec![]),
        ("/introspect", vec![]),
        ("/par", vec![("redirect_uri", "")]),
    ] {
        let mut fields = fields;
        fields.push(("client_id", &*client_id));
        let answer = server.post_form(path, &fields).await;
        assert_eq!(
            answer.error(),
            (400, "invalid_request".to_owned()),
            "{path} {fields:?}"
        );
    }
    for path in ["/token", "/revoke", "/introspect"] {
        let answer = server.post_form(path, &[]).await;
        assert_eq!(answer.error(), (401, "invalid_client".to_owned()), "{path}");
    }
    for path in ["/authorize", "/authorize?response_type=code", "/sign-in"] {
        let page = server.get(path).await;
        assert_eq!(page.status, 400, "{path}");
        assert!(
            page.header("content-type")
                .unwrap()
                .starts_with("text/html"),
            "{path}"
        );
    }
}

#[actix_web::test]
async fn defect_31_state_and_the_uris_own_query_are_kept_apart_in_an_error_too() {
    let server = Server::start();
    let uri = "https://client.example/cb?tenant=1";
    let metadata = json!({ "redirect_uris": [uri], "token_endpoint_auth_method": "none" });
    let client = server.register(&metadata).await.json();
    let state = "x&code=INJECTED\r\nSet-Cookie: a=b";
    let changes = [
        ("redirect_uri", uri),
        ("state", state),
        ("response_type", "token"),
    ];
    let answer = server
        .get(&authorize_uri(text(&client, "client_id"), &changes))
        .await;
    let location = answer.header("location").unwrap();
    let start = "https://client.example/cb?tenant=1&error=unsupported_response_type&";
    assert!(location.starts_with(start), "{location}");
    assert_eq!(location.matches('?').count(), 1, "{location}");
    let (_, query) = answer.redirect();
    assert_eq!(query["state"], state);
    assert!(!query.contains_key("code") && answer.header("set-cookie").is_none());
}

#[actix_web::test]
async fn defect_32_a_response_type_is_compared_whole() {
    let server = Server::start();
    let client_id = server.public_client().await;
    for wrong in [
        "o",
        "cod",
        "codex",
        "CODE",
        "code token",
        "[\"code\"]",
        " code",
    ] {
        let uri = authorize_uri(&client_id, &[("response_type", wrong)]);
        let (_, query) = server.get(&uri).await.redirect();
        assert_eq!(query["error"], "unsupported_response_type", "{wrong}");
    }
}

#[actix_web::test]
async fn defect_33_a_replacement_of_the_wrong_types_is_refused_and_changes_nothing() {
    let server = Server::start();
    let client = confidential(&server).await;
    for (name, value) in [
        ("client_name", json!({ "a": 1 })),
        ("client_name", json!(7)),
        ("redirect_uris", json!(CALLBACK)),
        ("redirect_uris", json!([1])),
        ("redirect_uris", json!({ "0": CALLBACK })),
        ("grant_types", json!("authorization_code")),
        ("response_types", json!("code")),
        ("token_endpoint_auth_method", json!(["none"])),
    ] {
        let mut body = json!({ "client_id": client["client_id"], "redirect_uris": [CALLBACK] });
        body[name] = value;
        let put = server
            .send(managed(&client, Method::PUT).set_json(&body))
            .await;
        assert_eq!(
            put.error(),
            (400, "invalid_client_metadata".to_owned()),
            "{body}"
        );
    }
    let read = server.send(managed(&client, Method::GET)).await.json();
    for name in [
        "client_name",
        "redirect_uris",
        "grant_types",
        "token_endpoint_auth_method",
    ] {
        assert_eq!(read[name], client[name], "{name}");
    }
}

#[actix_web::test]
async fn defect_34_the_metadata_names_no_address_that_is_not_served() {
    let server = Server::start();
    for document in ["oauth-authorization-server", "openid-configuration"] {
        let document = server.get(&format!("/.well-known/{document}")).await.json();
        let issuer = text(&document, "issuer");
        let members = document.as_object().unwrap().values();
        let addresses = members
            .filter_map(Value::as_str)
            .filter(|text| text.contains("://"));
        let mut asked = 0;
        for address in addresses.filter(|address| *address != issuer) {
            let path = address.strip_prefix(issuer).unwrap();
            assert_ne!(server.get(path).await.status, 404, "{address}");
            asked += 1;
        }
        assert!(asked >= 8, "only {asked} addresses");
    }
}

#[actix_web::test]
async fn defect_39_a_github_that_never_answers_is_given_up_and_not_the_clients_fault() {
    let silent = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}", silent.local_addr().unwrap());
    let app = GitHubApp {
        client_id: "app".to_owned(),
        client_secret: ClientSecret::presented("secret"),
        base_url: Url::parse(&url).unwrap(),
        api_url: Url::parse(&url).unwrap(),
    };
    let issuer = Issuer::parse("https://auth.example.com").unwrap();
    let github = GitHub::new(app, &issuer).unwrap();
    let mut server = Server::start();
    server.change(|context| context.identity = IdentityProvider::Upstream(Box::new(github)));
    let client_id = server.public_client().await;
    let mut browser = Browser::new(&server);
    let state = browser.state(&authorize_uri(&client_id, &[])).await;
    let answer = browser
        .get(&format!("/callback?code=x&state={state}"))
        .await;
    let (base, query) = answer.redirect();
    assert_eq!(base, CALLBACK);
    assert_eq!(query["error"], "temporarily_unavailable");
    assert_eq!(query["state"], "client-state");
}
