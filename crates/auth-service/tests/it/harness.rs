//! A server in this process, a client with PKCE, and a browser with cookies.

mod browser;
mod remote;

use std::collections::BTreeMap;
use std::sync::Arc;

use actix_web::App;
use actix_web::body::MessageBody;
use actix_web::dev::ServiceResponse;
use actix_web::http::StatusCode;
use actix_web::http::header::{HeaderMap, LOCATION};
use actix_web::test::{TestRequest, call_service, init_service, read_body};
use auth_service::flows::client_metadata_document::DocumentPolicy;
use auth_service::flows::clients::{ClientSettings, Clients};
use auth_service::flows::device_authorization::UserCodeAttempts;
use auth_service::flows::discoveries::Discoveries;
use auth_service::flows::jwt_bearer_grant::TrustedProvider;
use auth_service::flows::pre_registered::PreRegistered;
use auth_service::flows::{Lifetimes, Sealing};
use auth_service::identity::local::LocalProvider;
use auth_service::identity::{IdentityProvider, UpstreamProvider};
use auth_service::{Context, routes};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::{Value, json};
use token_core::admission::{Admission, AllowedUsers};
use token_core::audit::{AuditEvent, LoginStep, MemoryAudit};
use token_core::client::{ApplicationType, Client, ClientCredential, GrantType};
use token_core::clock::ManualClock;
use token_core::keys::{LiveKeys, SigningKey, SigningKeys, generate_ed25519_pem};
use token_core::live::Live;
use token_core::sealing::RootSecret;
use token_core::secret::ClientSecret;
use token_core::store::Store;
use token_core::{
    ClientId, Clock as _, Entropy, Issuer, Jti, Seconds, Services, SystemEntropy, Timestamp,
};
use token_store::MemoryStore;
use url::Url;

pub(crate) use browser::{Browser, authorization_request, authorize_uri};
pub(crate) use remote::{FakeRemote, settled};

pub(crate) const PASSPHRASE: &str = "open sesame";
pub(crate) const CALLBACK: &str = "https://client.example/callback";
/// The example of RFC 7636 appendix B.
pub(crate) const VERIFIER: &str = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk";
pub(crate) const CHALLENGE: &str = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM";
pub(crate) const RESOURCE: &str = "https://fetch.example.com/mcp";

/// The server and what the test can see of it.
pub(crate) struct Server {
    context: Arc<Context>,
    pub(crate) clock: Arc<ManualClock>,
    audit: Arc<MemoryAudit>,
    pub(crate) remote: Arc<FakeRemote>,
}

/// What an operator leaves as it is.
pub(crate) fn open_to_all() -> ClientSettings {
    ClientSettings {
        registration: true,
        ceiling: 10_000,
        documents: DocumentPolicy::Open,
        pre_registered: PreRegistered::default(),
    }
}

/// An answer, read whole.
pub(crate) struct Answer {
    pub(crate) status: StatusCode,
    pub(crate) headers: HeaderMap,
    pub(crate) body: String,
}

impl Answer {
    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(&self.body).unwrap_or_else(|_| panic!("not JSON: {}", self.body))
    }

    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).map(|value| value.to_str().unwrap())
    }

    /// Status and `error` of an OAuth error answer.
    pub(crate) fn error(&self) -> (u16, String) {
        (
            self.status.as_u16(),
            self.json()["error"].as_str().unwrap_or_default().to_owned(),
        )
    }

    /// The query of the URL that it redirects to.
    pub(crate) fn redirect(&self) -> (String, BTreeMap<String, String>) {
        let location = self
            .headers
            .get(LOCATION)
            .unwrap_or_else(|| panic!("{}", self.body));
        let url = Url::parse(location.to_str().unwrap()).unwrap();
        let query = url.query_pairs().into_owned().collect();
        let base = url.as_str().split('?').next().unwrap().to_owned();
        (base, query)
    }

    /// The value of a hidden field.
    pub(crate) fn field(&self, name: &str) -> String {
        let marker = format!("name=\"{name}\" value=\"");
        let rest = self
            .body
            .split_once(&marker)
            .unwrap_or_else(|| panic!("{}", self.body))
            .1;
        rest.split_once('"').unwrap().0.to_owned()
    }
}

impl Server {
    pub(crate) fn start() -> Self {
        Self::with_services("fetch")
    }

    pub(crate) fn with_services(services: &str) -> Self {
        Self::with(services, open_to_all())
    }

    pub(crate) fn with(services: &str, clients: ClientSettings) -> Self {
        Self::build(services, clients, Arc::new(MemoryStore::new()))
    }

    /// One that keeps its records elsewhere.
    pub(crate) fn on(store: Arc<dyn Store>) -> Self {
        Self::build("fetch", open_to_all(), store)
    }

    fn build(services: &str, clients: ClientSettings, store: Arc<dyn Store>) -> Self {
        let entropy = SystemEntropy::new();
        let clock = Arc::new(ManualClock::at(Timestamp(1_800_000_000)));
        let audit = Arc::new(MemoryAudit::default());
        let pem = generate_ed25519_pem(&entropy).unwrap();
        let active = SigningKey::from_pkcs8_pem(pem.as_bytes()).unwrap();
        let keys = Arc::new(LiveKeys::new(SigningKeys::only(active)));
        let remote = Arc::new(FakeRemote::default());
        let context = Context {
            clients: Clients::new(clients, Arc::clone(&remote) as _),
            issuer: Issuer::parse("https://auth.example.com").unwrap(),
            services: Services::parse(services, "example.com").unwrap(),
            admission: Arc::new(Live::new(Admission {
                github: None,
                local: true,
                vouched_for: false,
            })),
            identity: IdentityProvider::Local(LocalProvider::new(PASSPHRASE, &entropy).unwrap()),
            id_jag: None,
            lifetimes: Lifetimes {
                session: Seconds(3600),
                state: Seconds(300),
                code: Seconds(600),
                access_token: Seconds(3600),
                refresh_token: Seconds(2_592_000),
                refresh_grace: Seconds(120),
                client: Some(Seconds(7_776_000)),
            },
            keys,
            sealing: Sealing::derive(&RootSecret::new(vec![7; 32]).unwrap()).unwrap(),
            discoveries: Discoveries::default(),
            user_code_attempts: UserCodeAttempts::default(),
            store,
            audit: Arc::clone(&audit) as _,
            clock: Arc::clone(&clock) as _,
            entropy: Arc::new(entropy) as Arc<dyn Entropy>,
        };
        Self {
            context: Arc::new(context),
            clock,
            audit,
            remote,
        }
    }

    /// One that takes the assertions of an identity provider.
    pub(crate) fn trusting(provider: TrustedProvider) -> Self {
        Self::start().and_trusts(provider)
    }

    pub(crate) fn and_trusts(mut self, provider: TrustedProvider) -> Self {
        self.change(|context| context.id_jag = Some(provider));
        self.admits(|admission| admission.vouched_for = true);
        self
    }

    /// The same with people who are named elsewhere, every one of them admitted.
    pub(crate) fn signing_in_at(mut self, provider: impl UpstreamProvider + 'static) -> Self {
        self.change(|context| {
            context.identity = IdentityProvider::Upstream(Box::new(provider));
        });
        self.admits(|admission| admission.github = Some(AllowedUsers::Anyone));
        self
    }

    /// Changes who may come in.
    pub(crate) fn admits(&self, change: impl FnOnce(&mut Admission)) {
        let mut admission = self.context.admission.current().as_ref().clone();
        change(&mut admission);
        self.context.admission.replace(admission);
    }

    /// Goes on as after a restart with other settings.
    pub(crate) fn change(&mut self, change: impl FnOnce(&mut Context)) {
        change(Arc::get_mut(&mut self.context).unwrap());
    }

    pub(crate) async fn send(&self, request: TestRequest) -> Answer {
        let app = App::new().configure(|config| routes(Arc::clone(&self.context))(config));
        let service = init_service(app).await;
        read(call_service(&service, request.to_request()).await).await
    }

    pub(crate) async fn get(&self, uri: &str) -> Answer {
        self.send(TestRequest::get().uri(uri)).await
    }

    pub(crate) async fn post_form(&self, uri: &str, fields: &[(&str, &str)]) -> Answer {
        self.send(TestRequest::post().uri(uri).set_form(fields))
            .await
    }

    pub(crate) async fn register(&self, metadata: &Value) -> Answer {
        self.send(TestRequest::post().uri("/register").set_json(metadata))
            .await
    }

    /// A public client that returns to [`CALLBACK`].
    pub(crate) async fn public_client(&self) -> String {
        self.public_client_named("Test client").await
    }

    /// One of another name is another client.
    pub(crate) async fn public_client_named(&self, name: &str) -> String {
        let metadata = json!({
            "client_name": name,
            "redirect_uris": [CALLBACK],
            "token_endpoint_auth_method": "none",
        });
        self.register(&metadata).await.json()["client_id"]
            .as_str()
            .unwrap()
            .to_owned()
    }

    /// Consent and sign-in of a public client: the code.
    pub(crate) async fn code(&self, client_id: &str) -> String {
        let mut browser = Browser::new(self);
        let (_, query) = browser
            .through(&authorize_uri(client_id, &[]))
            .await
            .redirect();
        query["code"].clone()
    }

    /// The whole flow: a token response.
    pub(crate) async fn tokens(&self, client_id: &str) -> Value {
        let code = self.code(client_id).await;
        self.redeem(client_id, &code).await.json()
    }

    pub(crate) async fn redeem(&self, client_id: &str, code: &str) -> Answer {
        let fields = [
            ("grant_type", "authorization_code"),
            ("client_id", client_id),
            ("code", code),
            ("code_verifier", VERIFIER),
            ("redirect_uri", CALLBACK),
        ];
        self.post_form("/token", &fields).await
    }

    pub(crate) async fn refresh(&self, client_id: &str, token: &str) -> Answer {
        let fields = [
            ("grant_type", "refresh_token"),
            ("client_id", client_id),
            ("refresh_token", token),
        ];
        self.post_form("/token", &fields).await
    }

    /// Writes a client as the operator would.
    pub(crate) async fn provision(&self, client: &Client) {
        let now = self.context.clock.now();
        self.context.store.put_client(client, now).await.unwrap();
    }

    /// The keys that it signs with.
    pub(crate) fn keys(&self) -> &LiveKeys {
        &self.context.keys
    }

    /// The server from within.
    pub(crate) fn context(&self) -> &Context {
        &self.context
    }

    /// Whether the verifier would find the token active.
    pub(crate) async fn is_active(&self, access_token: &str) -> bool {
        let jti = claims(access_token)["jti"].clone();
        let jti = Jti::parse(jti.as_str().unwrap()).unwrap();
        let now = self.clock.now();
        self.context.store.is_active(&jti, now).await.unwrap()
    }

    /// What was recorded, but for the steps of logins.
    pub(crate) fn events(&self) -> Vec<AuditEvent> {
        let mut events = self.audit.events();
        events.retain(|event| !matches!(event, AuditEvent::LoginStep(_)));
        events
    }

    /// The steps of logins that were seen.
    pub(crate) fn steps(&self) -> Vec<LoginStep> {
        let steps = self
            .audit
            .events()
            .into_iter()
            .filter_map(|event| match event {
                AuditEvent::LoginStep(step) => Some(step),
                _ => None,
            });
        steps.collect()
    }
}

/// What an access token says.
pub(crate) fn claims(access_token: &str) -> Value {
    let payload = access_token.split('.').nth(1).unwrap();
    let payload = URL_SAFE_NO_PAD.decode(payload).unwrap();
    serde_json::from_slice(&payload).unwrap()
}

/// A confidential client of the operator's with the secret `s3cret` in the form.
pub(crate) fn operators_client(client_id: &str, grant_type: GrantType) -> Client {
    Client {
        client_id: ClientId::parse(client_id).unwrap(),
        client_name: None,
        redirect_uris: Vec::new(),
        credential: ClientCredential::ClientSecretPost {
            secret_hash: ClientSecret::presented("s3cret").hash(),
        },
        grant_types: vec![grant_type],
        application_type: ApplicationType::Web,
        scope: None,
        issued_at: Timestamp(0),
        expires_at: None,
        used: false,
        registration_tokens: Vec::new(),
        own_services: Vec::new(),
    }
}

async fn read(response: ServiceResponse<impl MessageBody>) -> Answer {
    let (status, headers) = (response.status(), response.headers().clone());
    let body = String::from_utf8(read_body(response).await.to_vec()).unwrap();
    Answer {
        status,
        headers,
        body,
    }
}
