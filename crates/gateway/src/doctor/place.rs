//! What is configured, read with the readers that the services use.

use std::path::PathBuf;

use app_shell::settings::Settings;
use app_shell::telemetry::{LogFormat, Telemetry};
use app_shell::traces::TraceSettings;
use auth_service::flows::Lifetimes;
use auth_service::identity::github::GitHubApp;
use fetch_service::FetchConfig;
use token_core::admission::AllowedUsers;
use token_core::keys::SigningAlgorithm;
use token_core::{Issuer, Seconds, Services};
use token_store::{RedisSettings, RedisStore};
use tracing::level_filters::LevelFilter;

use super::secrets::SecretText;
use crate::internal_ca::InternalCa;
use crate::key_keeper::KeyKeeper;
use crate::operator::backup;
use crate::{deployment, key_schedule, keys_command, operator_settings, serve_config};

/// The settings that a gateway's names come from.
const NAMES: [&str; 2] = ["BASE_DOMAIN", "MCP_SERVICES"];

/// Who a gateway is and what it guards.
pub(crate) enum Names {
    Known(Issuer, Services),
    /// What is said of it, one line for each fault.
    Refused(Vec<String>),
    Unset,
}

/// A gateway as it is configured here. What is not set here is `None`.
pub(crate) struct Place {
    /// The directory of the single process; `None` for a deployment.
    pub(crate) data: Option<PathBuf>,
    pub(crate) names: Names,
    /// What a service refuses, one line for each fault.
    pub(crate) refused: Vec<String>,
    pub(crate) root_secret: Option<SecretText>,
    pub(crate) redis_password: Option<SecretText>,
    pub(crate) verifier_password: Option<SecretText>,
    pub(crate) redis: Option<(RedisSettings, RedisStore)>,
    pub(crate) github: Option<GitHubApp>,
    pub(crate) allowed: Option<AllowedUsers>,
    pub(crate) lifetimes: Lifetimes,
    pub(crate) algorithm: SigningAlgorithm,
    pub(crate) rotation: Option<Seconds>,
    /// The keys of access tokens and of assertions.
    pub(crate) keepers: [KeyKeeper; 2],
    pub(crate) ca: Option<InternalCa>,
    /// `EGRESS_ALLOW_HOSTS`.
    pub(crate) opened: Option<String>,
    /// `BACKUP_DIR`.
    pub(crate) backups: Option<backup::Directory>,
    /// `MCP_CORS_ORIGINS`.
    pub(crate) origins: Option<String>,
}

impl Place {
    /// Reads everything; a fault stops nothing.
    pub(crate) fn read(data_dir: Option<PathBuf>) -> Self {
        Self::of(operator_settings::load(), data_dir)
    }

    fn of(mut settings: Settings, data_dir: Option<PathBuf>) -> Self {
        Telemetry::from_settings(&mut settings, LogFormat::Text, LevelFilter::INFO);
        TraceSettings::from_settings(&mut settings);
        let is_deployment = data_dir.is_none()
            && (settings.text("REDIS_URL").is_some() || settings.text("BASE_DOMAIN").is_some());
        let data = (!is_deployment).then(|| {
            let set = settings.text("GATEWAY_DATA_DIR").map(PathBuf::from);
            data_dir
                .or(set)
                .unwrap_or_else(|| serve_config::DATA_DIRECTORY.into())
        });
        let is_named = data.is_some() || settings.text("BASE_DOMAIN").is_some();
        let names = match &data {
            None => auth_service::config::issuer_and_services(&mut settings),
            Some(_) => serve_config::single_process(&mut settings),
        };
        let (github, allowed) = people(&mut settings);
        auth_service::config::id_jag(&mut settings);
        forward_auth::config::memory(&mut settings);
        if let Some((issuer, services)) = &names {
            auth_service::config::clients(&mut settings, services);
            if let Some(service) = services.iter().next() {
                FetchConfig::of(&mut settings, issuer.clone(), service.resource.clone());
            }
        }
        let algorithm = SigningAlgorithm::Rs256;
        let expected = "one of RS256, ES256 and EdDSA";
        let place = Self {
            root_secret: root_secret(&mut settings),
            redis_password: settings.text("REDIS_PASSWORD").map(SecretText::new),
            verifier_password: settings
                .text("REDIS_VERIFIER_PASSWORD")
                .map(SecretText::new),
            redis: is_deployment.then(|| redis(&mut settings)).flatten(),
            github,
            allowed,
            lifetimes: auth_service::config::lifetimes(&mut settings),
            algorithm: settings.parsed("JWT_ALGORITHM", algorithm, expected),
            rotation: key_schedule::from_settings(&mut settings),
            keepers: keys_command::keepers(&mut settings, data.clone()),
            ca: is_deployment
                .then(|| InternalCa::from_settings(&mut settings))
                .flatten(),
            opened: settings.text("EGRESS_ALLOW_HOSTS"),
            backups: backup::kept(&mut settings),
            origins: settings.text("MCP_CORS_ORIGINS"),
            data,
            names: Names::Unset,
            refused: Vec::new(),
        };
        let refused = settings.finish().err().map(|error| error.to_string());
        let refused = refused.iter().flat_map(|text| text.lines());
        let refused: Vec<_> = refused.map(str::to_owned).collect();
        let names = match names {
            Some((issuer, services)) => Names::Known(issuer, services),
            None if is_named => Names::Refused(of_names(&refused)),
            None => Names::Unset,
        };
        Self {
            names,
            refused,
            ..place
        }
    }

    /// What a deployment guards, where that is known.
    pub(crate) fn guarded(&self) -> Option<&Services> {
        match &self.names {
            Names::Known(_, services) if self.data.is_none() => Some(services),
            _ => None,
        }
    }

    /// Where the private files are: the directories of the keys, and the single process's own.
    pub(crate) fn private_directories(&self) -> Vec<PathBuf> {
        let mut directories: Vec<_> = self
            .keepers
            .iter()
            .map(|keeper| keeper.directory.clone())
            .collect();
        directories.extend(self.ca.iter().flat_map(InternalCa::private_directories));
        directories.extend(self.data.clone());
        directories
    }
}

/// Of the faults those of the gateway's names.
fn of_names(refused: &[String]) -> Vec<String> {
    let own = refused.iter().filter(|line| {
        let mut names = NAMES.iter().filter_map(|name| line.strip_prefix(name));
        names.any(|rest| rest.starts_with([':', ' ', '_']))
    });
    own.cloned().collect()
}

/// GitHub's app, and who may come in through it.
fn people(settings: &mut Settings) -> (Option<GitHubApp>, Option<AllowedUsers>) {
    match auth_service::config::github(settings) {
        Some((app, allowed)) => (Some(app), Some(allowed)),
        None if settings.text("ALLOWED_GITHUB_USERS").is_some() => {
            (None, auth_service::config::allowed_users(settings))
        }
        None => (None, None),
    }
}

/// None too where it is so short that a service refuses it.
fn root_secret(settings: &mut Settings) -> Option<SecretText> {
    let text = settings.text("GATEWAY_JWT_SECRET")?;
    auth_service::config::root_secret(settings)?;
    Some(SecretText::new(text))
}

fn redis(settings: &mut Settings) -> Option<(RedisSettings, RedisStore)> {
    let store = deployment::store(settings)?;
    let url = settings.text("REDIS_URL")?;
    let password = settings.text("REDIS_PASSWORD");
    Some((RedisSettings { url, password }, store))
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;

    fn read(pairs: &[(&str, &str)]) -> Place {
        let settings = Settings::from_pairs(&operator_settings::known(), pairs.iter().copied());
        Place::of(settings, None)
    }

    #[test]
    fn a_place_is_a_deployment_where_the_settings_say_so() {
        assert!(read(&[("BASE_DOMAIN", "example.com")]).data.is_none());
        let single = read(&[]);
        assert_eq!(single.data.as_deref(), Some(Path::new("./data")));
        assert!(single.refused.is_empty(), "{:?}", single.refused);
    }

    #[test]
    fn names_that_are_refused_are_not_names_that_nobody_set() {
        for (domain, services, refused) in [
            ("Example.com", "fetch", "BASE_DOMAIN"),
            ("example.com", "fe tch", "MCP_SERVICES"),
        ] {
            let pairs = [("BASE_DOMAIN", domain), ("MCP_SERVICES", services)];
            let Names::Refused(lines) = read(&pairs).names else {
                panic!("{pairs:?} is not refused");
            };
            assert!(lines[0].starts_with(refused), "{lines:?}");
        }
        let unset = read(&[("REDIS_URL", "redis://redis:6379")]);
        assert!(matches!(unset.names, Names::Unset));
    }

    #[test]
    fn no_fault_shows_a_password() {
        let secret = "Zm9v/YmFy";
        let place = read(&[
            ("BASE_DOMAIN", "example.com"),
            ("REDIS_URL", "redis://:Zm9v/YmFy@redis:6379"),
            ("GITHUB_BASE_URL", "ftp://me:Zm9v/YmFy@github.example"),
            ("IDJAG_ISSUER", "https://idp.example"),
            ("IDJAG_JWKS_URL", "http://me:Zm9v/YmFy@idp.example/jwks"),
        ]);
        let said = place.refused.join("\n");
        assert!(
            said.contains("REDIS_URL") && !said.contains(secret),
            "{said}"
        );
        for name in ["GITHUB_BASE_URL", "IDJAG_JWKS_URL"] {
            assert!(said.contains(name), "{name}: {said}");
        }
    }

    #[test]
    fn every_fault_is_kept_and_stops_nothing() {
        let place = read(&[
            ("BASE_DOMAIN", "example.com"),
            ("CODE_LIFETIME", "601"),
            ("GATEWAY_JWT_SECRET", "short"),
            ("EGRESS_ALLOW_HOSTS", "no port"),
            ("FETCH_CACHE_MB", "0"),
            ("VERIFIER_CACHE_MB", "plenty"),
        ]);
        assert_eq!(place.refused.len(), 5, "{:?}", place.refused);
        assert!(matches!(place.names, Names::Known(..)) && place.root_secret.is_none());
        assert!(
            !place.refused.concat().contains("short;"),
            "{:?}",
            place.refused
        );
    }
}
