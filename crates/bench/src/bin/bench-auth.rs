//! `just bench-auth`: the authorization server's figures, as docs/performance.md has them.

use std::process::ExitCode;

use bench::auth::{Plan, growth, steps, third_party};
use bench::run::{Choice, Row, run};
use clap::Parser;

/// In the order in which they are measured.
const ROWS: [Row<Plan>; 4] = [
    ("steps", steps::run),
    ("growth-redis", growth::redis),
    ("growth-sqlite", growth::sqlite),
    ("third-party", third_party::run),
];

/// Measures the authorization server, and prints a table.
#[derive(Debug, Parser)]
struct Arguments {
    #[command(flatten)]
    choice: Choice,
    /// Rounds of each figure that is compared.
    #[arg(long, default_value_t = 5)]
    rounds: u32,
    /// Requests of each kind in a round.
    #[arg(long, default_value_t = 4000)]
    requests: u32,
    /// How many of them are under way at the same time.
    #[arg(long, default_value_t = 32)]
    at_once: usize,
    /// How many clients and tokens are many.
    #[arg(long, default_value_t = 1_000_000)]
    many: u64,
}

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    let plan = Plan {
        rounds: arguments.rounds.max(1),
        requests: arguments.requests.max(1),
        at_once: arguments.at_once.max(1),
        many: arguments.many.max(1),
    };
    run(&ROWS, &arguments.choice, &plan)
}
