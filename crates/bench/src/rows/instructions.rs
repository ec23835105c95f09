//! What one request costs in instructions and allocations, counted by valgrind: figures that are
//! the same on a noisy machine.
//!
//! Each program is run twice, with some requests and with twice as many: the difference is what
//! they cost, and start, end and first use drop out. valgrind's processor has no SHA extension, so
//! a digest costs more instructions there than on most machines.

use std::fs;
use std::net::SocketAddr;
use std::path::Path;
use std::process::Command;

use test_kit::process::free_address;

use super::Plan;
use crate::Outcome;
use crate::answer::Connection;
use crate::fleet::{given_headers, stored};
use crate::mint::Minted;
use crate::report::{Figure, Goal, Report, number};
use crate::server::Server;
use crate::stats::Spread;
use crate::system::{Options, System, is_ready, listens, tune_c_library};
use crate::tools::{Cores, our_path, tool};

const REQUESTS: u32 = 2000;

/// A counting tool of valgrind, and where it says its sum.
struct Counter {
    tool: &'static str,
    unit: &'static str,
    label: &'static str,
    /// What stands behind the number.
    after: &'static str,
}

const COUNTERS: [Counter; 2] = [
    Counter {
        tool: "callgrind",
        unit: "instructions",
        label: "Collected :",
        after: "",
    },
    Counter {
        tool: "dhat",
        unit: "allocations",
        label: "Total:",
        after: "blocks",
    },
];

/// A program to be counted.
struct Program<'a> {
    name: &'static str,
    prepare: &'a dyn Fn(&mut Command) -> Outcome<SocketAddr>,
    is_up: fn(SocketAddr) -> bool,
}

/// The verifier on its cached path, and the bare handler.
pub fn run(_plan: &Plan, report: &mut Report) -> Outcome<()> {
    let system = System::start(&Options::default())?;
    let token = stored(&system, "bench")?;
    let headers = {
        let verifier = system.verifier(Cores::First)?;
        given_headers(&verifier, &token)?
    };
    let verifier = |command: &mut Command| {
        system.verifier_settings(command, &system.redis)?;
        let address = free_address();
        crate::system::with_common_settings(command, address);
        Ok(address)
    };
    let constant = |command: &mut Command| {
        tune_c_library(command)?;
        let address = free_address();
        command.arg(address.to_string());
        for (name, value) in &headers {
            command.args([name, value]);
        }
        Ok(address)
    };
    let ours = Program {
        name: "forward-auth",
        prepare: &verifier,
        is_up: is_ready,
    };
    let control = Program {
        name: "constant-handler",
        prepare: &constant,
        is_up: listens,
    };
    let directory = system.directory.path();
    for counter in &COUNTERS {
        let each = |program| per_request(counter, program, &token, directory);
        let (ours, control) = (each(&ours)?, each(&control)?);
        report.add(Figure {
            name: format!("{} for each request, cached token", counter.unit),
            ours: number(ours),
            control: number(control),
            result: Spread::of([ours]),
            unit: counter.unit,
            goal: Goal::Recorded,
        });
    }
    Ok(())
}

fn per_request(
    counter: &Counter,
    program: &Program<'_>,
    token: &Minted,
    directory: &Path,
) -> Outcome<f64> {
    let some = count(counter, program, (token, REQUESTS), directory)?;
    let twice = count(counter, program, (token, 2 * REQUESTS), directory)?;
    Ok((twice - some) / f64::from(REQUESTS))
}

fn count(
    counter: &Counter,
    program: &Program<'_>,
    (token, requests): (&Minted, u32),
    directory: &Path,
) -> Outcome<f64> {
    let name = format!("{}-{}-{requests}", counter.tool, program.name);
    let said = directory.join(format!("{name}.out"));
    let mut command = tool("valgrind", Cores::First)?;
    command
        .arg(format!("--tool={}", counter.tool))
        .arg(format!("--log-file={}", said.display()))
        .arg(match counter.tool {
            "dhat" => "--dhat-out-file=/dev/null",
            _ => "--callgrind-out-file=/dev/null",
        })
        .arg(our_path(program.name)?);
    let address = (program.prepare)(&mut command)?;
    let mut server = Server::start(&name, command, directory)?;
    server.wait_until("is up", || (program.is_up)(address))?;
    {
        let mut connection = Connection::to(address)?;
        let request = token.request();
        for _ in 0..requests {
            connection.send(&request)?;
            connection.receive_ok()?;
        }
    }
    server.stop()?;
    sum(counter, &fs::read_to_string(said)?)
}

fn sum(counter: &Counter, said: &str) -> Outcome<f64> {
    let line = said.lines().find_map(|line| line.split_once(counter.label));
    let (_, numbers) = line.ok_or_else(|| format!("no {}:\n{said}", counter.label))?;
    let words: Vec<_> = numbers.split_whitespace().collect();
    let at = match counter.after {
        "" => Some(0),
        after => words
            .iter()
            .position(|word| *word == after)
            .and_then(|at| at.checked_sub(1)),
    };
    let number = at.and_then(|at| words.get(at)).ok_or("no number")?;
    Ok(number.replace(',', "").parse()?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_sums_are_read() {
        let [callgrind, dhat] = &COUNTERS;
        let said = "==1== Collected : 123456789\n==1== I   refs: 123,456,789\n";
        assert!((sum(callgrind, said).unwrap() - 123_456_789.0).abs() < 0.5);
        let said = "==1== Total:     1,234,567 bytes in 12,345 blocks\n==1== At t-gmax: 1 bytes\n";
        assert!((sum(dhat, said).unwrap() - 12_345.0).abs() < 0.5);
    }
}
