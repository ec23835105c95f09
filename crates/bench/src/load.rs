//! Load with many different tokens: `wrk` would have to keep them all in Lua.

use std::collections::VecDeque;
use std::iter::StepBy;
use std::net::SocketAddr;
use std::ops::Range;
use std::time::{Duration, Instant};

use crate::Outcome;
use crate::answer::Connection;
use crate::tools::{Cores, hold_this_thread};

/// Requests in one piece of memory: a million of them are some hundred MB.
#[derive(Debug, Default)]
pub struct Requests {
    bytes: Vec<u8>,
    ends: Vec<usize>,
}

impl Requests {
    /// Adds one.
    pub fn push(&mut self, request: &[u8]) {
        self.bytes.extend_from_slice(request);
        self.ends.push(self.bytes.len());
    }

    /// The same over and over, until there are `length`: as much to read for whoever sends them.
    #[must_use]
    pub fn cycled(&self, length: usize) -> Self {
        let mut all = Self::default();
        let own = (0..self.len()).filter_map(|at| self.get(at).ok());
        own.cycle().take(length).for_each(|one| all.push(one));
        all
    }

    /// Each of them once.
    pub fn each(&self) -> Order {
        Order::Each((0..self.len()).step_by(1))
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        self.ends.len()
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.ends.is_empty()
    }

    fn get(&self, at: usize) -> Outcome<&[u8]> {
        let end = self.ends.get(at).copied().ok_or("no such request")?;
        let begin = at
            .checked_sub(1)
            .and_then(|before| self.ends.get(before).copied());
        Ok(self
            .bytes
            .get(begin.unwrap_or_default()..end)
            .unwrap_or_default())
    }
}

/// A picker of requests.
#[derive(Debug, Clone)]
pub enum Order {
    /// These, each once.
    Each(StepBy<Range<usize>>),
    /// Any, uniformly, for as long as this.
    Random(Duration),
}

/// Asks over `connections` at once and gives the answers per second; fails where one is not a 200.
///
/// Each connection is written to again as soon as it was read from, so that the other side always
/// has something to do. Whoever asks is held to the processors that the other side is not held to.
pub fn run(
    address: SocketAddr,
    requests: &Requests,
    connections: usize,
    order: &Order,
) -> Outcome<f64> {
    let asked = std::thread::scope(|scope| {
        let asking = scope.spawn(|| {
            hold_this_thread(Cores::Others)?;
            ask(address, requests, connections, order)
        });
        asking.join()
    });
    asked.map_err(|_| "who asks panicked")?
}

fn ask(
    address: SocketAddr,
    requests: &Requests,
    connections: usize,
    order: &Order,
) -> Outcome<f64> {
    let open = (0..connections).map(|_| Connection::to(address));
    let mut open = open.collect::<Result<VecDeque<_>, _>>()?;
    let mut random = Random(0x9E37_79B9_7F4A_7C15);
    let (mut order, mut answered) = (order.clone(), 0_u32);
    let begin = Instant::now();
    let mut next = || {
        let at = match &mut order {
            Order::Each(these) => these.next(),
            Order::Random(time) => (begin.elapsed() < *time).then(|| random.below(requests.len())),
        };
        at.map(|at| requests.get(at)).transpose()
    };
    let mut waiting = VecDeque::with_capacity(connections);
    loop {
        while let Some(mut connection) = open.pop_front() {
            let Some(request) = next()? else { break };
            connection.send(request)?;
            waiting.push_back(connection);
        }
        let Some(mut connection) = waiting.pop_front() else {
            break;
        };
        connection.receive_ok()?;
        answered += 1;
        open.push_back(connection);
    }
    Ok(f64::from(answered) / begin.elapsed().as_secs_f64())
}

/// xorshift64*: as random as a choice of tokens must be, and as fast.
struct Random(u64);

impl Random {
    fn below(&mut self, bound: usize) -> usize {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        let value = self.0.wrapping_mul(0x2545_F491_4F6C_DD1D) >> 32;
        usize::try_from(value).unwrap_or_default() % bound.max(1)
    }
}
