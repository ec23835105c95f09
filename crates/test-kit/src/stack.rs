//! The deployment without its edge: Redis, the stand-in for GitHub, auth-service and forward-auth
//! as processes of their own, with the settings that the compose file gives them.

use std::fs;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use serde_json::{Value, json};
use tempfile::TempDir;
use url::Url;

use crate::browser::{Browser, Page};
use crate::edge::Edge;
use crate::mcp_client::{McpClient, Tokens};
use crate::process::{Process, free_address, plain_http, program, recipe};
use crate::random;
use crate::redis::Redis;

const DOMAIN: &str = "gateway.test";
const SERVICES: &str = "fetch,notes";
const CLIENT_ID: &str = "Iv1.teststandin";
/// The file that says who may come in.
const ALLOWED: &str = "allowed-github-users";
/// The person who may come in, and the stand-in's first user.
pub const ADMITTED: &str = "octocat";

/// A running system.
#[derive(Debug)]
pub struct Stack {
    /// Public names and what is behind them.
    pub edge: Edge,
    /// The store.
    pub redis: Redis,
    /// Where the stand-in for GitHub listens.
    pub github: Url,
    /// auth-service.
    pub auth_service: Process,
    /// forward-auth: the one that `edge` knows first, then those that were added.
    pub verifiers: Vec<Process>,
    /// Where the first of them speaks HTTPS, as `localhost`.
    pub verifier_https: SocketAddr,
    directory: TempDir,
    _fake_github: Process,
}

impl Stack {
    /// Starts it with the defaults of the deployment.
    pub async fn start() -> Self {
        Self::start_with(&[]).await
    }

    /// Starts it with other settings for auth-service.
    pub async fn start_with(settings: &[(&str, &str)]) -> Self {
        let redis = Redis::start().await;
        let edge = Edge {
            domain: DOMAIN.to_owned(),
            auth_service: free_address(),
            forward_auth: free_address(),
        };
        let (github_address, verifier_https) = (free_address(), free_address());
        let github: Url = format!("http://{github_address}/").parse().expect("a URL");
        let directory = TempDir::new().expect("a directory");
        let client_secret = random::hex(20);

        generate_keys(directory.path());
        fs::write(directory.path().join(ALLOWED), ADMITTED).expect("a file");
        let mut fake_github = fake_github(github_address, &edge, &client_secret);
        fake_github.wait_for(&format!("{github}_health")).await;
        let mut auth_command = service_command("auth-service", edge.auth_service, &directory);
        auth_command
            .env("GITHUB_CLIENT_ID", CLIENT_ID)
            .env("GITHUB_CLIENT_SECRET", &client_secret)
            .env("GITHUB_BASE_URL", github.as_str().trim_end_matches('/'))
            .env("GITHUB_API_URL", github.as_str().trim_end_matches('/'))
            .env("GATEWAY_JWT_SECRET", random::hex(32))
            .env("JWT_KEY_DIR", directory.path().join("signing"))
            .env("REDIS_URL", format!("redis://{}", redis.address))
            .env("REDIS_PASSWORD", &redis.password)
            .envs(settings.iter().copied());
        if settings
            .iter()
            .any(|(name, _)| *name == "ALLOWED_GITHUB_USERS")
        {
            auth_command.env_remove("ALLOWED_GITHUB_USERS_FILE");
        }
        let auth_service = service("auth-service", auth_command, edge.auth_service).await;
        let mut stack = Self {
            edge,
            redis,
            github,
            auth_service,
            verifiers: Vec::new(),
            verifier_https,
            directory,
            _fake_github: fake_github,
        };
        let certificate = stack.directory.path().join("tls").display().to_string();
        let https = [
            ("VERIFIER_TLS_DIR", certificate.as_str()),
            ("TLS_LISTEN_ADDRESS", &verifier_https.to_string()),
        ];
        stack.add_verifier(stack.edge.forward_auth, &https).await;
        stack
    }

    /// Starts one more verifier, which listens there, with further settings.
    pub async fn add_verifier(&mut self, listen: SocketAddr, settings: &[(&str, &str)]) {
        let (edge, redis) = (&self.edge, &self.redis);
        let mut command = service_command("forward-auth", listen, &self.directory);
        command
            .env("REDIS_URL", format!("redis://verifier@{}", redis.address))
            .env("REDIS_PASSWORD", &redis.verifier_password)
            .env("JWKS_URL", format!("http://{}/jwks", edge.auth_service))
            .env("ASSERTION_KEY_DIR", self.directory.path().join("assertion"))
            .envs(settings.iter().copied());
        let verifier = service("forward-auth", command, listen).await;
        self.verifiers.push(verifier);
    }

    /// Writes who may come in; nobody is told yet.
    pub fn allow(&self, people: &str) {
        fs::write(self.directory.path().join(ALLOWED), people).expect("a file");
    }

    /// Runs an operator's command with the deployment's Redis; gives its output.
    pub fn operate(&self, arguments: &[&str], settings: &[(&str, &str)]) -> String {
        let output = self.operator(arguments, settings);
        assert!(output.status.success(), "{arguments:?}: {output:?}");
        String::from_utf8(output.stdout).expect("text")
    }

    /// Runs an operator's command with the settings of the deployment, whatever comes of it.
    pub fn operator(&self, arguments: &[&str], settings: &[(&str, &str)]) -> Output {
        self.operator_command(program("gateway"), arguments, settings)
    }

    /// The same by a recipe.
    pub fn recipe(&self, arguments: &[&str], settings: &[(&str, &str)]) -> Output {
        self.operator_command(recipe(), arguments, settings)
    }

    fn operator_command(
        &self,
        mut command: Command,
        arguments: &[&str],
        settings: &[(&str, &str)],
    ) -> Output {
        command
            .args(arguments)
            .env("BASE_DOMAIN", DOMAIN)
            .env("MCP_SERVICES", SERVICES)
            .env(
                "ALLOWED_GITHUB_USERS_FILE",
                self.directory.path().join(ALLOWED),
            )
            .env("JWT_KEY_DIR", self.directory.path().join("signing"))
            .env("REDIS_URL", format!("redis://{}", self.redis.address))
            .env("REDIS_PASSWORD", &self.redis.password)
            .envs(settings.iter().copied());
        command.output().expect("the operator's command starts")
    }

    /// The certificate that Traefik has, to know the verifier by.
    pub fn internal_ca(&self) -> String {
        let path = self.directory.path().join("ca-certificate/ca.crt");
        fs::read_to_string(path).expect("text")
    }

    /// The directory of the keys that sign access tokens.
    pub fn signing_keys(&self) -> PathBuf {
        self.directory.path().join("signing")
    }

    /// Tells the stand-in for GitHub how to behave: `login`, `id`, `deny`, `down`.
    pub async fn github_control(&self, change: &Value) {
        let url = self.github.join("_control").expect("a URL");
        let answer = plain_http()
            .post(url)
            .json(change)
            .send()
            .await
            .expect("an answer");
        assert_eq!(answer.status(), 204);
    }

    /// Runs `gateway keys …` on the keys of the system, with further settings; gives its output.
    pub fn keys_command(&self, arguments: &[&str], settings: &[(&str, &str)]) -> String {
        let output = keys_command(self.directory.path(), arguments, settings);
        assert!(output.status.success(), "{arguments:?}: {output:?}");
        String::from_utf8(output.stdout).expect("text")
    }

    /// The private key that signs access tokens, in PEM: for tokens that only a thief could make.
    pub fn signing_key(&self) -> String {
        let directory = self.directory.path().join("signing");
        let mut files = std::fs::read_dir(directory).expect("a directory");
        let path = files.next().expect("a key").expect("a file").path();
        std::fs::read_to_string(path).expect("text")
    }

    /// A browser of the person who is signed in at the stand-in.
    pub fn browser(&self) -> Browser {
        Browser::new(&self.edge)
    }

    /// A registered client of a service.
    pub async fn client(&self, service: &str) -> McpClient {
        McpClient::register(&self.edge, service).await
    }

    /// The consent page of a well-formed request, in a fresh browser.
    pub async fn consent_page(&self, client: &mut McpClient) -> (Browser, Page) {
        let parameters = client.authorization_parameters();
        let mut browser = self.browser();
        let page = browser.get(&client.authorization_url(&parameters)).await;
        assert_eq!(page.status, 200, "{}", page.body);
        (browser, page)
    }

    /// The person approves and signs in; the answer is the redirect to the client.
    pub async fn approve(&self, browser: &mut Browser, consent: &Page) -> Page {
        let away = browser
            .submit(consent, "consent", &[("decision", "approve")])
            .await;
        assert_eq!(away.status, 303, "{}", away.body);
        let github = away.location.expect("a way to the identity provider");
        browser.follow(&github, &self.github).await
    }

    /// A code for the client: consent, sign-in, and the redirect that brings it (RFC 9207).
    pub async fn code(&self, client: &mut McpClient) -> String {
        let (mut browser, consent) = self.consent_page(client).await;
        let back = self.approve(&mut browser, &consent).await;
        assert_eq!(
            back.location_query("state").as_ref(),
            Some(&client.state),
            "{back:?}"
        );
        assert_eq!(back.location_query("iss"), Some(self.edge.issuer()));
        back.location_query("code")
            .unwrap_or_else(|| panic!("no code: {back:?}"))
    }

    /// Tokens for the client, by the whole flow.
    pub async fn tokens(&self, client: &mut McpClient) -> Tokens {
        let code = self.code(client).await;
        Tokens::from(&client.redeem(&code).await)
    }

    /// Signs another person in at the stand-in.
    pub async fn sign_in_as(&self, login: &str, id: u64) {
        self.github_control(&json!({ "login": login, "id": id }))
            .await;
    }
}

/// The operator's own command makes the keys.
fn generate_keys(directory: &Path) {
    let output = keys_command(directory, &["generate"], &[]);
    assert!(output.status.success(), "gateway keys generate: {output:?}");
}

fn keys_command(directory: &Path, arguments: &[&str], settings: &[(&str, &str)]) -> Output {
    let mut command = program("gateway");
    command
        .arg("keys")
        .args(arguments)
        .env("JWT_KEY_DIR", directory.join("signing"))
        .env("ASSERTION_KEY_DIR", directory.join("assertion"))
        .env("INTERNAL_CA_DIR", directory.join("ca"))
        .env(
            "INTERNAL_CA_CERTIFICATE_DIR",
            directory.join("ca-certificate"),
        )
        .env("VERIFIER_TLS_DIR", directory.join("tls"))
        .envs(settings.iter().copied());
    command.output().expect("gateway starts")
}

fn fake_github(listen: SocketAddr, edge: &Edge, client_secret: &str) -> Process {
    let mut command = program("fake-github");
    command
        .env("FAKE_GITHUB_LISTEN", listen.to_string())
        .env("FAKE_GITHUB_CLIENT_ID", CLIENT_ID)
        .env("FAKE_GITHUB_CLIENT_SECRET", client_secret)
        .env(
            "FAKE_GITHUB_CALLBACK_URL",
            format!("{}/callback", edge.issuer()),
        )
        .env("FAKE_GITHUB_USER", format!("{ADMITTED}:583231"));
    Process::start("fake-github", command)
}

fn service_command(name: &str, listen: SocketAddr, directory: &TempDir) -> Command {
    let mut command = program(name);
    command
        .env("BASE_DOMAIN", DOMAIN)
        .env("MCP_SERVICES", SERVICES)
        .env("ALLOWED_GITHUB_USERS_FILE", directory.path().join(ALLOWED))
        .env("LISTEN_ADDRESS", listen.to_string());
    command
}

async fn service(name: &str, command: Command, listen: SocketAddr) -> Process {
    let mut process = Process::start(name, command);
    process.wait_for(&format!("http://{listen}/ready")).await;
    process
}
