//! GitHub as the identity provider, GitHub Enterprise too (`GITHUB_BASE_URL`, `GITHUB_API_URL`).
//!
//! No scope is asked for: `GET /user` then gives the public profile, of which the numeric id and
//! the login are read. The upstream token is used once and dropped.

use std::time::Duration;

use async_trait::async_trait;
use serde::Deserialize;
use token_core::pkce::{CodeChallenge, CodeVerifier};
use token_core::secret::{ClientSecret, SignInState};
use token_core::{Issuer, UserId, Username};
use url::Url;

use super::{Person, UpstreamError, UpstreamProvider};

/// Clients wait about ten seconds for a token; a person in front of a page waits no longer.
const REQUEST_LIMIT: Duration = Duration::from_secs(8);
const CONNECT_LIMIT: Duration = Duration::from_secs(3);

/// The OAuth app at GitHub.
pub struct GitHub {
    http: reqwest::Client,
    client_id: String,
    client_secret: ClientSecret,
    base_url: Url,
    api_url: Url,
    redirect_uri: String,
}

/// Where GitHub is, and the app that speaks to it.
#[derive(Clone)]
pub struct GitHubApp {
    /// `GITHUB_CLIENT_ID`
    pub client_id: String,
    /// `GITHUB_CLIENT_SECRET`
    pub client_secret: ClientSecret,
    /// `GITHUB_BASE_URL`, `https://github.com` by default.
    pub base_url: Url,
    /// `GITHUB_API_URL`, `https://api.github.com` by default.
    pub api_url: Url,
}

#[derive(Deserialize)]
#[serde(untagged)]
enum TokenAnswer {
    Issued { access_token: String },
    // GitHub answers errors with 200.
    Refused { error: String },
}

#[derive(Deserialize)]
struct User {
    id: u64,
    login: String,
}

impl GitHub {
    /// A client with limits. Its redirect URI is the issuer's `/callback`.
    pub fn new(app: GitHubApp, issuer: &Issuer) -> Result<Self, reqwest::Error> {
        app_shell::tls::install_ring();
        let http = reqwest::Client::builder()
            .user_agent(concat!("mcp-oauth-gateway/", env!("CARGO_PKG_VERSION")))
            .redirect(reqwest::redirect::Policy::none())
            .no_proxy()
            .connect_timeout(CONNECT_LIMIT)
            .timeout(REQUEST_LIMIT)
            .build()?;
        Ok(Self {
            http,
            client_id: app.client_id,
            client_secret: app.client_secret,
            base_url: app.base_url,
            api_url: app.api_url,
            redirect_uri: issuer.endpoint("/callback"),
        })
    }

    async fn exchange(&self, code: &str, verifier: &CodeVerifier) -> Result<String, UpstreamError> {
        let form = [
            ("client_id", self.client_id.as_str()),
            ("client_secret", self.client_secret.expose()),
            ("code", code),
            ("redirect_uri", &self.redirect_uri),
            ("code_verifier", verifier.expose()),
        ];
        let request = self
            .http
            .post(below(&self.base_url, "login/oauth/access_token"))
            .header(reqwest::header::ACCEPT, "application/json")
            .form(&form);
        match answer::<TokenAnswer>(request).await? {
            TokenAnswer::Issued { access_token } => Ok(access_token),
            TokenAnswer::Refused { error } => {
                tracing::warn!(error, "GitHub refused the code");
                Err(UpstreamError::Refused)
            }
        }
    }

    async fn user(&self, token: &str) -> Result<User, UpstreamError> {
        let request = self
            .http
            .get(below(&self.api_url, "user"))
            .header(reqwest::header::ACCEPT, "application/vnd.github+json")
            .bearer_auth(token);
        answer(request).await
    }
}

async fn answer<T: serde::de::DeserializeOwned>(
    request: reqwest::RequestBuilder,
) -> Result<T, UpstreamError> {
    // The URL is left out: it is configuration, and an error must not carry a query.
    let unavailable =
        |error: reqwest::Error| UpstreamError::Unavailable(error.without_url().into());
    let response = request.send().await.map_err(unavailable)?;
    response
        .error_for_status()
        .map_err(unavailable)?
        .json()
        .await
        .map_err(unavailable)
}

/// `path` below a base that may itself have a path (`https://github.example.com/api/v3`).
fn below(base: &Url, path: &str) -> String {
    format!("{}/{path}", base.as_str().trim_end_matches('/'))
}

#[async_trait]
impl UpstreamProvider for GitHub {
    fn authorization_url(&self, state: &SignInState, challenge: &CodeChallenge) -> String {
        let mut query = url::form_urlencoded::Serializer::new(String::new());
        query
            .append_pair("client_id", &self.client_id)
            .append_pair("redirect_uri", &self.redirect_uri)
            .append_pair("state", state.expose())
            .append_pair("code_challenge", challenge.as_str())
            .append_pair("code_challenge_method", "S256");
        format!(
            "{}?{}",
            below(&self.base_url, "login/oauth/authorize"),
            query.finish()
        )
    }

    async fn identify(&self, code: &str, verifier: &CodeVerifier) -> Result<Person, UpstreamError> {
        let token = self.exchange(code, verifier).await?;
        let user = self.user(&token).await?;
        let odd = |error: token_core::InvalidText| UpstreamError::Unavailable(error.into());
        Ok(Person {
            user_id: UserId::parse(format!("github|{}", user.id)).map_err(odd)?,
            username: Username::parse(user.login).map_err(odd)?,
        })
    }
}
