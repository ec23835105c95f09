//! An MCP client as the specification describes it, step by step, so that a test can misstep.

use reqwest::{Method, Response, StatusCode};
use serde_json::{Value, json};
use url::Url;

use crate::edge::Edge;
use crate::process::plain_http;
use crate::random;

/// The redirect URI that the client registers.
pub const REDIRECT_URI: &str = "http://127.0.0.1:7777/callback";

/// An OAuth answer: status and JSON body.
#[derive(Debug)]
pub struct Answer {
    /// The status.
    pub status: StatusCode,
    /// The body; `null` when it is not JSON.
    pub body: Value,
}

impl Answer {
    async fn read(response: Response) -> Self {
        let status = response.status();
        let text = response.text().await.expect("a body");
        Self {
            status,
            body: serde_json::from_str(&text).unwrap_or(Value::Null),
        }
    }

    /// A member of the body that must be a string.
    pub fn text(&self, member: &str) -> &str {
        self.body[member]
            .as_str()
            .unwrap_or_else(|| panic!("no {member} in {self:?}"))
    }

    /// The OAuth error code, where the answer is one (RFC 6749 section 5.2).
    pub fn error(&self) -> &str {
        self.text("error")
    }
}

/// A pair of tokens as the client keeps it.
#[derive(Debug, Clone)]
pub struct Tokens {
    /// The access token.
    pub access: String,
    /// The refresh token.
    pub refresh: String,
}

impl From<&Answer> for Tokens {
    fn from(answer: &Answer) -> Self {
        assert_eq!(answer.status, 200, "{answer:?}");
        Self {
            access: answer.text("access_token").to_owned(),
            refresh: answer.text("refresh_token").to_owned(),
        }
    }
}

/// A public client for one MCP service.
#[derive(Debug)]
pub struct McpClient {
    edge: Edge,
    http: reqwest::Client,
    service: String,
    metadata: Value,
    registration: Value,
    /// Its identifier at the authorization server.
    pub client_id: String,
    /// The PKCE verifier of the authorization that is under way.
    pub verifier: String,
    /// The `state` of the authorization that is under way.
    pub state: String,
}

impl McpClient {
    /// Discovers from the 401 of the service, then registers (RFC 9728, RFC 8414, RFC 7591).
    pub async fn register(edge: &Edge, service: &str) -> Self {
        Self::register_as(edge, service, "none").await
    }

    /// The same as a client that authenticates so at the token endpoint: `none`, or
    /// `client_secret_post`.
    pub async fn register_as(edge: &Edge, service: &str, authentication: &str) -> Self {
        let http = plain_http();
        let refusal = edge.verify(&http, service).send().await.expect("an answer");
        assert_eq!(refusal.status(), 401);
        let challenge = refusal.headers()["www-authenticate"]
            .to_str()
            .expect("text")
            .to_owned();
        let location = quoted(&challenge, "resource_metadata");
        let resource = get(edge, &http, &location).await;
        assert_eq!(resource["resource"], edge.resource(service));
        let issuer = resource["authorization_servers"][0]
            .as_str()
            .expect("an issuer");
        let metadata = get(
            edge,
            &http,
            &format!("{issuer}/.well-known/oauth-authorization-server"),
        )
        .await;
        assert_eq!(metadata["issuer"], issuer);
        let mut client = Self {
            edge: edge.clone(),
            http,
            service: service.to_owned(),
            metadata,
            registration: Value::Null,
            client_id: String::new(),
            verifier: random::base64url(32),
            state: random::base64url(16),
        };
        let registration = client
            .post_json("registration_endpoint", &client_metadata(authentication))
            .await;
        assert_eq!(registration.status, 201, "{registration:?}");
        registration
            .text("client_id")
            .clone_into(&mut client.client_id);
        client.registration = registration.body;
        client
    }

    /// A fresh authorization request's parameters (RFC 6749 section 4.1.1, RFC 7636, RFC 8707).
    pub fn authorization_parameters(&mut self) -> Vec<(&'static str, String)> {
        self.verifier = random::base64url(32);
        self.state = random::base64url(16);
        vec![
            ("response_type", "code".to_owned()),
            ("client_id", self.client_id.clone()),
            ("redirect_uri", REDIRECT_URI.to_owned()),
            ("state", self.state.clone()),
            ("code_challenge", random::s256(&self.verifier)),
            ("code_challenge_method", "S256".to_owned()),
            ("resource", self.edge.resource(&self.service)),
            ("scope", "mcp".to_owned()),
        ]
    }

    /// The authorization endpoint with these parameters.
    pub fn authorization_url(&self, parameters: &[(&str, String)]) -> Url {
        let mut url = self.endpoint("authorization_endpoint");
        url.query_pairs_mut().extend_pairs(parameters);
        url
    }

    /// Redeems a code with the verifier of the authorization under way.
    pub async fn redeem(&self, code: &str) -> Answer {
        self.redeem_with(code, &self.verifier).await
    }

    /// Redeems a code with any verifier.
    pub async fn redeem_with(&self, code: &str, verifier: &str) -> Answer {
        self.token(&[
            ("grant_type", "authorization_code"),
            ("code", code),
            ("redirect_uri", REDIRECT_URI),
            ("code_verifier", verifier),
            ("client_id", &self.client_id),
            ("resource", &self.edge.resource(&self.service)),
        ])
        .await
    }

    /// Refreshes (RFC 6749 section 6).
    pub async fn refresh(&self, refresh_token: &str) -> Answer {
        self.token(&[
            ("grant_type", "refresh_token"),
            ("refresh_token", refresh_token),
            ("client_id", &self.client_id),
        ])
        .await
    }

    /// Asks the token endpoint.
    pub async fn token(&self, form: &[(&str, &str)]) -> Answer {
        self.post_form("token_endpoint", form).await
    }

    /// Revokes a token (RFC 7009).
    pub async fn revoke(&self, token: &str) -> Answer {
        self.post_form(
            "revocation_endpoint",
            &[("token", token), ("client_id", &self.client_id)],
        )
        .await
    }

    /// Asks what a token is (RFC 7662).
    pub async fn introspect(&self, token: &str) -> Answer {
        self.post_form(
            "introspection_endpoint",
            &[("token", token), ("client_id", &self.client_id)],
        )
        .await
    }

    /// Registers another client with this metadata (RFC 7591).
    pub async fn register_other(&self, metadata: &Value) -> Answer {
        self.post_json("registration_endpoint", metadata).await
    }

    /// What the verifier of `service` says of an access token.
    pub async fn verify(&self, service: &str, access_token: &str) -> Response {
        let request = self
            .edge
            .verify(&self.http, service)
            .bearer_auth(access_token);
        request.send().await.expect("an answer")
    }

    /// Deletes its own registration (RFC 7592 section 2.3).
    pub async fn delete(&self) -> StatusCode {
        let of = |member: &str| self.registration[member].as_str().expect("text");
        let url = of("registration_client_uri").parse().expect("a URL");
        let request = self.edge.route(&self.http, Method::DELETE, &url);
        let request = request.bearer_auth(of("registration_access_token"));
        request.send().await.expect("an answer").status()
    }

    async fn post_form(&self, endpoint: &str, form: &[(&str, &str)]) -> Answer {
        let url = self.endpoint(endpoint);
        let secret = self.registration["client_secret"].as_str();
        let secret = secret.map(|secret| ("client_secret", secret));
        let form: Vec<_> = form.iter().copied().chain(secret).collect();
        let request = self.edge.route(&self.http, Method::POST, &url).form(&form);
        Answer::read(request.send().await.expect("an answer")).await
    }

    async fn post_json(&self, endpoint: &str, body: &Value) -> Answer {
        let url = self.endpoint(endpoint);
        let request = self.edge.route(&self.http, Method::POST, &url).json(body);
        Answer::read(request.send().await.expect("an answer")).await
    }

    fn endpoint(&self, name: &str) -> Url {
        let endpoint = self.metadata[name]
            .as_str()
            .unwrap_or_else(|| panic!("no {name}"));
        endpoint.parse().expect("a URL")
    }
}

fn client_metadata(authentication: &str) -> Value {
    json!({
        // A public client is known by its metadata: each test client is another.
        "client_name": format!("Test client {}", random::hex(4)),
        "redirect_uris": [REDIRECT_URI],
        "grant_types": ["authorization_code", "refresh_token"],
        "response_types": ["code"],
        "token_endpoint_auth_method": authentication,
    })
}

async fn get(edge: &Edge, http: &reqwest::Client, url: &str) -> Value {
    let url: Url = url.parse().expect("a URL");
    let answer = edge
        .route(http, Method::GET, &url)
        .send()
        .await
        .expect("an answer");
    assert_eq!(answer.status(), 200, "{url}");
    answer.json().await.expect("JSON")
}

/// The quoted value of a parameter of a challenge (RFC 9110 section 11.6.1).
fn quoted(challenge: &str, parameter: &str) -> String {
    let after = challenge
        .split_once(&format!("{parameter}=\""))
        .map(|(_, after)| after);
    let value = after
        .and_then(|after| after.split_once('"'))
        .map(|(value, _)| value);
    value
        .unwrap_or_else(|| panic!("no {parameter} in {challenge}"))
        .to_owned()
}
