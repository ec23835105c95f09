//! `private_key_jwt` (RFC 7523 sections 2.2 and 3; RFC 7521 section 4.2).

use crate::harness::{Answer, CALLBACK, Server};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use ring::signature::{Ed25519KeyPair, KeyPair as _};
use serde_json::{Value, json};
use token_core::{Clock as _, Seconds};

pub(crate) const TYPE: &str = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer";
pub(crate) const ISSUER: &str = "https://auth.example.com";
pub(crate) const JWKS_URI: &str = "https://machine.example/jwks.json";

/// A client's key, as it names it.
pub(crate) struct Key(Ed25519KeyPair, &'static str);

impl Key {
    pub(crate) fn new(seed: u8, kid: &'static str) -> Self {
        Self(
            Ed25519KeyPair::from_seed_unchecked(&[seed; 32]).unwrap(),
            kid,
        )
    }

    pub(crate) fn jwks(&self) -> Value {
        let x = URL_SAFE_NO_PAD.encode(self.0.public_key());
        let key = json!({ "kty": "OKP", "crv": "Ed25519", "x": x, "kid": self.1, "use": "sig" });
        let unusable = json!({ "kty": "EC", "crv": "P-521", "x": "x", "y": "y" });
        json!({ "keys": [unusable, key] })
    }

    fn sign(&self, header: &Value, claims: &Value) -> String {
        let part = |value: &Value| URL_SAFE_NO_PAD.encode(value.to_string());
        let message = format!("{}.{}", part(header), part(claims));
        let signature = URL_SAFE_NO_PAD.encode(self.0.sign(message.as_bytes()));
        format!("{message}.{signature}")
    }

    /// A good assertion for now.
    pub(crate) fn assertion(&self, server: &Server, client_id: &str, jti: &str) -> String {
        self.assertion_for(server, client_id, jti, ISSUER)
    }

    fn assertion_for(&self, server: &Server, client_id: &str, jti: &str, aud: &str) -> String {
        let now = server.clock.now().0;
        let claims = json!({
            "iss": client_id, "sub": client_id, "aud": aud, "jti": jti, "exp": now + 60,
        });
        self.sign(&json!({ "alg": "EdDSA", "kid": self.1 }), &claims)
    }
}

pub(crate) async fn registered(server: &Server, keys: &Value) -> String {
    let mut metadata = json!({
        "client_name": "Machine",
        "redirect_uris": [CALLBACK],
        "token_endpoint_auth_method": "private_key_jwt",
    });
    for (name, value) in keys.as_object().unwrap() {
        metadata[name] = value.clone();
    }
    let answer = server.register(&metadata).await;
    assert_eq!(answer.status, 201, "{}", answer.body);
    let body = answer.json();
    assert!(body.get("client_secret").is_none());
    body["client_id"].as_str().unwrap().to_owned()
}

/// Whether an assertion is taken, shown where nothing else can go wrong.
pub(crate) async fn revokes(server: &Server, assertion: &str) -> Answer {
    let fields = [
        ("token", "x"),
        ("client_assertion_type", TYPE),
        ("client_assertion", assertion),
    ];
    server.post_form("/revoke", &fields).await
}

pub(crate) fn refused(answer: &Answer) -> bool {
    answer.error() == (401, "invalid_client".to_owned())
}

#[actix_web::test]
async fn a_client_proves_itself_with_its_key_and_redeems_its_code() {
    let server = Server::start();
    let key = Key::new(1, "k1");
    let client_id = registered(&server, &json!({ "jwks": key.jwks() })).await;
    let code = server.code(&client_id).await;
    let assertion = key.assertion_for(&server, &client_id, "1", &format!("{ISSUER}/token"));
    let fields = [
        ("grant_type", "authorization_code"),
        ("client_assertion_type", TYPE),
        ("client_assertion", &*assertion),
        ("code", &*code),
        ("code_verifier", crate::harness::VERIFIER),
        ("redirect_uri", CALLBACK),
    ];
    let answer = server.post_form("/token", &fields).await;
    assert_eq!(answer.status, 200, "{}", answer.body);
    let redeemed_without = server.redeem(&client_id, &code).await;
    assert!(refused(&redeemed_without), "{}", redeemed_without.body);
}

#[actix_web::test]
async fn an_assertion_is_good_once() {
    let server = Server::start();
    let key = Key::new(1, "k1");
    let client_id = registered(&server, &json!({ "jwks": key.jwks() })).await;
    let assertion = key.assertion(&server, &client_id, "once");
    assert_eq!(revokes(&server, &assertion).await.status, 200);
    assert!(refused(&revokes(&server, &assertion).await));
    let another = key.assertion(&server, &client_id, "twice");
    assert_eq!(revokes(&server, &another).await.status, 200);
}

#[actix_web::test]
async fn forged_late_and_foreign_assertions_are_refused() {
    let server = Server::start();
    let (key, thief) = (Key::new(1, "k1"), Key::new(2, "k1"));
    let client_id = registered(&server, &json!({ "jwks": key.jwks() })).await;
    let mut header = json!({ "alg": "EdDSA", "kid": "k1" });
    let claims = json!({
        "iss": client_id, "sub": client_id, "aud": ISSUER, "jti": "1",
        "exp": server.clock.now().0 + 60,
    });
    for (member, value) in [
        ("alg", json!("none")),
        ("alg", json!("HS256")),
        ("jwk", key.jwks()["keys"][1].clone()),
        ("jku", json!("https://evil.example/jwks")),
        ("crit", json!(["exp"])),
    ] {
        let before = header.clone();
        header[member] = value;
        let answer = revokes(&server, &key.sign(&header, &claims)).await;
        assert!(refused(&answer), "{member}: {}", answer.body);
        header = before;
    }
    assert!(refused(
        &revokes(&server, &thief.sign(&header, &claims)).await
    ));
    let elsewhere = key.assertion_for(&server, &client_id, "2", "https://other.example/token");
    assert!(refused(&revokes(&server, &elsewhere).await));
    let late = key.assertion(&server, &client_id, "3");
    server.clock.advance(Seconds(60));
    assert!(refused(&revokes(&server, &late).await));
    for junk in ["", "a.b.c", "..", "e30.e30.e30"] {
        let answer = revokes(&server, junk).await;
        assert!(matches!(answer.status.as_u16(), 400 | 401), "{junk}");
    }
}

#[actix_web::test]
async fn an_assertion_is_for_the_clients_own_name_alone() {
    let server = Server::start();
    let (mine, theirs) = (Key::new(1, "k1"), Key::new(2, "k1"));
    let victim = registered(&server, &json!({ "jwks": theirs.jwks() })).await;
    let attacker = registered(&server, &json!({ "jwks": mine.jwks() })).await;
    assert!(refused(
        &revokes(&server, &mine.assertion(&server, &victim, "1")).await
    ));
    let now = server.clock.now().0;
    let mixed = json!({
        "iss": attacker, "sub": victim, "aud": ISSUER, "jti": "2", "exp": now + 60,
    });
    let mixed = mine.sign(&json!({ "alg": "EdDSA", "kid": "k1" }), &mixed);
    assert!(refused(&revokes(&server, &mixed).await));
    let public = server.public_client().await;
    assert!(refused(
        &revokes(&server, &mine.assertion(&server, &public, "3")).await
    ));
}

#[actix_web::test]
async fn one_way_at_a_time_and_of_a_known_type() {
    let server = Server::start();
    let key = Key::new(1, "k1");
    let client_id = registered(&server, &json!({ "jwks": key.jwks() })).await;
    let assertion = key.assertion(&server, &client_id, "1");
    let saml = "urn:ietf:params:oauth:client-assertion-type:saml2-bearer";
    for (more, error) in [
        (
            &[("client_secret", "s"), ("client_assertion_type", TYPE)][..],
            "invalid_request",
        ),
        (
            &[("client_id", "other"), ("client_assertion_type", TYPE)],
            "invalid_request",
        ),
        (&[("client_assertion_type", saml)], "invalid_client"),
        (&[], "invalid_request"),
    ] {
        let mut fields = vec![("token", "x"), ("client_assertion", &*assertion)];
        fields.extend_from_slice(more);
        let answer = server.post_form("/revoke", &fields).await;
        assert_eq!(answer.error().1, error, "{more:?}");
    }
}

#[actix_web::test]
async fn keys_are_checked_at_registration() {
    let server = Server::start();
    let key = Key::new(1, "k1");
    let private = json!({ "keys": [{ "kty": "OKP", "crv": "Ed25519", "x": "x", "d": "d" }] });
    for keys in [
        json!({}),
        json!({ "jwks": key.jwks(), "jwks_uri": JWKS_URI }),
        json!({ "jwks": private }),
        json!({ "jwks": { "keys": [{ "kty": "oct", "k": "c2VjcmV0" }] } }),
        json!({ "jwks": { "keys": [] } }),
        json!({ "jwks_uri": "http://machine.example/jwks.json" }),
    ] {
        let mut metadata = keys.clone();
        metadata["redirect_uris"] = json!([CALLBACK]);
        metadata["token_endpoint_auth_method"] = json!("private_key_jwt");
        let answer = server.register(&metadata).await;
        assert_eq!(
            answer.error(),
            (400, "invalid_client_metadata".to_owned()),
            "{keys}"
        );
    }
}

#[actix_web::test]
async fn the_metadata_says_so() {
    let metadata = Server::start()
        .get("/.well-known/oauth-authorization-server")
        .await;
    let metadata = metadata.json();
    for endpoint in ["token", "revocation"] {
        let methods = &metadata[format!("{endpoint}_endpoint_auth_methods_supported")];
        assert!(
            methods
                .as_array()
                .unwrap()
                .contains(&json!("private_key_jwt"))
        );
        let algorithms =
            &metadata[format!("{endpoint}_endpoint_auth_signing_alg_values_supported")];
        assert_eq!(algorithms, &json!(["RS256", "ES256", "EdDSA"]));
    }
}
