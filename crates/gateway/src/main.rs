//! `gateway`: every service in one process (`gateway serve`, the default), and the operator's
//! commands.
//!
//! What it is not: it has no rules of its own. It puts the services' routes behind one listener,
//! with a middleware that does what Traefik does elsewhere, and calls the same operations as they
//! do. It may depend on everything.

mod data_directory;
mod deployment;
mod disk;
mod doctor;
mod edge;
mod env_file;
mod internal_ca;
mod key_keeper;
mod key_schedule;
mod keys_command;
mod keys_table;
mod operator;
mod operator_settings;
mod passphrase;
mod serve;
mod serve_config;
mod service_add;
mod setup;
mod start_page;
mod utc;

use std::process::ExitCode;

use clap::error::ErrorKind;
use clap::{CommandFactory as _, Parser, Subcommand};

/// OAuth 2.1 in front of any MCP server.
#[derive(Parser)]
#[command(name = "gateway", version, args_conflicts_with_subcommands = true)]
struct Arguments {
    #[command(subcommand)]
    command: Option<Command>,

    #[command(flatten)]
    serve: serve::ServeArguments,
}

/// What a command that cannot ask says.
const UNASKED: &str = "nobody can be asked here, where input is no terminal: say --yes to do it, or \
                       --dry-run to see what it would do";

#[derive(Subcommand)]
enum Command {
    /// Run every service in one process on this computer (the default).
    Serve(serve::ServeArguments),
    /// Make, show, rotate and retire the keys that sign access tokens and identity assertions.
    Keys(keys_command::KeysArguments),
    /// Tell every process of a deployment to read again who may come in (`REDIS_URL`). Works where
    /// the list is in a file (`ALLOWED_GITHUB_USERS_FILE`): a process cannot be given another
    /// environment.
    Reload,
    /// Ask what a deployment needs to know, and write it to `.env`.
    Setup(setup::Setup),
    /// Add another MCP server to a deployment: its entry, its route and guard, a smoke test.
    ServiceAdd(service_add::ServiceAdd),
    /// Look for what is wrong, from inside and from outside, and say what mends it
    Doctor(doctor::DoctorArguments),
    /// What `serve` starts for each PDF.
    #[command(name = fetch_service::CONVERT_PDF, hide = true)]
    ConvertPdf,
    #[command(flatten)]
    Operator(operator::OperatorCommand),
}

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    match arguments.command {
        None => app_shell::run("gateway", serve::run(arguments.serve)),
        Some(Command::Serve(arguments)) => app_shell::run("gateway", serve::run(arguments)),
        Some(Command::Keys(arguments)) => app_shell::run("gateway", keys_command::run(arguments)),
        Some(Command::Reload) => app_shell::run("gateway", deployment::reload()),
        Some(Command::Setup(arguments)) => {
            app_shell::run("gateway", async move { setup::run(&arguments) })
        }
        Some(Command::ServiceAdd(arguments)) => {
            app_shell::run("gateway", async move { service_add::run(&arguments) })
        }
        Some(Command::Doctor(arguments)) => doctor::main(arguments),
        Some(Command::ConvertPdf) => fetch_service::convert_pdf(),
        Some(Command::Operator(command)) => {
            if command.destroys().is_some_and(|how| !how.can_be_answered()) {
                return usage_error(UNASKED);
            }
            app_shell::run("gateway", operator::run(command))
        }
    }
}

/// As for every other mistake on the command line.
fn usage_error(message: &str) -> ExitCode {
    let error = Arguments::command().error(ErrorKind::MissingRequiredArgument, message);
    // Standard error may be closed; the exit code still tells.
    let _ = error.print();
    ExitCode::from(2)
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory as _;

    #[test]
    fn the_command_line_is_consistent() {
        super::Arguments::command().debug_assert();
    }
}
