//! One secret in the place of another: each kind opens its own door only (RFC 9700 sections 2.3
//! and 4.9; RFC 8725 section 3.11). Between services and for assertions see
//! `a_token_for_one_service_is_refused_at_another` and `an_assertion_is_no_access_token`.

use reqwest::Method;
use serde_json::json;
use test_kit::gateway::{CALLBACK, CHALLENGE, Gateway, VERIFIER};

/// Every kind of secret that one client can have, by its name.
async fn secrets(gateway: &Gateway, client_id: &str) -> Vec<(&'static str, String)> {
    let metadata = json!({
        "client_name": "Substituted",
        "redirect_uris": [CALLBACK],
        "token_endpoint_auth_method": "none",
    });
    let registered = gateway.register(&metadata).await;
    assert_eq!(registered.text("client_id"), client_id);
    let push = [
        ("response_type", "code"),
        ("client_id", client_id),
        ("code_challenge", CHALLENGE),
        ("code_challenge_method", "S256"),
    ];
    let pushed = gateway.post("/par", &push).await;
    let device = json!({
        "grant_types": ["urn:ietf:params:oauth:grant-type:device_code"],
        "token_endpoint_auth_method": "none",
    });
    let device = gateway.register(&device).await.text("client_id");
    let begun = gateway
        .post("/device_authorization", &[("client_id", &device)])
        .await;
    let tokens = gateway.tokens(client_id).await;
    vec![
        ("access token", tokens.text("access_token")),
        ("refresh token", tokens.text("refresh_token")),
        ("code", gateway.code(client_id).await),
        (
            "registration token",
            registered.text("registration_access_token"),
        ),
        ("request_uri", pushed.text("request_uri")),
        ("device code", begun.text("device_code")),
        ("user code", begun.text("user_code")),
        ("verifier", VERIFIER.to_owned()),
        ("client_id", client_id.to_owned()),
    ]
}

/// Each secret but the right one, offered at a door that must stay shut.
fn wrong<'a>(
    secrets: &'a [(&'static str, String)],
    right: &'static str,
) -> impl Iterator<Item = (&'static str, &'a str)> {
    let wrong = secrets.iter().filter(move |(kind, _)| *kind != right);
    wrong.map(|(kind, secret)| (*kind, secret.as_str()))
}

#[actix_web::test]
async fn every_kind_of_secret_opens_its_own_door_only() {
    let gateway = Gateway::start().await;
    let client_id = gateway.public_client("Substituted").await;
    let secrets = secrets(&gateway, &client_id).await;
    let invalid_grant = (400, "invalid_grant".to_owned());

    for (kind, secret) in wrong(&secrets, "access token") {
        assert_eq!(gateway.mcp(secret).await, 401, "{kind} at the service");
    }
    for (kind, secret) in wrong(&secrets, "refresh token") {
        let answer = gateway.refresh(&client_id, secret).await;
        assert_eq!(answer.error(), invalid_grant, "{kind} as refresh token");
    }
    for (kind, secret) in wrong(&secrets, "code") {
        let answer = gateway.redeem(&client_id, secret).await;
        assert_eq!(answer.error(), invalid_grant, "{kind} as code");
    }
    for (kind, secret) in wrong(&secrets, "registration token") {
        let url = gateway.url(&format!("/register/{client_id}"));
        let request = gateway.http.request(Method::GET, url).bearer_auth(secret);
        let answer = gateway.send(request).await;
        assert_eq!(answer.status, 401, "{kind} as registration token");
    }
    for (kind, secret) in wrong(&secrets, "request_uri") {
        let uri = format!("/authorize?client_id={client_id}&request_uri={secret}");
        let answer = gateway.get(&uri).await;
        assert_eq!(
            (answer.status.as_u16(), answer.location()),
            (400, None),
            "{kind}"
        );
    }
    for (kind, secret) in wrong(&secrets, "nothing") {
        if matches!(kind, "access token" | "refresh token") {
            continue;
        }
        let form = [("client_id", &*client_id), ("token", secret)];
        let answer = gateway.post("/introspect", &form).await;
        assert_eq!(answer.json(), json!({ "active": false }), "{kind} as token");
    }
    // None of it was used up or ended by being offered elsewhere.
    let of = |kind| {
        secrets
            .iter()
            .find(|(own, _)| *own == kind)
            .map(|(_, text)| text.clone())
    };
    assert_eq!(gateway.mcp(&of("access token").unwrap()).await, 200);
    let refreshed = gateway
        .refresh(&client_id, &of("refresh token").unwrap())
        .await;
    assert_eq!(refreshed.status, 200, "{refreshed:?}");
}
