//! RFC 8414, RFC 7517, and what clients try besides.

use crate::harness::Server;
use serde_json::json;

#[actix_web::test]
async fn the_metadata_is_one_document_in_two_places() {
    let server = Server::start();
    let metadata = server.get("/.well-known/oauth-authorization-server").await;
    assert_eq!(metadata.header("access-control-allow-origin"), Some("*"));
    let document = metadata.json();
    assert_eq!(document["issuer"], "https://auth.example.com");
    assert_eq!(
        document["code_challenge_methods_supported"],
        json!(["S256"])
    );
    assert_eq!(document["response_types_supported"], json!(["code"]));
    assert_eq!(
        document["authorization_response_iss_parameter_supported"],
        true
    );
    assert_eq!(
        document["scopes_supported"],
        json!(["mcp", "offline_access"])
    );
    assert!(
        document
            .get("id_token_signing_alg_values_supported")
            .is_none()
    );
    let suffixed = server
        .get("/.well-known/oauth-authorization-server/mcp")
        .await
        .json();
    assert_eq!(suffixed, document);

    let openid = server.get("/.well-known/openid-configuration").await.json();
    for name in [
        "jwks_uri",
        "subject_types_supported",
        "id_token_signing_alg_values_supported",
    ] {
        assert!(!openid[name].is_null(), "{name}");
    }
    assert_eq!(openid["issuer"], document["issuer"]);
}

#[actix_web::test]
async fn every_endpoint_of_the_metadata_is_served() {
    let server = Server::start();
    let document = server
        .get("/.well-known/oauth-authorization-server")
        .await
        .json();
    let members = document.as_object().unwrap();
    let urls = members
        .iter()
        .filter(|(name, _)| name.ends_with("_endpoint") || *name == "jwks_uri");
    for (name, url) in urls {
        let path = url
            .as_str()
            .unwrap()
            .strip_prefix("https://auth.example.com")
            .unwrap();
        assert_ne!(server.get(path).await.status, 404, "{name}");
    }
}

#[actix_web::test]
async fn the_keys_are_public_halves_only() {
    let server = Server::start();
    for path in ["/jwks", "/.well-known/jwks.json"] {
        let keys = server.get(path).await.json();
        let key = keys["keys"][0].as_object().unwrap();
        assert!(key.contains_key("kid") && key.contains_key("alg") && !key.contains_key("d"));
    }
}

#[actix_web::test]
async fn other_well_known_names_are_a_plain_404() {
    let server = Server::start();
    for path in [
        "/.well-known/oauth-protected-resource",
        "/.well-known/x/y",
        "/.well-known/",
    ] {
        let answer = server.get(path).await;
        assert_eq!(answer.status, 404, "{path}");
        assert!(!answer.body.contains('<'), "{path}: {}", answer.body);
    }
}

#[actix_web::test]
async fn what_can_be_read_can_be_asked_about_by_head() {
    let server = Server::start();
    for path in [
        "/jwks",
        "/.well-known/oauth-authorization-server",
        "/",
        "/assets/gateway.css",
    ] {
        let answer = server
            .send(
                actix_web::test::TestRequest::default()
                    .method(actix_web::http::Method::HEAD)
                    .uri(path),
            )
            .await;
        assert_eq!(answer.status, 200, "{path}");
    }
}
