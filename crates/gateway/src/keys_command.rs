//! `gateway keys …`: the keys of a deployment.

use std::error::Error;
use std::io::Write as _;
use std::path::{Path, PathBuf};

use app_shell::settings::Settings;
use clap::Subcommand;
use token_core::SystemEntropy;
use token_core::keys::SigningAlgorithm;
use token_store::key_directory;

use crate::data_directory::{DataDirectoryError, assertion_keys, signing_keys};

/// What can be done with keys.
#[derive(Subcommand)]
pub(crate) enum KeysCommand {
    /// Make the keys that are missing: one that signs access tokens (`JWT_KEY_DIR`,
    /// `JWT_ALGORITHM`) and one that signs identity assertions (`ASSERTION_KEY_DIR`). Keys that
    /// are there stay.
    Generate,
}

const SETTINGS: [&str; 3] = ["JWT_KEY_DIR", "JWT_ALGORITHM", "ASSERTION_KEY_DIR"];

pub(crate) fn run(command: &KeysCommand) -> Result<(), Box<dyn Error>> {
    let KeysCommand::Generate = command;
    let mut settings = Settings::load(&SETTINGS, None);
    let expected = "one of RS256, ES256 and EdDSA";
    let algorithm = settings.parsed("JWT_ALGORITHM", SigningAlgorithm::Rs256, expected);
    let mut directory = |name, default: &str| {
        PathBuf::from(settings.text(name).unwrap_or_else(|| default.to_owned()))
    };
    let signing = directory("JWT_KEY_DIR", "/keys/signing");
    let assertion = directory("ASSERTION_KEY_DIR", "/keys/assertion");
    settings.finish()?;
    generate(&signing, algorithm, &assertion)?;
    Ok(())
}

fn generate(
    signing: &Path,
    algorithm: SigningAlgorithm,
    assertion: &Path,
) -> Result<(), DataDirectoryError> {
    let was_there = !key_directory::is_empty(signing)?;
    let keys = signing_keys(signing, algorithm)?;
    tell(
        "access tokens",
        signing,
        keys.last().map_or("", |key| key.kid()),
        was_there,
    );
    let was_there = !key_directory::is_empty(assertion)?;
    let keys = assertion_keys(assertion, &SystemEntropy::new())?;
    tell(
        "identity assertions",
        assertion,
        keys.last().map_or("", |key| key.kid()),
        was_there,
    );
    Ok(())
}

/// The key's public name, never the key.
fn tell(what: &str, directory: &Path, kid: &str, was_there: bool) {
    let done = if was_there { "kept" } else { "made" };
    let directory = directory.display();
    // Whether somebody reads the output changes nothing about the keys.
    let _ = writeln!(
        anstream::stdout(),
        "{done}  {what:<20} {directory}  kid {kid}"
    );
}
