//! `gateway setup`: asks what only the operator knows, writes it to `.env`, looks whether the names
//! resolve, and says what is next. Run again, it offers the answers of before. The secrets that
//! nobody has to know are `scripts/generate-secrets`'s.

mod questions;

use std::error::Error;
use std::fs;
use std::io::{self, IsTerminal as _};
use std::net::ToSocketAddrs as _;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};

use app_shell::settings::Settings;
use clap::Args;
use token_core::Services;

use crate::env_file::EnvFile;
use crate::keys_command::say;
use crate::operator_settings;
use questions::QUESTIONS;

/// What is still to be made, if it is.
const SECRETS: [&str; 3] = [
    "GATEWAY_JWT_SECRET",
    "REDIS_PASSWORD",
    "REDIS_VERIFIER_PASSWORD",
];

#[derive(Args)]
pub(crate) struct Setup {
    /// The directory of the deployment
    #[arg(long, value_name = "DIR", default_value = ".")]
    directory: PathBuf,
    /// Ask nothing, as where there is no terminal: answers come from the environment, by the names
    /// that they have in `.env`, and from `.env` itself
    #[arg(long)]
    no_questions: bool,
    /// Do not look whether the names resolve
    #[arg(long)]
    skip_dns: bool,
}

pub(crate) fn run(arguments: &Setup) -> Result<(), Box<dyn Error>> {
    let directory = &arguments.directory;
    let mut env = match EnvFile::read(directory)? {
        Some(env) => env,
        None => from_example(directory)?,
    };
    let given = given()?;
    let asks = !arguments.no_questions && io::stdin().is_terminal() && io::stderr().is_terminal();
    let mut missing = Vec::new();
    for (question, given) in QUESTIONS.iter().zip(given) {
        let known = given.is_some();
        let answer = given.or_else(|| env.get(question.name));
        let answer = if asks && !known {
            Some(question.ask(answer.as_deref())?)
        } else {
            answer
        };
        match answer {
            Some(answer) => env.set(question.name, &question.checked(&answer)?)?,
            None => missing.push(question.name),
        }
    }
    if !missing.is_empty() {
        return Err(format!(
            "nobody can be asked here for {}: set them in the environment or in .env. Nothing was \
             written",
            missing.join(", ")
        )
        .into());
    }
    keep(&env, directory)?;
    if !arguments.skip_dns {
        look_up(&env)?;
    }
    let has_secrets = SECRETS.iter().all(|name| env.get(name).is_some());
    say(if has_secrets {
        "Next: just up"
    } else {
        "Next: just generate-all-secrets, and then just up"
    })?;
    Ok(())
}

/// The answers that the environment has, in the order of the questions.
fn given() -> Result<[Option<String>; QUESTIONS.len()], Box<dyn Error>> {
    let names = QUESTIONS.each_ref().map(|question| question.name);
    // A whole `.env` may be exported, with secrets that are none of the questions.
    let known = [&names[..], &operator_settings::known()].concat();
    let mut settings = Settings::load(&known, None);
    let given = names.map(|name| settings.text(name));
    settings.finish()?;
    Ok(given)
}

fn from_example(directory: &Path) -> Result<EnvFile, Box<dyn Error>> {
    let example = directory.join(".env.example");
    let text = fs::read_to_string(&example).map_err(|error| {
        format!(
            "{} cannot be read ({error}): run this where the deployment is, or name its --directory",
            example.display()
        )
    })?;
    Ok(EnvFile::of(directory.join(".env"), &text))
}

/// Writes what changed. Either way nobody else may read it.
fn keep(env: &EnvFile, directory: &Path) -> Result<(), Box<dyn Error>> {
    let path = directory.join(".env");
    if env.is_changed() {
        env.write()?;
        say(".env: written, for you alone to read")?;
        return Ok(());
    }
    fs::set_permissions(&path, fs::Permissions::from_mode(0o600))?;
    say(".env: as it was")?;
    Ok(())
}

/// Says of each name whether it resolves. It may do so later: no failure.
fn look_up(env: &EnvFile) -> Result<(), Box<dyn Error>> {
    let domain = env.get("BASE_DOMAIN").unwrap_or_default();
    let services = env
        .get("MCP_SERVICES")
        .unwrap_or_else(|| "fetch".to_owned());
    let services =
        Services::parse(&services, &domain).map_err(|error| format!("MCP_SERVICES: {error}"))?;
    let mut hosts = vec![format!("auth.{domain}")];
    hosts.extend(
        services
            .iter()
            .map(|service| service.resource.host().to_owned()),
    );
    for host in hosts {
        match (host.as_str(), 443).to_socket_addrs() {
            Ok(addresses) => {
                let addresses: Vec<_> = addresses.map(|address| address.ip().to_string()).collect();
                say(&format!("{host}: {}", addresses.join(", ")))?;
            }
            Err(_) => say(&format!(
                "{host}: does not resolve yet. Point it at this machine (A, and AAAA if it has \
                 IPv6): without it there is no certificate"
            ))?,
        }
    }
    Ok(())
}
