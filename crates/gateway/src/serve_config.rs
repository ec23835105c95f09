//! What the operator decides for the single process. All of it has a default.

use std::net::{IpAddr, SocketAddr};
use std::path::{Path, PathBuf};

use app_shell::metrics::{self, METRICS_ADDRESS};
use app_shell::settings::{Settings, SettingsError};
use app_shell::telemetry::{self, LogFormat, Telemetry};
use app_shell::traces::{self, TraceSettings};
use auth_service::config::{AuditSettings, IdJagConfig};
use auth_service::flows::Lifetimes;
use auth_service::flows::clients::ClientSettings;
use auth_service::identity::github::GitHubApp;
use fetch_service::FetchConfig;
use token_core::admission::AllowedUsers;
use token_core::keys::SigningAlgorithm;
use token_core::sealing::RootSecret;
use token_core::{Issuer, ResourceId, Seconds, ServiceName, Services};
use tracing::level_filters::LevelFilter;

use crate::edge::AllowedOrigins;
use crate::key_schedule;
use crate::operator::backup;
use crate::serve::ServeArguments;

const OWN_SETTINGS: [&str; 8] = [
    "GATEWAY_JWT_SECRET",
    "GATEWAY_PORT",
    "GATEWAY_DATA_DIR",
    "GATEWAY_LISTEN_IP",
    "GATEWAY_LISTEN_BEYOND_LOOPBACK",
    "LOCAL_PASSPHRASE",
    "JWT_ALGORITHM",
    "JWT_KEY_ROTATION",
];

/// What an operator must write to offer the local sign-in beyond this computer.
const SAID_IN_WORDS: &str = "anyone who reaches this address may try the passphrase";

/// The file that is read where it lies in the current directory.
pub(crate) const SETTINGS_FILE: &str = "gateway.toml";

/// Where data is kept unless the operator says otherwise.
pub(crate) const DATA_DIRECTORY: &str = "./data";

/// Every setting of the single process, and of the operator's commands on it: they share a file.
pub(crate) fn known() -> Vec<&'static str> {
    [
        &OWN_SETTINGS[..],
        &backup::SETTINGS,
        &auth_service::config::SETTINGS,
        &fetch_service::config::SETTINGS,
        &metrics::SETTINGS,
        &telemetry::SETTINGS,
        &traces::SETTINGS,
    ]
    .concat()
}

pub(crate) struct ServeConfig {
    pub(crate) port: u16,
    /// Where to listen besides loopback.
    pub(crate) listen_ip: Option<IpAddr>,
    /// Where the metrics are, on loopback.
    pub(crate) metrics: Option<SocketAddr>,
    pub(crate) traces: Option<TraceSettings>,
    pub(crate) data_directory: PathBuf,
    /// `GATEWAY_JWT_SECRET`; without it one is kept in the data directory.
    pub(crate) root_secret: Option<RootSecret>,
    pub(crate) local_passphrase: Option<String>,
    pub(crate) github: Option<(GitHubApp, AllowedUsers)>,
    pub(crate) id_jag: Option<IdJagConfig>,
    pub(crate) lifetimes: Lifetimes,
    pub(crate) clients: ClientSettings,
    pub(crate) algorithm: SigningAlgorithm,
    /// `JWT_KEY_ROTATION`; `None` never.
    pub(crate) key_rotation: Option<Seconds>,
    pub(crate) issuer: Issuer,
    pub(crate) resource: ResourceId,
    pub(crate) origins: AllowedOrigins,
    pub(crate) fetch: FetchConfig,
    pub(crate) audit: AuditSettings,
}

impl ServeConfig {
    /// Defaults, then `gateway.toml`, then the environment, then the command line.
    pub(crate) fn load(arguments: &ServeArguments) -> Result<(Self, Telemetry), SettingsError> {
        let file = Path::new(SETTINGS_FILE);
        let settings = Settings::load(&known(), file.exists().then_some(file));
        Self::from_settings(settings, arguments)
    }

    /// The same from settings that were read already.
    pub(crate) fn from_settings(
        mut settings: Settings,
        arguments: &ServeArguments,
    ) -> Result<(Self, Telemetry), SettingsError> {
        let port = settings.parsed("GATEWAY_PORT", 8080, "a port number from 1 to 65535");
        let port = arguments.port.unwrap_or(port);
        if port == 0 {
            settings.fault("GATEWAY_PORT", "is 0", "give a port number from 1 to 65535");
        }
        let directory = settings
            .text("GATEWAY_DATA_DIR")
            .unwrap_or_else(|| DATA_DIRECTORY.to_owned());
        let data_directory = arguments
            .data_dir
            .clone()
            .unwrap_or_else(|| directory.into());
        let github = auth_service::config::github(&mut settings);
        let listen_ip = listen_ip(&mut settings, github.is_some());
        let metrics = metrics_address(&mut settings);
        let traces = TraceSettings::from_settings(&mut settings);
        let local_passphrase = local_passphrase(&mut settings);
        let root_secret = settings
            .text("GATEWAY_JWT_SECRET")
            .and_then(|_| auth_service::config::root_secret(&mut settings));
        let id_jag = auth_service::config::id_jag(&mut settings);
        let lifetimes = auth_service::config::lifetimes(&mut settings);
        let expected = "one of RS256, ES256 and EdDSA";
        let algorithm = settings.parsed("JWT_ALGORITHM", SigningAlgorithm::Rs256, expected);
        let key_rotation = key_schedule::from_settings(&mut settings);
        let level = LevelFilter::INFO;
        let telemetry = Telemetry::from_settings(&mut settings, LogFormat::Text, level);
        let origins = settings.parse_with("MCP_CORS_ORIGINS", AllowedOrigins::parse);
        let (issuer, resource) = origin(port);
        let clients = resource.clone().and_then(|resource| {
            let services = services(resource)?;
            Some(auth_service::config::clients(&mut settings, &services))
        });
        let fetch = issuer
            .clone()
            .zip(resource.clone())
            .map(|(issuer, resource)| FetchConfig::of(&mut settings, issuer, resource));
        let audit = auth_service::config::audit(&mut settings);
        let config = settings.finish_with(|| {
            Some(Self {
                port,
                listen_ip,
                metrics,
                traces,
                data_directory,
                root_secret,
                local_passphrase,
                github,
                id_jag,
                lifetimes,
                clients: clients?,
                algorithm,
                key_rotation,
                issuer: issuer?,
                resource: resource?,
                origins: origins.unwrap_or(AllowedOrigins::Any),
                fetch: fetch?,
                audit,
            })
        })?;
        Ok((config, telemetry))
    }
}

/// The one service that the single process guards.
pub(crate) fn services(resource: ResourceId) -> Option<Services> {
    Some(Services::one(ServiceName::parse("fetch").ok()?, resource))
}

/// Who the single process is and what it guards.
pub(crate) fn single_process(settings: &mut Settings) -> Option<(Issuer, Services)> {
    let port = settings.parsed("GATEWAY_PORT", 8080, "a port number from 1 to 65535");
    let (issuer, resource) = origin(port);
    Some((issuer?, services(resource?)?))
}

/// Everything is on one loopback origin (contract, "Hosts and services").
pub(crate) fn origin(port: u16) -> (Option<Issuer>, Option<ResourceId>) {
    let origin = if port == 80 {
        "http://localhost".to_owned()
    } else {
        format!("http://localhost:{port}")
    };
    (
        Issuer::parse(&origin).ok(),
        ResourceId::parse(format!("{origin}/mcp")).ok(),
    )
}

/// An address beyond loopback, which the local sign-in is offered on only when the operator says
/// so in words.
fn listen_ip(settings: &mut Settings, github: bool) -> Option<IpAddr> {
    let ip: Option<IpAddr> = settings.parse_with("GATEWAY_LISTEN_IP", |text| {
        text.parse().map_err(|_| "not an IP address")
    });
    let said = settings.text("GATEWAY_LISTEN_BEYOND_LOOPBACK");
    let ip = ip.filter(|ip| !ip.is_loopback())?;
    if !github && said.as_deref() != Some(SAID_IN_WORDS) {
        let problem = format!("{ip} is not loopback, and the sign-in is a passphrase");
        let mend = format!(
            "unset it, or set up GitHub, or set GATEWAY_LISTEN_BEYOND_LOOPBACK to \
             \"{SAID_IN_WORDS}\""
        );
        settings.fault("GATEWAY_LISTEN_IP", &problem, &mend);
    }
    Some(ip)
}

/// Figures of this computer's one user are nobody else's to read.
fn metrics_address(settings: &mut Settings) -> Option<SocketAddr> {
    let address = metrics::address(settings)?;
    if !address.ip().is_loopback() {
        let problem = format!("{address} is not on loopback");
        settings.fault(METRICS_ADDRESS, &problem, "use 127.0.0.1:9090, or unset it");
    }
    Some(address)
}

fn local_passphrase(settings: &mut Settings) -> Option<String> {
    const MIN_CHARS: usize = 8;
    let passphrase = settings.text("LOCAL_PASSPHRASE")?;
    if passphrase.chars().count() < MIN_CHARS {
        let mend = "give a longer one, or unset it and one is made for each run";
        settings.fault("LOCAL_PASSPHRASE", "is shorter than 8 characters", mend);
    }
    Some(passphrase)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(pairs: &[(&str, &str)]) -> Result<ServeConfig, String> {
        let pairs = pairs.iter().map(|(name, value)| (*name, *value));
        let settings = Settings::from_pairs(&known(), pairs);
        let arguments = ServeArguments {
            port: None,
            data_dir: None,
        };
        let config = ServeConfig::from_settings(settings, &arguments);
        config
            .map(|(config, _)| config)
            .map_err(|error| error.to_string())
    }

    #[test]
    fn nothing_needs_to_be_set() {
        let config = read(&[]).unwrap();
        assert_eq!(config.issuer.as_str(), "http://localhost:8080");
        assert_eq!(config.resource.as_str(), "http://localhost:8080/mcp");
        assert!(config.github.is_none() && config.listen_ip.is_none());
        assert_eq!(
            read(&[("GATEWAY_PORT", "80")]).unwrap().issuer.as_str(),
            "http://localhost"
        );
    }

    #[test]
    fn what_only_the_operators_commands_read_may_be_set_too() {
        let backup = [("BACKUP_DIR", "/backups"), ("BACKUP_RECIPIENTS", "age1")];
        assert!(read(&backup).is_ok());
    }

    #[test]
    fn the_local_sign_in_stays_on_this_computer_unless_said_in_words() {
        assert!(
            read(&[("GATEWAY_LISTEN_IP", "127.0.0.1")])
                .unwrap()
                .listen_ip
                .is_none()
        );
        let everywhere = ("GATEWAY_LISTEN_IP", "0.0.0.0");
        let error = read(&[everywhere]).err().unwrap();
        assert!(error.contains("GATEWAY_LISTEN_BEYOND_LOOPBACK"), "{error}");
        assert!(read(&[everywhere, ("GATEWAY_LISTEN_BEYOND_LOOPBACK", "yes")]).is_err());
        let said = ("GATEWAY_LISTEN_BEYOND_LOOPBACK", SAID_IN_WORDS);
        assert!(read(&[everywhere, said]).unwrap().listen_ip.is_some());
    }

    #[test]
    fn a_wrong_setting_is_named() {
        for (name, value) in [
            ("GATEWAY_PORT", "eighty"),
            ("GATEWAY_PORT", "0"),
            ("GATEWAY_PORT", "65536"),
            ("GATEWAY_LISTEN_IP", "localhost"),
            ("GATEWAY_LISTEN_PORT", "1"),
            ("METRICS_ADDRESS", "0.0.0.0:9090"),
            ("LOCAL_PASSPHRASE", "short"),
            ("MCP_CORS_ORIGINS", "app.example.com"),
            ("GITHUB_CLIENT_ID", "id-without-secret"),
        ] {
            let Err(error) = read(&[(name, value)]) else {
                panic!("{name}={value} was taken")
            };
            assert!(
                error.contains(name) || error.contains("GITHUB_CLIENT_SECRET"),
                "{error}"
            );
        }
    }
}
