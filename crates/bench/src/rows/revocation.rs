//! From a revocation at auth-service to its refusal by each of four verifiers.

use std::sync::Barrier;
use std::time::{Duration, Instant};

use token_core::store::ClientStore as _;
use token_core::{Clock as _, SystemClock};

use super::Plan;
use crate::Outcome;
use crate::answer::Connection;
use crate::fleet::store;
use crate::mint::{Mint, Minted};
use crate::report::{Figure, Goal, Report, number};
use crate::seed;
use crate::stats::{Spread, quantile, sorted};
use crate::system::{DOMAIN, Options, System, Verifier};
use crate::tools::Cores;

const VERIFIERS: usize = 4;
const CLIENT: &str = "the-client-that-revokes";
/// Between two askings of one verifier: what is measured is known to this.
const PAUSE: Duration = Duration::from_micros(500);
const PATIENCE: Duration = Duration::from_secs(20);

/// `POST /revoke`, and then each verifier is asked until it refuses. The clock runs from before
/// the request is sent.
pub fn run(plan: &Plan, report: &mut Report) -> Outcome<()> {
    let system = System::start(&Options::default())?;
    let mint = Mint::new(system.signing_key()?)?;
    let client = seed::client(CLIENT)?;
    let put = system.store.put_client(&client, SystemClock.now());
    system.runtime.block_on(put)?;
    let verifiers = (0..VERIFIERS).map(|_| system.verifier(Cores::All));
    let verifiers = verifiers.collect::<Outcome<Vec<_>>>()?;
    let mut to_auth_service = Connection::to(system.auth_address)?;
    let (mut refused, mut answered) = (Vec::new(), Vec::new());
    for _ in 0..plan.samples.min(400) {
        let minted = mint.fresh(CLIENT)?;
        store(&system, &minted)?;
        let times = sample(&verifiers, &mut to_auth_service, &minted)?;
        answered.push(times.answered);
        refused.extend(times.refused);
    }
    let refused = sorted(refused);
    let at = |share| number(quantile(&refused, share));
    report.add(Figure {
        name: format!("revocation to refusal, 99th percentile, {VERIFIERS} verifiers"),
        ours: format!(
            "{} refusals: p50 {} ms, worst {} ms; /revoke itself answers after {} ms",
            refused.len(),
            at(0.5),
            at(1.0),
            number(Spread::of(answered).median),
        ),
        control: String::new(),
        result: Spread::of([quantile(&refused, 0.99)]),
        unit: "ms",
        goal: Goal::AtMost(50.0),
    });
    Ok(())
}

/// In milliseconds after the revocation was sent.
struct Times {
    answered: f64,
    refused: Vec<f64>,
}

fn sample(
    verifiers: &[Verifier],
    to_auth_service: &mut Connection,
    minted: &Minted,
) -> Outcome<Times> {
    let request = minted.request();
    let ready = Barrier::new(verifiers.len() + 1);
    std::thread::scope(|scope| {
        let pollers: Vec<_> = verifiers
            .iter()
            .map(|verifier| scope.spawn(|| until_refused(verifier, &request, &ready)))
            .collect();
        ready.wait();
        let sent = Instant::now();
        let answer = to_auth_service.ask(&revocation(minted));
        let answered = sent.elapsed();
        let mut refused = Vec::new();
        for poller in pollers {
            let at = poller.join().map_err(|_| "a poller panicked")??;
            refused.push(milliseconds(at.saturating_duration_since(sent)));
        }
        let status = answer?.status;
        if status != 200 {
            return Err(format!("/revoke answers {status}").into());
        }
        Ok(Times {
            answered: milliseconds(answered),
            refused,
        })
    })
}

/// Uses the token until it is remembered, then until it is refused.
fn until_refused(verifier: &Verifier, request: &[u8], ready: &Barrier) -> Outcome<Instant> {
    let connection = verifier.connect();
    let used = connection.and_then(|mut connection| {
        for _ in 0..3 {
            if connection.ask(request)?.status != 200 {
                return Err("a good token was refused".into());
            }
        }
        Ok(connection)
    });
    // The others wait for this one, whatever became of it.
    ready.wait();
    let mut connection = used?;
    let begin = Instant::now();
    while begin.elapsed() < PATIENCE {
        match connection.ask(request)?.status {
            200 => std::thread::sleep(PAUSE),
            401 => return Ok(Instant::now()),
            other => return Err(format!("a revoked token is answered by {other}").into()),
        }
    }
    Err("a revoked token is never refused".into())
}

fn revocation(minted: &Minted) -> Vec<u8> {
    let body = format!("token={}&client_id={CLIENT}", minted.text);
    let head = format!(
        "POST /revoke HTTP/1.1\r\nHost: auth.{DOMAIN}\r\n\
         Content-Type: application/x-www-form-urlencoded\r\nContent-Length: {}\r\n\r\n",
        body.len()
    );
    format!("{head}{body}").into_bytes()
}

fn milliseconds(time: Duration) -> f64 {
    time.as_secs_f64() * 1000.0
}
