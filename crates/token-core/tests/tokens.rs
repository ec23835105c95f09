//! Access tokens and assertions against forgers: RFC 8725 (JWT best current practices), RFC 9068
//! section 4. Built by hand where no library would make such a token.

#![expect(clippy::unwrap_used, reason = "a test ends at the first surprise")]

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use ring::hmac;
use serde_json::{Value, json};
use token_core::access_token::{AccessTokenClaims, NotGood};
use token_core::assertion::{AssertionSigner, AssertionVerifier, Identity, LIFETIME};
use token_core::jose::{TimeClaims, TokenError};
use token_core::keys::{
    LiveKeys, SigningKey, SigningKeys, VerificationKeys, generate_ed25519_pem, generate_p256_pem,
};
use token_core::{
    ClientId, GrantId, Issuer, Jti, ResourceId, Scopes, Seconds, SystemEntropy, Timestamp, UserId,
    Username,
};

const NOW: Timestamp = Timestamp(1_800_000_000);

fn issuer() -> Issuer {
    Issuer::parse("https://auth.example.com").unwrap()
}

fn audience() -> ResourceId {
    ResourceId::parse("https://fetch.example.com/mcp").unwrap()
}

fn ed25519() -> SigningKey {
    let pem = generate_ed25519_pem(&SystemEntropy::new()).unwrap();
    SigningKey::from_pkcs8_pem(pem.as_bytes()).unwrap()
}

fn p256() -> SigningKey {
    SigningKey::from_pkcs8_pem(generate_p256_pem().unwrap().as_bytes()).unwrap()
}

fn claims() -> AccessTokenClaims {
    let entropy = SystemEntropy::new();
    let grant = GrantId::generate(&entropy).unwrap();
    AccessTokenClaims {
        iss: issuer(),
        sub: UserId::parse("github|42").unwrap(),
        aud: audience(),
        client_id: ClientId::parse("client").unwrap(),
        jti: Jti::generate(&grant, &entropy).unwrap(),
        scope: Scopes::from_request(None),
        username: Username::parse("alice").unwrap(),
        times: TimeClaims {
            exp: NOW.plus(Seconds(3600)),
            iat: NOW,
            nbf: None,
        },
    }
}

fn verify(token: &str, keys: &VerificationKeys) -> Result<AccessTokenClaims, TokenError> {
    let verified = AccessTokenClaims::verify(token, &issuer(), &audience(), keys, NOW);
    verified.map_err(|not_good| not_good.error)
}

/// A token from raw parts, signed by whatever `sign` does.
fn forged(header: &Value, claims: &Value, sign: impl Fn(&[u8]) -> Vec<u8>) -> String {
    let part = |value: &Value| URL_SAFE_NO_PAD.encode(serde_json::to_vec(value).unwrap());
    let message = format!("{}.{}", part(header), part(claims));
    let signature = URL_SAFE_NO_PAD.encode(sign(message.as_bytes()));
    format!("{message}.{signature}")
}

fn decoded(token: &str, part: usize) -> Value {
    let text = token.split('.').nth(part).unwrap();
    serde_json::from_slice(&URL_SAFE_NO_PAD.decode(text).unwrap()).unwrap()
}

#[test]
fn a_good_token_has_the_shape_of_rfc_9068() {
    for key in [ed25519(), p256()] {
        let claims = claims();
        let token = claims.sign(&key).unwrap();
        assert_eq!(
            verify(token.expose(), &VerificationKeys::of([&key])).unwrap(),
            claims
        );
        let header = decoded(token.expose(), 0);
        assert_eq!(header["typ"], "at+jwt");
        assert_eq!(header["kid"], key.kid());
        let body = decoded(token.expose(), 1);
        let mut names: Vec<_> = body
            .as_object()
            .unwrap()
            .keys()
            .map(String::as_str)
            .collect();
        names.sort_unstable();
        let expected = [
            "aud",
            "client_id",
            "exp",
            "iat",
            "iss",
            "jti",
            "scope",
            "sub",
            "username",
        ];
        assert_eq!(names, expected, "no e-mail, no name");
        assert_eq!(body["scope"], "mcp");
        assert_eq!(body["aud"], audience().as_str());
    }
}

#[test]
fn issuer_audience_and_time_are_checked() {
    let key = ed25519();
    let keys = VerificationKeys::of([&key]);
    let token = claims().sign(&key).unwrap();
    let other_issuer = Issuer::parse("https://evil.example.com").unwrap();
    let other_audience = ResourceId::parse("https://echo.example.com/mcp").unwrap();
    let verify = |issuer: &Issuer, audience: &ResourceId, now| {
        let verified = AccessTokenClaims::verify(token.expose(), issuer, audience, &keys, now);
        verified.map(|_| ()).map_err(|NotGood { error, claims }| {
            // Whose it is can be said of what we signed, and of nothing else.
            assert_eq!(claims.is_some(), error != TokenError::WrongIssuer);
            error
        })
    };
    assert_eq!(verify(&issuer(), &audience(), NOW), Ok(()));
    assert_eq!(
        verify(&other_issuer, &audience(), NOW),
        Err(TokenError::WrongIssuer)
    );
    assert_eq!(
        verify(&issuer(), &other_audience, NOW),
        Err(TokenError::WrongAudience)
    );
    let end = NOW.plus(Seconds(3600));
    assert_eq!(
        verify(&issuer(), &audience(), end),
        Err(TokenError::Expired)
    );
    assert_eq!(verify(&issuer(), &audience(), Timestamp(end.0 - 1)), Ok(()));
    let early = Timestamp(NOW.0 - 31);
    assert_eq!(
        verify(&issuer(), &audience(), early),
        Err(TokenError::NotYetValid)
    );
}

#[test]
fn every_changed_character_is_refused() {
    let key = ed25519();
    let keys = VerificationKeys::of([&key]);
    let token = claims().sign(&key).unwrap();
    let token = token.expose();
    for index in 0..token.len() {
        let mut bytes = token.to_owned().into_bytes();
        bytes[index] = if bytes[index] == b'A' { b'B' } else { b'A' };
        let changed = String::from_utf8(bytes).unwrap();
        assert!(verify(&changed, &keys).is_err(), "character {index}");
    }
}

#[test]
fn algorithms_cannot_be_confused() {
    let key = ed25519();
    let keys = VerificationKeys::of([&key]);
    let good = claims().sign(&key).unwrap();
    let body = decoded(good.expose(), 1);
    let header = |alg: &str| json!({ "alg": alg, "typ": "at+jwt", "kid": key.kid() });

    for none in ["none", "None", "NONE", ""] {
        let token = forged(&header(none), &body, |_| Vec::new());
        assert_eq!(verify(&token, &keys), Err(TokenError::Malformed), "{none}");
    }
    // The public key as an HMAC secret: the classic confusion.
    let public = serde_json::to_vec(&keys.jwk_set()).unwrap();
    let secret = hmac::Key::new(hmac::HMAC_SHA256, &public);
    let token = forged(&header("HS256"), &body, |message| {
        hmac::sign(&secret, message).as_ref().to_vec()
    });
    assert_eq!(verify(&token, &keys), Err(TokenError::WrongAlgorithm));
    for other in ["ES256", "RS256", "PS256"] {
        let token = forged(&header(other), &body, |_| vec![0; 64]);
        assert_eq!(
            verify(&token, &keys),
            Err(TokenError::WrongAlgorithm),
            "{other}"
        );
    }
}

#[test]
fn headers_that_tell_the_verifier_what_to_trust_are_refused() {
    let key = ed25519();
    let keys = VerificationKeys::of([&key]);
    let good = claims().sign(&key).unwrap();
    let body = decoded(good.expose(), 1);
    let jwk = json!({ "kty": "OKP", "crv": "Ed25519", "x": "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo" });
    for (name, value) in [
        ("jku", json!("https://evil.example/jwks")),
        ("x5u", json!("https://evil.example/cert")),
        ("x5c", json!(["MII"])),
        ("jwk", jwk),
        ("crit", json!(["exp"])),
    ] {
        let mut header = json!({ "alg": "EdDSA", "typ": "at+jwt", "kid": key.kid() });
        header[name] = value;
        let token = forged(&header, &body, |_| vec![0; 64]);
        assert_eq!(
            verify(&token, &keys),
            Err(TokenError::ForbiddenHeader),
            "{name}"
        );
    }
    for kid in [json!("unknown"), json!("../../etc/passwd"), Value::Null] {
        let header = json!({ "alg": "EdDSA", "typ": "at+jwt", "kid": kid });
        let token = forged(&header, &body, |_| vec![0; 64]);
        assert_eq!(verify(&token, &keys), Err(TokenError::UnknownKey), "{kid}");
    }
}

#[test]
fn kinds_of_tokens_cannot_be_swapped() {
    let key = ed25519();
    let keys = VerificationKeys::of([&key]);
    let access = claims();
    let access_token = access.sign(&key).unwrap();
    let signer = AssertionSigner::new(issuer(), LiveKeys::new(SigningKeys::only(key)).into());
    let assertion = signer
        .sign(&Identity::from(&access), &audience(), NOW)
        .unwrap();
    let verifier = AssertionVerifier::new(issuer(), audience());
    assert_eq!(
        verifier.verify(&assertion, &keys, NOW).unwrap(),
        Identity::from(&access)
    );
    let swapped = verifier.verify(access_token.expose(), &keys, NOW);
    assert_eq!(swapped.unwrap_err(), TokenError::WrongType);
    assert_eq!(verify(&assertion, &keys), Err(TokenError::WrongType));
    let late = verifier.verify(&assertion, &keys, NOW.plus(LIFETIME));
    assert_eq!(late.unwrap_err(), TokenError::Expired);
    let elsewhere = AssertionVerifier::new(
        issuer(),
        ResourceId::parse("https://echo.example.com/mcp").unwrap(),
    );
    let refused = elsewhere.verify(&assertion, &keys, NOW);
    assert_eq!(refused.unwrap_err(), TokenError::WrongAudience);
}

#[test]
fn what_is_no_token_is_malformed_and_bounded() {
    let keys = VerificationKeys::of([&ed25519()]);
    let long = "a".repeat(9000);
    for text in ["", ".", "..", "a.b.c", "a.b.c.d", "é.é.é", &long] {
        assert_eq!(
            verify(text, &keys),
            Err(TokenError::Malformed),
            "{text:.20}"
        );
    }
}

/// ring's signatures against another library, in both directions.
#[cfg(feature = "keygen")]
mod against_another_library {
    use super::*;
    use aws_lc_rs::rand::SystemRandom;
    use aws_lc_rs::signature::{
        self, ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, Ed25519KeyPair, KeyPair as _,
        RSA_PKCS1_SHA256, RsaKeyPair, UnparsedPublicKey,
    };
    use token_core::keys::generate_rsa_pem;

    type Check = Box<dyn Fn(&[u8], &[u8])>;
    type Sign = Box<dyn Fn(&[u8]) -> Vec<u8>>;
    type Other = fn(&str) -> (Check, Sign);

    fn der(pem: &str) -> Vec<u8> {
        pem::parse(pem).unwrap().into_contents()
    }

    fn rsa(pem: &str) -> (Check, Sign) {
        let pair = RsaKeyPair::from_pkcs8(&der(pem)).unwrap();
        let public = pair.public_key().as_ref().to_vec();
        let check = move |message: &[u8], signature: &[u8]| {
            UnparsedPublicKey::new(&signature::RSA_PKCS1_2048_8192_SHA256, &public)
                .verify(message, signature)
                .unwrap();
        };
        let sign = move |message: &[u8]| {
            let mut out = vec![0; pair.public_modulus_len()];
            pair.sign(&RSA_PKCS1_SHA256, &SystemRandom::new(), message, &mut out)
                .unwrap();
            out
        };
        (Box::new(check), Box::new(sign))
    }

    fn p256(pem: &str) -> (Check, Sign) {
        let pair = EcdsaKeyPair::from_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, &der(pem)).unwrap();
        let public = pair.public_key().as_ref().to_vec();
        let check = move |message: &[u8], signature: &[u8]| {
            UnparsedPublicKey::new(&signature::ECDSA_P256_SHA256_FIXED, &public)
                .verify(message, signature)
                .unwrap();
        };
        let sign = move |message: &[u8]| {
            pair.sign(&SystemRandom::new(), message)
                .unwrap()
                .as_ref()
                .to_vec()
        };
        (Box::new(check), Box::new(sign))
    }

    fn ed25519(pem: &str) -> (Check, Sign) {
        let pair = Ed25519KeyPair::from_pkcs8(&der(pem)).unwrap();
        let public = pair.public_key().as_ref().to_vec();
        let check = move |message: &[u8], signature: &[u8]| {
            UnparsedPublicKey::new(&signature::ED25519, &public)
                .verify(message, signature)
                .unwrap();
        };
        (
            Box::new(check),
            Box::new(move |message: &[u8]| pair.sign(message).as_ref().to_vec()),
        )
    }

    #[test]
    fn both_libraries_accept_each_others_signatures() {
        let cases: [(String, Other); 3] = [
            (generate_rsa_pem().unwrap().to_string(), rsa),
            (generate_p256_pem().unwrap().to_string(), p256),
            (
                generate_ed25519_pem(&SystemEntropy::new())
                    .unwrap()
                    .to_string(),
                ed25519,
            ),
        ];
        for (pem, other) in cases {
            let key = SigningKey::from_pkcs8_pem(pem.as_bytes()).unwrap();
            let (check, sign) = other(&pem);
            let token = claims().sign(&key).unwrap();
            let (message, signature) = token.expose().rsplit_once('.').unwrap();
            check(
                message.as_bytes(),
                &URL_SAFE_NO_PAD.decode(signature).unwrap(),
            );

            let theirs = forged(
                &decoded(token.expose(), 0),
                &decoded(token.expose(), 1),
                sign,
            );
            assert!(verify(&theirs, &VerificationKeys::of([&key])).is_ok());
        }
    }
}

/// RFC 8725 section 3.1: with keys of several algorithms published, the algorithm is still the
/// key's own and never the header's.
#[test]
fn in_a_ring_of_two_algorithms_neither_key_verifies_as_the_other() {
    let (edwards, curve) = (ed25519(), p256());
    let keys = VerificationKeys::of([&edwards, &curve]);
    for (signer, other) in [(&edwards, &curve), (&curve, &edwards)] {
        let genuine = claims().sign(signer).unwrap();
        assert!(verify(genuine.expose(), &keys).is_ok());
        let (_, signed) = genuine.expose().split_once('.').unwrap();
        for (alg, kid, expected) in [
            (other.algorithm(), signer.kid(), TokenError::WrongAlgorithm),
            (signer.algorithm(), other.kid(), TokenError::WrongAlgorithm),
            (other.algorithm(), other.kid(), TokenError::BadSignature),
        ] {
            let header = json!({ "alg": alg.name(), "kid": kid, "typ": "at+jwt" });
            let header = URL_SAFE_NO_PAD.encode(serde_json::to_vec(&header).unwrap());
            let confused = verify(&format!("{header}.{signed}"), &keys);
            assert_eq!(confused.unwrap_err(), expected, "{alg:?} {kid}");
        }
        let header = json!({ "alg": "HS256", "kid": signer.kid(), "typ": "at+jwt" });
        let secret = keys.find(signer.kid()).unwrap().kid().as_bytes().to_vec();
        let key = hmac::Key::new(hmac::HMAC_SHA256, &secret);
        let body = serde_json::to_value(claims()).unwrap();
        let by_hmac = forged(&header, &body, |message| {
            hmac::sign(&key, message).as_ref().to_vec()
        });
        assert_eq!(
            verify(&by_hmac, &keys).unwrap_err(),
            TokenError::WrongAlgorithm
        );
    }
}
