//! A client that proves itself by a key whose public half is at an address of its own (RFC 7523).

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use ring::signature::{Ed25519KeyPair, KeyPair as _};
use serde_json::{Value, json};
use token_core::client::{ApplicationType, Client, ClientCredential, ClientKeys, GrantType};
use token_core::store::{ClientStore as _, KeySetRecord, KeySetStore as _};
use token_core::{ClientId, Clock as _, ResourceId, Seconds, SystemClock, Timestamp};

use crate::Outcome;
use crate::system::{DOMAIN, SERVICE, System};

const CLIENT_ID: &str = "machine";
/// A public address, so that the guard lets it through to the proxy, which is silent.
const JWKS_URI: &str = "https://93.184.215.14/jwks.json";
/// Old enough to be fetched again, young enough to be used meanwhile, in seconds.
const AGE: u64 = 310;

/// The client.
pub(super) struct Machine(Ed25519KeyPair);

impl Machine {
    /// Writes it and its keys as they were fetched some time ago.
    pub(super) fn with_old_keys(system: &System) -> Outcome<Self> {
        let key = Ed25519KeyPair::from_seed_unchecked(&[7; 32]).map_err(|_| "no key")?;
        let x = URL_SAFE_NO_PAD.encode(key.public_key());
        let jwks = json!({ "keys": [{ "kty": "OKP", "crv": "Ed25519", "x": x, "kid": "k1" }] });
        let service = format!("https://{SERVICE}.{DOMAIN}/mcp");
        let service = ResourceId::parse(&service)?;
        let client = Client {
            client_id: ClientId::parse(CLIENT_ID)?,
            client_name: None,
            redirect_uris: Vec::new(),
            credential: ClientCredential::PrivateKeyJwt {
                keys: ClientKeys::JwksUri(JWKS_URI.to_owned()),
            },
            grant_types: vec![GrantType::ClientCredentials],
            application_type: ApplicationType::Web,
            scope: None,
            issued_at: Timestamp(0),
            expires_at: None,
            used: true,
            registration_tokens: Vec::new(),
            own_services: vec![service],
        };
        let now = SystemClock.now();
        let then = Timestamp(now.0.saturating_sub(AGE));
        let set = KeySetRecord {
            client_id: client.client_id.clone(),
            jwks_uri: JWKS_URI.to_owned(),
            jwks: jwks.to_string(),
            fetched_at: then,
            asked_at: then,
            used_at: then,
            expires_at: then.plus(Seconds(86_400)),
        };
        system.runtime.block_on(async {
            system.store.put_client(&client, now).await?;
            system.store.put_key_set(&set, now).await
        })?;
        Ok(Self(key))
    }

    /// One that was not used before.
    pub(super) fn assertion(&self, number: u64) -> String {
        let part = |value: &Value| URL_SAFE_NO_PAD.encode(value.to_string());
        let claims = json!({
            "iss": CLIENT_ID,
            "sub": CLIENT_ID,
            "aud": format!("https://auth.{DOMAIN}"),
            "jti": number.to_string(),
            "exp": SystemClock.now().0 + 60,
        });
        let header = json!({ "alg": "EdDSA", "kid": "k1" });
        let signed = format!("{}.{}", part(&header), part(&claims));
        let signature = URL_SAFE_NO_PAD.encode(self.0.sign(signed.as_bytes()));
        format!("{signed}.{signature}")
    }
}
