//! The stand-in for GitHub is as strict and as odd as GitHub, or the tests that lean on it say
//! nothing.

use reqwest::Client;
use serde_json::Value;
use test_kit::process::{Process, free_address, plain_http, program};
use test_kit::random;
use url::Url;

const CALLBACK: &str = "https://auth.example.test/callback";
const VERIFIER: &str = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk";

struct GitHub {
    url: Url,
    http: Client,
    _process: Process,
}

impl GitHub {
    async fn start() -> Self {
        let address = free_address();
        let mut command = program("fake-github");
        command
            .env("FAKE_GITHUB_LISTEN", address.to_string())
            .env("FAKE_GITHUB_CLIENT_ID", "app")
            .env("FAKE_GITHUB_CLIENT_SECRET", "secret")
            .env("FAKE_GITHUB_CALLBACK_URL", CALLBACK)
            .env("FAKE_GITHUB_USER", "octocat:583231");
        let mut process = Process::start("fake-github", command);
        process.wait_for(&format!("http://{address}/_health")).await;
        let url = format!("http://{address}").parse().unwrap();
        Self {
            url,
            http: plain_http(),
            _process: process,
        }
    }

    async fn authorize(&self, redirect_uri: &str) -> Url {
        let challenge = random::s256(VERIFIER);
        let query = [
            ("client_id", "app"),
            ("redirect_uri", redirect_uri),
            ("state", "s"),
            ("code_challenge", challenge.as_str()),
            ("code_challenge_method", "S256"),
        ];
        let mut url = self.url.join("login/oauth/authorize").unwrap();
        url.query_pairs_mut().extend_pairs(query);
        let answer = self.http.get(url).send().await.unwrap();
        assert_eq!(answer.status(), 302);
        answer.headers()["location"]
            .to_str()
            .unwrap()
            .parse()
            .unwrap()
    }

    async fn redeem(&self, code: &str, secret: &str, verifier: &str) -> Value {
        let form = [
            ("client_id", "app"),
            ("client_secret", secret),
            ("code", code),
            ("code_verifier", verifier),
        ];
        let url = self.url.join("login/oauth/access_token").unwrap();
        let request = self
            .http
            .post(url)
            .header("Accept", "application/json")
            .form(&form);
        let answer = request.send().await.unwrap();
        assert_eq!(answer.status(), 200, "GitHub's errors are 200");
        answer.json().await.unwrap()
    }
}

fn query(url: &Url, name: &str) -> String {
    url.query_pairs()
        .find(|(key, _)| key == name)
        .unwrap()
        .1
        .into_owned()
}

#[actix_web::test]
async fn a_code_works_once_and_only_with_its_verifier_and_secret() {
    let github = GitHub::start().await;
    let code = query(&github.authorize(CALLBACK).await, "code");
    let wrong_secret = github.redeem(&code, "wrong", VERIFIER).await;
    assert_eq!(wrong_secret["error"], "incorrect_client_credentials");
    let wrong_verifier = github.redeem(&code, "secret", "wrong").await;
    assert_eq!(wrong_verifier["error"], "bad_verification_code");

    let code = query(&github.authorize(CALLBACK).await, "code");
    let first = github.redeem(&code, "secret", VERIFIER).await;
    assert_eq!(first["token_type"], "bearer");
    let second = github.redeem(&code, "secret", VERIFIER).await;
    assert_eq!(second["error"], "bad_verification_code");

    let url = github.url.join("user").unwrap();
    let token = first["access_token"].as_str().unwrap();
    let ask = github.http.get(url).bearer_auth(token);
    let unnamed = ask.try_clone().unwrap().send().await.unwrap();
    assert_eq!(unnamed.status(), 403, "no User-Agent");
    let user: Value = ask
        .header("User-Agent", "test")
        .send()
        .await
        .unwrap()
        .json()
        .await
        .unwrap();
    assert_eq!(
        (user["login"].as_str(), user["id"].as_u64()),
        (Some("octocat"), Some(583_231))
    );
}

#[actix_web::test]
async fn a_redirect_uri_outside_the_callback_never_gets_a_code() {
    let github = GitHub::start().await;
    for elsewhere in [
        "https://evil.example/callback",
        "https://auth.example.test/callback-evil",
    ] {
        let location = github.authorize(elsewhere).await;
        assert!(location.as_str().starts_with(CALLBACK), "{location}");
        assert_eq!(query(&location, "error"), "redirect_uri_mismatch");
    }
    let below = github.authorize(&format!("{CALLBACK}/below")).await;
    assert_eq!(below.path(), "/callback/below");
}
