//! RFC 6749 section 4.4: machines, bounded by the operator.

use serde_json::json;
use token_core::ResourceId;
use token_core::audit::AuditEvent;
use token_core::client::{Client, ClientCredential, GrantType};

use crate::harness::{Answer, RESOURCE, Server, operators_client};

const OTHER: &str = "https://search.example.com/mcp";

fn job(own: &[&str]) -> Client {
    Client {
        own_services: own
            .iter()
            .map(|resource| ResourceId::parse(*resource).unwrap())
            .collect(),
        ..operators_client("nightly-job", GrantType::ClientCredentials)
    }
}

async fn ask(server: &Server, more: &[(&str, &str)]) -> Answer {
    let mut fields = vec![
        ("grant_type", "client_credentials"),
        ("client_id", "nightly-job"),
        ("client_secret", "s3cret"),
    ];
    fields.extend_from_slice(more);
    server.post_form("/token", &fields).await
}

#[actix_web::test]
async fn a_machine_gets_a_token_for_its_own_service_and_no_refresh_token() {
    let server = Server::with_services("fetch,search");
    server.provision(&job(&[RESOURCE])).await;
    for more in [
        &[][..],
        &[("resource", RESOURCE), ("scope", "mcp offline_access x")],
    ] {
        let answer = ask(&server, more).await;
        assert_eq!(answer.status, 200, "{}", answer.body);
        let tokens = answer.json();
        assert_eq!(tokens["scope"], "mcp");
        assert!(tokens.get("refresh_token").is_none());
        let fields = [
            ("client_id", "nightly-job"),
            ("client_secret", "s3cret"),
            ("token", tokens["access_token"].as_str().unwrap()),
        ];
        let token = server.post_form("/introspect", &fields).await.json();
        assert_eq!(token["active"], true);
        assert_eq!(token["sub"], "client|nightly-job");
        assert_eq!(token["username"], "nightly-job");
        assert_eq!(token["aud"], RESOURCE);
    }
    assert!(server.events().iter().any(|event| matches!(
        event,
        AuditEvent::AuthSuccess { user_id, .. } if user_id.as_str() == "client|nightly-job"
    )));
}

#[actix_web::test]
async fn a_machine_gets_nothing_beyond_its_own_services() {
    let server = Server::with_services("fetch,search");
    server.provision(&job(&[RESOURCE])).await;
    for resource in [OTHER, "https://elsewhere.example/mcp"] {
        let answer = ask(&server, &[("resource", resource)]).await;
        assert_eq!(answer.error(), (400, "invalid_target".to_owned()));
    }
    server.provision(&job(&[RESOURCE, OTHER])).await;
    assert_eq!(ask(&server, &[]).await.error().1, "invalid_target");
    assert_eq!(ask(&server, &[("resource", OTHER)]).await.status, 200);

    // A service that is not configured any more.
    let server = Server::start();
    server.provision(&job(&[OTHER])).await;
    assert_eq!(ask(&server, &[]).await.error().1, "invalid_target");
}

#[actix_web::test]
async fn without_a_service_a_secret_and_the_grant_type_nobody_acts_for_himself() {
    let server = Server::start();
    let own = job(&[RESOURCE]);
    for client in [
        job(&[]),
        Client {
            credential: ClientCredential::None,
            ..own.clone()
        },
        Client {
            grant_types: vec![GrantType::AuthorizationCode],
            ..own.clone()
        },
    ] {
        server.provision(&client).await;
        let answer = ask(&server, &[]).await;
        assert_eq!(answer.error(), (400, "unauthorized_client".to_owned()));
    }
    server.provision(&own).await;
    let wrong = [
        ("grant_type", "client_credentials"),
        ("client_id", "nightly-job"),
        ("client_secret", "guessed"),
    ];
    let answer = server.post_form("/token", &wrong).await;
    assert_eq!(answer.error(), (401, "invalid_client".to_owned()));
}

#[actix_web::test]
async fn a_client_that_registered_itself_never_acts_for_itself() {
    let server = Server::start();
    let metadata = json!({
        "redirect_uris": ["https://client.example/callback"],
        "grant_types": ["authorization_code", "client_credentials"],
        "token_endpoint_auth_method": "client_secret_post",
    });
    let registered = server.register(&metadata).await.json();
    assert_eq!(registered["grant_types"], json!(["authorization_code"]));
    let fields = [
        ("grant_type", "client_credentials"),
        ("client_id", registered["client_id"].as_str().unwrap()),
        (
            "client_secret",
            registered["client_secret"].as_str().unwrap(),
        ),
        ("resource", RESOURCE),
    ];
    let answer = server.post_form("/token", &fields).await;
    assert_eq!(answer.error(), (400, "unauthorized_client".to_owned()));
}
