//! An authorization server in memory, with a client, a service, and one metadata document that
//! says what it is told to say.

use std::sync::{Arc, Mutex, OnceLock, PoisonError};

use async_trait::async_trait;
use auth_service::flows::client_metadata_document::DocumentPolicy;
use auth_service::flows::clients::{ClientSettings, Clients};
use auth_service::flows::device_authorization::UserCodeAttempts;
use auth_service::flows::discoveries::Discoveries;
use auth_service::flows::pre_registered::PreRegistered;
use auth_service::flows::remote::{Remote, RemoteAnswer, RemoteFault};
use auth_service::flows::{Context, Lifetimes, Sealing};
use auth_service::identity::IdentityProvider;
use auth_service::identity::local::LocalProvider;
use futures_util::FutureExt as _;
use serde_json::json;
use token_core::admission::Admission;
use token_core::audit::{AuditEvent, AuditSink};
use token_core::client::{ApplicationType, Client, ClientCredential, GrantType};
use token_core::clock::ManualClock;
use token_core::keys::{
    ForeignKeys, LiveKeys, SigningKey, SigningKeys, VerificationKeys, generate_ed25519_pem,
};
use token_core::live::Live;
use token_core::sealing::RootSecret;
use token_core::{
    ClientId, Clock as _, Issuer, RedirectUri, Seconds, Services, SystemEntropy, Timestamp,
};
use token_store::MemoryStore;

/// Where the metadata document is.
pub(crate) const DOCUMENT: &str = "https://app.example/client.json";
/// Longer than a document is kept in any case.
const MUCH_LATER: Seconds = Seconds(30 * 86_400);
const NOW: Timestamp = Timestamp(1_800_000_000);
/// Good for an access token, a client assertion and an ID-JAG alike, were it signed.
pub(crate) const CLAIMS: &str = r#"{"iss":"https://auth.example.com","sub":"client",
    "aud":"https://auth.example.com","exp":9999999999,"iat":1700000000,"jti":"1","client_id":"client",
    "scope":"mcp","username":"client","resource":"https://fetch.example.com/mcp"}"#;

pub(crate) struct World {
    pub(crate) context: Context,
    pub(crate) client: Client,
    pub(crate) foreign_keys: ForeignKeys,
    clock: Arc<ManualClock>,
    document: Arc<Document>,
}

/// The one site that can be fetched from.
#[derive(Default)]
struct Document(Mutex<Vec<u8>>);

#[async_trait]
impl Remote for Document {
    async fn get(&self, _: &str) -> Result<RemoteAnswer, RemoteFault> {
        let body = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        Ok(RemoteAnswer {
            status: 200,
            content_type: Some("application/json".to_owned()),
            body: Some(body.clone()),
            ..RemoteAnswer::default()
        })
    }
}

/// Nobody reads the audit trail here.
struct Nobody;

impl AuditSink for Nobody {
    fn record(&self, _: &AuditEvent) {}
}

/// Memory waits for nobody.
pub(crate) fn ready<T>(future: impl Future<Output = T>) -> T {
    future.now_or_never().expect("nothing to wait for")
}

impl World {
    /// The one of this process.
    pub(crate) fn get() -> &'static Self {
        static WORLD: OnceLock<World> = OnceLock::new();
        WORLD.get_or_init(Self::new)
    }

    pub(crate) fn now(&self) -> Timestamp {
        self.clock.now()
    }

    /// Puts this at the document's address, and forgets what was there.
    pub(crate) fn publish(&self, document: &[u8]) {
        let mut body = self
            .document
            .0
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        *body = document.to_vec();
        self.clock.advance(MUCH_LATER);
    }

    fn new() -> Self {
        let entropy = SystemEntropy::new();
        let key = || {
            let pem = generate_ed25519_pem(&entropy).expect("a key");
            SigningKey::from_pkcs8_pem(pem.as_bytes()).expect("a key")
        };
        let foreign = VerificationKeys::of([&key()]).jwk_set();
        let foreign = serde_json::to_vec(&foreign).expect("JSON");
        let (clock, document) = (
            Arc::new(ManualClock::at(NOW)),
            Arc::new(Document::default()),
        );
        let settings = ClientSettings {
            registration: true,
            ceiling: 100,
            documents: DocumentPolicy::Open,
            pre_registered: PreRegistered::default(),
        };
        let store = MemoryStore::new();
        let client = client();
        let put = token_core::store::ClientStore::put_client(&store, &client, NOW);
        ready(put).expect("memory");
        let context = Context {
            issuer: Issuer::parse("https://auth.example.com").expect("an issuer"),
            services: Services::parse("fetch,echo", "example.com").expect("services"),
            admission: Arc::new(Live::new(Admission {
                github: None,
                local: true,
                vouched_for: false,
            })),
            identity: IdentityProvider::Local(LocalProvider::new("x", &entropy).expect("a hash")),
            clients: Clients::new(settings, Arc::clone(&document) as _),
            id_jag: None,
            lifetimes: lifetimes(),
            keys: Arc::new(LiveKeys::new(SigningKeys::only(key()))),
            sealing: Sealing::derive(&RootSecret::new([7; 32]).expect("long")).expect("keys"),
            discoveries: Discoveries::default(),
            user_code_attempts: UserCodeAttempts::default(),
            store: Arc::new(store),
            audit: Arc::new(Nobody),
            clock: Arc::clone(&clock) as _,
            entropy: Arc::new(entropy),
        };
        Self {
            context,
            client,
            foreign_keys: ForeignKeys::from_jwks_json(&foreign).expect("keys"),
            clock,
            document,
        }
    }
}

/// `client`, which never expires, with a redirect URI of each kind.
fn client() -> Client {
    let uris = json!([
        "https://client.example/callback",
        "https://client.example/callback?tenant=1",
        "http://localhost/callback",
        "cursor://client/callback",
    ]);
    let redirect_uris: Vec<RedirectUri> = serde_json::from_value(uris).expect("redirect URIs");
    Client {
        client_id: ClientId::parse("client").expect("an id"),
        client_name: None,
        redirect_uris,
        credential: ClientCredential::None,
        grant_types: vec![GrantType::AuthorizationCode, GrantType::RefreshToken],
        application_type: ApplicationType::Native,
        scope: None,
        issued_at: Timestamp(0),
        expires_at: None,
        used: true,
        registration_tokens: Vec::new(),
        own_services: Vec::new(),
    }
}

fn lifetimes() -> Lifetimes {
    Lifetimes {
        session: Seconds(3600),
        state: Seconds(300),
        code: Seconds(600),
        access_token: Seconds(3600),
        refresh_token: Seconds(2_592_000),
        refresh_grace: Seconds(120),
        client: Some(Seconds(7_776_000)),
    }
}
