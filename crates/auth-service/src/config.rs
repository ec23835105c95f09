//! What the operator decides, read from settings. Each function reads one concern and reports its
//! faults to the settings; the single-process gateway uses the same ones.

mod audit;
mod keys;
#[cfg(test)]
mod tests;

use app_shell::settings::Settings;
use egress::HostPort;
use token_core::admission::AllowedUsers;
use token_core::sealing::{ROOT_SECRET_MIN_BYTES, RootSecret};
use token_core::secret::ClientSecret;
use token_core::{Issuer, Seconds, Services};
use url::Url;

pub use audit::{AuditSettings, audit};
pub use keys::ConfiguredKeys;
use keys::signing_keys;

use crate::flows::client_metadata_document::DocumentPolicy;
use crate::flows::clients::ClientSettings;
use crate::flows::pre_registered::PreRegistered;
use crate::flows::{Lifetimes, MAX_CODE_LIFETIME};
use crate::identity::github::GitHubApp;

/// The settings of [`lifetimes`], [`clients`], [`github`], [`id_jag`] and [`audit`], whoever runs the
/// server.
pub const SETTINGS: [&str; 20] = [
    "STATE_LIFETIME",
    "CODE_LIFETIME",
    "ACCESS_TOKEN_LIFETIME",
    "REFRESH_TOKEN_LIFETIME",
    "REFRESH_GRACE",
    "SESSION_TIMEOUT",
    "CLIENT_LIFETIME",
    "CLIENT_REGISTRATION",
    "MAX_CLIENTS",
    "CIMD_POLICY",
    "CLIENTS",
    "GITHUB_CLIENT_ID",
    "GITHUB_CLIENT_SECRET",
    "GITHUB_BASE_URL",
    "GITHUB_API_URL",
    "ALLOWED_GITHUB_USERS",
    "IDJAG_ISSUER",
    "IDJAG_JWKS_URL",
    "AUDIT_USERS",
    "AUDIT_LENGTH",
];

/// The lifetimes of the contract.
pub fn lifetimes(settings: &mut Settings) -> Lifetimes {
    let mut seconds = |name, default| {
        let value = settings.parsed(name, default, "a number of seconds");
        Seconds(value)
    };
    let state = seconds("STATE_LIFETIME", 300);
    let code = seconds("CODE_LIFETIME", MAX_CODE_LIFETIME.0);
    let access_token = seconds("ACCESS_TOKEN_LIFETIME", 3600);
    let refresh_token = seconds("REFRESH_TOKEN_LIFETIME", 2_592_000);
    let refresh_grace = seconds("REFRESH_GRACE", 120);
    let session = seconds("SESSION_TIMEOUT", 3600);
    let client = seconds("CLIENT_LIFETIME", 7_776_000);
    if code > MAX_CODE_LIFETIME {
        let problem = "is more than 600 seconds, the upper bound of OAuth 2.1";
        settings.fault("CODE_LIFETIME", problem, "give 600 or less");
    }
    for (name, value) in [
        ("STATE_LIFETIME", state),
        ("CODE_LIFETIME", code),
        ("ACCESS_TOKEN_LIFETIME", access_token),
        ("REFRESH_TOKEN_LIFETIME", refresh_token),
        ("SESSION_TIMEOUT", session),
    ] {
        if value.0 == 0 {
            settings.fault(name, "is 0, so nobody could ever sign in", "give 1 or more");
        }
    }
    Lifetimes {
        session,
        state,
        code,
        access_token,
        refresh_token,
        refresh_grace,
        client: (client.0 > 0).then_some(client),
    }
}

/// Which clients there may be.
pub fn clients(settings: &mut Settings, services: &Services) -> ClientSettings {
    let registration = settings
        .parse_with("CLIENT_REGISTRATION", |text| match text {
            "open" => Ok(true),
            "off" => Ok(false),
            _ => Err("not one of open and off"),
        })
        .unwrap_or(true);
    let ceiling = settings.parsed("MAX_CLIENTS", 10_000, "a number of clients");
    if ceiling == 0 {
        let mend = "give 1 or more, or set CLIENT_REGISTRATION to off";
        settings.fault("MAX_CLIENTS", "is 0", mend);
    }
    let documents = settings.parse_with("CIMD_POLICY", DocumentPolicy::parse);
    let pre_registered =
        settings.parse_secret_with("CLIENTS", |toml| PreRegistered::parse(toml, services));
    ClientSettings {
        registration,
        ceiling,
        documents: documents.unwrap_or_default(),
        pre_registered: pre_registered.unwrap_or_default(),
    }
}

/// The GitHub app and who may come in through it; `None` where neither id nor secret is set.
pub fn github(settings: &mut Settings) -> Option<(GitHubApp, AllowedUsers)> {
    let client_id = settings.text("GITHUB_CLIENT_ID");
    let client_secret = settings
        .text("GITHUB_CLIENT_SECRET")
        .map(ClientSecret::presented);
    let base_url = url(settings, "GITHUB_BASE_URL", "https://github.com");
    let api_url = url(settings, "GITHUB_API_URL", "https://api.github.com");
    let mend = "create an OAuth app at GitHub and set both GITHUB_CLIENT_ID and \
                GITHUB_CLIENT_SECRET";
    match (client_id, client_secret) {
        (None, None) => None,
        (Some(_), None) => {
            settings.fault(
                "GITHUB_CLIENT_SECRET",
                "is not set, but GITHUB_CLIENT_ID is",
                mend,
            );
            None
        }
        (None, Some(_)) => {
            settings.fault(
                "GITHUB_CLIENT_ID",
                "is not set, but GITHUB_CLIENT_SECRET is",
                mend,
            );
            None
        }
        (Some(client_id), Some(client_secret)) => {
            let allowed = allowed_users(settings);
            let app = GitHubApp {
                client_id,
                client_secret,
                base_url: base_url?,
                api_url: api_url?,
            };
            Some((app, allowed?))
        }
    }
}

/// An identity provider whose assertions (ID-JAG) are taken.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct IdJagConfig {
    /// `IDJAG_ISSUER`: its `iss`, byte for byte.
    pub issuer: String,
    /// `IDJAG_JWKS_URL`: where its public keys are.
    pub jwks_url: Url,
}

/// The identity provider whose assertions are taken; `None` where neither setting is set.
pub fn id_jag(settings: &mut Settings) -> Option<IdJagConfig> {
    let issuer = settings.text("IDJAG_ISSUER");
    let has_url = settings.text("IDJAG_JWKS_URL").is_some();
    let mend = "set both IDJAG_ISSUER and IDJAG_JWKS_URL, or neither";
    match (issuer, has_url) {
        (None, false) => None,
        (Some(_), false) => {
            settings.fault("IDJAG_JWKS_URL", "is not set, but IDJAG_ISSUER is", mend);
            None
        }
        (None, true) => {
            settings.fault("IDJAG_ISSUER", "is not set, but IDJAG_JWKS_URL is", mend);
            None
        }
        (Some(issuer), true) => {
            let jwks_url = settings.parse_secret_with("IDJAG_JWKS_URL", https_url)?;
            Some(IdJagConfig { issuer, jwks_url })
        }
    }
}

/// Keys decide who comes in: they are read over TLS, or from this very computer.
fn https_url(text: &str) -> Result<Url, &'static str> {
    let url = Url::parse(text).map_err(|_| "not a URL")?;
    let here = matches!(url.host_str(), Some("localhost" | "127.0.0.1" | "[::1]"));
    if url.scheme() == "https" || (url.scheme() == "http" && here) {
        Ok(url)
    } else {
        Err("not an https URL")
    }
}

/// `ALLOWED_GITHUB_USERS`, which must not be empty where GitHub is configured. Read at the start
/// and at every reload.
pub fn allowed_users(settings: &mut Settings) -> Option<AllowedUsers> {
    let mend = "list GitHub logins or id:NUMBER, comma-separated, or write * for everybody";
    settings.required("ALLOWED_GITHUB_USERS", mend)?;
    settings.parse_with("ALLOWED_GITHUB_USERS", AllowedUsers::parse)
}

fn url(settings: &mut Settings, name: &str, default: &str) -> Option<Url> {
    if settings.text(name).is_none() {
        return Url::parse(default).ok();
    }
    // User information in it would be a secret.
    settings.parse_secret_with(name, |text| match Url::parse(text) {
        Ok(url) if matches!(url.scheme(), "https" | "http") && url.has_host() => Ok(url),
        _ => Err("not an http(s) URL"),
    })
}

/// The settings that [`AuthConfig::from_settings`] reads besides, as a process of its own.
pub const OWN_SETTINGS: [&str; 9] = [
    "BASE_DOMAIN",
    "MCP_SERVICES",
    "GATEWAY_JWT_SECRET",
    "JWT_ALGORITHM",
    "JWT_PRIVATE_KEY_B64",
    "JWT_KEY_DIR",
    "REDIS_URL",
    "REDIS_PASSWORD",
    "EGRESS_PROXY",
];

/// The configuration of the server as a process of its own: GitHub and Redis.
pub struct AuthConfig {
    /// `https://auth.BASE_DOMAIN`
    pub issuer: Issuer,
    /// `MCP_SERVICES`
    pub services: Services,
    /// The GitHub app.
    pub github: GitHubApp,
    /// `ALLOWED_GITHUB_USERS`
    pub allowed_users: AllowedUsers,
    /// `IDJAG_ISSUER` and `IDJAG_JWKS_URL`.
    pub id_jag: Option<IdJagConfig>,
    /// The lifetimes.
    pub lifetimes: Lifetimes,
    /// Which clients there may be.
    pub clients: ClientSettings,
    /// `GATEWAY_JWT_SECRET`
    pub root_secret: RootSecret,
    /// From `JWT_PRIVATE_KEY_B64` or `JWT_KEY_DIR`.
    pub keys: ConfiguredKeys,
    /// `REDIS_URL`
    pub redis_url: String,
    /// `REDIS_PASSWORD`
    pub redis_password: Option<String>,
    /// `EGRESS_PROXY`
    pub egress_proxy: Option<HostPort>,
    /// What is recorded.
    pub audit: AuditSettings,
}

impl AuthConfig {
    /// Reads everything. `None` goes with a fault that the settings report.
    pub fn from_settings(settings: &mut Settings) -> Option<Self> {
        let issuer_and_services = issuer_and_services(settings);
        let lifetimes = lifetimes(settings);
        let github = github(settings);
        if github.is_none() && settings.text("GITHUB_CLIENT_ID").is_none() {
            let mend = "create an OAuth app at GitHub with the callback URL \
                        https://auth.BASE_DOMAIN/callback";
            settings.fault("GITHUB_CLIENT_ID", "is not set", mend);
        }
        let id_jag = id_jag(settings);
        let root_secret = root_secret(settings);
        let keys = signing_keys(settings, lifetimes.access_token);
        let redis_url = settings.required("REDIS_URL", "set it, such as redis://redis:6379");
        let redis_password = settings.text("REDIS_PASSWORD");
        let egress_proxy = settings.parse_secret_with("EGRESS_PROXY", HostPort::parse_proxy);
        let (issuer, services) = issuer_and_services?;
        let clients = clients(settings, &services);
        let (github, allowed_users) = github?;
        Some(Self {
            issuer,
            services,
            github,
            allowed_users,
            id_jag,
            lifetimes,
            clients,
            root_secret: root_secret?,
            keys: keys?,
            redis_url: redis_url?,
            redis_password,
            egress_proxy,
            audit: audit(settings),
        })
    }
}

/// Who the deployment is and what it guards, from `BASE_DOMAIN` and `MCP_SERVICES`.
pub fn issuer_and_services(settings: &mut Settings) -> Option<(Issuer, Services)> {
    let mend = "set it to the domain whose auth.DOMAIN and SERVICE.DOMAIN lead here";
    let domain = settings.required("BASE_DOMAIN", mend)?;
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

/// `GATEWAY_JWT_SECRET`.
pub fn root_secret(settings: &mut Settings) -> Option<RootSecret> {
    let mend = "`just generate-all-secrets` makes one";
    let text = settings.required("GATEWAY_JWT_SECRET", mend)?;
    let secret = RootSecret::new(text);
    if secret.is_none() {
        let problem = format!("is shorter than {ROOT_SECRET_MIN_BYTES} bytes");
        settings.fault("GATEWAY_JWT_SECRET", &problem, mend);
    }
    secret
}
