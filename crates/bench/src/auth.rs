//! The authorization server's figures: processor time for each request, by kind.

use std::time::Duration;

use futures_util::stream::{self, StreamExt as _, TryStreamExt as _};
use tokio::runtime::Runtime;

use crate::Outcome;
use crate::server::cpu_of;

pub mod growth;
pub mod steps;
pub mod target;
pub mod third_party;

/// How much is measured.
#[derive(Debug, Clone, Copy)]
pub struct Plan {
    /// How many rounds of each.
    pub rounds: u32,
    /// How many requests of each kind in a round. The kernel counts in hundredths of a second, so
    /// four thousand requests are known to 2.5 µs each.
    pub requests: u32,
    /// How many of them are under way at the same time.
    pub at_once: usize,
    /// How many clients and tokens are many.
    pub many: u64,
}

/// Processor time that some requests took.
#[derive(Debug, Clone, Copy, Default)]
pub struct Cost {
    /// How many requests.
    pub requests: u32,
    /// By all processes that are counted.
    pub cpu: Duration,
}

impl Cost {
    /// Microseconds for each request.
    pub fn each(self) -> f64 {
        self.cpu.as_secs_f64() * 1_000_000.0 / f64::from(self.requests.max(1))
    }

    /// Both together.
    #[must_use]
    pub fn and(self, other: Self) -> Self {
        Self {
            requests: self.requests + other.requests,
            cpu: self.cpu + other.cpu,
        }
    }
}

/// Makes the requests of a round, some at once, and counts what the processes took for them.
pub fn counted<T, F: Future<Output = Outcome<T>>>(
    runtime: &Runtime,
    pids: &[u32],
    plan: &Plan,
    request: impl Fn(usize) -> F,
) -> Outcome<(Vec<T>, Cost)> {
    let used = || -> Outcome<Duration> {
        let times = pids.iter().map(|pid| cpu_of(*pid));
        times.sum::<Outcome<Duration>>()
    };
    let before = used()?;
    let requests = plan.requests;
    let answers = runtime.block_on(async {
        let all = (0..requests as usize).map(request);
        let all = stream::iter(all).buffer_unordered(plan.at_once);
        all.try_collect::<Vec<T>>().await
    })?;
    let cpu = used()?.saturating_sub(before);
    Ok((answers, Cost { requests, cpu }))
}
