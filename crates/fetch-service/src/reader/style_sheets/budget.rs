//! What may be spent on working out what the styles of a page hide.

use std::time::{Duration, Instant};

use super::super::Stop;

/// How often selectors are compared with elements, on the whole page: one element may be compared
/// with all that it is in.
const MAX_COMPARED: usize = 4_000_000;
/// Declarations that are weighed against others for the same elements.
const MAX_WEIGHED: usize = 4_000_000;
/// For all of it.
const MAX_TIME: Duration = Duration::from_secs(3);

/// Of one page, for however many looks at it.
pub(in super::super) struct Budget<'a> {
    started: Instant,
    compared: usize,
    weighed: usize,
    stop: &'a Stop,
}

impl<'a> Budget<'a> {
    pub(in super::super) fn new(stop: &'a Stop) -> Self {
        Self {
            started: Instant::now(),
            compared: 0,
            weighed: 0,
            stop,
        }
    }

    pub(super) fn stop(&self) -> &'a Stop {
        self.stop
    }

    /// Whether nobody waits for it any more.
    pub(super) fn is_given_up(&self) -> bool {
        self.stop.is_set()
    }

    /// Whether an element may be compared with a selector.
    pub(super) fn compares(&mut self) -> bool {
        if self.compared >= MAX_COMPARED || !self.is_in_time() {
            return false;
        }
        self.compared += 1;
        true
    }

    /// Whether so many declarations may be weighed.
    pub(super) fn weighs(&mut self, declarations: usize) -> bool {
        if self.is_spent() {
            return false;
        }
        self.weighed += declarations;
        true
    }

    /// Whether nothing more can be weighed.
    pub(super) fn is_spent(&self) -> bool {
        self.weighed >= MAX_WEIGHED || !self.is_in_time()
    }

    fn is_in_time(&self) -> bool {
        !self.is_given_up() && self.started.elapsed() < MAX_TIME
    }

    /// As after all comparisons, and with all declarations weighed.
    #[cfg(test)]
    pub(in super::super) fn spend(&mut self) {
        self.compared = MAX_COMPARED;
        self.weighed = MAX_WEIGHED;
    }

    /// Declarations that were weighed.
    #[cfg(test)]
    pub(in super::super) fn weighed(&self) -> usize {
        self.weighed
    }
}
