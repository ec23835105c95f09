//! `gateway serve` as a process: everything on one loopback origin, with a passphrase and a file.

use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use reqwest::header::{HeaderMap, LOCATION};
use reqwest::{Client, RequestBuilder, Response, StatusCode};
use serde_json::{Value, json};
use tempfile::TempDir;
use url::Url;

use crate::browser::{Browser, Page};
use crate::edge::Edge;
use crate::process::{Process, free_address, plain_http, program, raw, recipe};
use crate::random;

/// The redirect URI of the clients that a test registers here.
pub const CALLBACK: &str = "http://127.0.0.1:1/callback";
/// RFC 7636 appendix B.
pub const VERIFIER: &str = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk";
/// The challenge of [`VERIFIER`].
pub const CHALLENGE: &str = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM";

/// A running gateway.
#[derive(Debug)]
pub struct Gateway {
    /// The one origin that it has.
    pub origin: String,
    /// What the owner signs in with.
    pub passphrase: String,
    /// Follows no redirect and keeps no cookie.
    pub http: Client,
    directory: PathBuf,
    process: Process,
    _data: Option<TempDir>,
}

/// An answer, read whole.
#[derive(Debug)]
pub struct Reply {
    /// The status.
    pub status: StatusCode,
    /// The headers.
    pub headers: HeaderMap,
    /// The body.
    pub body: String,
}

impl Reply {
    /// Reads an answer to its end.
    pub async fn read(response: Response) -> Self {
        Self {
            status: response.status(),
            headers: response.headers().clone(),
            body: response.text().await.expect("a body of text"),
        }
    }

    /// The body as JSON.
    pub fn json(&self) -> Value {
        serde_json::from_str(&self.body).unwrap_or_else(|_| panic!("not JSON: {self:?}"))
    }

    /// A member of the JSON body that must be a string.
    pub fn text(&self, name: &str) -> String {
        let json = self.json();
        let text = json[name].as_str();
        text.unwrap_or_else(|| panic!("no {name}: {json}"))
            .to_owned()
    }

    /// Status and `error` of an OAuth error answer (RFC 6749 section 5.2).
    pub fn error(&self) -> (u16, String) {
        (self.status.as_u16(), self.text("error"))
    }

    /// A header.
    pub fn header(&self, name: &str) -> Option<&str> {
        let value = self.headers.get(name)?;
        Some(value.to_str().expect("a header of text"))
    }

    /// Where it redirects to.
    pub fn location(&self) -> Option<&str> {
        self.header(LOCATION.as_str())
    }

    /// The value of a hidden field of its page.
    pub fn field(&self, name: &str) -> String {
        let marker = format!("name=\"{name}\" value=\"");
        let found = self.body.split_once(&marker);
        let rest = found
            .unwrap_or_else(|| panic!("no {name}: {}", self.body))
            .1;
        rest.split_once('"').expect("a value").0.to_owned()
    }

    /// The cookies that it sets, as a browser sends them back.
    pub fn cookies(&self) -> String {
        let set = self.headers.get_all("set-cookie").iter();
        let pairs = set.filter_map(|cookie| cookie.to_str().ok()?.split(';').next());
        pairs.collect::<Vec<_>>().join("; ")
    }
}

impl Gateway {
    /// Starts one in a directory of its own.
    pub async fn start() -> Self {
        Self::start_with(&[]).await
    }

    /// The same with further settings.
    pub async fn start_with(settings: &[(&str, &str)]) -> Self {
        let data = TempDir::new().expect("a directory");
        let gateway = Self::start_in(data.path(), free_address().port(), settings).await;
        Self {
            _data: Some(data),
            ..gateway
        }
    }

    /// Starts one in a directory that outlives it.
    pub async fn start_in(directory: &Path, port: u16, settings: &[(&str, &str)]) -> Self {
        let passphrase = random::hex(16);
        let mut command = Self::command(directory, port);
        command.env("LOCAL_PASSPHRASE", &passphrase);
        command.envs(settings.iter().copied());
        let mut process = Process::start("gateway", command);
        let origin = format!("http://localhost:{port}");
        process.wait_for(&format!("{origin}/ready")).await;
        Self {
            origin,
            passphrase,
            http: plain_http(),
            directory: directory.to_owned(),
            process,
            _data: None,
        }
    }

    /// The command that starts one.
    pub fn command(directory: &Path, port: u16) -> Command {
        let mut command = program("gateway");
        command.current_dir(directory);
        command.args(["--port", &port.to_string(), "--data-dir", "data"]);
        command
    }

    /// Where its data are.
    pub fn data(&self) -> PathBuf {
        self.directory.join("data")
    }

    /// Runs an operator's command on its data, beside it.
    pub fn operator(&self, arguments: &[&str], settings: &[(&str, &str)]) -> Output {
        self.operate(program("gateway"), arguments, settings)
    }

    /// The same by a recipe.
    pub fn recipe(&self, arguments: &[&str], settings: &[(&str, &str)]) -> Output {
        self.operate(recipe(), arguments, settings)
    }

    fn operate(
        &self,
        mut command: Command,
        arguments: &[&str],
        settings: &[(&str, &str)],
    ) -> Output {
        let port = self.origin.rsplit(':').next().expect("a port");
        command
            .current_dir(&self.directory)
            .args(arguments)
            .env("GATEWAY_DATA_DIR", self.data())
            .env("GATEWAY_PORT", port)
            .envs(settings.iter().copied());
        command.output().expect("the operator's command starts")
    }

    /// Ends it at once, as a crash would.
    pub fn kill(&mut self) {
        self.process.kill();
    }

    /// An address of it.
    pub fn url(&self, path: &str) -> String {
        format!("{}{path}", self.origin)
    }

    /// Sends a request that the test has made.
    pub async fn send(&self, request: RequestBuilder) -> Reply {
        Reply::read(request.send().await.expect("an answer")).await
    }

    /// `GET`
    pub async fn get(&self, path: &str) -> Reply {
        self.send(self.http.get(self.url(path))).await
    }

    /// Posts a form.
    pub async fn post(&self, path: &str, form: &[(&str, &str)]) -> Reply {
        self.send(self.http.post(self.url(path)).form(form)).await
    }

    /// Sends bytes that no HTTP library would: the bytes of the answer.
    pub async fn raw(&self, request: &[u8]) -> Vec<u8> {
        raw(self.host(), request).await
    }

    /// What a `Host` header says of it.
    pub fn host(&self) -> &str {
        self.origin.strip_prefix("http://").expect("plain http")
    }

    /// Registers a client (RFC 7591).
    pub async fn register(&self, metadata: &Value) -> Reply {
        self.send(self.http.post(self.url("/register")).json(metadata))
            .await
    }

    /// A public client that returns to [`CALLBACK`]. One of another name is another client.
    pub async fn public_client(&self, name: &str) -> String {
        let metadata = json!({
            "client_name": name,
            "redirect_uris": [CALLBACK],
            "token_endpoint_auth_method": "none",
        });
        self.register(&metadata).await.text("client_id")
    }

    /// An authorization request with these parameters changed; an empty value leaves one out.
    pub fn authorize(client_id: &str, changes: &[(&str, &str)]) -> String {
        let mut parameters = vec![
            ("response_type", "code"),
            ("client_id", client_id),
            ("redirect_uri", CALLBACK),
            ("code_challenge", CHALLENGE),
            ("code_challenge_method", "S256"),
            ("state", "client-state"),
        ];
        for (name, value) in changes {
            parameters.retain(|(own, _)| own != name);
            parameters.push((name, value));
        }
        parameters.retain(|(_, value)| !value.is_empty());
        let mut query = url::form_urlencoded::Serializer::new(String::new());
        format!("/authorize?{}", query.extend_pairs(parameters).finish())
    }

    /// A person's browser.
    pub fn browser(&self) -> Browser {
        // Nothing is below this domain: every address is asked for as it is.
        let nowhere = Edge {
            domain: "nowhere.test".to_owned(),
            auth_service: ([127, 0, 0, 1], 0).into(),
            forward_auth: ([127, 0, 0, 1], 0).into(),
        };
        Browser::new(&nowhere)
    }

    /// Goes to a path in a browser.
    pub async fn open(&self, browser: &mut Browser, path: &str) -> Page {
        let url: Url = self.url(path).parse().expect("a URL");
        browser.get(&url).await
    }

    /// Goes to a path in a browser again and again, until its page says something.
    pub async fn open_until(&self, browser: &mut Browser, path: &str, text: &str) -> Page {
        for _ in 0..200 {
            let page = self.open(browser, path).await;
            if page.body.contains(text) {
                return page;
            }
            tokio::time::sleep(std::time::Duration::from_millis(100)).await;
        }
        panic!("{path} never says {text}");
    }

    /// Approves on a consent page and signs in: the redirect that leads to the client.
    pub async fn approve(&self, browser: &mut Browser, consent: &Page) -> Page {
        let approve = [("decision", "approve")];
        let away = browser.submit(consent, "consent", &approve).await;
        let sign_in = away.location.unwrap_or_else(|| panic!("{}", away.body));
        let page = browser.get(&sign_in).await;
        let passphrase = [("passphrase", self.passphrase.as_str())];
        browser.submit(&page, "sign-in", &passphrase).await
    }

    /// The owner approves and signs in: the code.
    pub async fn code(&self, client_id: &str) -> String {
        let mut browser = self.browser();
        let request = Self::authorize(client_id, &[]);
        let consent = self.open(&mut browser, &request).await;
        let back = self.approve(&mut browser, &consent).await;
        back.location_query("code")
            .unwrap_or_else(|| panic!("no code: {back:?}"))
    }

    /// Redeems a code of a public client.
    pub async fn redeem(&self, client_id: &str, code: &str) -> Reply {
        let form = [
            ("grant_type", "authorization_code"),
            ("client_id", client_id),
            ("code", code),
            ("code_verifier", VERIFIER),
        ];
        self.post("/token", &form).await
    }

    /// Refreshes for a public client.
    pub async fn refresh(&self, client_id: &str, token: &str) -> Reply {
        let form = [
            ("grant_type", "refresh_token"),
            ("client_id", client_id),
            ("refresh_token", token),
        ];
        self.post("/token", &form).await
    }

    /// The whole flow of a public client: a token response.
    pub async fn tokens(&self, client_id: &str) -> Reply {
        let code = self.code(client_id).await;
        let tokens = self.redeem(client_id, &code).await;
        assert_eq!(tokens.status, 200, "{tokens:?}");
        tokens
    }

    /// The status of an MCP request with this token.
    pub async fn mcp(&self, access_token: &str) -> u16 {
        let initialize = json!({
            "jsonrpc": "2.0",
            "id": 1,
            "method": "initialize",
            "params": {
                "protocolVersion": "2025-06-18",
                "capabilities": {},
                "clientInfo": { "name": "test", "version": "1" },
            },
        });
        let request = self
            .http
            .post(self.url("/mcp"))
            .bearer_auth(access_token)
            .header("Accept", "application/json, text/event-stream")
            .json(&initialize);
        self.send(request).await.status.as_u16()
    }
}
