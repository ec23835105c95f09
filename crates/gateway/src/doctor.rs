//! `gateway doctor`: the security checklist as a program. From inside it looks at settings, keys,
//! the store and files; from outside at what anybody can ask of the edge.
//!
//! What is observed and what is made of it are apart: a check is a function from an observation to
//! an [`finding::Outcome`]. What cannot be seen from where the doctor stands is skipped, with why.
//!
//! Exit codes: 0 nothing is wrong, 1 something is (or nothing could be looked at), 2 the command
//! line is wrong, 3 there are warnings alone.

mod answer;
mod backups;
mod check;
mod compose;
mod finding;
mod inside;
mod keys;
mod login;
mod outside;
mod place;
mod routers;
mod secrets;
mod settings;
mod show;
mod store;
mod traefik;

use std::cell::Cell;
use std::error::Error;
use std::path::PathBuf;
use std::process::ExitCode;

use clap::Args;
use url::Url;

use check::{Check, Side};
use compose::Project;
use finding::{Verdict, saw_nothing, worst};
use place::Place;

use crate::operator::output::remark;

/// The settings that it reads besides the services' and the other commands'.
pub(crate) const SETTINGS: [&str; 1] = ["REDIS_VERIFIER_PASSWORD"];

/// Look for what is wrong, from inside and from outside, and say what mends it
#[derive(Args)]
pub(crate) struct DoctorArguments {
    /// One JSON object for each check
    #[arg(long)]
    json: bool,
    /// Only these checks
    #[arg(long, value_name = "CHECK", value_enum, value_delimiter = ',')]
    only: Vec<Check>,
    /// Only what settings, files and the store tell
    #[arg(long, conflicts_with = "outside_only")]
    inside_only: bool,
    /// Only what anybody on the internet can see; `BASE_DOMAIN` and `MCP_SERVICES` are enough
    #[arg(long)]
    outside_only: bool,
    /// The single process that keeps its data here (setting: `GATEWAY_DATA_DIR`), instead of a
    /// deployment (`REDIS_URL`)
    #[arg(long)]
    data_dir: Option<PathBuf>,
    /// What `docker compose config --format json` prints; `-` reads it from standard input
    #[arg(long, value_name = "FILE")]
    compose: Option<PathBuf>,
    /// Traefik's own API, such as `http://127.0.0.1:8080`, for every router that there is
    #[arg(long, value_name = "URL")]
    traefik_api: Option<Url>,
    /// The directory of `.env`
    #[arg(long, value_name = "DIRECTORY")]
    project: Option<PathBuf>,
    /// How wide the table is where there is no terminal
    #[arg(long, value_name = "NUMBER")]
    columns: Option<usize>,
}

impl DoctorArguments {
    /// Whether a check is asked for.
    fn wants(&self, check: Check) -> bool {
        let side = match check.side() {
            Side::Inside => !self.outside_only,
            Side::Outside => !self.inside_only,
        };
        side && (self.only.is_empty() || self.only.contains(&check))
    }
}

/// Runs it, whatever it finds.
pub(crate) fn main(arguments: DoctorArguments) -> ExitCode {
    let found = Cell::new(None);
    let ended = app_shell::run("gateway", async {
        found.set(Some(run(arguments).await?));
        Ok(())
    });
    match found.get() {
        None => ended,
        Some(Verdict::Ok | Verdict::Skipped) => ExitCode::SUCCESS,
        Some(Verdict::Warn) => ExitCode::from(3),
        Some(Verdict::Fail) => ExitCode::FAILURE,
    }
}

async fn run(arguments: DoctorArguments) -> Result<Verdict, Box<dyn Error>> {
    let project = arguments
        .compose
        .as_deref()
        .map(Project::read)
        .transpose()?;
    let place = Place::read(arguments.data_dir.clone());
    let (mut findings, heard) = outside::examine(&arguments, &place).await?;
    findings.extend(inside::examine(&arguments, &place, project.as_ref(), &heard).await);
    findings.sort_by_key(|finding| finding.check);
    let shown = if arguments.json {
        show::json(&findings)
    } else {
        show::table(&findings, arguments.columns)
    };
    match shown {
        // That nobody reads to the end changes nothing of what was found.
        Err(error) if error.kind() != std::io::ErrorKind::BrokenPipe => Err(error.into()),
        _ if saw_nothing(&findings) => {
            remark("Nothing was looked at: every check that was asked for was skipped")?;
            Ok(Verdict::Fail)
        }
        _ => Ok(worst(&findings)),
    }
}
