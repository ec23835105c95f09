//! Our side: the release binary of the fetch service, and a client that speaks to it as the verifier
//! would.

use std::net::TcpListener;
use std::sync::Arc;
use std::time::Duration;

use actix_web::{App, HttpResponse, HttpServer, web};
use reqwest::Client;
use serde_json::{Value, json};
use tempfile::TempDir;
use test_kit::process::{free_address, plain_http};
use token_core::assertion::{AssertionSigner, Identity};
use token_core::keys::{JwkSet, LiveKeys, SigningKey, SigningKeys, generate_ed25519_pem};
use token_core::{
    ClientId, Clock as _, Issuer, ResourceId, Scopes, SystemClock, SystemEntropy, UserId, Username,
};
use tokio::runtime::Runtime;

use super::site::Site;
use crate::Outcome;
use crate::server::Server;
use crate::tools::{Cores, ours};

const DOMAIN: &str = "example.com";

/// The service and who may ask it.
pub struct Ours {
    server: Server,
    caller: Caller,
    _directory: TempDir,
}

/// One client. Its connections are its own.
#[derive(Clone)]
pub struct Caller {
    url: String,
    http: Client,
    signer: Arc<AssertionSigner>,
    resource: ResourceId,
}

impl Ours {
    /// Starts the service, open to the site and without a quota that load would meet.
    pub fn start(runtime: &Runtime, site: &Site) -> Outcome<Self> {
        let pem = generate_ed25519_pem(&SystemEntropy::new())?;
        let keys = SigningKeys::only(SigningKey::from_pkcs8_pem(pem.as_bytes())?);
        let jwks = publish(keys.published.jwk_set())?;
        let directory = TempDir::new()?;
        let address = free_address();
        let mut command = ours("fetch-service", Cores::All)?;
        command
            .env("BASE_DOMAIN", DOMAIN)
            .env("ASSERTION_JWKS_URL", jwks)
            .env("LISTEN_ADDRESS", address.to_string())
            .env("EGRESS_ALLOW_HOSTS", site.address.to_string())
            .env("FETCH_CALLS_PER_MINUTE", "1000000")
            .env("FETCH_MB_PER_MINUTE", "1000000")
            .env("FETCH_CALLS_AT_A_TIME", "1000");
        let mut server = Server::start("fetch-service", command, directory.path())?;
        let issuer = Issuer::parse(format!("https://auth.{DOMAIN}"))?;
        let signer = AssertionSigner::new(issuer, Arc::new(LiveKeys::new(keys)));
        let caller = Caller {
            url: format!("http://{address}"),
            http: plain_http(),
            signer: Arc::new(signer),
            resource: ResourceId::parse(format!("https://fetch.{DOMAIN}/mcp"))?,
        };
        let ready = format!("http://{address}/ready");
        server.wait_until("ready", || {
            let answer = runtime.block_on(async { caller.http.get(&ready).send().await });
            answer.is_ok_and(|answer| answer.status() == 200)
        })?;
        Ok(Self {
            server,
            caller,
            _directory: directory,
        })
    }

    /// A client.
    pub fn caller(&self) -> Caller {
        self.caller.clone()
    }

    /// The processor time that it has used.
    pub fn cpu(&self) -> Outcome<Duration> {
        self.server.cpu()
    }

    /// The most memory that it ever had, in MB.
    pub fn peak(&self) -> Outcome<f64> {
        self.server.peak()
    }
}

impl Caller {
    /// Calls the tool and returns the text of its answer.
    pub async fn fetch(&self, url: &str) -> Outcome<String> {
        let message = json!({
            "jsonrpc": "2.0", "id": 1, "method": "tools/call",
            "params": { "name": "fetch", "arguments": super::reference::arguments(url) }
        });
        let assertion = self
            .signer
            .sign(&person()?, &self.resource, SystemClock.now())?;
        let request = self.http.post(format!("{}/mcp", self.url));
        let request = request
            .header("Accept", "application/json, text/event-stream")
            .header("MCP-Protocol-Version", "2025-11-25")
            .header("X-Auth-Assertion", assertion)
            .json(&message);
        let answer: Value = request.send().await?.json().await?;
        super::reference::text(&answer)
    }

    /// Downloads a page, and nothing more.
    pub async fn download(&self, url: &str) -> Outcome<usize> {
        let answer = self.http.get(url).send().await?.error_for_status()?;
        Ok(answer.bytes().await?.len())
    }
}

fn person() -> Outcome<Identity> {
    Ok(Identity {
        user_id: UserId::parse("github|1")?,
        username: Username::parse("octocat")?,
        client_id: ClientId::parse("bench")?,
        scope: Scopes::from_request(Some("mcp")),
    })
}

/// Serves the keys as forward-auth does; where they are.
fn publish(keys: JwkSet) -> Outcome<String> {
    let keys = serde_json::to_value(keys)?;
    let listener = TcpListener::bind("127.0.0.1:0")?;
    let url = format!("http://{}/", listener.local_addr()?);
    std::thread::spawn(move || {
        actix_web::rt::System::new().block_on(async move {
            let server = HttpServer::new(move || {
                let keys = keys.clone();
                let answer = move || std::future::ready(HttpResponse::Ok().json(&keys));
                App::new().default_service(web::to(answer))
            });
            match server.workers(1).disable_signals().listen(listener) {
                Ok(server) => server.run().await,
                Err(error) => Err(error),
            }
        })
    });
    Ok(url)
}
