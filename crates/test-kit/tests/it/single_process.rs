//! `gateway serve` as its operator meets it: a restart keeps everything, and what is wrong is one
//! line with the setting and the mend.

use std::process::{Command, Stdio};

use reqwest::header::{COOKIE, LOCATION, SET_COOKIE};
use reqwest::{Client, Response};
use serde_json::{Value, json};
use tempfile::TempDir;
use test_kit::process::{Process, free_address, plain_http, program};
use test_kit::random;
use url::Url;

const CALLBACK: &str = "http://127.0.0.1:1/callback";
/// RFC 7636 appendix B.
const VERIFIER: &str = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk";
const CHALLENGE: &str = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM";

struct Gateway {
    origin: String,
    passphrase: String,
    http: Client,
    process: Process,
}

impl Gateway {
    async fn start(data: &TempDir, port: u16) -> Self {
        let passphrase = random::hex(16);
        let mut command = gateway(data, port);
        command.env("LOCAL_PASSPHRASE", &passphrase);
        let mut process = Process::start("gateway", command);
        let origin = format!("http://localhost:{port}");
        process.wait_for(&format!("{origin}/ready")).await;
        Self {
            origin,
            passphrase,
            http: plain_http(),
            process,
        }
    }

    async fn post(&self, path: &str, cookie: &str, form: &[(&str, &str)]) -> Response {
        let request = self
            .http
            .post(format!("{}{path}", self.origin))
            .header(COOKIE, cookie);
        request.form(form).send().await.expect("an answer")
    }

    async fn token(&self, form: &[(&str, &str)]) -> Value {
        self.post("/token", "", form)
            .await
            .json()
            .await
            .expect("JSON")
    }

    /// The status of an MCP request with this token.
    async fn mcp(&self, access_token: &str) -> u16 {
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
            .post(format!("{}/mcp", self.origin))
            .bearer_auth(access_token)
            .header("Accept", "application/json, text/event-stream")
            .json(&initialize);
        request.send().await.expect("an answer").status().as_u16()
    }

    /// Registration, consent, sign-in and the code's redemption: the client and its tokens.
    async fn sign_in(&self) -> (String, Value) {
        let metadata = json!({
            "redirect_uris": [CALLBACK],
            "token_endpoint_auth_method": "none",
        });
        let registered = self
            .http
            .post(format!("{}/register", self.origin))
            .json(&metadata);
        let registered: Value = registered
            .send()
            .await
            .expect("an answer")
            .json()
            .await
            .expect("JSON");
        let client_id = text(&registered, "client_id");
        let mut authorize = Url::parse(&format!("{}/authorize", self.origin)).expect("a URL");
        authorize.query_pairs_mut().extend_pairs([
            ("response_type", "code"),
            ("client_id", &client_id),
            ("redirect_uri", CALLBACK),
            ("code_challenge", CHALLENGE),
            ("code_challenge_method", "S256"),
        ]);
        let page = self.http.get(authorize).send().await.expect("an answer");
        let consent = cookie(&page);
        let body = page.text().await.expect("a page");
        let request = field(&body, "request");
        let form = [("request", request.as_str()), ("decision", "approve")];
        let away = self.post("/consent", &consent, &form).await;
        let state = location_query(&away, "state");
        let form = [("state", state.as_str()), ("passphrase", &self.passphrase)];
        let back = self.post("/sign-in", &cookie(&away), &form).await;
        let code = location_query(&back, "code");
        let form = [
            ("grant_type", "authorization_code"),
            ("client_id", &client_id),
            ("code", &code),
            ("code_verifier", VERIFIER),
        ];
        let tokens = self.token(&form).await;
        (client_id, tokens)
    }
}

fn gateway(data: &TempDir, port: u16) -> Command {
    let mut command = program("gateway");
    command.current_dir(data.path());
    command.args(["--port", &port.to_string(), "--data-dir", "data"]);
    command
}

fn text(value: &Value, name: &str) -> String {
    let text = value.get(name).and_then(Value::as_str);
    text.unwrap_or_else(|| panic!("no {name}: {value}"))
        .to_owned()
}

fn cookie(answer: &Response) -> String {
    let header = answer
        .headers()
        .get(SET_COOKIE)
        .expect("a cookie")
        .to_str()
        .expect("text");
    header.split(';').next().expect("a pair").to_owned()
}

fn field(body: &str, name: &str) -> String {
    let marker = format!("name=\"{name}\" value=\"");
    let rest = body
        .split_once(&marker)
        .unwrap_or_else(|| panic!("{body}"))
        .1;
    rest.split_once('"').expect("a value").0.to_owned()
}

fn location_query(answer: &Response, name: &str) -> String {
    let location = answer
        .headers()
        .get(LOCATION)
        .expect("a redirect")
        .to_str()
        .expect("text");
    let url = Url::parse(location).expect("a URL");
    let value = url
        .query_pairs()
        .find(|(own, _)| own == name)
        .map(|(_, value)| value.into_owned());
    value.unwrap_or_else(|| panic!("no {name} in {location}"))
}

#[actix_web::test]
async fn clients_tokens_and_keys_survive_a_restart() {
    let data = TempDir::new().expect("a directory");
    let port = free_address().port();
    let mut first = Gateway::start(&data, port).await;
    let (client_id, tokens) = first.sign_in().await;
    let access_token = text(&tokens, "access_token");
    assert_eq!(first.mcp(&access_token).await, 200);
    first.process.kill();

    let second = Gateway::start(&data, port).await;
    assert_eq!(
        second.mcp(&access_token).await,
        200,
        "the key and the token"
    );
    let refresh_token = text(&tokens, "refresh_token");
    let form = [
        ("grant_type", "refresh_token"),
        ("client_id", &client_id),
        ("refresh_token", &refresh_token),
    ];
    let refreshed = second.token(&form).await;
    assert_eq!(
        second.mcp(&text(&refreshed, "access_token")).await,
        200,
        "the client"
    );
    let form = [("client_id", client_id.as_str()), ("token", &access_token)];
    assert_eq!(second.post("/revoke", "", &form).await.status(), 200);
    assert_eq!(
        second.mcp(&access_token).await,
        401,
        "revoked before the answer"
    );
}

#[actix_web::test]
async fn what_is_kept_is_its_owners_alone() {
    use std::os::unix::fs::PermissionsExt as _;
    let data = TempDir::new().expect("a directory");
    let _running = Gateway::start(&data, free_address().port()).await;
    let mut directories = vec![data.path().join("data")];
    while let Some(directory) = directories.pop() {
        for entry in std::fs::read_dir(&directory).expect("a directory") {
            let path = entry.expect("an entry").path();
            let mode = std::fs::metadata(&path)
                .expect("its mode")
                .permissions()
                .mode()
                & 0o777;
            let expected = if path.is_dir() { 0o700 } else { 0o600 };
            assert_eq!(mode, expected, "{}", path.display());
            if path.is_dir() {
                directories.push(path);
            }
        }
    }
}

/// What it prints on standard error when it refuses to start.
fn refusal(command: &mut Command) -> String {
    let output = command.stdin(Stdio::null()).output().expect("it runs");
    assert!(!output.status.success());
    assert!(output.stdout.is_empty(), "no start page");
    String::from_utf8(output.stderr).expect("text")
}

#[actix_web::test]
async fn a_refusal_to_start_is_one_line_with_the_setting_and_the_mend() {
    let data = TempDir::new().expect("a directory");
    let taken = std::net::TcpListener::bind("127.0.0.1:0").expect("a port");
    let port = taken.local_addr().expect("its address").port();
    std::fs::write(data.path().join("file"), "").expect("a file");
    let free = free_address().port();
    let mut unwritable = program("gateway");
    unwritable
        .current_dir(data.path())
        .args(["--data-dir", "file/data", "--port"]);
    unwritable.arg(free.to_string());
    let with = |name: &str, value: &str| {
        let mut command = gateway(&data, free);
        command.env(name, value);
        command
    };
    for (mut command, words) in [
        (gateway(&data, port), ["GATEWAY_PORT", "free port"]),
        (unwritable, ["GATEWAY_DATA_DIR", "may write"]),
        (with("CODE_LIFETIME", "3600"), ["CODE_LIFETIME", "600"]),
        (with("GATEWAY_PROT", "1"), ["GATEWAY_PROT", "GATEWAY_PORT"]),
        (
            with("GATEWAY_LISTEN_IP", "0.0.0.0"),
            ["GATEWAY_LISTEN_IP", "set up GitHub"],
        ),
        (
            with("GITHUB_CLIENT_ID", "x"),
            ["GITHUB_CLIENT_SECRET", "OAuth app"],
        ),
    ] {
        let said = refusal(&mut command);
        assert_eq!(said.lines().count(), 1, "{said}");
        assert!(
            words.iter().all(|word| said.contains(word)),
            "{words:?}: {said}"
        );
        assert!(
            !said.contains("panicked") && !said.contains("backtrace"),
            "{said}"
        );
    }
}
