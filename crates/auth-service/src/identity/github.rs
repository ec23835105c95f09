//! GitHub as the identity provider, GitHub Enterprise too (`GITHUB_BASE_URL`, `GITHUB_API_URL`).
//!
//! No scope is asked for: `GET /user` then gives the public profile, of which the numeric id and
//! the login are read. The upstream token is used once and dropped.

use std::time::Duration;

use app_shell::traces;
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

/// What GitHub says of an app.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum AppStanding {
    /// It knows the app by its id and its secret.
    Known {
        /// And it sends people back to the callback. It tells that only of who is signed in there.
        callback: bool,
    },
    /// It has no app of that id.
    UnknownClient,
    /// The secret is not the app's.
    WrongSecret,
    /// The app has another callback.
    WrongCallback,
    /// Something else.
    Other(String),
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
        match self.ask_for_token(code, verifier).await? {
            TokenAnswer::Issued { access_token } => Ok(access_token),
            TokenAnswer::Refused { error } => {
                tracing::warn!(error, "GitHub refused the code");
                Err(UpstreamError::Refused)
            }
        }
    }

    async fn ask_for_token(
        &self,
        code: &str,
        verifier: &CodeVerifier,
    ) -> Result<TokenAnswer, UpstreamError> {
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
        answer(request).await
    }

    /// What GitHub says of the app, as far as it says so without a person: it is asked to begin a
    /// sign-in, and for the token of a code that it never gave. Nothing comes of either.
    pub async fn standing(
        &self,
        state: &SignInState,
        verifier: &CodeVerifier,
    ) -> Result<AppStanding, UpstreamError> {
        let page = self
            .http
            .get(self.authorization_url(state, &verifier.challenge()));
        let unavailable =
            |error: reqwest::Error| UpstreamError::Unavailable(error.without_url().into());
        let page = page.send().await.map_err(unavailable)?;
        if page.status() == reqwest::StatusCode::NOT_FOUND {
            return Ok(AppStanding::UnknownClient);
        }
        let location = page.headers().get(reqwest::header::LOCATION);
        let location = location.and_then(|value| value.to_str().ok());
        if location.is_some_and(|to| to.contains("error=redirect_uri_mismatch")) {
            return Ok(AppStanding::WrongCallback);
        }
        let began = location.is_some_and(|to| to.starts_with(&self.redirect_uri));
        match self
            .ask_for_token("made-up-by-the-doctor", verifier)
            .await?
        {
            TokenAnswer::Refused { error } => Ok(match error.as_str() {
                "bad_verification_code" => AppStanding::Known { callback: began },
                "incorrect_client_credentials" => AppStanding::WrongSecret,
                "redirect_uri_mismatch" => AppStanding::WrongCallback,
                _ => AppStanding::Other(error),
            }),
            TokenAnswer::Issued { .. } => Ok(AppStanding::Other("a token for any code".to_owned())),
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
        let token = traces::ask("GitHub token", self.exchange(code, verifier)).await?;
        let user = traces::ask("GitHub user", self.user(&token)).await?;
        let odd = |error: token_core::InvalidText| UpstreamError::Unavailable(error.into());
        Ok(Person {
            user_id: UserId::parse(format!("github|{}", user.id)).map_err(odd)?,
            username: Username::parse(user.login).map_err(odd)?,
        })
    }
}
