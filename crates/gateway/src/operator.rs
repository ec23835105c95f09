//! The operator's commands on what a gateway keeps: looking, ending, explaining, minting. They work
//! on the Redis of a deployment and on the file of the single process alike, while it runs.
//!
//! Exit codes: 0 done, 1 it failed (or what was named is not there, or the answer was no), 2 the
//! command line is wrong.

pub(crate) mod backup;
mod consent;
mod explain;
mod last_use;
mod listing;
mod mint;
pub(crate) mod output;
mod progress;
mod purge;
mod report;
mod revoking;
mod selection;
mod stats;
pub(crate) mod system;
mod table;
mod trace;
mod trail;
mod walk;
pub(crate) mod when;

use std::error::Error;
use std::io;
use std::path::PathBuf;

use clap::{ArgGroup, Args, Subcommand};
use token_core::store::{Registration, Session};
use token_core::{ClientId, GrantId, Jti};

use backup::BackupCommand;
use consent::Destroying;
use explain::Explain;
use listing::{Format, Tokens};
use mint::Mint;
use report::Report;
use revoking::Target;
use selection::{Filters, Selection};
use system::System;
use trace::Trace;

/// Registered clients
#[derive(Subcommand)]
pub(crate) enum RegistrationsCommand {
    /// Show every registered client: who it says it is, since when, until when
    List {
        /// Only this one
        #[arg(long, value_name = "CLIENT_ID", allow_hyphen_values = true)]
        client: Option<ClientId>,
        #[command(flatten)]
        format: Format,
    },
    /// Delete one, or with `--all` every one. Its clients cannot renew their tokens, and have to
    /// register anew
    Delete(DeleteRegistrations),
}

#[derive(Args)]
#[group(skip)]
#[command(group = ArgGroup::new("which").args(["client_id", "all"]).required(true))]
pub(crate) struct DeleteRegistrations {
    /// Its identifier in full (`registrations list --full`)
    #[arg(allow_hyphen_values = true)]
    client_id: Option<ClientId>,
    /// Every one
    #[arg(long, conflicts_with = "client_id")]
    all: bool,
    /// With it everything that it has: sessions, tokens, and what was approved and not fetched.
    /// Works for clients that never registered here too
    #[arg(long, conflicts_with = "all")]
    complete: bool,
    #[command(flatten)]
    how: Destroying,
}

/// Sessions: what one person gave one client for one service by one sign-in
#[derive(Subcommand)]
pub(crate) enum SessionsCommand {
    /// Show every session: whose, for what, when it was renewed and last used, and when it ends
    List {
        #[command(flatten)]
        filters: Filters,
        #[command(flatten)]
        format: Format,
    },
    /// End sessions with every token of theirs, at once and at every verifier. Who had one has to
    /// sign in again
    #[command(group = which("session"))]
    Revoke {
        /// One, in full (`sessions list --full`)
        #[arg(allow_hyphen_values = true, conflicts_with_all = ["client", "user", "service", "all"])]
        session: Option<GrantId>,
        #[command(flatten)]
        filters: Filters,
        /// Every one
        #[arg(long, conflicts_with_all = ["client", "user", "service"])]
        all: bool,
        #[command(flatten)]
        how: Destroying,
    },
}

/// Access tokens
#[derive(Subcommand)]
pub(crate) enum TokensCommand {
    /// Show every active access token: whose, for what, when it was last used, until when
    List {
        #[command(flatten)]
        filters: Filters,
        #[command(flatten)]
        format: Format,
    },
    /// End access tokens alone, at once and at every verifier. A client that has a refresh token
    /// gets a new one without asking anybody; `sessions revoke` ends that too
    #[command(group = which("jti"))]
    Delete {
        /// One by its `jti`, in full (`tokens list --full`)
        #[arg(allow_hyphen_values = true, conflicts_with_all = ["client", "user", "service", "all"])]
        jti: Option<Jti>,
        #[command(flatten)]
        filters: Filters,
        /// Every one
        #[arg(long, conflicts_with_all = ["client", "user", "service"])]
        all: bool,
        #[command(flatten)]
        how: Destroying,
    },
    /// Make one for a script or a job, with a name. It is printed this once, is for one service,
    /// ends when you say, and is not renewed
    Mint(Mint),
}

/// One of its kind by name, or what the filters leave, or all: never all by leaving something out.
fn which(one: &'static str) -> ArgGroup {
    let ways = [one, "client", "user", "service", "all"];
    ArgGroup::new("which")
        .args(ways)
        .required(true)
        .multiple(true)
}

/// An operator's command.
#[derive(Subcommand)]
pub(crate) enum OperatorCommand {
    /// Clients that registered themselves: list, delete.
    Registrations(Group<RegistrationsCommand>),
    /// What people granted: list, revoke.
    Sessions(Group<SessionsCommand>),
    /// Access tokens: list, delete.
    Tokens(Group<TokensCommand>),
    /// Show registered clients, sessions and access tokens, one table below the other.
    ShowAll(Alone<ShowAll>),
    /// Count clients, sessions and tokens, in all and for each service.
    Stats(Alone<Stats>),
    /// Clear away what has expired and is still kept. The gateway does so by itself, little by
    /// little.
    PurgeExpired(Alone<Destroying>),
    /// Show login attempts: how far each came, with which client, why it stopped and what mends
    /// it.
    Trace(Alone<Trace>),
    /// Show what was refused and why, what is unusual, and how well requests could be decided,
    /// over a window.
    Report(Alone<Report>),
    /// Say whether a person would be let in to a service now, and why.
    Explain(Alone<Explain>),
    /// Encrypted backups of clients, sessions and tokens: create, list, view, restore.
    Backup(Group<BackupCommand>),
}

/// Commands on one kind of thing.
#[derive(Args)]
pub(crate) struct Group<C: Subcommand> {
    #[command(subcommand)]
    command: C,
    #[command(flatten)]
    data: DataDir,
}

/// A command that stands alone.
#[derive(Args)]
pub(crate) struct Alone<A: Args> {
    #[command(flatten)]
    arguments: A,
    #[command(flatten)]
    data: DataDir,
}

#[derive(Args)]
pub(crate) struct ShowAll {
    #[command(flatten)]
    filters: Filters,
    #[command(flatten)]
    format: Format,
}

#[derive(Args)]
pub(crate) struct Stats {
    /// As one JSON object
    #[arg(long)]
    json: bool,
}

#[derive(Args)]
struct DataDir {
    /// The data of the single process (setting: `GATEWAY_DATA_DIR`), instead of the Redis of a
    /// deployment (`REDIS_URL`)
    #[arg(long, global = true)]
    data_dir: Option<PathBuf>,
}

impl DataDir {
    fn open(self) -> Result<System, Box<dyn Error>> {
        System::open(self.data_dir)
    }
}

impl OperatorCommand {
    /// How the command asks before it destroys, if it does.
    pub(crate) fn destroys(&self) -> Option<Destroying> {
        match self {
            Self::Registrations(group) => match &group.command {
                RegistrationsCommand::Delete(delete) => Some(delete.how),
                RegistrationsCommand::List { .. } => None,
            },
            Self::Sessions(group) => match &group.command {
                SessionsCommand::Revoke { how, .. } => Some(*how),
                SessionsCommand::List { .. } => None,
            },
            Self::Tokens(group) => match &group.command {
                TokensCommand::Delete { how, .. } => Some(*how),
                TokensCommand::List { .. } | TokensCommand::Mint(_) => None,
            },
            Self::PurgeExpired(alone) => Some(alone.arguments),
            Self::Backup(group) => group.command.destroys(),
            Self::ShowAll(_)
            | Self::Stats(_)
            | Self::Explain(_)
            | Self::Trace(_)
            | Self::Report(_) => None,
        }
    }
}

/// Runs a command. That nobody reads its output to the end is no failure.
pub(crate) async fn run(command: OperatorCommand) -> Result<(), Box<dyn Error>> {
    match run_it(command).await {
        Err(error) if is_broken_pipe(error.as_ref()) => Ok(()),
        done => done,
    }
}

fn is_broken_pipe(error: &(dyn Error + 'static)) -> bool {
    let error = error.downcast_ref::<io::Error>();
    error.is_some_and(|error| error.kind() == io::ErrorKind::BrokenPipe)
}

async fn run_it(command: OperatorCommand) -> Result<(), Box<dyn Error>> {
    match command {
        OperatorCommand::Registrations(group) => {
            let system = group.data.open()?;
            system.concluded(registrations(&system, group.command).await)
        }
        OperatorCommand::Sessions(group) => {
            let system = group.data.open()?;
            system.concluded(sessions(&system, group.command).await)
        }
        OperatorCommand::Tokens(group) => {
            let system = group.data.open()?;
            system.concluded(tokens(&system, group.command).await)
        }
        OperatorCommand::ShowAll(alone) => {
            let (system, ShowAll { filters, format }) = (alone.data.open()?, alone.arguments);
            system.concluded(listing::show_all(&system, &filters, format).await)
        }
        OperatorCommand::Stats(alone) => {
            let system = alone.data.open()?;
            system.concluded(stats::show(&system, alone.arguments.json).await)
        }
        OperatorCommand::PurgeExpired(alone) => {
            purge::run(&alone.data.open()?, alone.arguments).await
        }
        OperatorCommand::Report(alone) => {
            let system = alone.data.open()?;
            system.concluded(report::run(&system, &alone.arguments).await)
        }
        OperatorCommand::Trace(alone) => {
            let system = alone.data.open()?;
            system.concluded(trace::run(&system, &alone.arguments).await)
        }
        OperatorCommand::Explain(alone) => {
            let data = alone.data.data_dir;
            let (system, admission) = System::open_with(data, explain::admission)?;
            system.concluded(explain::run(&system, &admission, &alone.arguments).await)
        }
        OperatorCommand::Backup(group) => backup::run(group.data.data_dir, group.command).await,
    }
}

async fn registrations(
    system: &System,
    command: RegistrationsCommand,
) -> Result<(), Box<dyn Error>> {
    match command {
        RegistrationsCommand::List { client, format } => {
            let filters = Filters {
                client,
                user: None,
                service: None,
            };
            listing::list::<Registration>(system, &filters, format).await
        }
        RegistrationsCommand::Delete(delete) => {
            let target = match delete.client_id {
                None => Target::Registrations,
                Some(client) if delete.complete => Target::Client(client),
                Some(client) => Target::Registration(client),
            };
            revoking::end(system, &target, delete.how).await
        }
    }
}

async fn sessions(system: &System, command: SessionsCommand) -> Result<(), Box<dyn Error>> {
    match command {
        SessionsCommand::List { filters, format } => {
            listing::list::<Session>(system, &filters, format).await
        }
        SessionsCommand::Revoke {
            session,
            filters,
            all: _,
            how,
        } => {
            let one = session.map(Target::Session);
            end(system, one, &filters, Target::Sessions, how).await
        }
    }
}

async fn tokens(system: &System, command: TokensCommand) -> Result<(), Box<dyn Error>> {
    match command {
        TokensCommand::List { filters, format } => {
            listing::list::<Tokens>(system, &filters, format).await
        }
        TokensCommand::Delete {
            jti,
            filters,
            all: _,
            how,
        } => {
            let one = jti.map(Target::Token);
            end(system, one, &filters, Target::Tokens, how).await
        }
        TokensCommand::Mint(mint) => mint::run(system, &mint).await,
    }
}

/// Ends the one that was named, or what the filters leave.
async fn end(
    system: &System,
    one: Option<Target>,
    filters: &Filters,
    many: fn(Selection) -> Target,
    how: Destroying,
) -> Result<(), Box<dyn Error>> {
    let target = match one {
        Some(one) => one,
        None => many(filters.look_up(system).await?),
    };
    revoking::end(system, &target, how).await
}
