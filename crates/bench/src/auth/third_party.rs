//! Whether `/token` waits on anybody: its latency while whatever is asked of GitHub, or of a host of
//! its client's, hangs for ever.

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

mod machine;

use machine::Machine;

/// Requests at an auth-service for which everybody else accepts connections and never answers.
pub fn run(plan: &Plan, report: &mut Report) -> Outcome<()> {
    // Never accepted from: the kernel takes the connections, and nobody answers.
    let silent = TcpListener::bind("127.0.0.1:0")?;
    let url = format!("http://{}", silent.local_addr()?);
    let settings = ["GITHUB_BASE_URL", "GITHUB_API_URL", "EGRESS_PROXY"];
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
    let name = "refresh_token, while GitHub never answers";
    measure(&system, plan, report, name, async |at| {
        let own = Identifiers::of(at);
        target.refresh(own.client(), own.refresh_token()).await?;
        Ok(())
    })?;
    let machine = Machine::with_old_keys(&system)?;
    let name = "private_key_jwt with keys to be fetched again, while their host never answers";
    measure(&system, plan, report, name, async |at| {
        let assertion = machine.assertion(at);
        target.client_credentials_by_key(&assertion).await?;
        Ok(())
    })
}

fn measure(
    system: &System,
    plan: &Plan,
    report: &mut Report,
    name: &str,
    request: impl AsyncFn(u64) -> Outcome<()>,
) -> Outcome<()> {
    let pids = [system.auth_service.pid()];
    let (times, _) = counted(&system.runtime, &pids, plan, async |at| {
        let at = u64::try_from(at)?;
        let begin = Instant::now();
        request(at).await?;
        Ok(begin.elapsed().as_secs_f64() * 1000.0)
    })?;
    let times = sorted(times);
    report.add(Figure {
        name: format!("/token, {name}: worst of all"),
        ours: format!(
            "{} requests: p50 {} ms, p99 {} ms",
            times.len(),
            number(quantile(&times, 0.5)),
            number(quantile(&times, 0.99))
        ),
        control: String::new(),
        result: Spread::of([quantile(&times, 1.0)]),
        unit: "ms",
        // A connection alone may take 3 s before it is given up.
        goal: Goal::AtMost(1000.0),
    });
    Ok(())
}
