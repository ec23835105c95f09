//! Clients of the operator's own (setting `CLIENTS`).

use crate::harness::{CALLBACK, Server, VERIFIER, open_to_all};
use auth_service::flows::clients::ClientSettings;
use auth_service::flows::pre_registered::PreRegistered;
use serde_json::json;
use token_core::secret::SecretHash;
use token_core::{Seconds, Services};

const SECRET: &str = "a secret of the operator's making";

fn parse(toml: &str) -> Result<PreRegistered, String> {
    PreRegistered::parse(toml, &Services::parse("fetch", "example.com").unwrap())
}

fn toml() -> String {
    format!(
        r#"
        [[client]]
        client_id = "desk"
        name = "The desk"
        redirect_uris = ["{CALLBACK}"]

        [[client]]
        client_id = "robot"
        name = "The robot"
        secret_hash = "{}"
        redirect_uris = ["{CALLBACK}"]
        grant_types = ["authorization_code", "client_credentials"]
        own_services = ["fetch"]
        "#,
        SecretHash::of(SECRET)
    )
}

fn server() -> Server {
    let settings = ClientSettings {
        registration: false,
        pre_registered: parse(&toml()).unwrap(),
        ..open_to_all()
    };
    Server::with("fetch", settings)
}

#[actix_web::test]
async fn they_sign_people_in_without_registering_and_never_expire() {
    let server = server();
    server.clock.advance(Seconds(100 * 86_400));
    let tokens = server.tokens("desk").await;
    let refresh_token = tokens["refresh_token"].as_str().unwrap();
    assert_eq!(server.refresh("desk", refresh_token).await.status, 200);
}

#[actix_web::test]
async fn a_secret_is_asked_for_where_there_is_one() {
    let server = server();
    for (secret, status) in [("", 401), ("guess", 401), (SECRET, 200)] {
        let code = server.code("robot").await;
        let mut fields = vec![
            ("grant_type", "authorization_code"),
            ("client_id", "robot"),
            ("code", &*code),
            ("code_verifier", VERIFIER),
        ];
        fields.push(("client_secret", secret));
        let answer = server.post_form("/token", &fields).await;
        assert_eq!(answer.status, status, "{}", answer.body);
    }
}

#[actix_web::test]
async fn nobody_manages_them_by_a_token() {
    let request = actix_web::test::TestRequest::delete()
        .uri("/register/desk")
        .insert_header(("authorization", "Bearer x"));
    assert_eq!(server().send(request).await.status, 401);
}

#[test]
fn a_wrong_file_is_refused_and_its_entry_named() {
    let entry = |lines: &str| {
        format!("[[client]]\nclient_id = \"bad one\"\nname = \"x\"\n{lines}")
            .replace("bad one", "bad-one")
    };
    let callback = json!([CALLBACK]);
    for (lines, words) in [
        (String::new(), "redirect URI"),
        (
            r#"redirect_uris = ["http://x.example/"]"#.to_owned(),
            "redirect URI",
        ),
        (
            format!("redirect_uris = {callback}\nsecret_hash = \"short\""),
            "secret_hash",
        ),
        (
            format!(
                "redirect_uris = {callback}\ngrant_types = [\"client_credentials\"]\nown_services = [\"fetch\"]"
            ),
            "secret_hash",
        ),
        (
            format!("redirect_uris = {callback}\nown_services = [\"fetch\"]"),
            "own_services",
        ),
        (
            format!("redirect_uris = {callback}\nown_services = [\"other\"]"),
            "other",
        ),
        (
            format!("redirect_uris = {callback}\njwks_uri = \"http://x.example\""),
            "jwks_uri",
        ),
    ] {
        let error = parse(&entry(&lines)).err().unwrap();
        assert!(
            error.contains("bad-one") && error.contains(words),
            "{lines}: {error}"
        );
    }
    let twice = entry(&format!("redirect_uris = {callback}\n")).repeat(2);
    assert!(parse(&twice).err().unwrap().contains("twice"));
    for (toml, words) in [
        (entry("secret = \"s3cret\""), "secret"),
        ("[[client]]\nname = \"x\"".to_owned(), "client_id"),
        ("client = 1".to_owned(), "client"),
        ("not toml".to_owned(), "TOML"),
    ] {
        let error = parse(&toml).err().unwrap();
        assert!(
            error.contains(words) && !error.contains("s3cret"),
            "{toml}: {error}"
        );
    }
    assert!(parse("").is_err());
}
