//! `wrk`: many connections that ask the same thing as fast as they are answered.

use std::process::Command;

use crate::Outcome;
use crate::tools::{Cores, tool};

/// What is asked.
#[derive(Debug, Clone)]
pub struct Question {
    /// The URL.
    pub url: String,
    /// Headers besides those that `wrk` sends.
    pub headers: Vec<(String, String)>,
}

/// How it is asked.
#[derive(Debug, Clone, Copy)]
pub struct Pressure {
    /// How many connections.
    pub connections: u32,
    /// For how long.
    pub seconds: u32,
    /// Where `wrk` runs.
    pub cores: Cores,
}

/// What came of it.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Answers {
    /// How many answers came.
    pub count: u64,
    /// How many a second.
    pub per_second: f64,
    /// Half of them were faster, in milliseconds.
    pub p50: f64,
    /// 99 of 100 were faster, in milliseconds.
    pub p99: f64,
}

impl Question {
    /// The same question with `Connection: close`: a new connection for each.
    #[must_use]
    pub fn on_new_connections(mut self) -> Self {
        self.headers
            .push(("Connection".to_owned(), "close".to_owned()));
        self
    }

    /// Asks; fails where any answer was not 2xx or a connection failed.
    pub fn ask(&self, pressure: Pressure) -> Outcome<Answers> {
        let mut command: Command = tool("wrk", pressure.cores)?;
        command
            .args(["--latency", "-t1", "--timeout", "5s"])
            .arg(format!("-c{}", pressure.connections))
            .arg(format!("-d{}s", pressure.seconds));
        for (name, value) in &self.headers {
            command.arg("-H").arg(format!("{name}: {value}"));
        }
        let output = command.arg(&self.url).output()?;
        let text = String::from_utf8(output.stdout)?;
        if !output.status.success() {
            let error = String::from_utf8_lossy(&output.stderr);
            return Err(format!("wrk {}: {error}", self.url).into());
        }
        parse(&text).map_err(|error| format!("{error} from {}:\n{text}", self.url).into())
    }
}

fn parse(text: &str) -> Outcome<Answers> {
    for bad in ["Non-2xx", "Socket errors"] {
        if text.contains(bad) {
            return Err("answers that are not 2xx, or none".into());
        }
    }
    let after = |label: &str| {
        let mut lines = text.lines().map(str::trim);
        let value = lines.find_map(|line| line.strip_prefix(label));
        value.map(str::trim).ok_or_else(|| format!("no {label}"))
    };
    let count = text
        .lines()
        .find_map(|line| line.trim().split_once(" requests in "));
    let (count, _) = count.ok_or("no count")?;
    Ok(Answers {
        count: count.parse()?,
        per_second: after("Requests/sec:")?.parse()?,
        p50: milliseconds(after("50%")?)?,
        p99: milliseconds(after("99%")?)?,
    })
}

fn milliseconds(text: &str) -> Outcome<f64> {
    let units = [("us", 0.001), ("ms", 1.0), ("s", 1000.0)];
    for (unit, factor) in units {
        if let Some(number) = text.strip_suffix(unit) {
            return Ok(number.parse::<f64>()? * factor);
        }
    }
    Err(format!("{text} is no time").into())
}

#[cfg(test)]
mod tests {
    use super::*;

    const SAID: &str = "Running 4s test @ http://127.0.0.1:1/verify/fetch
  1 threads and 32 connections
  Thread Stats   Avg      Stdev     Max   +/- Stdev
    Latency   431.10us  129.52us   3.05ms   87.60%
    Req/Sec    74.16k     2.26k   78.45k    60.98%
  Latency Distribution
     50%  409.00us
     75%  441.00us
     90%  523.00us
     99%    1.03ms
  302514 requests in 4.10s, 94.62MB read
Requests/sec:  73786.71
Transfer/sec:     23.08MB
";

    #[test]
    fn the_report_is_read() {
        let answers = parse(SAID).unwrap();
        assert_eq!(answers.count, 302_514);
        assert!((answers.per_second - 73_786.71).abs() < 0.001);
        assert!((answers.p50 - 0.409).abs() < 0.001 && (answers.p99 - 1.03).abs() < 0.001);
    }

    #[test]
    fn a_wrong_answer_is_no_figure() {
        let bad = format!("{SAID}  Non-2xx or 3xx responses: 3\n");
        assert!(parse(&bad).is_err());
    }
}
