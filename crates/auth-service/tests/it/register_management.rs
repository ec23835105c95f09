//! RFC 7592, and what makes registration idempotent: who may read, change and end what.

use crate::harness::{Answer, Browser, CALLBACK, Server, authorize_uri, open_to_all};
use actix_web::test::TestRequest;
use auth_service::flows::clients::ClientSettings;
use serde_json::{Value, json};
use token_core::Seconds;

fn public(name: &str) -> Value {
    json!({
        "client_name": name,
        "redirect_uris": [CALLBACK, "http://localhost/cb"],
        "token_endpoint_auth_method": "none",
    })
}

fn confidential() -> Value {
    json!({ "client_name": "Mine", "redirect_uris": [CALLBACK] })
}

/// A request to a registration by its own address and token.
async fn manage(server: &Server, registered: &Value, request: TestRequest) -> Answer {
    let token = registered["registration_access_token"].as_str().unwrap();
    with_token(server, registered, token, request).await
}

async fn with_token(
    server: &Server,
    registered: &Value,
    token: &str,
    request: TestRequest,
) -> Answer {
    let uri = registered["registration_client_uri"].as_str().unwrap();
    let path = uri.strip_prefix("https://auth.example.com").unwrap();
    let header = ("authorization", format!("Bearer {token}"));
    server.send(request.uri(path).insert_header(header)).await
}

#[actix_web::test]
async fn the_same_public_client_registers_again_as_the_same_client() {
    let server = Server::start();
    let first = server.register(&public("App")).await.json();
    server.clock.advance(Seconds(60));
    let mut metadata = public("App");
    metadata["redirect_uris"].as_array_mut().unwrap().reverse();
    metadata["unknown"] = json!(1);
    let again = server.register(&metadata).await;
    assert_eq!(again.status, 201);
    let again = again.json();
    assert_eq!(again["client_id"], first["client_id"]);
    assert_eq!(again["client_id_issued_at"], first["client_id_issued_at"]);
    assert_ne!(
        again["registration_access_token"],
        first["registration_access_token"]
    );
    let other = server.register(&public("Other")).await.json();
    assert_ne!(other["client_id"], first["client_id"]);
    let (one, two) = (
        server.register(&confidential()).await.json(),
        server.register(&confidential()).await.json(),
    );
    assert_ne!(one["client_id"], two["client_id"]);
}

#[actix_web::test]
async fn a_registration_is_read_by_its_token() {
    let server = Server::start();
    for metadata in [public("App"), confidential()] {
        let registered = server.register(&metadata).await.json();
        let answer = manage(&server, &registered, TestRequest::get()).await;
        assert_eq!(answer.status, 200);
        assert_eq!(answer.header("cache-control"), Some("no-store"));
        let read = answer.json();
        for member in [
            "client_id",
            "client_name",
            "redirect_uris",
            "registration_client_uri",
            "registration_access_token",
        ] {
            assert_eq!(read[member], registered[member], "{member}");
        }
        assert!(read.get("client_secret").is_none(), "only its hash is kept");
    }
}

#[actix_web::test]
async fn an_unknown_client_and_a_wrong_token_are_told_the_same() {
    let server = Server::start();
    let mine = server.register(&confidential()).await.json();
    let other = server.register(&confidential()).await.json();
    let others_token = other["registration_access_token"].as_str().unwrap();
    let unknown = json!({ "registration_client_uri": "https://auth.example.com/register/nobody" });
    let mut bodies = Vec::new();
    for (client, token) in [
        (&mine, others_token),
        (&mine, ""),
        (&mine, "wrong"),
        (&unknown, others_token),
    ] {
        for request in [
            TestRequest::get(),
            TestRequest::put().set_json(confidential()),
            TestRequest::delete(),
        ] {
            let answer = with_token(&server, client, token, request).await;
            assert_eq!(answer.error(), (401, "invalid_token".to_owned()));
            let challenge = answer.header("www-authenticate").unwrap();
            assert!(challenge.starts_with("Bearer"), "{challenge}");
            bodies.push(answer.body);
        }
    }
    bodies.dedup();
    assert_eq!(bodies.len(), 1, "{bodies:?}");
    let path = format!("/register/{}", mine["client_id"].as_str().unwrap());
    assert_eq!(server.get(&path).await.status, 401, "no token at all");
}

#[actix_web::test]
async fn a_shared_client_cannot_be_changed_and_its_deletion_ends_one_token() {
    let server = Server::start();
    let mine = server.register(&public("App")).await.json();
    let theirs = server.register(&public("App")).await.json();
    let mut changed = public("Evil");
    changed["client_id"] = mine["client_id"].clone();
    let put = manage(&server, &mine, TestRequest::put().set_json(&changed)).await;
    assert_eq!(put.status, 403);

    let client_id = mine["client_id"].as_str().unwrap();
    let tokens = server.tokens(client_id).await;
    assert_eq!(
        manage(&server, &mine, TestRequest::delete()).await.status,
        204
    );
    assert_eq!(manage(&server, &mine, TestRequest::get()).await.status, 401);
    let read = manage(&server, &theirs, TestRequest::get()).await;
    assert_eq!(read.json()["client_name"], "App");
    let refresh_token = tokens["refresh_token"].as_str().unwrap();
    assert_eq!(server.refresh(client_id, refresh_token).await.status, 200);
}

#[actix_web::test]
async fn the_newest_five_registrations_of_a_shared_client_can_be_managed() {
    let server = Server::start();
    let mut registered = Vec::new();
    for _ in 0..6 {
        registered.push(server.register(&public("App")).await.json());
    }
    for (at, one) in registered.iter().enumerate() {
        let wanted = if at == 0 { 401 } else { 200 };
        let read = manage(&server, one, TestRequest::get()).await;
        assert_eq!(read.status, wanted, "{at}");
    }
}

#[actix_web::test]
async fn a_client_of_its_own_is_replaced_whole() {
    let server = Server::start();
    let mut metadata = confidential();
    metadata["scope"] = json!("mcp");
    let registered = server.register(&metadata).await.json();
    let new = json!({
        "client_id": registered["client_id"],
        "client_secret": registered["client_secret"],
        "redirect_uris": ["https://new.example/cb"],
        "token_endpoint_auth_method": "client_secret_post",
    });
    let put = manage(&server, &registered, TestRequest::put().set_json(&new)).await;
    assert_eq!(put.status, 200, "{}", put.body);
    let read = manage(&server, &registered, TestRequest::get())
        .await
        .json();
    assert_eq!(read["redirect_uris"], new["redirect_uris"]);
    assert_eq!(read["token_endpoint_auth_method"], "client_secret_post");
    for left_out in ["client_name", "scope"] {
        assert!(read.get(left_out).is_none(), "{left_out} is not merged");
    }
    let fields = [
        ("client_id", registered["client_id"].as_str().unwrap()),
        (
            "client_secret",
            registered["client_secret"].as_str().unwrap(),
        ),
        ("token", "x"),
    ];
    assert_eq!(
        server.post_form("/revoke", &fields).await.status,
        200,
        "its secret stays"
    );
}

#[actix_web::test]
async fn a_replacement_must_name_the_client_and_not_another_secret() {
    let server = Server::start();
    let registered = server.register(&confidential()).await.json();
    let with = |changes: Value| {
        let mut body = confidential();
        body["client_id"] = registered["client_id"].clone();
        for (name, value) in changes.as_object().unwrap() {
            body[name] = value.clone();
        }
        body
    };
    for (body, error) in [
        (with(json!({ "client_id": "other" })), "invalid_request"),
        (with(json!({ "client_id": null })), "invalid_request"),
        (with(json!({ "client_secret": "guess" })), "invalid_request"),
        (json!([1]), "invalid_request"),
        (with(json!({ "redirect_uris": [] })), "invalid_redirect_uri"),
        (
            with(json!({ "token_endpoint_auth_method": "none" })),
            "invalid_client_metadata",
        ),
    ] {
        let put = manage(&server, &registered, TestRequest::put().set_json(&body)).await;
        assert_eq!(put.error(), (400, error.to_owned()), "{body}");
    }
    let read = manage(&server, &registered, TestRequest::get())
        .await
        .json();
    assert_eq!(read["client_name"], "Mine");
}

#[actix_web::test]
async fn a_deleted_client_is_gone_with_what_people_granted_to_it() {
    let server = Server::start();
    let mut metadata = confidential();
    metadata["token_endpoint_auth_method"] = json!("client_secret_post");
    let registered = server.register(&metadata).await.json();
    let client_id = registered["client_id"].as_str().unwrap();
    let secret = registered["client_secret"].as_str().unwrap();
    let code = server.code(client_id).await;
    let redemption = [
        ("grant_type", "authorization_code"),
        ("client_id", client_id),
        ("client_secret", secret),
        ("code", &*code),
        ("code_verifier", crate::harness::VERIFIER),
    ];
    let tokens = server.post_form("/token", &redemption).await.json();
    let access_token = tokens["access_token"].as_str().unwrap();
    assert!(server.is_active(access_token).await);

    let deleted = manage(&server, &registered, TestRequest::delete()).await;
    assert_eq!(deleted.status, 204);
    assert!(!server.is_active(access_token).await);
    let fields = [
        ("grant_type", "refresh_token"),
        ("client_id", client_id),
        ("client_secret", secret),
        ("refresh_token", tokens["refresh_token"].as_str().unwrap()),
    ];
    let refresh = server.post_form("/token", &fields).await;
    assert_eq!(refresh.error(), (401, "invalid_client".to_owned()));
    assert_eq!(
        manage(&server, &registered, TestRequest::get())
            .await
            .status,
        401
    );
}

#[actix_web::test]
async fn what_a_client_gave_up_is_refused_although_it_was_asked_for_before() {
    let server = Server::start();
    let mut metadata = confidential();
    metadata["token_endpoint_auth_method"] = json!("client_secret_post");
    let registered = server.register(&metadata).await.json();
    let client_id = registered["client_id"].as_str().unwrap();
    let secret = registered["client_secret"].as_str().unwrap();
    let post = async |more: &[(&str, &str)]| {
        let mut fields = vec![("client_id", client_id), ("client_secret", secret)];
        fields.extend_from_slice(more);
        server.post_form("/token", &fields).await
    };
    let code = server.code(client_id).await;
    let by_code = [
        ("grant_type", "authorization_code"),
        ("code", &*code),
        ("code_verifier", crate::harness::VERIFIER),
    ];
    let tokens = post(&by_code).await.json();
    let mut browser = Browser::new(&server);
    let page = browser.get(&authorize_uri(client_id, &[])).await;

    let mut new = json!({
        "client_id": client_id,
        "redirect_uris": ["https://elsewhere.example/cb"],
        "grant_types": ["authorization_code"],
    });
    new["client_secret"] = registered["client_secret"].clone();
    let put = manage(&server, &registered, TestRequest::put().set_json(&new)).await;
    assert_eq!(put.status, 200, "{}", put.body);

    let fields = [
        ("request", &*page.field("request")),
        ("decision", "approve"),
    ];
    let approved = browser.post("/consent", &fields).await;
    assert_eq!(approved.status, 400, "the redirect URI");
    assert!(approved.header("location").is_none());
    let by_refresh = [
        ("grant_type", "refresh_token"),
        ("refresh_token", tokens["refresh_token"].as_str().unwrap()),
    ];
    let refresh = post(&by_refresh).await;
    assert_eq!(refresh.error(), (400, "unauthorized_client".to_owned()));
}

#[actix_web::test]
async fn beyond_the_ceiling_the_never_used_go_first_and_the_used_never() {
    let ceiling = ClientSettings {
        ceiling: 2,
        ..open_to_all()
    };
    let server = Server::with("fetch", ceiling);
    let used = server.public_client_named("Used").await;
    server.tokens(&used).await;
    let unused = server.public_client_named("Unused").await;
    let new = server.public_client_named("New").await;
    let known = async |client_id: &str| server.refresh(client_id, "x").await.error().0 == 400;
    assert!(known(&used).await && known(&new).await && !known(&unused).await);

    server.tokens(&new).await;
    let full = server.register(&public("One too many")).await;
    assert_eq!(full.error(), (503, "temporarily_unavailable".to_owned()));
    assert!(full.header("retry-after").is_some());
}

#[actix_web::test]
async fn registration_can_be_closed() {
    let closed = ClientSettings {
        registration: false,
        ..open_to_all()
    };
    let server = Server::with("fetch", closed);
    let answer = server.register(&public("App")).await;
    assert_eq!(answer.error(), (403, "access_denied".to_owned()));
    let metadata = server.get("/.well-known/oauth-authorization-server").await;
    assert!(metadata.json().get("registration_endpoint").is_none());
}
