//! Whether `/token` waits on anybody: its latency while GitHub is there, and while whatever is
//! asked of GitHub hangs for ever.

use std::net::TcpListener;
use std::time::Instant;

use super::target::Target;
use super::{Plan, counted};
use crate::Outcome;
use crate::mint::Mint;
use crate::report::{Figure, Goal, Report, number};
use crate::seed::{self, Identifiers};
use crate::stats::{Spread, quantile, sorted};
use crate::system::{Options, System};

/// Refreshes at an auth-service whose GitHub accepts connections and never answers.
pub fn run(plan: &Plan, report: &mut Report) -> Outcome<()> {
    // Never accepted from: the kernel takes the connections, and nobody answers.
    let silent = TcpListener::bind("127.0.0.1:0")?;
    let url = format!("http://{}", silent.local_addr()?);
    let settings = ["GITHUB_BASE_URL", "GITHUB_API_URL"];
    let settings = settings.map(|name| (name.to_owned(), url.clone()));
    let system = System::start(&Options {
        settings: settings.to_vec(),
        ..Options::default()
    })?;
    let mint = Mint::new(system.signing_key()?)?;
    let numbers = 0..u64::from(plan.requests);
    let fill = seed::redis::fill(&system.redis, &mint, numbers, seed::Identifiers::of);
    system.runtime.block_on(fill)?;
    let target = Target::of(&system);
    let pids = [system.auth_service.pid()];
    let (times, _) = counted(&system.runtime, &pids, plan.requests, async |at| {
        let own = Identifiers::of(u64::try_from(at)?);
        let begin = Instant::now();
        target.refresh(own.client(), own.refresh_token()).await?;
        Ok(begin.elapsed().as_secs_f64() * 1000.0)
    })?;
    let times = sorted(times);
    report.add(Figure {
        name: "/token, refresh_token, while GitHub never answers: worst of all".to_owned(),
        ours: format!(
            "{} requests: p50 {} ms, p99 {} ms",
            times.len(),
            number(quantile(&times, 0.5)),
            number(quantile(&times, 0.99))
        ),
        control: String::new(),
        result: Spread::of([quantile(&times, 1.0)]),
        unit: "ms",
        // A connection to GitHub alone may take 3 s before it is given up.
        goal: Goal::AtMost(1000.0),
    });
    Ok(())
}
