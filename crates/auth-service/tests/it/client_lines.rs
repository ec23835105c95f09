//! What clients need, by the lines that `docs/rfc-map.md` numbers: each has broken a real client.

use actix_web::http::Method;
use actix_web::test::TestRequest;
use serde_json::{Value, json};
use token_core::Seconds;

use crate::harness::{Browser, CALLBACK, Server, VERIFIER, authorize_uri, claims};

const DAY: u64 = 86_400;
const WELL_KNOWN: [&str; 5] = [
    "/.well-known/oauth-authorization-server",
    "/.well-known/oauth-authorization-server/mcp",
    "/.well-known/openid-configuration",
    "/.well-known/jwks.json",
    "/jwks",
];

/// Consent, sign-in and redemption of a request with these changes: the token response.
async fn granted(server: &Server, client_id: &str, changes: &[(&str, &str)]) -> Value {
    let uri = authorize_uri(client_id, changes);
    let (_, query) = Browser::new(server).through(&uri).await.redirect();
    let fields = [
        ("grant_type", "authorization_code"),
        ("client_id", client_id),
        ("code", &query["code"]),
        ("code_verifier", VERIFIER),
    ];
    server.post_form("/token", &fields).await.json()
}

fn public(redirect_uris: &[&str]) -> Value {
    json!({ "redirect_uris": redirect_uris, "token_endpoint_auth_method": "none" })
}

fn id_of(registered: &Value) -> &str {
    registered["client_id"].as_str().unwrap()
}

#[actix_web::test]
async fn line_2_the_openid_form_is_the_same_document_with_what_its_format_requires() {
    let server = Server::start();
    let oauth = server.get(WELL_KNOWN[0]).await.json();
    let mut openid = server.get(WELL_KNOWN[2]).await.json();
    let members = openid.as_object_mut().unwrap();
    let subjects = members.remove("subject_types_supported");
    assert_eq!(subjects, Some(json!(["public"])));
    let algorithms = members.remove("id_token_signing_alg_values_supported");
    assert_eq!(algorithms, Some(json!(["RS256"])));
    assert_eq!(openid, oauth);
    assert_eq!(openid["code_challenge_methods_supported"], json!(["S256"]));
    let keys = server.get("/jwks").await.json();
    assert_eq!(server.get("/.well-known/jwks.json").await.json(), keys);
}

#[actix_web::test]
async fn line_5_the_metadata_has_every_member_that_clients_read() {
    let server = Server::start();
    let document = server.get(WELL_KNOWN[0]).await.json();
    let at = |path: &str| json!(format!("https://auth.example.com{path}"));
    for (name, value) in [
        ("issuer", at("")),
        // At the root, where clients look that read no metadata.
        ("authorization_endpoint", at("/authorize")),
        ("token_endpoint", at("/token")),
        ("registration_endpoint", at("/register")),
        ("revocation_endpoint", at("/revoke")),
        ("jwks_uri", at("/jwks")),
        ("scopes_supported", json!(["mcp", "offline_access"])),
        ("response_types_supported", json!(["code"])),
        ("response_modes_supported", json!(["query"])),
        ("code_challenge_methods_supported", json!(["S256"])),
        (
            "authorization_response_iss_parameter_supported",
            json!(true),
        ),
        ("client_id_metadata_document_supported", json!(true)),
    ] {
        assert_eq!(document[name], value, "{name}");
    }
    for (name, values) in [
        (
            "grant_types_supported",
            &["authorization_code", "refresh_token"][..],
        ),
        (
            "token_endpoint_auth_methods_supported",
            &["none", "client_secret_post", "client_secret_basic"],
        ),
    ] {
        let said = document[name].as_array().unwrap();
        for value in values {
            assert!(said.contains(&json!(value)), "{name} without {value}");
        }
    }
}

#[actix_web::test]
async fn line_9_any_origin_may_read_what_clients_fetch_and_none_what_people_see() {
    let server = Server::start();
    let from_elsewhere = |method: Method, uri: &str| {
        let origin = ("Origin", "https://inspector.example");
        TestRequest::with_uri(uri)
            .method(method)
            .insert_header(origin)
    };
    let preflight = |uri: &str| {
        let asked = ("Access-Control-Request-Method", "POST");
        server.send(from_elsewhere(Method::OPTIONS, uri).insert_header(asked))
    };
    let posted = ["/token", "/register", "/revoke", "/introspect", "/par"];
    for (method, uri) in WELL_KNOWN
        .map(|uri| (Method::GET, uri))
        .into_iter()
        .chain(posted.map(|uri| (Method::POST, uri)))
    {
        for answer in [
            server.send(from_elsewhere(method, uri)).await,
            preflight(uri).await,
        ] {
            assert_eq!(
                answer.header("access-control-allow-origin"),
                Some("*"),
                "{uri}"
            );
            assert!(
                answer.header("access-control-allow-credentials").is_none(),
                "{uri}"
            );
        }
        let answer = preflight(uri).await;
        assert_eq!(answer.status, 204, "{uri}");
        let allowed = answer.header("access-control-allow-headers").unwrap();
        for name in [
            "Authorization",
            "Content-Type",
            "Accept",
            "MCP-Protocol-Version",
            "Mcp-Session-Id",
            "Mcp-Method",
            "Mcp-Name",
            "Last-Event-ID",
            // What stands for Mcp-Param-*.
            "*",
        ] {
            assert!(allowed.split(", ").any(|own| own == name), "{uri}: {name}");
        }
    }
    let challenge = server.get("/register/nobody").await;
    let exposed = challenge.header("access-control-expose-headers").unwrap();
    assert!(exposed.contains("WWW-Authenticate"), "{exposed}");
    for uri in [
        "/authorize",
        "/consent",
        "/sign-in",
        "/callback",
        "/device",
        "/success",
    ] {
        for answer in [
            server.send(from_elsewhere(Method::GET, uri)).await,
            preflight(uri).await,
        ] {
            assert!(
                answer.header("access-control-allow-origin").is_none(),
                "{uri}"
            );
        }
    }
}

#[actix_web::test]
async fn line_10_a_registration_is_answered_with_all_that_holds() {
    let server = Server::start();
    let asked = json!({
        "client_name": "Cursor",
        "redirect_uris": ["cursor://anysphere.cursor-mcp/oauth/callback", "https://cursor.example/cb"],
        "grant_types": ["authorization_code", "refresh_token"],
        "response_types": ["code"],
        "token_endpoint_auth_method": "client_secret_post",
        "application_type": "web",
        "scope": "mcp offline_access",
    });
    let answer = server.register(&asked).await;
    assert_eq!(answer.status, 201);
    assert_eq!(answer.header("content-type"), Some("application/json"));
    assert_eq!(answer.header("cache-control"), Some("no-store"));
    let body = answer.json();
    for (name, value) in asked.as_object().unwrap() {
        assert_eq!(body[name], *value, "{name}");
    }
    assert_eq!(body["client_id_issued_at"], 1_800_000_000);
    assert!(body["client_secret"].is_string());
    assert_eq!(body["client_secret_expires_at"], 0);
}

#[actix_web::test]
async fn line_11_what_clients_leave_out_or_add_is_no_reason_to_refuse() {
    let server = Server::start();
    let loopback = "http://127.0.0.1:8123/callback";
    for (changes, name, effective) in [
        (json!({}), "application_type", json!("native")),
        (
            json!({ "application_type": "web" }),
            "application_type",
            json!("native"),
        ),
        (
            json!({ "scope": "openid email" }),
            "scope",
            json!("openid email"),
        ),
        (json!({ "scope": "" }), "scope", Value::Null),
        (
            json!({ "grant_types": ["authorization_code", "implicit", "x"] }),
            "grant_types",
            json!(["authorization_code"]),
        ),
        (
            json!({ "logo_uri": "https://x.example/logo", "contacts": [1], "x": null }),
            "x",
            Value::Null,
        ),
        (
            json!({ "redirect_uris": [loopback, "vscode://a.b/cb", "https://a.example/cb"] }),
            "redirect_uris",
            json!([loopback, "vscode://a.b/cb", "https://a.example/cb"]),
        ),
        // Line 12: what is asked for is honoured, and RFC 7591's default where nothing is.
        (json!({}), "token_endpoint_auth_method", json!("none")),
        (
            json!({ "token_endpoint_auth_method": null }),
            "token_endpoint_auth_method",
            json!("client_secret_basic"),
        ),
    ] {
        let mut metadata = public(&[loopback]);
        for (name, value) in changes.as_object().unwrap() {
            metadata[name] = value.clone();
        }
        let answer = server.register(&metadata).await;
        assert_eq!(answer.status, 201, "{changes}: {}", answer.body);
        assert_eq!(answer.json()[name], effective, "{changes}");
    }
}

#[actix_web::test]
async fn line_13_a_client_is_kept_for_ninety_days_after_its_last_use() {
    let server = Server::start();
    let client_id = server.public_client().await;
    let page = authorize_uri(&client_id, &[]);
    server.tokens(&client_id).await;
    server.clock.advance(Seconds(89 * DAY));
    server.tokens(&client_id).await;
    server.clock.advance(Seconds(90 * DAY - 1));
    assert_eq!(server.get(&page).await.status, 200);
    server.clock.advance(Seconds(1));
    let forgotten = server.get(&page).await;
    assert_eq!(forgotten.status, 400);
    assert!(forgotten.header("location").is_none());
    let refused = server.refresh(&client_id, "x").await;
    assert_eq!(refused.error(), (401, "invalid_client".to_owned()));
}

#[actix_web::test]
async fn line_14_the_scope_of_a_registration_does_not_bound_later_requests() {
    let server = Server::start();
    let mut metadata = public(&[CALLBACK]);
    metadata["scope"] = json!("mcp");
    let client = server.register(&metadata).await.json();
    let tokens = granted(&server, id_of(&client), &[("scope", "mcp offline_access")]).await;
    assert_eq!(tokens["scope"], "mcp offline_access");
}

#[actix_web::test]
async fn line_15_what_an_authorization_request_may_leave_out_or_add() {
    let server = Server::start();
    let client_id = server.public_client().await;
    for changes in [
        &[("resource", "")][..],
        &[("resource", "HTTPS://Fetch.EXAMPLE.com/mcp/")],
        &[("prompt", "consent"), ("nonce", "n"), ("unknown", "<x>")],
        &[("redirect_uri", "")],
        &[("response_mode", "query")],
    ] {
        let tokens = granted(&server, &client_id, changes).await;
        let token = tokens["access_token"].as_str();
        let token = token.unwrap_or_else(|| panic!("{changes:?}: {tokens}"));
        assert_eq!(claims(token)["aud"], "https://fetch.example.com/mcp");
    }
    let uri = authorize_uri(&client_id, &[("state", "")]);
    let (_, query) = Browser::new(&server).through(&uri).await.redirect();
    assert!(
        query.contains_key("code") && !query.contains_key("state"),
        "{query:?}"
    );
    let odd = "eyJpZCI6IngifQ==+/ %2B~é";
    let uri = authorize_uri(&client_id, &[("state", odd)]);
    let (_, query) = Browser::new(&server).through(&uri).await.redirect();
    assert_eq!(query["state"], odd);
}

#[actix_web::test]
async fn line_16_unknown_scopes_are_dropped_and_none_means_the_default() {
    let server = Server::start();
    let client_id = server.public_client().await;
    for (asked, scope) in [
        ("", "mcp"),
        ("openid email profile", "mcp"),
        ("offline_access", "mcp offline_access"),
        ("mcp offline_access admin", "mcp offline_access"),
    ] {
        let tokens = granted(&server, &client_id, &[("scope", asked)]).await;
        assert_eq!(tokens["scope"], scope, "{asked}");
        let token = tokens["access_token"].as_str().unwrap();
        assert_eq!(claims(token)["scope"], scope, "{asked}");
    }
}

#[actix_web::test]
async fn line_17_only_the_port_may_differ_and_only_on_loopback() {
    let server = Server::start();
    let registered = [
        "http://127.0.0.1:1455/callback?a=b",
        "https://app.example/cb",
    ];
    let client = server.register(&public(&registered)).await.json();
    for (asked, status) in [
        ("http://127.0.0.1:1455/callback?a=b", 200),
        ("http://127.0.0.1/callback?a=b", 200),
        ("http://localhost:50123/callback?a=b", 200),
        ("http://[::1]:1455/callback?a=b", 400),
        ("https://127.0.0.1:1455/callback?a=b", 400),
        ("http://127.0.0.1:1455/callback", 400),
        ("http://127.0.0.1:1455/callback/?a=b", 400),
        ("http://127.0.0.1:1455/callback?a=c", 400),
        ("https://app.example/cb", 200),
        ("https://app.example:8443/cb", 400),
        ("https://app.example/cb/", 400),
    ] {
        let uri = authorize_uri(id_of(&client), &[("redirect_uri", asked)]);
        assert_eq!(server.get(&uri).await.status, status, "{asked}");
    }
}

#[actix_web::test]
async fn line_18_an_app_gets_its_answer_by_a_plain_location() {
    let server = Server::start();
    let uri = "cursor://anysphere.cursor-mcp/oauth/callback";
    let client = server.register(&public(&[uri])).await.json();
    let to_app = |more: &[(&'static str, &'static str)]| {
        let changes = [&[("redirect_uri", uri)], more].concat();
        authorize_uri(id_of(&client), &changes)
    };
    let answer = Browser::new(&server).through(&to_app(&[])).await;
    assert_eq!(answer.status, 303);
    let location = answer.header("location").unwrap();
    assert!(location.starts_with(&format!("{uri}?code=")), "{location}");
    let end = "&state=client-state&iss=https%3A%2F%2Fauth.example.com";
    assert!(location.ends_with(end), "{location}");
    assert!(
        answer.header("content-security-policy").is_none(),
        "the edge's alone"
    );
    let refused = server.get(&to_app(&[("code_challenge", "")])).await;
    let location = refused.header("location").unwrap();
    assert!(
        location.starts_with(&format!("{uri}?error=invalid_request&")),
        "{location}"
    );
    assert!(location.ends_with(end), "{location}");
}

#[actix_web::test]
async fn line_19_a_token_response_is_what_every_client_can_read() {
    let server = Server::start();
    let client_id = server.public_client().await;
    let code = server.code(&client_id).await;
    let answer = server.redeem(&client_id, &code).await;
    assert_eq!(answer.header("content-type"), Some("application/json"));
    assert_eq!(answer.header("cache-control"), Some("no-store"));
    assert_eq!(answer.header("pragma"), Some("no-cache"));
    let body = answer.json();
    assert_eq!(body["token_type"], "Bearer");
    assert_eq!(body["expires_in"].as_u64(), Some(3600));
    assert_eq!(body["scope"], "mcp");
    assert!(
        body["refresh_token"].is_string(),
        "without offline_access too"
    );

    let mut metadata = public(&[CALLBACK]);
    metadata["grant_types"] = json!(["authorization_code"]);
    let client = server.register(&metadata).await.json();
    let tokens = granted(&server, id_of(&client), &[]).await;
    assert!(tokens["access_token"].is_string());
    assert!(
        tokens.get("refresh_token").is_none(),
        "it registered for none"
    );
}

#[actix_web::test]
async fn line_21_a_replayed_refresh_gets_a_pair_that_works() {
    let server = Server::start();
    let client_id = server.public_client().await;
    let scope = [("scope", "mcp offline_access")];
    let first = granted(&server, &client_id, &scope).await;
    let refresh = |token: String, scope: &'static str| {
        let client_id = client_id.clone();
        let server = &server;
        async move {
            let fields = [
                ("grant_type", "refresh_token"),
                ("client_id", &client_id),
                ("refresh_token", &token),
                ("scope", scope),
            ];
            server.post_form("/token", &fields).await.json()
        }
    };
    let text = |tokens: &Value, name: &str| tokens[name].as_str().unwrap().to_owned();
    let old = text(&first, "refresh_token");
    refresh(old.clone(), "").await;
    server.clock.advance(Seconds(100));
    let replayed = refresh(old, "").await;
    assert_eq!(
        replayed["scope"], "mcp offline_access",
        "absent is the original"
    );
    assert!(server.is_active(&text(&replayed, "access_token")).await);
    let next = refresh(text(&replayed, "refresh_token"), "mcp openid").await;
    assert_eq!(next["scope"], "mcp", "what lies within, and no error");
    let back = refresh(text(&next, "refresh_token"), "mcp offline_access x").await;
    assert_eq!(
        back["scope"], "mcp offline_access",
        "the grant was not narrowed"
    );
}

#[actix_web::test]
async fn line_24_a_token_is_for_the_resource_that_was_asked() {
    let server = Server::with_services("fetch,echo");
    let client_id = server.public_client().await;
    for resource in [
        "https://echo.example.com/mcp",
        "https://fetch.example.com/mcp",
    ] {
        let tokens = granted(&server, &client_id, &[("resource", resource)]).await;
        let token = tokens["access_token"].as_str().unwrap();
        assert_eq!(claims(token)["aud"], resource);
    }
}
