//! `just bench`: the verifier's figures, as docs/performance.md has them.

use std::process::ExitCode;

use bench::rows::{
    Plan, cold_token, edge, instructions, many_tokens, memory, one_token, operator, revocation,
    start,
};
use bench::run::{Choice, Row, run};
use clap::Parser;

/// In the order in which they are measured.
const ROWS: [Row<Plan>; 10] = [
    ("one-token", one_token::run),
    ("edge", edge::run),
    ("cold-token", cold_token::run),
    ("many-tokens", many_tokens::run),
    ("revocation", revocation::run),
    ("memory", memory::run),
    ("start", start::run),
    ("instructions", instructions::run),
    ("operator-redis", operator::in_redis),
    ("operator-sqlite", operator::in_sqlite),
];

/// Measures the verifier, and prints a table.
#[derive(Debug, Parser)]
struct Arguments {
    #[command(flatten)]
    choice: Choice,
    /// Rounds of each figure that is compared.
    #[arg(long, default_value_t = 7)]
    rounds: u32,
    /// Length of a round of load.
    #[arg(long, default_value_t = 4)]
    seconds: u32,
    /// How many tokens are many.
    #[arg(long, default_value_t = 1_000_000)]
    tokens: u64,
    /// How many of them one person has at one client: machines, renewals, jobs.
    #[arg(long, default_value_t = 1)]
    of_each: u64,
    /// How many cold tokens; of revocations at most 400.
    #[arg(long, default_value_t = 4000)]
    samples: usize,
}

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    let plan = Plan {
        rounds: arguments.rounds.max(1),
        seconds: arguments.seconds.max(1),
        tokens: arguments.tokens.max(1),
        of_each: arguments.of_each.max(1),
        samples: arguments.samples.max(10),
    };
    run(&ROWS, &arguments.choice, &plan)
}
