//! `gateway tokens list --json` over a million tokens, against a thousand: what it keeps resident.
//! It runs beside nothing, so its time is its own and the store's.

use std::io::{BufRead as _, BufReader};
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use test_kit::redis::Redis;
use token_core::SystemEntropy;
use token_core::keys::{SigningKey, generate_ed25519_pem};

use super::Plan;
use crate::Outcome;
use crate::mint::Mint;
use crate::report::{Figure, Goal, Report};
use crate::seed;
use crate::server::peak_of;
use crate::stats::Spread;

use crate::system::as_shipped;
use crate::tools::{Cores, ours};

const FEW: u64 = 1000;
/// After so many lines its memory is looked at again.
const SAMPLED: u64 = 200;
const ORIGIN: &str = "http://localhost:8080";

/// One listing.
struct Listing {
    /// Megabytes.
    peak: f64,
    took: Duration,
}

/// Of each store once: nothing here depends on luck.
pub fn run(plan: &Plan, report: &mut Report) -> Outcome<()> {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(1)
        .enable_all()
        .build()?;
    let pem = generate_ed25519_pem(&SystemEntropy::new())?;
    let key = SigningKey::from_pkcs8_pem(pem.as_bytes())?;
    let mint = Mint::of_single_process(key, ORIGIN)?;

    let in_file = |tokens: u64| -> Outcome<Listing> {
        let directory = tempfile::TempDir::new()?;
        let file = directory.path().join("gateway.db");
        runtime.block_on(seed::sqlite::fill(&file, &mint, 0..tokens))?;
        list(tokens, |command| {
            command.arg("--data-dir").arg(directory.path());
        })
    };
    add(report, "SQLite", plan, in_file)?;
    let in_redis = |tokens: u64| -> Outcome<Listing> {
        let redis = runtime.block_on(Redis::start());
        runtime.block_on(as_shipped(&redis))?;
        runtime.block_on(seed::redis::fill(&redis, &mint, 0..tokens))?;
        list(tokens, |command| {
            command
                .env("BASE_DOMAIN", "bench.test")
                .env("REDIS_URL", format!("redis://{}", redis.address))
                .env("REDIS_PASSWORD", &redis.password);
        })
    };
    add(report, "Redis", plan, in_redis)
}

fn add(
    report: &mut Report,
    store: &str,
    plan: &Plan,
    listed: impl Fn(u64) -> Outcome<Listing>,
) -> Outcome<()> {
    let (few, many) = (listed(FEW)?, listed(plan.tokens)?);
    let words = |listing: &Listing| {
        format!(
            "{:.0} MB, {:.1} s",
            listing.peak,
            listing.took.as_secs_f64()
        )
    };
    report.add(Figure {
        name: format!("listing {} tokens in {store}, against {FEW}", plan.tokens),
        ours: words(&many),
        control: words(&few),
        result: Spread::of([many.peak / few.peak]),
        unit: "",
        goal: Goal::AtMost(1.5),
    });
    Ok(())
}

/// Reads the list to its end, and looks at the memory meanwhile: it only ever grows.
fn list(tokens: u64, place: impl FnOnce(&mut Command)) -> Outcome<Listing> {
    let mut command = ours("gateway", Cores::All)?;
    command.args(["tokens", "list", "--json"]);
    place(&mut command);
    let began = Instant::now();
    let mut child = command
        .current_dir(Path::new("/"))
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .spawn()?;
    let output = child.stdout.take().ok_or("no output")?;
    let (mut lines, mut peak) = (0, 0.0_f64);
    for line in BufReader::new(output).lines() {
        line?;
        // Its memory is gone as soon as it has ended.
        if lines % SAMPLED == 0 {
            peak = peak.max(peak_of(child.id()).unwrap_or_default());
        }
        lines += 1;
    }
    let took = began.elapsed();
    if !child.wait()?.success() || lines != tokens {
        return Err(format!("{lines} of {tokens} tokens were listed").into());
    }
    Ok(Listing { peak, took })
}
