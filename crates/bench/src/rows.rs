//! The figures, one file for each group of them.

use crate::Outcome;
use crate::machine::wait_for_ports;
use crate::report::{Figure, Goal, number};
use crate::server::Server;
use crate::stats::Spread;
use crate::tools::Cores;
use crate::wrk::{Answers, Pressure, Question};

pub mod cold_token;
pub mod edge;
pub mod instructions;
pub mod many_tokens;
pub mod memory;
pub mod one_token;
pub mod operator;
pub mod revocation;
pub mod start;

/// How much is measured.
#[derive(Debug, Clone)]
pub struct Plan {
    /// How many rounds of each.
    pub rounds: u32,
    /// How long a round of load is, in seconds.
    pub seconds: u32,
    /// How many tokens are many.
    pub tokens: u64,
    /// How many of those one person has at one client.
    pub of_each: u64,
    /// How many single events are timed: cold tokens, revocations.
    pub samples: usize,
}

/// One of two that are compared.
#[derive(Debug, Clone)]
pub struct Subject<'a> {
    /// What is asked.
    pub question: Question,
    /// Whose processor time is counted, by name.
    pub servers: Vec<(&'static str, &'a Server)>,
}

/// One round of one subject.
#[derive(Debug, Clone)]
struct Sample {
    answers: Answers,
    /// Processor time for each answer in microseconds, in the order of the servers.
    cpu: Vec<f64>,
}

/// Rounds of two subjects.
#[derive(Debug)]
pub struct Comparison {
    names: Vec<&'static str>,
    ours: Vec<Sample>,
    control: Vec<Sample>,
}

impl Subject<'_> {
    /// The same, but on a new connection each time.
    fn on_new_connections(&self) -> Self {
        Self {
            question: self.question.clone().on_new_connections(),
            servers: self.servers.clone(),
        }
    }

    fn sample(&self, pressure: Pressure) -> Outcome<Sample> {
        wait_for_ports();
        let cpu = || -> Outcome<Vec<f64>> {
            let times = self.servers.iter().map(|(_, server)| server.cpu());
            times
                .map(|time| Ok(time?.as_secs_f64() * 1_000_000.0))
                .collect()
        };
        let before = cpu()?;
        let answers = self.question.ask(pressure)?;
        let used = cpu()?.into_iter().zip(before);
        #[expect(clippy::cast_precision_loss, reason = "some million at most")]
        let count = answers.count as f64;
        Ok(Sample {
            answers,
            cpu: used
                .map(|(after, before)| (after - before) / count)
                .collect(),
        })
    }
}

/// Asks two subjects in turn; who is first changes from round to round.
pub fn interleaved(
    plan: &Plan,
    connections: u32,
    cores: Cores,
    (ours, control): (&Subject<'_>, &Subject<'_>),
) -> Outcome<Comparison> {
    let mut pressure = Pressure {
        connections,
        seconds: 1,
        cores,
    };
    ours.sample(pressure)?;
    control.sample(pressure)?;
    pressure.seconds = plan.seconds;
    let mut comparison = Comparison {
        names: ours.servers.iter().map(|(name, _)| *name).collect(),
        ours: Vec::new(),
        control: Vec::new(),
    };
    for round in 0..plan.rounds {
        if round % 2 == 0 {
            comparison.ours.push(ours.sample(pressure)?);
            comparison.control.push(control.sample(pressure)?);
        } else {
            comparison.control.push(control.sample(pressure)?);
            comparison.ours.push(ours.sample(pressure)?);
        }
    }
    Ok(comparison)
}

impl Comparison {
    /// Requests per second, ours over the control's, round by round.
    pub fn figure(&self, name: &str, goal: Goal) -> Figure {
        let ratios = self.ours.iter().zip(&self.control);
        let ratios = ratios.map(|(own, other)| own.answers.per_second / other.answers.per_second);
        Figure {
            name: name.to_owned(),
            ours: self.words(&self.ours),
            control: self.words(&self.control),
            result: Spread::of(ratios),
            unit: "",
            goal,
        }
    }

    fn words(&self, samples: &[Sample]) -> String {
        let median = |of: fn(&Sample) -> f64| Spread::of(samples.iter().map(of)).median;
        let rate = number(median(|sample| sample.answers.per_second));
        let p99 = number(median(|sample| sample.answers.p99));
        let cpu: Vec<_> = self
            .names
            .iter()
            .enumerate()
            .map(|(at, name)| {
                let times = samples.iter().filter_map(|sample| sample.cpu.get(at));
                let time = number(Spread::of(times.copied()).median);
                format!("{name} {time}")
            })
            .collect();
        format!("{rate}/s, p99 {p99} ms, CPU µs: {}", cpu.join(", "))
    }
}
