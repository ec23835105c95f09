//! A client and a person, as far as a rehearsal needs them.

use std::collections::BTreeMap;
use std::error::Error;
use std::fmt;
use std::time::Duration;

use reqwest::header::{ACCEPT, COOKIE, HeaderMap, LOCATION, ORIGIN, SET_COOKIE};
use reqwest::{RequestBuilder, Response, StatusCode};
use serde_json::{Value, json};
use token_core::pkce::CodeVerifier;
use token_core::{Entropy as _, Issuer, ResourceId, SystemEntropy};
use url::Url;

const LIMIT: Duration = Duration::from_secs(15);
/// Nobody listens there, and nobody is asked.
const CALLBACK: &str = "http://127.0.0.1:1/callback";

/// The step that did not go well, and why.
#[derive(Debug)]
pub(crate) struct Failed {
    step: &'static str,
    cause: String,
}

impl Failed {
    pub(crate) fn new(step: &'static str, cause: impl Into<Box<dyn Error>>) -> Self {
        let cause = app_shell::error_chain(cause.into().as_ref());
        Self { step, cause }
    }
}

impl fmt::Display for Failed {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{}: {}", self.step, self.cause)
    }
}

/// Both of them, with the person's cookies.
pub(crate) struct Client {
    http: reqwest::Client,
    issuer: Issuer,
    resource: ResourceId,
    passphrase: String,
    cookies: BTreeMap<String, String>,
    steps: usize,
}

impl Client {
    pub(crate) fn new(
        issuer: Issuer,
        resource: ResourceId,
        passphrase: String,
    ) -> Result<Self, Failed> {
        app_shell::tls::install_ring();
        let http = reqwest::Client::builder()
            .redirect(reqwest::redirect::Policy::none())
            .no_proxy()
            // It speaks plain http on loopback alone, wherever `localhost` leads.
            .resolve("localhost", ([127, 0, 0, 1], 0).into())
            .tls_certs_only([])
            .timeout(LIMIT)
            .build()
            .map_err(|error| Failed::new("start", error))?;
        Ok(Self {
            http,
            issuer,
            resource,
            passphrase,
            cookies: BTreeMap::new(),
            steps: 0,
        })
    }

    /// Every step: how many there were.
    pub(crate) async fn walk(mut self) -> Result<usize, Failed> {
        self.mcp("no entry without a token", None, StatusCode::UNAUTHORIZED)
            .await?;
        let client_id = self.register().await?;
        let verifier = SystemEntropy::new().token(32);
        let verifier = verifier.map_err(|error| Failed::new("PKCE", error))?;
        let code = self.code(&client_id, &verifier).await?;
        let form = [
            ("grant_type", "authorization_code"),
            ("client_id", &client_id),
            ("redirect_uri", CALLBACK),
            ("code", &code),
            ("code_verifier", &verifier),
        ];
        let (first, refresh) = self.token("token", &form).await?;
        self.mcp("MCP call", Some(&first), StatusCode::OK).await?;
        let form = [
            ("grant_type", "refresh_token"),
            ("client_id", &client_id),
            ("refresh_token", &refresh),
        ];
        let (second, _) = self.token("refresh", &form).await?;
        self.mcp("MCP call after the refresh", Some(&second), StatusCode::OK)
            .await?;
        let form = [("client_id", &*client_id), ("token", &second)];
        let revoke = self.http.post(self.issuer.endpoint("/revoke")).form(&form);
        self.expect("revoke", revoke, StatusCode::OK).await?;
        let step = "no entry after revocation";
        self.mcp(step, Some(&second), StatusCode::UNAUTHORIZED)
            .await?;
        Ok(self.steps)
    }

    async fn register(&mut self) -> Result<String, Failed> {
        let metadata = json!({
            "client_name": "The doctor",
            "redirect_uris": [CALLBACK],
            "grant_types": ["authorization_code", "refresh_token"],
            "token_endpoint_auth_method": "none",
        });
        let request = self
            .http
            .post(self.issuer.endpoint("/register"))
            .json(&metadata);
        let answer = self
            .expect("register", request, StatusCode::CREATED)
            .await?;
        member("register", &answer, "client_id")
    }

    /// The person's part: consent and sign-in.
    async fn code(&mut self, client_id: &str, verifier: &str) -> Result<String, Failed> {
        let verifier = CodeVerifier::parse(verifier).map_err(|error| Failed::new("PKCE", error))?;
        let challenge = verifier.challenge();
        let query = [
            ("response_type", "code"),
            ("client_id", client_id),
            ("redirect_uri", CALLBACK),
            ("code_challenge", challenge.as_str()),
            ("code_challenge_method", "S256"),
            ("resource", self.resource.as_str()),
            ("state", "doctor"),
        ];
        let url = Url::parse_with_params(&self.issuer.endpoint("/authorize"), &query);
        let url = url.map_err(|error| Failed::new("authorize", error))?;
        let page = self.http.get(url);
        let page = self.expect("authorize", page, StatusCode::OK).await?;
        let request = hidden("consent page", &page, "request")?;
        let form = [("request", request.as_str()), ("decision", "approve")];
        let consent = self.http.post(self.issuer.endpoint("/consent")).form(&form);
        let to = self.redirected("consent", consent).await?;
        let page = self
            .expect("sign-in page", self.http.get(to), StatusCode::OK)
            .await?;
        let state = hidden("sign-in page", &page, "state")?;
        let form = [("state", state.as_str()), ("passphrase", &self.passphrase)];
        let sign_in = self.http.post(self.issuer.endpoint("/sign-in")).form(&form);
        let back = self.redirected("sign-in", sign_in).await?;
        let answered = |name: &str| {
            let mut pairs = back.query_pairs();
            pairs
                .find(|(own, _)| own == name)
                .map(|(_, value)| value.into_owned())
        };
        let ours = answered("state").as_deref() == Some("doctor")
            && answered("iss").as_deref() == Some(self.issuer.as_str());
        answered("code")
            .filter(|_| ours && back.as_str().starts_with(CALLBACK))
            .ok_or_else(|| Failed::new("sign-in", "no code with our state and issuer came back"))
    }

    async fn token(
        &mut self,
        step: &'static str,
        form: &[(&str, &str)],
    ) -> Result<(String, String), Failed> {
        let request = self.http.post(self.issuer.endpoint("/token")).form(form);
        let answer = self.expect(step, request, StatusCode::OK).await?;
        let access = member(step, &answer, "access_token")?;
        Ok((access, member(step, &answer, "refresh_token")?))
    }

    async fn mcp(
        &mut self,
        step: &'static str,
        token: Option<&str>,
        status: StatusCode,
    ) -> Result<(), Failed> {
        let call = json!({
            "jsonrpc": "2.0",
            "id": 1,
            "method": "initialize",
            "params": {
                "protocolVersion": "2025-06-18",
                "capabilities": {},
                "clientInfo": { "name": "doctor", "version": env!("CARGO_PKG_VERSION") },
            },
        });
        let request = self.http.post(self.resource.as_str()).json(&call);
        let request = request.header(ACCEPT, "application/json, text/event-stream");
        let request = match token {
            Some(token) => request.bearer_auth(token),
            None => request,
        };
        self.expect(step, request, status).await.map(|_| ())
    }

    /// Where a form leads.
    async fn redirected(
        &mut self,
        step: &'static str,
        request: RequestBuilder,
    ) -> Result<Url, Failed> {
        let request = request.header(ORIGIN, self.issuer.as_str());
        let answer = self.send(step, request).await?;
        let location = answer
            .headers()
            .get(LOCATION)
            .and_then(|to| to.to_str().ok());
        let base = Url::parse(self.issuer.as_str()).map_err(|error| Failed::new(step, error))?;
        let to = location.and_then(|to| base.join(to).ok());
        to.ok_or_else(|| Failed::new(step, format!("no redirect, but {}", answer.status())))
    }

    /// The body of an answer of this status.
    async fn expect(
        &mut self,
        step: &'static str,
        request: RequestBuilder,
        status: StatusCode,
    ) -> Result<String, Failed> {
        let answer = self.send(step, request).await?;
        if answer.status() != status {
            return Err(Failed::new(
                step,
                format!("{}, not {status}", answer.status()),
            ));
        }
        answer
            .text()
            .await
            .map_err(|error| Failed::new(step, error))
    }

    async fn send(
        &mut self,
        step: &'static str,
        request: RequestBuilder,
    ) -> Result<Response, Failed> {
        let cookies: Vec<_> = self
            .cookies
            .iter()
            .map(|(name, value)| format!("{name}={value}"))
            .collect();
        let request = request.header(COOKIE, cookies.join("; "));
        let answer = request
            .send()
            .await
            .map_err(|error| Failed::new(step, error.without_url()))?;
        self.keep_cookies(answer.headers());
        self.steps += 1;
        Ok(answer)
    }

    fn keep_cookies(&mut self, headers: &HeaderMap) {
        for cookie in headers.get_all(SET_COOKIE) {
            let pair = cookie.to_str().ok().and_then(|text| text.split(';').next());
            if let Some((name, value)) = pair.and_then(|pair| pair.split_once('=')) {
                self.cookies.insert(name.to_owned(), value.to_owned());
            }
        }
    }
}

/// The value of a hidden field of a page of ours.
fn hidden(step: &'static str, page: &str, name: &str) -> Result<String, Failed> {
    let marker = format!("name=\"{name}\" value=\"");
    let value = page
        .split_once(&marker)
        .and_then(|(_, rest)| rest.split_once('"'));
    value
        .map(|(value, _)| value.to_owned())
        .ok_or_else(|| Failed::new(step, format!("it has no field `{name}`")))
}

fn member(step: &'static str, json: &str, name: &str) -> Result<String, Failed> {
    let answer: Value = serde_json::from_str(json).map_err(|error| Failed::new(step, error))?;
    let text = answer.get(name).and_then(Value::as_str);
    text.map(str::to_owned)
        .ok_or_else(|| Failed::new(step, format!("its answer has no {name}")))
}
