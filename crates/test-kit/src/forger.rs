//! Tokens that nobody issued, made from one that somebody did.

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use ring::hmac;
use ring::rand::SystemRandom;
use ring::signature::{Ed25519KeyPair, RSA_PKCS1_SHA256, RsaKeyPair};
use serde_json::{Value, json};

/// The parts of a compact JWS (RFC 7515 section 3.1).
#[derive(Debug, Clone)]
pub struct Token {
    /// The protected header.
    pub header: Value,
    /// The claims.
    pub claims: Value,
    signature: String,
}

impl Token {
    /// Takes a genuine token apart.
    pub fn parse(token: &str) -> Self {
        let parts: Vec<&str> = token.split('.').collect();
        let [header, claims, signature] = parts[..] else {
            panic!("not a compact JWS")
        };
        Self {
            header: decode(header),
            claims: decode(claims),
            signature: signature.to_owned(),
        }
    }

    /// The claims changed, the genuine signature kept.
    pub fn with_claim(mut self, name: &str, value: &str) -> String {
        self.claims[name] = json!(value);
        self.sealed_by(|_, genuine| genuine.to_owned())
    }

    /// Unsigned, in the spelling of `alg` given (RFC 7519 section 6).
    pub fn unsigned(mut self, alg: &str) -> String {
        self.header["alg"] = json!(alg);
        self.sealed_by(|_, _| String::new())
    }

    /// Signed by a stranger's Ed25519 key under the genuine `kid`.
    pub fn signed_by_stranger(mut self) -> String {
        self.header["alg"] = json!("EdDSA");
        #[expect(
            clippy::disallowed_methods,
            reason = "the product's Entropy is not the test's"
        )]
        let generator = SystemRandom::new();
        let pkcs8 = Ed25519KeyPair::generate_pkcs8(&generator).expect("a key");
        let key = Ed25519KeyPair::from_pkcs8(pkcs8.as_ref()).expect("a key");
        self.sealed_by(|input, _| URL_SAFE_NO_PAD.encode(key.sign(input)))
    }

    /// Signed by a key that is really the gateway's: RS256, PKCS#8 in PEM.
    pub fn signed_by(&self, pem: &str) -> String {
        let base64: String = pem.lines().filter(|line| !line.starts_with('-')).collect();
        let pkcs8 = STANDARD.decode(base64).expect("base64");
        let key = RsaKeyPair::from_pkcs8(&pkcs8).expect("an RSA key");
        self.sealed_by(|input, _| {
            let mut signature = vec![0; key.public().modulus_len()];
            #[expect(
                clippy::disallowed_methods,
                reason = "the product's Entropy is not the test's"
            )]
            let generator = SystemRandom::new();
            key.sign(&RSA_PKCS1_SHA256, &generator, input, &mut signature)
                .expect("a signature");
            URL_SAFE_NO_PAD.encode(signature)
        })
    }

    /// Authenticated by HMAC with a public key as the secret (RFC 8725 section 2.1).
    pub fn confused(mut self, public_key: &str) -> String {
        self.header["alg"] = json!("HS256");
        let key = hmac::Key::new(hmac::HMAC_SHA256, public_key.as_bytes());
        self.sealed_by(|input, _| URL_SAFE_NO_PAD.encode(hmac::sign(&key, input)))
    }

    fn sealed_by(&self, sign: impl FnOnce(&[u8], &str) -> String) -> String {
        let input = format!("{}.{}", encode(&self.header), encode(&self.claims));
        let signature = sign(input.as_bytes(), &self.signature);
        format!("{input}.{signature}")
    }
}

fn decode(part: &str) -> Value {
    let json = URL_SAFE_NO_PAD.decode(part).expect("base64url");
    serde_json::from_slice(&json).expect("JSON")
}

fn encode(value: &Value) -> String {
    URL_SAFE_NO_PAD.encode(value.to_string())
}
