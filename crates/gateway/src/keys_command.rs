//! `gateway keys …`: the keys of a deployment, or of the single process (`--data-dir`).

use std::error::Error;
use std::io::{self, Write as _};
use std::path::PathBuf;

use app_shell::settings::Settings;
use app_shell::shutdown;
use app_shell::telemetry::{LogFormat, Telemetry};
use clap::{Args, Subcommand, ValueEnum};
use token_core::keys::{ACTIVATION_DELAY, KeyState, RETIREMENT_LEEWAY, SigningAlgorithm};
use token_core::{Clock as _, Seconds, SystemClock};
use token_store::RedisStore;
use tracing::level_filters::LevelFilter;

use crate::data_directory::DataDirectory;
use crate::internal_ca::{Certificate, InternalCa};
use crate::key_keeper::{self, KeyKeeper, Made, Purpose};
use crate::keys_table;
use crate::utc::utc;
use crate::{deployment, key_schedule, operator_settings};

#[derive(Args)]
pub(crate) struct KeysArguments {
    #[command(subcommand)]
    command: KeysCommand,

    /// The keys of the single process that keeps its data here (setting: `GATEWAY_DATA_DIR`),
    /// instead of those in `JWT_KEY_DIR` and `ASSERTION_KEY_DIR`
    #[arg(long, global = true)]
    data_dir: Option<PathBuf>,
}

/// What can be done with keys.
#[derive(Subcommand)]
enum KeysCommand {
    /// Make the keys that are missing: one that signs access tokens (`JWT_KEY_DIR`,
    /// `JWT_ALGORITHM`) and one that signs identity assertions (`ASSERTION_KEY_DIR`). Keys that
    /// are there stay; where none has `JWT_ALGORITHM`, one is made to succeed them. With
    /// `INTERNAL_CA_DIR` also a CA, and the verifier's certificate for HTTPS.
    Generate,
    /// Show every key: what it does, since when, and until when its tokens live.
    List {
        /// As JSON; times are seconds since 1970.
        #[arg(long)]
        json: bool,
    },
    /// Make the successors of the active keys. Every process knows them before they sign; the old
    /// ones verify until their last token has expired. Deletes keys that have expired. With
    /// `INTERNAL_CA_DIR` the verifier gets a new certificate for HTTPS too.
    Rotate {
        /// Only the keys of this purpose.
        #[arg(long)]
        only: Option<Rotated>,
        /// After how many seconds the new key signs. With less than the default some verifier may
        /// not know it yet and refuse its first tokens.
        #[arg(long, value_name = "SECONDS", default_value_t = ACTIVATION_DELAY.0)]
        delay: u64,
    },
    /// Delete a key that signs no more.
    Retire {
        /// Its name, as `gateway keys list` shows it. One in 64 begins with a hyphen.
        #[arg(allow_hyphen_values = true)]
        kid: String,
        /// Even while tokens live that it signed, since somebody else may have it: they end.
        #[arg(long)]
        now: bool,
    },
    /// Stay, rotate as `JWT_KEY_ROTATION` says, renew the verifier's certificate before it ends,
    /// and delete keys that have expired.
    Keep,
}

/// What can be rotated by itself.
#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Rotated {
    /// Keys of access tokens.
    Tokens,
    /// Keys of identity assertions.
    Assertions,
    /// The verifier's certificate and its key.
    Https,
}

impl From<Purpose> for Rotated {
    fn from(purpose: Purpose) -> Self {
        match purpose {
            Purpose::Tokens => Self::Tokens,
            Purpose::Assertions => Self::Assertions,
        }
    }
}

pub(crate) const SETTINGS: [&str; 6] = [
    "JWT_KEY_DIR",
    "JWT_ALGORITHM",
    "JWT_KEY_ROTATION",
    "ASSERTION_KEY_DIR",
    "ACCESS_TOKEN_LIFETIME",
    "GATEWAY_DATA_DIR",
];

pub(crate) async fn run(arguments: KeysArguments) -> Result<(), Box<dyn Error>> {
    let mut settings = operator_settings::load();
    let telemetry = Telemetry::from_settings(&mut settings, LogFormat::Text, LevelFilter::INFO);
    // The single process needs none.
    let ca = match arguments.data_dir {
        Some(_) => None,
        None => InternalCa::from_settings(&mut settings),
    };
    let keepers = keepers(&mut settings, arguments.data_dir);
    let rotation = key_schedule::from_settings(&mut settings);
    let store = deployment::store(&mut settings);
    settings.finish()?;
    match arguments.command {
        KeysCommand::Generate => generate(&keepers, ca.as_ref()),
        KeysCommand::List { json } => keys_table::show(&keepers, ca.as_ref(), json),
        KeysCommand::Rotate { only, delay } => rotate(&keepers, ca, only, Seconds(delay)),
        KeysCommand::Retire { kid, now } => retire(&keepers, &kid, now, store).await,
        KeysCommand::Keep => {
            telemetry.start()?;
            tokio::select! {
                () = key_schedule::keep(keepers.into(), ca, rotation) => {}
                () = shutdown::stop_signal()? => {}
            }
            Ok(())
        }
    }
}

/// The two directories: below `data_dir`, or where the settings say.
pub(crate) fn keepers(settings: &mut Settings, data_dir: Option<PathBuf>) -> [KeyKeeper; 2] {
    let expected = "one of RS256, ES256 and EdDSA";
    let algorithm = settings.parsed("JWT_ALGORITHM", SigningAlgorithm::Rs256, expected);
    let lifetime = settings.parsed("ACCESS_TOKEN_LIFETIME", 3600, "a number of seconds");
    let lifetime = Seconds(lifetime);
    let signing = settings.text("JWT_KEY_DIR");
    let assertion = settings.text("ASSERTION_KEY_DIR");
    let set = settings.text("GATEWAY_DATA_DIR").map(PathBuf::from);
    let set = set.filter(|_| signing.is_none() && assertion.is_none());
    if let Some(data) = data_dir.or(set) {
        return key_keeper::below(&DataDirectory::keys_below(&data), algorithm, lifetime);
    }
    let directory = |set: Option<String>, default: &str| {
        PathBuf::from(set.unwrap_or_else(|| default.to_owned()))
    };
    [
        KeyKeeper::of_tokens(directory(signing, "/keys/signing"), algorithm, lifetime),
        KeyKeeper::of_assertions(directory(assertion, "/keys/assertion")),
    ]
}

fn generate(keepers: &[KeyKeeper], ca: Option<&InternalCa>) -> Result<(), Box<dyn Error>> {
    for keeper in keepers {
        let made = keeper.ensure(SystemClock.now())?;
        tell(keeper, &made)?;
    }
    if let Some(ca) = ca {
        let certificates = ca.ensure(SystemClock.now())?;
        certificates.iter().try_for_each(tell_certificate)?;
    }
    Ok(())
}

fn rotate(
    keepers: &[KeyKeeper],
    ca: Option<InternalCa>,
    only: Option<Rotated>,
    delay: Seconds,
) -> Result<(), Box<dyn Error>> {
    let wanted = keepers
        .iter()
        .filter(|keeper| only.is_none_or(|only| only == keeper.purpose.into()));
    for keeper in wanted {
        let now = SystemClock.now();
        for kid in keeper.delete_expired(now)? {
            say(&format!(
                "deleted  {:<11} {kid}  expired",
                keeper.purpose.name()
            ))?;
        }
        tell(keeper, &keeper.rotate(now, delay)?)?;
    }
    if only.is_none_or(|only| only == Rotated::Https) {
        match ca {
            Some(ca) => tell_certificate(&ca.renew(SystemClock.now())?)?,
            None if only.is_some() => return Err("INTERNAL_CA_DIR is not set".into()),
            None => {}
        }
    }
    Ok(())
}

/// Where there is a store, every verifier is told at once; others see it within seconds.
async fn retire(
    keepers: &[KeyKeeper],
    kid: &str,
    even_now: bool,
    store: Option<RedisStore>,
) -> Result<(), Box<dyn Error>> {
    for keeper in keepers {
        let now = SystemClock.now();
        let retired = keeper.retire(kid, now, even_now)?;
        let Some(retired) = retired else { continue };
        let purpose = keeper.purpose.name();
        let consequence = match (retired.state, &store) {
            (KeyState::Retired, Some(store)) => {
                let until = now.plus(keeper.token_lifetime).plus(RETIREMENT_LEEWAY);
                // A minted token may live longer than others.
                let until = retired.until.map_or(until, |last| last.max(until));
                store.retire_key(kid, until, now).await?;
                "  the tokens that it signed are refused from now on"
            }
            (KeyState::Retired, None) => "  the tokens that it signed are refused within seconds",
            _ => "",
        };
        say(&format!("deleted  {purpose:<11} {kid}{consequence}"))?;
        return Ok(());
    }
    Err(
        format!("no key of tokens or assertions is named {kid}; `gateway keys list` shows them")
            .into(),
    )
}

/// The key's public name, never the key.
fn tell(keeper: &KeyKeeper, made: &Made) -> io::Result<()> {
    let (done, key) = match made {
        Made::New(key) => ("made", key),
        Made::Kept(key) => ("kept", key),
    };
    let (purpose, kid) = (keeper.purpose.name(), &key.kid);
    let (algorithm, from) = (key.algorithm.name(), utc(key.active_from));
    say(&format!(
        "{done:<8} {purpose:<11} {kid}  {algorithm}  signs from {from}"
    ))
}

fn tell_certificate(certificate: &Certificate) -> io::Result<()> {
    let done = if certificate.made { "made" } else { "kept" };
    let (purpose, kid) = (certificate.purpose, &certificate.kid);
    let until = utc(certificate.until);
    say(&format!(
        "{done:<8} {purpose:<11} {kid}  good until {until}"
    ))
}

/// A line of output.
pub(crate) fn say(line: &str) -> io::Result<()> {
    writeln!(anstream::stdout(), "{line}")
}
