//! `just bench-fetch`: the fetch service's figures, as docs/performance.md has them.

use std::path::PathBuf;
use std::process::ExitCode;

use bench::fetch::{Plan, convert, latency, size, throughput};
use bench::run::{Choice, Row, run};
use clap::Parser;

/// In the order in which they are measured.
const ROWS: [Row<Plan>; 4] = [
    ("throughput", throughput::run),
    ("latency", latency::run),
    ("convert", convert::run),
    ("size", size::run),
];

/// Measures the fetch service beside mcp-server-fetch, and prints a table.
#[derive(Debug, Parser)]
struct Arguments {
    #[command(flatten)]
    choice: Choice,
    /// Rounds of each figure that is compared.
    #[arg(long, default_value_t = 5)]
    rounds: u32,
    /// Length of a round of load, in seconds.
    #[arg(long, default_value_t = 10)]
    seconds: u64,
    /// Calls whose latency is taken.
    #[arg(long, default_value_t = 200)]
    calls: u32,
    /// A directory of HTML pages.
    #[arg(long, default_value = "crates/fetch-service/tests/corpus/pages")]
    corpus: PathBuf,
    /// The reference server.
    #[arg(
        long,
        default_value = "target/bench-fetch/reference/bin/mcp-server-fetch"
    )]
    reference: PathBuf,
    /// The reference server's PATH. Where Node is not on it, it converts in Python alone.
    #[arg(long, default_value = "/usr/local/bin:/usr/bin:/bin")]
    reference_path: String,
}

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    let plan = Plan {
        rounds: arguments.rounds.max(1),
        seconds: arguments.seconds.max(1),
        calls: arguments.calls.max(1),
        corpus: arguments.corpus,
        reference: arguments.reference,
        reference_path: arguments.reference_path,
    };
    run(&ROWS, &arguments.choice, &plan)
}
