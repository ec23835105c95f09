//! What the verifier keeps resident: at rest, and after more tokens than its cache holds.

use std::time::Duration;

use token_core::keys::SigningAlgorithm;

use super::{Plan, many_tokens};
use crate::Outcome;
use crate::fleet::stored;
use crate::load;
use crate::mint::Mint;
use crate::report::{Figure, Goal, Report};
use crate::seed;
use crate::stats::Spread;
use crate::system::{Options, SERVICE, System};
use crate::tools::Cores;
use crate::wrk::{Pressure, Question};

/// More than any default cache holds.
const TOKENS: u64 = 200_000;
const CONNECTIONS: u32 = 256;

/// With the default settings, and a worker for each processor.
pub fn run(plan: &Plan, report: &mut Report) -> Outcome<()> {
    let system = System::start(&Options {
        algorithm: SigningAlgorithm::EdDsa,
        ..Options::default()
    })?;
    let mint = Mint::new(system.signing_key()?)?;
    let tokens = plan.tokens.min(TOKENS);
    let fill = seed::redis::fill(&system.redis, &mint, 0..tokens, seed::Identifiers::of);
    system.runtime.block_on(fill)?;
    let token = stored(&system, "bench")?;
    let verifier = system.verifier(Cores::All)?;
    verifier.connect()?.ask(&token.request())?;
    std::thread::sleep(Duration::from_secs(2));
    let at_rest = verifier.server.resident()?;

    let many = many_tokens::requests(&mint, 0..tokens, seed::Identifiers::of)?;
    load::run(verifier.address, &many, 64, &many.each())?;
    let question = Question {
        url: format!("http://{}/verify/{SERVICE}", verifier.address),
        headers: token.headers(),
    };
    let pressure = Pressure {
        connections: CONNECTIONS,
        seconds: plan.seconds,
        cores: Cores::All,
    };
    question.ask(pressure)?;
    question.on_new_connections().ask(pressure)?;
    let mut figure = |name: String, megabytes, most| {
        report.add(Figure {
            name,
            ours: String::new(),
            control: String::new(),
            result: Spread::of([megabytes]),
            unit: "MB",
            goal: Goal::AtMost(most),
        });
    };
    figure("resident memory at rest".to_owned(), at_rest, 15.0);
    let under_load = verifier.server.peak()?;
    let name =
        format!("resident memory, peak under load ({tokens} tokens, {CONNECTIONS} connections)");
    figure(name, under_load, 64.0);
    Ok(())
}
