//! What is configured, read with the readers that the services use.

use std::path::{Path, PathBuf};

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
use crate::internal_ca::{self, InternalCa};
use crate::key_keeper::KeyKeeper;
use crate::operator::backup;
use crate::{deployment, key_schedule, keys_command, serve_config};

/// Besides what the services read.
const OWN_SETTINGS: [&str; 1] = ["REDIS_VERIFIER_PASSWORD"];

/// A gateway as it is configured here. What is not set here is `None`.
pub(crate) struct Place {
    /// The directory of the single process; `None` for a deployment.
    pub(crate) data: Option<PathBuf>,
    /// Who it is and what it guards.
    pub(crate) names: Option<(Issuer, Services)>,
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
        let known = known();
        let file = Path::new(serve_config::SETTINGS_FILE);
        let settings = Settings::load(&known, file.exists().then_some(file));
        Self::of(settings, data_dir)
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
        let names = match &data {
            None => auth_service::config::issuer_and_services(&mut settings),
            Some(_) => serve_config::single_process(&mut settings),
        };
        let (github, allowed) = people(&mut settings);
        auth_service::config::id_jag(&mut settings);
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
            names,
            refused: Vec::new(),
        };
        let refused = settings.finish().err().map(|error| error.to_string());
        let refused = refused.iter().flat_map(|text| text.lines());
        Self {
            refused: refused.map(str::to_owned).collect(),
            ..place
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

fn known() -> Vec<&'static str> {
    [
        &OWN_SETTINGS[..],
        &auth_service::config::OWN_SETTINGS,
        &forward_auth::config::SETTINGS,
        &fetch_service::config::OWN_SETTINGS,
        &keys_command::SETTINGS,
        &internal_ca::SETTINGS,
        &deployment::SETTINGS,
        &serve_config::known(),
    ]
    .concat()
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
    use super::*;

    fn read(pairs: &[(&str, &str)]) -> Place {
        let settings = Settings::from_pairs(&known(), pairs.iter().copied());
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
    fn every_fault_is_kept_and_stops_nothing() {
        let place = read(&[
            ("BASE_DOMAIN", "example.com"),
            ("CODE_LIFETIME", "601"),
            ("GATEWAY_JWT_SECRET", "short"),
            ("EGRESS_ALLOW_HOSTS", "no port"),
        ]);
        assert_eq!(place.refused.len(), 3, "{:?}", place.refused);
        assert!(place.names.is_some() && place.root_secret.is_none());
        assert!(
            !place.refused.concat().contains("short;"),
            "{:?}",
            place.refused
        );
    }
}
