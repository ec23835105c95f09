//! The token endpoint: OAuth 2.1 sections 3.2, 4.1.3 and 4.3; RFC 7009.

use crate::harness::{CALLBACK, Server, VERIFIER};
use actix_web::test::TestRequest;
use serde_json::json;
use token_core::Seconds;
use token_core::audit::AuditEvent;

#[actix_web::test]
async fn a_code_gives_a_pair_that_must_not_be_kept() {
    let server = Server::start();
    let client_id = server.public_client().await;
    let code = server.code(&client_id).await;
    let answer = server.redeem(&client_id, &code).await;
    assert_eq!(answer.status, 200);
    assert_eq!(answer.header("cache-control"), Some("no-store"));
    assert_eq!(answer.header("access-control-allow-origin"), Some("*"));
    let body = answer.json();
    assert_eq!(
        (&body["token_type"], &body["expires_in"]),
        (&json!("Bearer"), &json!(3600))
    );
    assert_eq!(body["scope"], "mcp");
    assert!(body["refresh_token"].is_string());
}

#[actix_web::test]
async fn a_code_lives_ten_minutes() {
    let server = Server::start();
    let client_id = server.public_client().await;
    let code = server.code(&client_id).await;
    server.clock.advance(Seconds(599));
    assert_eq!(server.redeem(&client_id, &code).await.status, 200);
    let code = server.code(&client_id).await;
    server.clock.advance(Seconds(600));
    let late = server.redeem(&client_id, &code).await;
    assert_eq!(late.error(), (400, "invalid_grant".to_owned()));
}

#[actix_web::test]
async fn a_code_used_twice_ends_what_it_gave() {
    let server = Server::start();
    let client_id = server.public_client().await;
    let code = server.code(&client_id).await;
    let first = server.redeem(&client_id, &code).await.json();
    for _ in 0..3 {
        assert_eq!(
            server.redeem(&client_id, &code).await.error().1,
            "invalid_grant"
        );
    }
    let refresh_token = first["refresh_token"].as_str().unwrap();
    assert_eq!(
        server.refresh(&client_id, refresh_token).await.error().1,
        "invalid_grant"
    );
    let replayed = |event: &&AuditEvent| matches!(event, AuditEvent::CodeReplayed { .. });
    assert!(server.events().iter().filter(replayed).count() >= 1);
}

#[actix_web::test]
async fn who_shows_no_secret_burns_a_code_but_ends_nothing() {
    let server = Server::start();
    let metadata = json!({
        "redirect_uris": [CALLBACK],
        "token_endpoint_auth_method": "client_secret_post",
    });
    let client = server.register(&metadata).await.json();
    let [client_id, secret] = ["client_id", "client_secret"].map(|name| client[name].as_str());
    let client_id = client_id.unwrap();
    let redeem = async |code: &str, secret: &str| {
        let fields = [
            ("grant_type", "authorization_code"),
            ("client_id", client_id),
            ("client_secret", secret),
            ("code", code),
            ("code_verifier", VERIFIER),
        ];
        server.post_form("/token", &fields).await
    };
    let burnt = server.code(client_id).await;
    let bare = redeem(&burnt, "").await;
    assert_eq!(bare.error(), (401, "invalid_client".to_owned()));
    let right = redeem(&burnt, secret.unwrap()).await;
    assert_eq!(right.error(), (400, "invalid_grant".to_owned()));

    let code = server.code(client_id).await;
    let wrong = redeem(&code, "guessed").await;
    assert_eq!(wrong.error(), (401, "invalid_client".to_owned()));
    let tokens = redeem(&code, secret.unwrap()).await.json();
    let replayed = redeem(&code, "").await;
    assert_eq!(replayed.error(), (401, "invalid_client".to_owned()));
    let access_token = tokens["access_token"].as_str().unwrap();
    assert!(server.is_active(access_token).await);
}

#[actix_web::test]
async fn what_a_code_is_bound_to_is_checked() {
    let server = Server::start();
    let client_id = server.public_client().await;
    let other = server.public_client_named("Another").await;
    for (changes, error) in [
        (&[("code_verifier", &*"x".repeat(43))][..], "invalid_grant"),
        (&[("code_verifier", "")], "invalid_request"),
        (&[("code", "")], "invalid_request"),
        (&[("code", "made-up")], "invalid_grant"),
        (
            &[("redirect_uri", "https://client.example/other")],
            "invalid_grant",
        ),
        (
            &[("resource", "https://other.example/mcp")],
            "invalid_target",
        ),
        (&[("client_id", &*other)], "invalid_grant"),
        (&[("grant_type", "password")], "unsupported_grant_type"),
        (&[("grant_type", "")], "invalid_request"),
    ] {
        let code = server.code(&client_id).await;
        let mut fields = vec![
            ("grant_type", "authorization_code"),
            ("client_id", &client_id),
            ("code", &code),
            ("code_verifier", VERIFIER),
        ];
        for (name, value) in changes {
            fields.retain(|(own, _)| own != name);
            fields.push((name, value));
        }
        let answer = server.post_form("/token", &fields).await;
        assert_eq!(answer.error(), (400, error.to_owned()), "{changes:?}");
    }
}

#[actix_web::test]
async fn a_refresh_rotates_and_a_repeat_within_the_grace_gets_the_same_pair() {
    let server = Server::start();
    let client_id = server.public_client().await;
    let first = server.tokens(&client_id).await;
    let old = first["refresh_token"].as_str().unwrap();
    let second = server.refresh(&client_id, old).await.json();
    server.clock.advance(Seconds(119));
    let repeated = server.refresh(&client_id, old).await.json();
    for name in ["access_token", "refresh_token", "scope"] {
        assert_eq!(repeated[name], second[name], "{name}");
    }
    assert_eq!(repeated["expires_in"], 3600 - 119, "the time that remains");
    server.clock.advance(Seconds(1));
    assert_eq!(
        server.refresh(&client_id, old).await.error().1,
        "invalid_grant"
    );
    let successor = second["refresh_token"].as_str().unwrap();
    let ended = server.refresh(&client_id, successor).await;
    assert_eq!(ended.error().1, "invalid_grant", "the whole family");
    let reused = |event: &AuditEvent| matches!(event, AuditEvent::RefreshReused { .. });
    assert!(server.events().iter().any(reused));
}

#[actix_web::test]
async fn a_refresh_token_is_its_clients() {
    let server = Server::start();
    let client_id = server.public_client().await;
    let other = server.public_client_named("Another").await;
    let tokens = server.tokens(&client_id).await;
    let refresh_token = tokens["refresh_token"].as_str().unwrap();
    assert_eq!(
        server.refresh(&other, refresh_token).await.error().1,
        "invalid_grant"
    );
    assert_eq!(server.refresh(&client_id, refresh_token).await.status, 200);
}

#[actix_web::test]
async fn a_refresh_may_repeat_resource_and_scope_but_not_change_the_resource() {
    let server = Server::start();
    let client_id = server.public_client().await;
    let mut token = server.tokens(&client_id).await["refresh_token"]
        .as_str()
        .unwrap()
        .to_owned();
    for (name, value, expected) in [
        ("resource", "https://fetch.example.com/mcp/", 200),
        ("scope", "mcp offline_access unknown", 200),
        ("resource", "https://evil.example/mcp", 400),
    ] {
        let fields = [
            ("grant_type", "refresh_token"),
            ("client_id", &*client_id),
            ("refresh_token", &*token),
            (name, value),
        ];
        let answer = server.post_form("/token", &fields).await;
        assert_eq!(answer.status, expected, "{name}={value}: {}", answer.body);
        if let Some(next) = answer.json()["refresh_token"].as_str() {
            next.clone_into(&mut token);
        }
    }
}

#[actix_web::test]
async fn a_confidential_client_must_show_its_secret_in_one_of_two_ways() {
    let server = Server::start();
    let metadata = json!({ "redirect_uris": ["https://client.example/callback"] });
    let client = server.register(&metadata).await.json();
    let (id, secret) = (
        client["client_id"].as_str().unwrap(),
        client["client_secret"].as_str().unwrap(),
    );
    let fields =
        |secret: &'static str| [("grant_type", "refresh_token"), ("client_secret", secret)];
    let basic = |secret: &str| {
        let header = basic_header(id, secret);
        TestRequest::post()
            .uri("/token")
            .insert_header(("Authorization", header))
            .set_form([("grant_type", "refresh_token")])
    };
    // Past authentication the missing refresh token is what is wrong.
    let passed = (400, "invalid_request".to_owned());
    assert_eq!(server.send(basic(secret)).await.error(), passed);
    let refused = (401, "invalid_client".to_owned());
    let answer = server.send(basic("wrong")).await;
    assert_eq!(
        answer.header("www-authenticate"),
        Some("Basic realm=\"token\"")
    );
    assert_eq!(answer.error(), refused);
    let mut post = fields("é\u{1f600}").to_vec();
    post.push(("client_id", id));
    assert_eq!(server.post_form("/token", &post).await.error(), refused);
    let without = [("grant_type", "refresh_token"), ("client_id", id)];
    assert_eq!(server.post_form("/token", &without).await.error(), refused);
    let unknown = [("grant_type", "refresh_token"), ("client_id", "nobody")];
    assert_eq!(server.post_form("/token", &unknown).await.error(), refused);
}

fn basic_header(id: &str, secret: &str) -> String {
    use base64::Engine as _;
    let text = base64::engine::general_purpose::STANDARD.encode(format!("{id}:{secret}"));
    format!("Basic {text}")
}

#[actix_web::test]
async fn errors_are_400_with_json_whatever_is_sent() {
    let server = Server::start();
    let plain = |kind: &str, body: Vec<u8>| {
        TestRequest::post()
            .uri("/token")
            .insert_header(("Content-Type", kind))
            .set_payload(body)
    };
    let form = "application/x-www-form-urlencoded";
    for request in [
        plain("application/json", b"{}".to_vec()),
        plain("text/plain", b"grant_type=refresh_token".to_vec()),
        plain(form, vec![0xff; 10]),
        plain(
            form,
            b"grant_type=a&grant_type=b&client_id=x&client_id=y".to_vec(),
        ),
        plain(form, vec![b'a'; 70_000]),
    ] {
        let answer = server.send(request).await;
        assert!(
            matches!(answer.status.as_u16(), 400 | 401),
            "{}: {}",
            answer.status,
            answer.body
        );
        assert!(answer.json()["error"].is_string());
    }
}

#[actix_web::test]
async fn revocation_ends_ones_own_tokens_and_always_answers_200() {
    let server = Server::start();
    let client_id = server.public_client().await;
    let other = server.public_client_named("Another").await;
    let tokens = server.tokens(&client_id).await;
    let refresh_token = tokens["refresh_token"].as_str().unwrap();
    let access_token = tokens["access_token"].as_str().unwrap();
    let revoke = async |client_id: &str, token: &str| {
        server
            .post_form("/revoke", &[("client_id", client_id), ("token", token)])
            .await
            .status
    };
    for token in [refresh_token, access_token, "nonsense"] {
        assert_eq!(revoke(&other, token).await, 200, "another client's");
    }
    assert_eq!(
        server.refresh(&client_id, refresh_token).await.status,
        200,
        "nothing happened"
    );
    assert_eq!(revoke(&client_id, access_token).await, 200);
    let revoked = |event: &AuditEvent| matches!(event, AuditEvent::TokenRevoked { .. });
    assert_eq!(
        server
            .events()
            .iter()
            .filter(|event| revoked(event))
            .count(),
        1
    );
    assert_eq!(revoke(&client_id, refresh_token).await, 200);
    assert_eq!(
        server.refresh(&client_id, refresh_token).await.error().1,
        "invalid_grant"
    );
    assert_eq!(revoke("nobody", refresh_token).await, 401);
}

#[actix_web::test]
async fn a_client_that_never_signs_anybody_in_is_forgotten_within_a_day() {
    let server = Server::start();
    let used = server.public_client().await;
    let unused = server.public_client_named("Unused").await;
    let refresh_token = server.tokens(&used).await["refresh_token"]
        .as_str()
        .unwrap()
        .to_owned();
    server.clock.advance(Seconds(86_400));
    assert_eq!(
        server.refresh(&unused, "x").await.error().1,
        "invalid_client"
    );
    let answer = server.refresh(&used, &refresh_token).await.json();
    let refresh_token = answer["refresh_token"].as_str().unwrap();
    // Each use prolongs its life; the refresh token is what ends first.
    server.clock.advance(Seconds(2_592_000 - 1));
    assert_eq!(server.refresh(&used, refresh_token).await.status, 200);
}

#[actix_web::test]
async fn the_grace_does_not_give_back_a_revoked_token() {
    let server = Server::start();
    let client_id = server.public_client().await;
    let old = server.tokens(&client_id).await["refresh_token"]
        .as_str()
        .unwrap()
        .to_owned();
    let pair = server.refresh(&client_id, &old).await.json();
    let revoked = [
        ("client_id", &*client_id),
        ("token", pair["access_token"].as_str().unwrap()),
    ];
    assert_eq!(server.post_form("/revoke", &revoked).await.status, 200);
    assert_eq!(
        server.refresh(&client_id, &old).await.error().1,
        "invalid_grant"
    );
    let successor = pair["refresh_token"].as_str().unwrap();
    assert_eq!(
        server.refresh(&client_id, successor).await.error().1,
        "invalid_grant",
        "the family has ended with it"
    );
}
