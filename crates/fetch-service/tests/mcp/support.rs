//! A running fetch service, a site for it to fetch, and a gateway that signs.

use std::net::TcpListener;
use std::sync::{Arc, Mutex};

use actix_web::{App, HttpRequest, HttpResponse, HttpServer, web};
use app_shell::settings::Settings;
use fetch_service::{FetchConfig, FetchState, config, routes};
use serde_json::{Value, json};
use token_core::assertion::{AssertionSigner, Identity};
use token_core::audit::MemoryAudit;
use token_core::clock::ManualClock;
use token_core::keys::{
    FixedKeys, LiveKeys, SigningKey, SigningKeys, VerificationKeySource, VerificationKeys,
    generate_ed25519_pem,
};
use token_core::{
    ClientId, Clock as _, Issuer, ResourceId, Scopes, SystemEntropy, Timestamp, UserId, Username,
};

pub(crate) const ISSUER: &str = "https://auth.example.com";
pub(crate) const RESOURCE: &str = "https://fetch.example.com/mcp";
pub(crate) const NOW: Timestamp = Timestamp(1_700_000_000);

/// A fetch service on a port of its own.
pub(crate) struct Service {
    pub(crate) url: String,
    pub(crate) signer: AssertionSigner,
    pub(crate) audit: Arc<MemoryAudit>,
    pub(crate) clock: Arc<ManualClock>,
    /// How the calls ended, in their order.
    pub(crate) outcomes: Arc<Mutex<Vec<String>>>,
    client: reqwest::Client,
}

fn signer_with(key: SigningKey) -> AssertionSigner {
    let keys = LiveKeys::new(SigningKeys::only(key));
    AssertionSigner::new(Issuer::parse(ISSUER).unwrap(), keys.into())
}

pub(crate) fn signer() -> AssertionSigner {
    signer_with(signing_key())
}

pub(crate) fn signing_key() -> SigningKey {
    let pem = generate_ed25519_pem(&SystemEntropy::new()).unwrap();
    SigningKey::from_pkcs8_pem(pem.as_bytes()).unwrap()
}

pub(crate) fn person() -> Identity {
    Identity {
        user_id: UserId::parse("github|1").unwrap(),
        username: Username::parse("octocat").unwrap(),
        client_id: ClientId::parse("client").unwrap(),
        scope: Scopes::from_request(Some("mcp")),
    }
}

impl Service {
    /// With these settings besides the required ones.
    pub(crate) fn start(pairs: &[(&str, &str)]) -> Self {
        let key = signing_key();
        let keys = FixedKeys(Arc::new(VerificationKeys::of([&key])));
        Self::with_keys(pairs, key, Arc::new(keys))
    }

    /// One that knows other keys than the gateway's.
    pub(crate) fn knowing(keys: Arc<dyn VerificationKeySource>) -> Self {
        Self::with_keys(&[], signing_key(), keys)
    }

    fn with_keys(
        pairs: &[(&str, &str)],
        key: SigningKey,
        keys: Arc<dyn VerificationKeySource>,
    ) -> Self {
        let mut settings = Settings::from_pairs(&config::SETTINGS, pairs.iter().copied());
        let issuer = Issuer::parse(ISSUER).unwrap();
        let resource = ResourceId::parse(RESOURCE).unwrap();
        let config = FetchConfig::of(&mut settings, issuer.clone(), resource);
        settings.finish().unwrap();
        let config = config.with_pdfs_read_by(env!("CARGO_BIN_EXE_fetch-service").into());
        let clock = Arc::new(ManualClock::at(NOW));
        let audit = Arc::new(MemoryAudit::default());
        let outcomes = Arc::new(Mutex::new(Vec::new()));
        let told = Arc::clone(&outcomes);
        let state = FetchState::new(
            config,
            keys,
            Arc::clone(&clock) as _,
            Arc::clone(&audit) as _,
            Arc::new(move |outcome| told.lock().unwrap().push(outcome.to_owned())),
        );
        let state = Arc::new(state.unwrap());
        let routes = routes(state);
        let url = serve(move |config| routes(config));
        Self {
            url: format!("{url}/mcp"),
            signer: signer_with(key),
            audit,
            clock,
            outcomes,
            client: client(),
        }
    }

    /// One that may fetch from `site`, and from nowhere else that is private.
    pub(crate) fn opened_to(site: &str) -> Self {
        Self::opened_with(site, &[])
    }

    /// The same, with these settings besides.
    pub(crate) fn opened_with(site: &str, pairs: &[(&str, &str)]) -> Self {
        let pair = site.strip_prefix("http://").unwrap();
        Self::start(&[&[("EGRESS_ALLOW_HOSTS", pair)], pairs].concat())
    }

    pub(crate) fn assertion(&self) -> String {
        self.assertion_of(&person())
    }

    pub(crate) fn assertion_of(&self, person: &Identity) -> String {
        let resource = ResourceId::parse(RESOURCE).unwrap();
        self.signer
            .sign(person, &resource, self.clock.now())
            .unwrap()
    }

    /// A POST as an MCP client sends it, with a good assertion.
    pub(crate) fn post(&self, message: &Value) -> reqwest::RequestBuilder {
        self.post_without_assertion(message)
            .header("X-Auth-Assertion", self.assertion())
    }

    pub(crate) fn post_without_assertion(&self, message: &Value) -> reqwest::RequestBuilder {
        self.client
            .post(&self.url)
            .header("Accept", "application/json, text/event-stream")
            .json(message)
    }

    pub(crate) fn request(&self, method: reqwest::Method) -> reqwest::RequestBuilder {
        self.client
            .request(method, &self.url)
            .header("X-Auth-Assertion", self.assertion())
    }

    /// A request in the legacy era, and its answer.
    pub(crate) async fn ask(&self, method: &str, params: Value) -> Value {
        self.ask_as(&person(), method, params).await
    }

    async fn ask_as(&self, who: &Identity, method: &str, params: Value) -> Value {
        let message = json!({ "jsonrpc": "2.0", "id": 1, "method": method, "params": params });
        let request = self
            .post_without_assertion(&message)
            .header("X-Auth-Assertion", self.assertion_of(who))
            .header("MCP-Protocol-Version", "2025-11-25");
        let response = request.send().await.unwrap();
        assert_eq!(response.status(), 200);
        response.json().await.unwrap()
    }

    /// Calls the tool: its result.
    pub(crate) async fn call(&self, arguments: Value) -> Value {
        let params = json!({ "name": "fetch", "arguments": arguments });
        let mut answer = self.ask("tools/call", params).await;
        answer["result"].take()
    }

    /// Calls the tool: `isError`, and the text.
    pub(crate) async fn fetch(&self, arguments: Value) -> (bool, String) {
        self.fetch_as(&person(), arguments).await
    }

    /// The same for somebody else.
    pub(crate) async fn fetch_as(&self, who: &Identity, arguments: Value) -> (bool, String) {
        let params = json!({ "name": "fetch", "arguments": arguments });
        let answer = self.ask_as(who, "tools/call", params).await;
        let result = &answer["result"];
        let text = result["content"][0]["text"].as_str();
        let text = text.unwrap_or_else(|| panic!("no text in {answer}"));
        (result["isError"].as_bool().unwrap(), text.to_owned())
    }
}

pub(crate) const MODERN: &str = "2026-07-28";

/// A request of the modern era: everything in itself, repeated in headers.
pub(crate) fn modern(
    service: &Service,
    method: &str,
    mut params: Value,
) -> reqwest::RequestBuilder {
    params["_meta"] = json!({
        "io.modelcontextprotocol/protocolVersion": MODERN,
        "io.modelcontextprotocol/clientInfo": { "name": "test", "version": "1" },
        "io.modelcontextprotocol/clientCapabilities": {}
    });
    let message = json!({ "jsonrpc": "2.0", "id": 7, "method": method, "params": params });
    service
        .post(&message)
        .header("MCP-Protocol-Version", MODERN)
        .header("Mcp-Method", method)
}

pub(crate) async fn answer(request: reqwest::RequestBuilder) -> (u16, Value) {
    let response = request.send().await.unwrap();
    let status = response.status().as_u16();
    (status, response.json().await.unwrap())
}

/// A site that answers each path by its page: content type and body.
pub(crate) fn site(pages: &[(&'static str, &'static str, &str)]) -> String {
    let pages: Vec<_> = pages
        .iter()
        .map(|(path, content_type, body)| (*path, *content_type, (*body).to_owned()))
        .collect();
    serve(move |config| {
        let pages = pages.clone();
        config.default_service(web::to(move |request: HttpRequest| {
            let page = pages.iter().find(|(path, ..)| *path == request.path());
            let response = match page {
                Some((_, content_type, body)) => HttpResponse::Ok()
                    .content_type(*content_type)
                    .body(body.clone()),
                None => HttpResponse::NotFound()
                    .content_type("text/plain")
                    .body("no such page"),
            };
            std::future::ready(response)
        }));
    })
}

/// Somebody who is not [`person`].
pub(crate) fn somebody_else() -> Identity {
    Identity {
        user_id: UserId::parse("github|2").unwrap(),
        ..person()
    }
}

/// A site that answers as a test wants it to, and knows what it was asked.
pub(crate) struct Site {
    pub(crate) url: String,
    asked: Arc<Mutex<Vec<String>>>,
}

impl Site {
    /// `answer` is told the request and how often its path was asked for before.
    pub(crate) fn answering(
        answer: impl Fn(&HttpRequest, usize) -> HttpResponse + Clone + Send + 'static,
    ) -> Self {
        let asked = Arc::new(Mutex::new(Vec::new()));
        let asking = Arc::clone(&asked);
        let url = serve(move |config| {
            let (answer, asked) = (answer.clone(), Arc::clone(&asking));
            config.default_service(web::to(move |request: HttpRequest| {
                let mut asked = asked.lock().unwrap();
                let path = request.path().to_owned();
                let before = asked.iter().filter(|earlier| **earlier == path).count();
                asked.push(path);
                std::future::ready(answer(&request, before))
            }));
        });
        Self { url, asked }
    }

    /// How often a path was asked for.
    pub(crate) fn asked(&self, path: &str) -> usize {
        let asked = self.asked.lock().unwrap();
        asked.iter().filter(|earlier| *earlier == path).count()
    }
}

/// A site that redirects everything to one place.
pub(crate) fn redirect_to(location: &'static str) -> String {
    serve(move |config| {
        config.default_service(web::to(move || {
            let mut response = HttpResponse::Found();
            std::future::ready(response.insert_header(("Location", location)).finish())
        }));
    })
}

fn serve(routes: impl Fn(&mut web::ServiceConfig) + Clone + Send + 'static) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    let server = HttpServer::new(move || App::new().configure(routes.clone()))
        .workers(1)
        .disable_signals()
        // As app_shell::serve has it.
        .h1_allow_half_closed(false)
        .listen(listener)
        .unwrap();
    actix_web::rt::spawn(server.run());
    format!("http://{address}")
}

fn client() -> reqwest::Client {
    app_shell::tls::install_ring();
    reqwest::Client::builder().no_proxy().build().unwrap()
}
