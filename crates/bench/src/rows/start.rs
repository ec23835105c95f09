//! From the start of the process to its first answer.

use std::time::{Duration, Instant};

use super::Plan;
use crate::Outcome;
use crate::answer::Connection;
use crate::fleet::stored;
use crate::report::{Figure, Goal, Report};
use crate::server::Server;
use crate::stats::Spread;
use crate::system::{Options, SERVICE, System};
use crate::tools::Cores;

const STARTS: u32 = 15;
const PATIENCE: Duration = Duration::from_secs(10);

/// The first answer of any kind, and the first that lets a good token pass: for that the verifier
/// must have its keys from auth-service and a connection to Redis.
pub fn run(_plan: &Plan, report: &mut Report) -> Outcome<()> {
    let system = System::start(&Options::default())?;
    let token = stored(&system, "bench")?;
    let no_token = format!("GET /verify/{SERVICE} HTTP/1.1\r\nHost: verifier\r\n\r\n");
    let mut any = Vec::new();
    let mut good = Vec::new();
    for _ in 0..STARTS {
        let (command, address) = system.verifier_command(Cores::All, &system.redis)?;
        let begin = Instant::now();
        let _server = Server::start("forward-auth", command, system.directory.path())?;
        let first_after = |request: &[u8], status: u16| -> Outcome<f64> {
            while begin.elapsed() < PATIENCE {
                let answer = Connection::to(address).and_then(|mut own| own.ask(request));
                if answer.is_ok_and(|answer| status == 0 || answer.status == status) {
                    return Ok(begin.elapsed().as_secs_f64() * 1000.0);
                }
                std::thread::sleep(Duration::from_micros(200));
            }
            Err("the verifier does not answer".into())
        };
        any.push(first_after(no_token.as_bytes(), 0)?);
        good.push(first_after(&token.request(), 200)?);
    }
    let mut figure = |name: &str, times| {
        report.add(Figure {
            name: name.to_owned(),
            ours: String::new(),
            control: String::new(),
            result: Spread::of(times),
            unit: "ms",
            goal: Goal::AtMost(50.0),
        });
    };
    figure("process start to the first answer", any);
    figure("process start to the first token let through", good);
    Ok(())
}
