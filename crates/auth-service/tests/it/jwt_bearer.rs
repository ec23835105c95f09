//! RFC 7523 with an ID-JAG: an identity provider that the operator trusts vouches for a person.

use std::sync::{Arc, Mutex};

use auth_service::flows::jwt_bearer_grant::{ForeignKeySource, TrustedProvider};
use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use ring::signature::{Ed25519KeyPair, KeyPair as _};
use serde_json::{Value, json};
use token_core::SystemEntropy;
use token_core::audit::AuditEvent;
use token_core::client::{Client, ClientCredential, GrantType};
use token_core::keys::{ForeignKeys, generate_ed25519_pem};
use token_core::secret::SecretHash;

use crate::harness::{Answer, RESOURCE, Server, operators_client};

const GRANT_TYPE: &str = "urn:ietf:params:oauth:grant-type:jwt-bearer";
const IDP: &str = "https://idp.example";
const NOW: u64 = 1_800_000_000;

/// An identity provider with a key that it names itself.
pub(crate) struct Provider(Ed25519KeyPair);

/// Keys, and those that are there once somebody has named one that is not known.
struct Keys {
    current: Mutex<Option<Arc<ForeignKeys>>>,
    coming: Mutex<Option<Arc<ForeignKeys>>>,
}

impl Keys {
    fn known(current: Option<ForeignKeys>) -> Self {
        Self {
            current: Mutex::new(current.map(Arc::new)),
            coming: Mutex::default(),
        }
    }
}

impl ForeignKeySource for Keys {
    fn current(&self) -> Option<Arc<ForeignKeys>> {
        self.current.lock().unwrap().clone()
    }

    fn may_come(&self, _: &SecretHash) -> bool {
        let coming = self.coming.lock().unwrap().take();
        let may_come = coming.is_some();
        if may_come {
            *self.current.lock().unwrap() = coming;
        }
        may_come
    }
}

impl Provider {
    pub(crate) fn new() -> Self {
        let pem = generate_ed25519_pem(&SystemEntropy::new()).unwrap();
        let text = std::str::from_utf8(pem.as_bytes()).unwrap();
        let base64: String = text.lines().filter(|line| !line.starts_with('-')).collect();
        let der = STANDARD.decode(base64).unwrap();
        Self(Ed25519KeyPair::from_pkcs8_maybe_unchecked(&der).unwrap())
    }

    pub(crate) fn trusted(&self) -> TrustedProvider {
        trusting(Keys::known(Some(self.published_as("idp-1"))))
    }

    /// Its key set, where its key has this name.
    fn published_as(&self, kid: &str) -> ForeignKeys {
        let x = URL_SAFE_NO_PAD.encode(self.0.public_key().as_ref());
        let set = json!({ "keys": [
            { "kty": "OKP", "crv": "Ed25519", "x": x, "kid": kid, "use": "sig" },
        ] });
        ForeignKeys::from_jwks_json(set.to_string().as_bytes()).unwrap()
    }

    fn sign(&self, typ: &str, claims: &Value) -> String {
        let header = json!({ "alg": "EdDSA", "typ": typ, "kid": "idp-1" });
        let encode = |value: &Value| URL_SAFE_NO_PAD.encode(value.to_string());
        let input = format!("{}.{}", encode(&header), encode(claims));
        let signature = self.0.sign(input.as_bytes());
        format!("{input}.{}", URL_SAFE_NO_PAD.encode(signature))
    }

    /// A good assertion with one claim changed; null leaves it out.
    pub(crate) fn assertion(&self, jti: &str, name: &str, value: Value) -> String {
        let mut claims = json!({
            "iss": IDP,
            "sub": "00u1234",
            "aud": "https://auth.example.com",
            "client_id": "agent",
            "jti": jti,
            "resource": RESOURCE,
            "exp": NOW + 300,
            "iat": NOW,
        });
        claims[name] = value;
        claims
            .as_object_mut()
            .unwrap()
            .retain(|_, value| !value.is_null());
        self.sign("oauth-id-jag+jwt", &claims)
    }
}

fn trusting(keys: Keys) -> TrustedProvider {
    TrustedProvider {
        issuer: IDP.to_owned(),
        keys: Arc::new(keys),
    }
}

async fn server(provider: &Provider) -> Server {
    that_trusts(provider.trusted()).await
}

/// A server that trusts this provider.
async fn that_trusts(provider: TrustedProvider) -> Server {
    let server = Server::trusting(provider);
    let agent = operators_client("agent", GrantType::JwtBearer);
    server.provision(&agent).await;
    server
}

/// The request of the Python SDK's identity-assertion client.
async fn ask(server: &Server, assertion: &str, resource: &str) -> Answer {
    let fields = [
        ("grant_type", GRANT_TYPE),
        ("assertion", assertion),
        ("client_id", "agent"),
        ("resource", resource),
        ("client_secret", "s3cret"),
        ("scope", "mcp offline_access"),
    ];
    server.post_form("/token", &fields).await
}

#[actix_web::test]
async fn an_assertion_of_the_trusted_provider_gives_a_token_and_no_refresh_token() {
    let provider = Provider::new();
    let server = server(&provider).await;
    for (jti, name, value) in [
        ("1", "scope", json!(null)),
        ("2", "scope", json!("mcp calendar")),
        ("3", "email", json!("alice@corp.example")),
    ] {
        let assertion = provider.assertion(jti, name, value);
        let answer = ask(&server, &assertion, RESOURCE).await;
        assert_eq!(answer.status, 200, "{}", answer.body);
        let tokens = answer.json();
        assert_eq!(tokens["scope"], "mcp");
        assert!(tokens.get("refresh_token").is_none());
        let fields = [
            ("client_id", "agent"),
            ("client_secret", "s3cret"),
            ("token", tokens["access_token"].as_str().unwrap()),
        ];
        let token = server.post_form("/introspect", &fields).await.json();
        assert_eq!(token["active"], true);
        assert_eq!(token["sub"], "idjag|00u1234");
        assert_eq!(token["username"], "00u1234");
        assert_eq!(token["aud"], RESOURCE);
    }
}

#[actix_web::test]
async fn an_assertion_is_good_once_and_a_faulty_request_does_not_use_it_up() {
    let provider = Provider::new();
    let server = server(&provider).await;
    let assertion = provider.assertion("1", "scope", json!(null));
    let elsewhere = "https://elsewhere.example/mcp";
    let answer = ask(&server, &assertion, elsewhere).await;
    assert_eq!(answer.error(), (400, "invalid_target".to_owned()));
    assert_eq!(ask(&server, &assertion, RESOURCE).await.status, 200);
    let answer = ask(&server, &assertion, RESOURCE).await;
    assert_eq!(answer.error(), (400, "invalid_grant".to_owned()));
}

#[actix_web::test]
async fn every_claim_of_an_assertion_is_checked() {
    let provider = Provider::new();
    let server = server(&provider).await;
    let wrong = [
        ("iss", json!("https://evil.example")),
        ("iss", json!(null)),
        ("sub", json!("")),
        ("sub", json!("not visible")),
        ("sub", json!("x".repeat(123))),
        ("sub", json!(null)),
        ("aud", json!(RESOURCE)),
        (
            "aud",
            json!(["https://auth.example.com", "https://other.example"]),
        ),
        ("aud", json!(null)),
        ("client_id", json!("another")),
        ("client_id", json!(null)),
        ("jti", json!("")),
        ("jti", json!(null)),
        ("exp", json!(NOW)),
        ("exp", json!(NOW + 3631)),
        ("exp", json!(null)),
        ("iat", json!(NOW + 31)),
        ("iat", json!(null)),
        ("resource", json!(null)),
        ("scope", json!("calendar")),
    ];
    for (at, (name, value)) in wrong.into_iter().enumerate() {
        let assertion = provider.assertion(&at.to_string(), name, value.clone());
        let answer = ask(&server, &assertion, RESOURCE).await;
        assert_eq!(
            answer.error(),
            (400, "invalid_grant".to_owned()),
            "{name}={value}"
        );
    }
    let assertion = provider.assertion("r", "resource", json!("https://elsewhere.example/mcp"));
    let answer = ask(&server, &assertion, RESOURCE).await;
    assert_eq!(answer.error(), (400, "invalid_target".to_owned()));
}

#[actix_web::test]
async fn a_key_that_the_provider_has_just_begun_to_use_is_asked_for_and_an_unknown_one_refused() {
    let provider = Provider::new();
    let keys = Keys::known(Some(provider.published_as("idp-0")));
    *keys.coming.lock().unwrap() = Some(Arc::new(provider.published_as("idp-1")));
    let server = that_trusts(trusting(keys)).await;
    let assertion = provider.assertion("1", "scope", json!(null));
    let before = server.events().len();
    let answer = ask(&server, &assertion, RESOURCE).await;
    assert_eq!(answer.error(), (503, "temporarily_unavailable".to_owned()));
    assert_eq!(answer.header("retry-after"), Some("2"));
    let is_failure = |event: &AuditEvent| matches!(event, AuditEvent::AuthFailure { .. });
    let failures = || {
        server
            .events()
            .iter()
            .skip(before)
            .filter(|e| is_failure(e))
            .count()
    };
    assert_eq!(failures(), 0, "nobody is to blame");
    // It is there now, and the assertion is not used up.
    assert_eq!(ask(&server, &assertion, RESOURCE).await.status, 200);

    let server = that_trusts(trusting(Keys::known(Some(provider.published_as("idp-0"))))).await;
    let before = server.events().len();
    let answer = ask(&server, &assertion, RESOURCE).await;
    assert_eq!(answer.error(), (400, "invalid_grant".to_owned()));
    let events = server.events();
    assert!(events.iter().skip(before).any(is_failure));
}

#[actix_web::test]
async fn an_assertion_of_another_type_or_key_is_refused() {
    let provider = Provider::new();
    let server = server(&provider).await;
    let claims = json!({
        "iss": IDP, "sub": "00u1234", "aud": "https://auth.example.com", "client_id": "agent",
        "jti": "1", "resource": RESOURCE, "exp": NOW + 300, "iat": NOW,
    });
    for assertion in [
        provider.sign("JWT", &claims),
        provider.sign("at+jwt", &claims),
        Provider::new().sign("oauth-id-jag+jwt", &claims),
        "not.a.jwt".to_owned(),
    ] {
        let answer = ask(&server, &assertion, RESOURCE).await;
        assert_eq!(answer.error(), (400, "invalid_grant".to_owned()));
    }
    let good = provider.sign("oauth-id-jag+jwt", &claims);
    assert_eq!(ask(&server, &good, RESOURCE).await.status, 200);
}

#[actix_web::test]
async fn only_a_client_with_a_secret_and_the_grant_type_may_present_one() {
    let provider = Provider::new();
    let server = server(&provider).await;
    let agent = operators_client("agent", GrantType::JwtBearer);
    for client in [
        Client {
            credential: ClientCredential::None,
            ..agent.clone()
        },
        operators_client("agent", GrantType::AuthorizationCode),
    ] {
        server.provision(&client).await;
        let assertion = provider.assertion("1", "scope", json!(null));
        let answer = ask(&server, &assertion, RESOURCE).await;
        assert_eq!(answer.error(), (400, "unauthorized_client".to_owned()));
    }
}

#[actix_web::test]
async fn without_a_trusted_provider_the_grant_does_not_exist() {
    let provider = Provider::new();
    let metadata = |server: Server| async move {
        let path = "/.well-known/oauth-authorization-server";
        let metadata = server.get(path).await.json();
        let grants = metadata["grant_types_supported"]
            .as_array()
            .unwrap()
            .clone();
        (
            grants.contains(&json!(GRANT_TYPE)),
            metadata["authorization_grant_profiles_supported"].clone(),
        )
    };
    let trusting = metadata(server(&provider).await).await;
    let profile = json!(["urn:ietf:params:oauth:grant-profile:id-jag"]);
    assert_eq!(trusting, (true, profile));
    assert_eq!(metadata(Server::start()).await, (false, Value::Null));

    let server = Server::start();
    server
        .provision(&operators_client("agent", GrantType::JwtBearer))
        .await;
    let assertion = provider.assertion("1", "scope", json!(null));
    let answer = ask(&server, &assertion, RESOURCE).await;
    assert_eq!(answer.error(), (400, "unsupported_grant_type".to_owned()));
}

#[actix_web::test]
async fn keys_that_are_not_known_yet_are_not_the_clients_fault() {
    let provider = Provider::new();
    let server = that_trusts(trusting(Keys::known(None))).await;
    let assertion = provider.assertion("1", "scope", json!(null));
    let answer = ask(&server, &assertion, RESOURCE).await;
    assert_eq!(answer.error(), (503, "temporarily_unavailable".to_owned()));
}
