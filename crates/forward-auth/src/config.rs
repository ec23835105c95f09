//! What the operator decides, for the verifier as a process of its own.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;

use app_shell::settings::Settings;
use app_shell::tls::FollowedCertificate;
use token_core::admission::{Admission, AllowedUsers};
use token_core::assertion;
use token_core::audit::{KEPT, Naming};
use token_core::{Issuer, Services, SystemClock};
use token_store::key_directory::FollowedKeys;
use url::Url;

/// The settings that [`VerifierConfig::from_settings`] reads.
pub const SETTINGS: [&str; 13] = [
    "BASE_DOMAIN",
    "MCP_SERVICES",
    "ALLOWED_GITHUB_USERS",
    "IDJAG_ISSUER",
    "REDIS_URL",
    "REDIS_PASSWORD",
    "JWKS_URL",
    "ASSERTION_KEY_DIR",
    "VERIFIER_CACHE_MB",
    "VERIFIER_TLS_DIR",
    TLS_LISTEN_ADDRESS,
    "AUDIT_USERS",
    "AUDIT_LENGTH",
];

/// How much is remembered where nothing is set: some 17,000 tokens.
const CACHE_MB: u64 = 24;

/// Where HTTPS is spoken.
pub const TLS_LISTEN_ADDRESS: &str = "TLS_LISTEN_ADDRESS";

/// The verifier's configuration.
pub struct VerifierConfig {
    /// `https://auth.BASE_DOMAIN`
    pub issuer: Issuer,
    /// `MCP_SERVICES`
    pub services: Services,
    /// `ALLOWED_GITHUB_USERS` and `IDJAG_ISSUER`: people of GitHub, and of a provider that is
    /// trusted.
    pub admission: Admission,
    /// `REDIS_URL`
    pub redis_url: String,
    /// `REDIS_PASSWORD`
    pub redis_password: Option<String>,
    /// `JWKS_URL`: where auth-service publishes its keys on the internal network.
    pub jwks_url: Url,
    /// The keys in `ASSERTION_KEY_DIR`.
    pub assertion_keys: FollowedKeys,
    /// `VERIFIER_CACHE_MB`, in bytes.
    pub memory: u64,
    /// `VERIFIER_TLS_DIR` and `TLS_LISTEN_ADDRESS`; without the directory there is no HTTPS.
    pub https: Option<Https>,
    /// `AUDIT_USERS`
    pub naming: Naming,
    /// `AUDIT_LENGTH`: how many records the store keeps.
    pub keep: u64,
}

/// What HTTPS takes.
pub struct Https {
    /// Where it is spoken.
    pub address: SocketAddr,
    /// By whom.
    pub certificate: FollowedCertificate,
}

impl VerifierConfig {
    /// Reads everything. `None` goes with a fault that the settings report.
    pub fn from_settings(settings: &mut Settings) -> Option<Self> {
        let issuer_and_services = issuer_and_services(settings);
        let admission = admission(settings);
        let mend = "set it, such as redis://verifier@redis:6379";
        let redis_url = settings.required("REDIS_URL", mend);
        let redis_password = settings.text("REDIS_PASSWORD");
        settings.required("JWKS_URL", "set it, such as http://auth-service:8000/jwks");
        let jwks_url = settings.parse_secret_with("JWKS_URL", Url::parse);
        let assertion_keys = assertion_keys(settings);
        let memory = memory(settings);
        let https = https(settings);
        let naming = settings.parse_with("AUDIT_USERS", Naming::parse);
        let keep = settings.parsed("AUDIT_LENGTH", KEPT, "a number of events");
        let (issuer, services) = issuer_and_services?;
        Some(Self {
            issuer,
            services,
            admission: admission?,
            redis_url: redis_url?,
            redis_password,
            jwks_url: jwks_url?,
            assertion_keys: assertion_keys?,
            memory,
            https,
            naming: naming.unwrap_or_default(),
            keep,
        })
    }
}

/// `VERIFIER_CACHE_MB`, in bytes.
pub fn memory(settings: &mut Settings) -> u64 {
    let expected = "a number of megabytes such as 24";
    settings.parsed("VERIFIER_CACHE_MB", CACHE_MB, expected) << 20
}

/// Who may come in: read at the start and at every reload.
pub fn admission(settings: &mut Settings) -> Option<Admission> {
    let mend = "list GitHub logins or id:NUMBER, comma-separated, or write * for everybody";
    settings.required("ALLOWED_GITHUB_USERS", mend);
    let allowed = settings.parse_with("ALLOWED_GITHUB_USERS", AllowedUsers::parse);
    Some(Admission {
        vouched_for: settings.text("IDJAG_ISSUER").is_some(),
        github: Some(allowed?),
        local: false,
    })
}

fn issuer_and_services(settings: &mut Settings) -> Option<(Issuer, Services)> {
    let domain = settings.required("BASE_DOMAIN", "set it as for auth-service")?;
    let issuer = settings.parse_with("BASE_DOMAIN", |domain| {
        Issuer::parse(format!("https://auth.{domain}"))
    });
    let services = match settings.text("MCP_SERVICES") {
        None => Services::parse("fetch", &domain).ok(),
        Some(_) => settings.parse_with("MCP_SERVICES", |list| {
            Services::parse(list, &domain).map_err(|error| app_shell::error_chain(&error))
        }),
    };
    Some((issuer?, services?))
}

fn assertion_keys(settings: &mut Settings) -> Option<FollowedKeys> {
    let directory = settings
        .text("ASSERTION_KEY_DIR")
        .unwrap_or_else(|| "/keys/assertion".to_owned());
    let keys = FollowedKeys::open(
        PathBuf::from(directory),
        assertion::LIFETIME,
        Arc::new(SystemClock),
    );
    keys.map_err(|error| {
        let problem = app_shell::error_chain(&error);
        settings.fault(
            "ASSERTION_KEY_DIR",
            &problem,
            "`just generate-rsa-keys` makes a key",
        );
    })
    .ok()
}

fn https(settings: &mut Settings) -> Option<Https> {
    let default = SocketAddr::from(([0, 0, 0, 0], 8443));
    let expected = "an address such as 0.0.0.0:8443";
    let address = settings.parsed(TLS_LISTEN_ADDRESS, default, expected);
    let Some(directory) = settings.text("VERIFIER_TLS_DIR") else {
        if settings.text(TLS_LISTEN_ADDRESS).is_some() {
            let mend = "set it to the directory of its certificate, or unset TLS_LISTEN_ADDRESS";
            settings.fault("VERIFIER_TLS_DIR", "is not set", mend);
        }
        return None;
    };
    match FollowedCertificate::open(directory.into()) {
        Ok(certificate) => Some(Https {
            address,
            certificate,
        }),
        Err(error) => {
            let problem = app_shell::error_chain(&error);
            let mend = "put tls.crt and tls.key there";
            settings.fault("VERIFIER_TLS_DIR", &problem, mend);
            None
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use token_core::keys::generate_ed25519_pem;
    use token_core::{SystemEntropy, Timestamp};
    use token_store::key_directory;

    fn read(changes: &[(&str, &str)]) -> Result<VerifierConfig, String> {
        let directory = tempfile::tempdir().unwrap();
        let pem = generate_ed25519_pem(&SystemEntropy::new()).unwrap();
        key_directory::add(directory.path(), Timestamp(1), "EdDSA", &pem).unwrap();
        let path = directory.path().to_str().unwrap().to_owned();
        let mut pairs = vec![
            ("BASE_DOMAIN", "example.com"),
            ("ALLOWED_GITHUB_USERS", "alice"),
            ("REDIS_URL", "redis://verifier@redis:6379"),
            ("JWKS_URL", "http://auth-service:8000/jwks"),
            ("ASSERTION_KEY_DIR", &path),
        ];
        for (name, value) in changes {
            pairs.retain(|(own, _)| own != name);
            pairs.push((name, value));
        }
        let mut settings = Settings::from_pairs(&SETTINGS, pairs);
        let config = VerifierConfig::from_settings(&mut settings);
        settings
            .finish_with(|| config)
            .map_err(|error| error.to_string())
    }

    #[test]
    fn each_wrong_setting_is_named() {
        assert_eq!(
            read(&[]).unwrap().issuer.as_str(),
            "https://auth.example.com"
        );
        for (name, value) in [
            ("BASE_DOMAIN", ""),
            ("MCP_SERVICES", "a,a"),
            ("ALLOWED_GITHUB_USERS", ""),
            ("ALLOWED_GITHUB_USERS", "*,alice"),
            ("REDIS_URL", ""),
            ("JWKS_URL", "auth-service"),
            ("ASSERTION_KEY_DIR", "/nowhere"),
            ("VERIFIER_CACHE_MB", "plenty"),
            ("AUDIT_USERS", "names"),
            ("AUDIT_LENGTH", "all"),
            ("VERIFIER_TLS_DIR", "/nowhere"),
            ("TLS_LISTEN_ADDRESS", "8443"),
        ] {
            let error = read(&[(name, value)]).err().unwrap();
            assert!(error.contains(name), "{name}={value}: {error}");
        }
        let error = read(&[("TLS_LISTEN_ADDRESS", "0.0.0.0:8443")]).err();
        let error = error.unwrap();
        assert!(error.contains("VERIFIER_TLS_DIR"), "{error}");
    }
}
