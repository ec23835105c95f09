//! One token, used again and again: the verifier against a handler that decides nothing.

use super::{Plan, Subject, interleaved};
use crate::Outcome;
use crate::fleet::{Constant, given_headers, stored};
use crate::report::{Goal, Report};
use crate::system::{Options, SERVICE, System};
use crate::tools::Cores;
use crate::wrk::Question;

const CONNECTIONS: u32 = 32;

/// Keep-alive, and a new connection for each request; one worker.
pub fn run(plan: &Plan, report: &mut Report) -> Outcome<()> {
    let system = System::start(&Options::default())?;
    let verifier = system.verifier(Cores::First)?;
    let token = stored(&system, "bench")?;
    let headers = given_headers(&verifier, &token)?;
    let constant = Constant::start(&headers, Cores::First, system.directory.path())?;
    let question = |address| Question {
        url: format!("http://{address}/verify/{SERVICE}"),
        headers: token.headers(),
    };
    let ours = Subject {
        question: question(verifier.address),
        servers: vec![("server", &verifier.server)],
    };
    let control = Subject {
        question: question(constant.address),
        servers: vec![("server", &constant.server)],
    };
    let kept = interleaved(plan, CONNECTIONS, Cores::Others, (&ours, &control))?;
    let name = "keep-alive, cached token, against a bare handler";
    report.add(kept.figure(name, Goal::AtLeast(0.90)));

    let (ours, control) = (ours.on_new_connections(), control.on_new_connections());
    let anew = interleaved(plan, CONNECTIONS, Cores::Others, (&ours, &control))?;
    let name = "a new connection each, against a bare handler";
    report.add(anew.figure(name, Goal::AtLeast(0.95)));
    Ok(())
}
