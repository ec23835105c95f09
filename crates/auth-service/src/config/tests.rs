//! The defaults are the contract's, and each wrong setting is named.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use token_core::keys::generate_p256_pem;

use super::*;

fn read(changes: &[(&str, &str)]) -> Result<AuthConfig, String> {
    let pem = generate_p256_pem().unwrap();
    let key = STANDARD.encode(pem.as_bytes());
    let mut pairs = vec![
        ("BASE_DOMAIN", "example.com"),
        ("GITHUB_CLIENT_ID", "id"),
        ("GITHUB_CLIENT_SECRET", "github-secret"),
        ("ALLOWED_GITHUB_USERS", "alice"),
        ("GATEWAY_JWT_SECRET", "0123456789abcdef0123456789abcdef"),
        ("JWT_ALGORITHM", "ES256"),
        ("JWT_PRIVATE_KEY_B64", key.as_str()),
        ("REDIS_URL", "redis://redis:6379"),
    ];
    for (name, value) in changes {
        pairs.retain(|(own, _)| own != name);
        pairs.push((name, value));
    }
    let known = [&SETTINGS[..], &OWN_SETTINGS].concat();
    let mut settings = Settings::from_pairs(&known, pairs);
    let config = AuthConfig::from_settings(&mut settings);
    settings
        .finish_with(|| config)
        .map_err(|error| error.to_string())
}

#[test]
fn the_defaults_are_the_contracts() {
    let config = read(&[]).unwrap();
    assert_eq!(config.issuer.as_str(), "https://auth.example.com");
    assert_eq!(
        config.lifetimes,
        Lifetimes {
            session: Seconds(3600),
            state: Seconds(300),
            code: Seconds(600),
            access_token: Seconds(3600),
            refresh_token: Seconds(2_592_000),
            refresh_grace: Seconds(120),
            client: Some(Seconds(7_776_000)),
        }
    );
    assert!(
        read(&[("CLIENT_LIFETIME", "0")])
            .unwrap()
            .lifetimes
            .client
            .is_none()
    );
}

#[test]
fn each_wrong_setting_is_named_and_no_secret_shown() {
    for (name, value) in [
        ("BASE_DOMAIN", ""),
        ("BASE_DOMAIN", "example.com/"),
        ("MCP_SERVICES", "Fetch"),
        ("CODE_LIFETIME", "601"),
        ("ACCESS_TOKEN_LIFETIME", "1h"),
        ("ACCESS_TOKEN_LIFETIME", "0"),
        ("CLIENT_REGISTRATION", "yes"),
        ("MAX_CLIENTS", "0"),
        ("CIMD_POLICY", "https://claude.ai"),
        ("CLIENTS", "[[client]]"),
        ("GITHUB_CLIENT_ID", ""),
        ("GITHUB_CLIENT_SECRET", ""),
        ("GITHUB_BASE_URL", "github.com"),
        ("ALLOWED_GITHUB_USERS", ""),
        ("ALLOWED_GITHUB_USERS", "@org"),
        ("IDJAG_JWKS_URL", "https://idp.example/jwks"),
        ("IDJAG_ISSUER", "https://idp.example"),
        ("GATEWAY_JWT_SECRET", "too-short-a-secret"),
        ("JWT_ALGORITHM", "HS256"),
        ("JWT_ALGORITHM", "RS256"),
        ("JWT_PRIVATE_KEY_B64", "bm8ga2V5"),
        ("REDIS_URL", ""),
    ] {
        let Err(error) = read(&[(name, value)]) else {
            panic!("{name}={value} was taken")
        };
        assert!(error.contains(name), "{name}={value}: {error}");
        for secret in [
            "github-secret",
            "0123456789abcdef",
            "too-short-a-secret",
            "bm8ga2V5",
        ] {
            assert!(!error.contains(secret), "{error}");
        }
    }
}

#[test]
fn a_trusted_identity_provider_needs_an_issuer_and_keys_over_tls() {
    let with = |url| {
        read(&[
            ("IDJAG_ISSUER", "https://idp.example"),
            ("IDJAG_JWKS_URL", url),
        ])
    };
    assert!(read(&[]).unwrap().id_jag.is_none());
    let config = with("https://idp.example/jwks").unwrap().id_jag.unwrap();
    assert_eq!(config.issuer, "https://idp.example");
    assert!(with("http://127.0.0.1:9/jwks").is_ok());
    assert!(with("http://idp.example/jwks").is_err());
}

#[test]
fn all_faults_are_named_at_once() {
    let error = read(&[
        ("BASE_DOMAIN", ""),
        ("REDIS_URL", ""),
        ("CODE_LIFETIME", "9999"),
    ]);
    let error = error.err().unwrap();
    for name in ["BASE_DOMAIN", "REDIS_URL", "CODE_LIFETIME"] {
        assert!(error.contains(name), "{error}");
    }
}
