//! Counting wrong attempts at something that could be guessed, from whomever they come.

use std::collections::VecDeque;

use token_core::{Seconds, Timestamp};

/// When the recent wrong attempts came. So many within a window are looked at, and no more.
#[derive(Debug)]
pub(crate) struct WrongAttempts {
    most: usize,
    window: Seconds,
    at: VecDeque<Timestamp>,
}

impl WrongAttempts {
    /// None so far.
    pub(crate) fn new(most: usize, window: Seconds) -> Self {
        Self {
            most,
            window,
            at: VecDeque::new(),
        }
    }

    /// Whether another attempt is looked at now; if not, how long to wait.
    pub(crate) fn check(&mut self, now: Timestamp) -> Result<(), Seconds> {
        while self
            .at
            .front()
            .is_some_and(|at| at.plus(self.window).has_passed(now))
        {
            self.at.pop_front();
        }
        if self.at.len() < self.most {
            return Ok(());
        }
        let oldest = self.at.front().copied().unwrap_or(now);
        Err(oldest.plus(self.window).remaining(now))
    }

    /// Counts a wrong one: how many more are looked at for now, or how long to wait.
    pub(crate) fn wrong(&mut self, now: Timestamp) -> Result<u32, Seconds> {
        self.at.push_back(now);
        self.check(now)?;
        let left = self.most.saturating_sub(self.at.len());
        Ok(u32::try_from(left).unwrap_or(u32::MAX))
    }

    /// Forgets them, after a right one.
    pub(crate) fn clear(&mut self) {
        self.at.clear();
    }
}
