//! Load with many different tokens: `wrk` would have to keep them all in Lua.

use std::net::SocketAddr;
use std::time::{Duration, Instant};

use crate::Outcome;
use crate::answer::Connection;

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

/// A picker of requests: every one once, or any at random.
#[derive(Debug)]
pub enum Order {
    /// Each once, in their order.
    EachOnce,
    /// Any, uniformly, for as long as this.
    Random(Duration),
}

/// Asks over `connections` at once and gives the answers per second; fails where one is not a 200.
///
/// All connections are written to before any is read from: that is one thread's way to keep the
/// other side busy.
pub fn run(
    address: SocketAddr,
    requests: &Requests,
    connections: usize,
    order: &Order,
) -> Outcome<f64> {
    let open = (0..connections).map(|_| Connection::to(address));
    let mut open = open.collect::<Result<Vec<_>, _>>()?;
    let mut random = Random(0x9E37_79B9_7F4A_7C15);
    let mut next = 0;
    let mut answered = 0_u32;
    let begin = Instant::now();
    loop {
        let over = match order {
            Order::EachOnce => next >= requests.len(),
            Order::Random(time) => begin.elapsed() >= *time,
        };
        if over {
            break;
        }
        let mut asked = 0;
        for connection in &mut open {
            let at = match order {
                Order::EachOnce => next,
                Order::Random(_) => random.below(requests.len()),
            };
            if at < requests.len() {
                connection.send(requests.get(at)?)?;
                asked += 1;
                next += 1;
            }
        }
        for connection in open.iter_mut().take(asked) {
            connection.receive_ok()?;
            answered += 1;
        }
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
