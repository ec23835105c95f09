//! What the operator's commands work on: the store of a deployment, or that of the single process,
//! and the settings that say what is in it.

use std::collections::BTreeMap;
use std::error::Error;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};

use app_shell::settings::Settings;
use app_shell::telemetry::{LogFormat, Telemetry};
use auth_service::flows::Lifetimes;
use token_core::audit::{AuditEvent, OperatorAct, People, Program, Recorder};
use token_core::store::OperatorStore;
use token_core::{Clock as _, Issuer, ResourceId, Services, SystemClock, Timestamp};
use token_store::{RedisStore, SqliteStore};
use tracing::level_filters::LevelFilter;

use super::output::{number_of, remark};
use crate::data_directory::DataDirectory;
use crate::{deployment, operator_settings, serve_config};

/// The settings that these commands read, besides Redis's and the log's.
pub(crate) const SETTINGS: [&str; 18] = [
    "BASE_DOMAIN",
    "MCP_SERVICES",
    "GATEWAY_DATA_DIR",
    "GATEWAY_PORT",
    "JWT_KEY_DIR",
    "STATE_LIFETIME",
    "CODE_LIFETIME",
    "ACCESS_TOKEN_LIFETIME",
    "REFRESH_TOKEN_LIFETIME",
    "REFRESH_GRACE",
    "SESSION_TIMEOUT",
    "CLIENT_LIFETIME",
    "ALLOWED_GITHUB_USERS",
    "IDJAG_ISSUER",
    "GITHUB_CLIENT_ID",
    "GITHUB_CLIENT_SECRET",
    "AUDIT_USERS",
    "AUDIT_LENGTH",
];

/// A gateway as its operator has it.
pub(crate) struct System {
    /// What it keeps.
    pub(crate) store: Arc<dyn OperatorStore>,
    /// Who it is.
    pub(crate) issuer: Issuer,
    /// What it guards.
    pub(crate) services: Services,
    /// How long things live there.
    pub(crate) lifetimes: Lifetimes,
    /// The keys that sign its access tokens.
    pub(crate) signing_keys: PathBuf,
    clock: SystemClock,
    recorder: Recorder,
    keep: u64,
    unreadable: Mutex<BTreeMap<&'static str, u64>>,
}

/// Which of the two kinds it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Shape {
    /// Processes of their own over Redis.
    Deployment,
    /// `gateway serve`.
    SingleProcess,
}

/// How a command ends.
type Outcome = Result<(), Box<dyn Error>>;

enum Place {
    Redis(RedisStore),
    File(PathBuf),
}

impl System {
    /// The one that the settings name. `--data-dir` goes before `REDIS_URL`, which goes before
    /// `GATEWAY_DATA_DIR`.
    pub(crate) fn open(data_dir: Option<PathBuf>) -> Result<Self, Box<dyn Error>> {
        Self::open_with(data_dir, |_, _| Some(())).map(|(system, ())| system)
    }

    /// The same, with further settings read; `None` goes with a fault that the settings report.
    pub(crate) fn open_with<T>(
        data_dir: Option<PathBuf>,
        read: impl FnOnce(&mut Settings, Shape) -> Option<T>,
    ) -> Result<(Self, T), Box<dyn Error>> {
        let mut settings = operator_settings::load();
        let telemetry = Telemetry::from_settings(&mut settings, LogFormat::Text, LevelFilter::INFO);
        let redis = deployment::store(&mut settings).map(RedisStore::patient);
        let set = settings.text("GATEWAY_DATA_DIR").map(PathBuf::from);
        let (place, shape) = match (data_dir, redis) {
            (Some(data), _) => (Place::File(data), Shape::SingleProcess),
            (None, Some(redis)) => (Place::Redis(redis), Shape::Deployment),
            (None, None) => {
                let data = set.unwrap_or_else(|| serve_config::DATA_DIRECTORY.into());
                (Place::File(data), Shape::SingleProcess)
            }
        };
        let names = match shape {
            Shape::Deployment => auth_service::config::issuer_and_services(&mut settings),
            Shape::SingleProcess => serve_config::single_process(&mut settings),
        };
        let signing_keys = match &place {
            Place::File(data) => DataDirectory::keys_below(data).join("signing"),
            Place::Redis(_) => settings
                .text("JWT_KEY_DIR")
                .map_or_else(|| "/keys/signing".into(), PathBuf::from),
        };
        let lifetimes = auth_service::config::lifetimes(&mut settings);
        let audit = auth_service::config::audit(&mut settings);
        let more = read(&mut settings, shape);
        let ((issuer, services), more) = settings.finish_with(|| names.zip(more))?;
        telemetry.start()?;
        let system = Self {
            store: place.open()?,
            issuer,
            services,
            lifetimes,
            signing_keys,
            clock: SystemClock,
            recorder: Recorder::new(
                Program::Gateway,
                // The operator's commands have no root secret.
                People::named(audit.naming, None)?,
                Arc::new(SystemClock),
            ),
            keep: audit.keep,
            unreadable: Mutex::default(),
        };
        Ok((system, more))
    }

    pub(crate) fn now(&self) -> Timestamp {
        self.clock.now()
    }

    /// A service as people say it: by its name, where it still has one.
    pub(crate) fn service<'a>(&'a self, resource: &'a ResourceId) -> &'a str {
        self.services
            .name(resource)
            .map_or(resource.as_str(), |name| name.as_str())
    }

    /// Records what was done, in the log and in the store.
    pub(crate) async fn record(&self, act: OperatorAct) {
        let record = self.recorder.log(&AuditEvent::OperatorActed(act));
        let records: Vec<_> = record.into_iter().collect();
        if let Err(error) = self.store.append(&records, self.keep).await {
            tracing::warn!(%error, "the store did not take the audit event above");
        }
    }

    /// A walk came upon so many records that it could not read. The next may count them again.
    pub(crate) fn note_unreadable(&self, what: &'static str, count: u64) {
        let mut unreadable = self
            .unreadable
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        let most = unreadable.entry(what).or_default();
        *most = count.max(*most);
    }

    /// The outcome of a command, which is no success where something could not be read.
    pub(crate) fn concluded(&self, outcome: Outcome) -> Outcome {
        let unreadable = self
            .unreadable
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        let unreadable: Vec<_> = unreadable
            .iter()
            .filter(|(_, count)| **count > 0)
            .map(|(what, count)| format!("{} of {what}", number_of(*count, "record")))
            .collect();
        if unreadable.is_empty() {
            return outcome;
        }
        let complaint = format!(
            "{} cannot be read and were left out: \
             `sessions revoke --all` ends such sessions too",
            unreadable.join(" and ")
        );
        match outcome {
            Ok(()) => Err(complaint.into()),
            failed => {
                remark(&complaint)?;
                failed
            }
        }
    }
}

impl Place {
    /// Looking at a store never makes one.
    fn open(self) -> Result<Arc<dyn OperatorStore>, Box<dyn Error>> {
        match self {
            Self::Redis(store) => Ok(Arc::new(store)),
            Self::File(data) => {
                let file = DataDirectory::store_below(&data);
                if !file.is_file() {
                    return Err(format!(
                        "there is no store at {}: name the directory that `gateway serve` keeps \
                         its data in (--data-dir, GATEWAY_DATA_DIR), or set REDIS_URL to the \
                         Redis of a deployment",
                        file.display()
                    )
                    .into());
                }
                Ok(Arc::new(SqliteStore::open(file)?))
            }
        }
    }
}
