//! Backups of what the gateway keeps: encrypted to the operator's public key, so that whoever takes
//! one needs no secret, and readable by the stock `age` tool too. Keys and `.env` are not in them.

mod create;
mod files;
mod format;
mod keys;
mod restore;
mod view;

use std::error::Error;
use std::path::PathBuf;

use app_shell::settings::Settings;
use app_shell::telemetry::{LogFormat, Telemetry};
use clap::{Args, Subcommand};
use token_core::Timestamp;
use token_core::audit::{Actor, OperatorAct, OperatorAction};
use tracing::level_filters::LevelFilter;

use super::consent::Destroying;
use super::system::{Shape, System};
pub(crate) use files::Directory;
use format::Counts;
use keys::Recipients;

/// The settings that these commands read besides the others'.
pub(crate) const SETTINGS: [&str; 2] = ["BACKUP_DIR", "BACKUP_RECIPIENTS"];

/// Where backups are, unless `BACKUP_DIR` says otherwise.
const DIRECTORY: &str = "./backups";

/// Backups
#[derive(Subcommand)]
pub(crate) enum BackupCommand {
    /// Write one to `BACKUP_DIR`, encrypted to `BACKUP_RECIPIENTS`
    Create {
        /// Say what was done as one JSON object
        #[arg(long)]
        json: bool,
    },
    /// Show the backups that there are, the newest last. Needs no key
    List {
        /// One JSON object a line
        #[arg(long)]
        json: bool,
    },
    /// Read one from end to end and show what is in it
    View {
        #[command(flatten)]
        which: Which,
        /// As one JSON object
        #[arg(long)]
        json: bool,
    },
    /// Put one back. What was revoked since it was taken stays revoked, what is there already
    /// stays as it is, and what has expired is left out
    Restore {
        #[command(flatten)]
        which: Which,
        /// First take away every client and every token, and leave only the marks of what ended
        #[arg(long)]
        clear: bool,
        #[command(flatten)]
        how: Destroying,
    },
    /// Make a key pair: the secret key to a new file that only you can read, the public one
    /// (`BACKUP_RECIPIENTS`) to standard output
    Keygen {
        /// The new file. Keep it away from the gateway and from its backups
        file: PathBuf,
    },
}

/// Which backup, and the key to it.
#[derive(Args)]
pub(crate) struct Which {
    /// The file, by its path or by its name in `BACKUP_DIR`; without it the newest
    file: Option<PathBuf>,
    /// The file of the secret key (`AGE-SECRET-KEY-1…`); `-` is standard input
    #[arg(long, value_name = "FILE")]
    identity: PathBuf,
}

impl BackupCommand {
    /// How the command asks before it destroys, if it does.
    pub(super) fn destroys(&self) -> Option<Destroying> {
        match self {
            Self::Restore { how, .. } => Some(*how),
            _ => None,
        }
    }
}

pub(super) async fn run(
    data_dir: Option<PathBuf>,
    command: BackupCommand,
) -> Result<(), Box<dyn Error>> {
    match command {
        BackupCommand::Keygen { file } => keys::generate(&file),
        BackupCommand::List { json } => view::list(&directory()?, json),
        BackupCommand::View { which, json } => {
            let (system, place) =
                System::open_with(data_dir, |settings, _| Some(Place::read(settings)))?;
            view::view(&system, &which.open(&place.directory)?, json).await
        }
        BackupCommand::Create { json } => {
            let (system, (place, shape)) = System::open_with(data_dir, |settings, shape| {
                Some((Place::read(settings), shape))
            })?;
            system.concluded(create::run(&system, shape, &place, json).await)
        }
        BackupCommand::Restore { which, clear, how } => {
            let (system, place) =
                System::open_with(data_dir, |settings, _| Some(Place::read(settings)))?;
            let backup = which.open(&place.directory)?;
            restore::run(&system, &backup, clear, how).await
        }
    }
}

/// Where backups go, and for whom they are.
struct Place {
    directory: Directory,
    recipients: Option<Recipients>,
}

impl Place {
    fn read(settings: &mut Settings) -> Self {
        Self {
            directory: Directory::new(
                settings
                    .text("BACKUP_DIR")
                    .map_or_else(|| DIRECTORY.into(), PathBuf::from),
            ),
            recipients: settings.parse_secret_with("BACKUP_RECIPIENTS", str::parse),
        }
    }
}

/// `BACKUP_DIR`, for who only looks; `None` where it is not set and none is at its usual place.
pub(crate) fn kept(settings: &mut Settings) -> Option<Directory> {
    let is_set = settings.text("BACKUP_DIR").is_some();
    let directory = Place::read(settings).directory;
    (is_set || directory.path().is_dir()).then_some(directory)
}

/// When the newest backup there was written, if there is one.
pub(crate) fn newest(directory: &Directory) -> Result<Option<Timestamp>, Box<dyn Error>> {
    let newest = directory.list()?.pop();
    newest.map(|path| view::written(&path)).transpose()
}

/// For what needs no store.
fn directory() -> Result<Directory, Box<dyn Error>> {
    let mut settings = crate::operator_settings::load();
    let telemetry = Telemetry::from_settings(&mut settings, LogFormat::Text, LevelFilter::INFO);
    let place = Place::read(&mut settings);
    settings.finish()?;
    telemetry.start()?;
    Ok(place.directory)
}

impl Which {
    fn open(&self, directory: &Directory) -> Result<format::Backup, Box<dyn Error>> {
        let path = directory.find(self.file.as_deref())?;
        format::Backup::open(path, keys::identities(&self.identity)?)
    }
}

impl Shape {
    /// What a backup calls its store.
    fn store(self) -> &'static str {
        match self {
            Self::Deployment => "redis",
            Self::SingleProcess => "sqlite",
        }
    }
}

/// What is recorded of a command on so much.
fn act(action: OperatorAction, counts: &Counts) -> OperatorAct {
    OperatorAct {
        actor: Actor::Operator,
        action,
        client_id: None,
        user_ids: Vec::new(),
        resource: None,
        grant: None,
        jti: None,
        registrations: counts.clients,
        grants: 0,
        access_tokens: counts.access_tokens,
    }
}
