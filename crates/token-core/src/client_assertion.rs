//! A client's assertion of itself, `private_key_jwt` (RFC 7523 section 3; RFC 7521 section 4.2):
//! who it claims to be, and whether that is true.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::Deserialize;

use crate::clock::{Seconds, Timestamp};
use crate::identifiers::ClientId;
use crate::jose::{self, LEEWAY, MAX_TOKEN_BYTES, TokenError};
use crate::keys::ForeignKeys;
use crate::secret::SecretHash;

/// `client_assertion_type` (RFC 7523 section 2.2).
pub const TYPE: &str = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer";
/// The longest time that an assertion may still be good for.
pub const MAX_LIFETIME: Seconds = Seconds(300);

#[derive(Deserialize)]
struct Claims {
    iss: ClientId,
    sub: ClientId,
    aud: Audience,
    jti: String,
    exp: Timestamp,
    iat: Option<Timestamp>,
    nbf: Option<Timestamp>,
}

/// `aud` is a string or a list (RFC 7519 section 4.1.3).
#[derive(Deserialize)]
#[serde(untagged)]
enum Audience {
    One(String),
    Several(Vec<String>),
}

/// What is left to check of an assertion that is good by itself: that it is used once.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct OneUse {
    /// Stands for the client's `jti`.
    pub mark: SecretHash,
    /// Until when the mark must stay.
    pub until: Timestamp,
}

/// Whom an assertion speaks of. Nothing is verified: it says only whose keys to verify with.
pub fn claimed_client(assertion: &str) -> Result<ClientId, TokenError> {
    #[derive(Deserialize)]
    struct Subject {
        sub: ClientId,
    }
    if assertion.len() > MAX_TOKEN_BYTES {
        return Err(TokenError::Malformed);
    }
    let payload = assertion.split('.').nth(1).unwrap_or_default();
    let payload = URL_SAFE_NO_PAD
        .decode(payload)
        .map_err(|_| TokenError::Malformed)?;
    let Subject { sub } = serde_json::from_slice(&payload).map_err(|_| TokenError::Malformed)?;
    Ok(sub)
}

/// Verifies an assertion of `client` for one of `audiences`.
pub fn verify(
    assertion: &str,
    keys: &ForeignKeys,
    client: &ClientId,
    audiences: &[String],
    now: Timestamp,
) -> Result<OneUse, TokenError> {
    let claims: Claims = jose::verify_foreign(assertion, keys)?;
    if claims.iss != *client || claims.sub != *client {
        return Err(TokenError::WrongIssuer);
    }
    // Of several audiences another could replay the assertion here.
    let audience = match &claims.aud {
        Audience::One(one) => Some(one),
        Audience::Several(several) => match several.as_slice() {
            [one] => Some(one),
            _ => None,
        },
    };
    if !audience.is_some_and(|one| audiences.contains(one)) {
        return Err(TokenError::WrongAudience);
    }
    if claims.exp.has_passed(now) {
        return Err(TokenError::Expired);
    }
    let latest = now.plus(LEEWAY);
    let early = |at: Option<Timestamp>| at.is_some_and(|at| at > latest);
    if claims.exp > latest.plus(MAX_LIFETIME) || early(claims.iat) || early(claims.nbf) {
        return Err(TokenError::NotYetValid);
    }
    if claims.jti.is_empty() {
        return Err(TokenError::Malformed);
    }
    Ok(OneUse {
        mark: SecretHash::of(&format!("client assertion {client} {}", claims.jti)),
        until: claims.exp,
    })
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;
    use crate::SystemEntropy;
    use crate::keys::{SigningKey, VerificationKeys, generate_ed25519_pem, generate_p256_pem};

    const NOW: Timestamp = Timestamp(1_800_000_000);
    const TOKEN_ENDPOINT: &str = "https://auth.example.com/token";

    fn ed25519() -> SigningKey {
        let pem = generate_ed25519_pem(&SystemEntropy::new()).unwrap();
        SigningKey::from_pkcs8_pem(pem.as_bytes()).unwrap()
    }

    fn p256() -> SigningKey {
        SigningKey::from_pkcs8_pem(generate_p256_pem().unwrap().as_bytes()).unwrap()
    }

    /// The public halves, changed as a client might name and describe them.
    fn published(keys: &[&SigningKey], change: impl Fn(&mut Value)) -> ForeignKeys {
        let set = VerificationKeys::of(keys.iter().copied()).jwk_set();
        let mut set = serde_json::to_value(set).unwrap();
        for key in set["keys"].as_array_mut().unwrap() {
            change(key);
        }
        ForeignKeys::from_jwks_json(set.to_string().as_bytes()).unwrap()
    }

    fn claims(changes: &Value) -> Value {
        let mut claims = json!({
            "iss": "client", "sub": "client", "aud": TOKEN_ENDPOINT, "jti": "1",
            "iat": NOW.0, "exp": NOW.0 + 300,
        });
        for (name, value) in changes.as_object().unwrap() {
            claims[name] = value.clone();
        }
        claims
    }

    fn check(assertion: &str, keys: &ForeignKeys) -> Result<OneUse, TokenError> {
        let client = ClientId::parse("client").unwrap();
        verify(assertion, keys, &client, &[TOKEN_ENDPOINT.to_owned()], NOW)
    }

    #[test]
    fn a_good_assertion_of_each_kind_of_key_and_whatever_type() {
        for (key, typ) in [(ed25519(), "JWT"), (p256(), "client-authentication+jwt")] {
            let assertion = jose::sign(&key, typ, &claims(&json!({}))).unwrap();
            assert_eq!(claimed_client(&assertion).unwrap().as_str(), "client");
            let one_use = check(&assertion, &published(&[&key], |_| {})).unwrap();
            assert_eq!(one_use.until, NOW.plus(MAX_LIFETIME));
        }
    }

    #[test]
    fn every_claim_is_checked() {
        let key = ed25519();
        let keys = published(&[&key], |_| {});
        for (changes, error) in [
            (json!({ "iss": "other" }), TokenError::WrongIssuer),
            (json!({ "sub": "other" }), TokenError::WrongIssuer),
            (
                json!({ "aud": "https://evil.example/token" }),
                TokenError::WrongAudience,
            ),
            (
                json!({ "aud": [TOKEN_ENDPOINT, "https://evil.example"] }),
                TokenError::WrongAudience,
            ),
            (json!({ "aud": [] }), TokenError::WrongAudience),
            (json!({ "exp": NOW.0 }), TokenError::Expired),
            (json!({ "exp": NOW.0 + 331 }), TokenError::NotYetValid),
            (json!({ "iat": NOW.0 + 31 }), TokenError::NotYetValid),
            (json!({ "nbf": NOW.0 + 31 }), TokenError::NotYetValid),
            (json!({ "jti": "" }), TokenError::Malformed),
            (json!({ "jti": null }), TokenError::Malformed),
            (json!({ "exp": null }), TokenError::Malformed),
        ] {
            let assertion = jose::sign(&key, "JWT", &claims(&changes)).unwrap();
            assert_eq!(check(&assertion, &keys), Err(error), "{changes}");
        }
        for fine in [json!({ "aud": [TOKEN_ENDPOINT] }), json!({ "iat": null })] {
            let assertion = jose::sign(&key, "JWT", &claims(&fine)).unwrap();
            assert!(check(&assertion, &keys).is_ok(), "{fine}");
        }
    }

    #[test]
    fn a_key_is_found_by_its_owners_name_and_used_for_its_own_algorithm() {
        let (key, other) = (ed25519(), ed25519());
        let assertion = jose::sign(&key, "JWT", &claims(&json!({}))).unwrap();
        let unknown = Err(TokenError::UnknownKey);
        assert_eq!(check(&assertion, &published(&[&other], |_| {})), unknown);
        assert_eq!(
            check(
                &assertion,
                &published(&[&key], |jwk| jwk["kid"] = json!("mine"))
            ),
            unknown
        );
        let kid = key.kid().to_owned();
        let stolen_name = published(&[&other], |jwk| jwk["kid"] = json!(kid));
        assert_eq!(
            check(&assertion, &stolen_name),
            Err(TokenError::BadSignature)
        );
        for (member, value) in [("use", "enc"), ("alg", "ES256")] {
            let set = VerificationKeys::of([&key]).jwk_set();
            let mut set = serde_json::to_value(set).unwrap();
            set["keys"][0][member] = json!(value);
            let read = ForeignKeys::from_jwks_json(set.to_string().as_bytes());
            assert!(read.is_err(), "{member}");
        }
    }
}
