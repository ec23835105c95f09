//! When a token was last used, as the request that uses it can note: one addition. Once a minute
//! one request is told to pass it on, or later where too many others are.

use std::sync::atomic::{AtomicU64, Ordering};

use token_core::audit::Network;
use token_core::{Seconds, Timestamp};

/// A token's use is passed on at most this often.
const PASSED_ON_AFTER: Seconds = Seconds(60);
/// Of a token that comes from many networks as many are known.
const NETWORKS: usize = 4;
const COUNT: u64 = 0xffff_ffff;

/// The uses of one token: when they were passed on last, and how many there were since, as
/// `seconds << 32 | count`.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Uses(u64);

/// The networks that a token was seen on.
#[derive(Debug, Default)]
pub(crate) struct Networks {
    /// 0 is none.
    known: [AtomicU64; NETWORKS],
    next: AtomicU64,
}

/// What is to be passed on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Due {
    /// Requests since the last time, this one among them.
    pub(crate) requests: u64,
    /// How long that is; `None` the first time.
    pub(crate) within: Option<Seconds>,
}

impl Due {
    /// One of a token of which nothing is remembered.
    pub(crate) const FIRST: Self = Self {
        requests: 1,
        within: None,
    };
}

impl Uses {
    /// Notes a use. Of the requests of a minute one is told to pass it on. Where that is not the
    /// first time and there is no room for it, a later one is.
    pub(crate) fn note(&mut self, now: Timestamp, has_room: impl FnOnce() -> bool) -> Option<Due> {
        let (last, count) = (Timestamp(self.0 >> 32), self.0 & COUNT);
        self.0 = self.0.wrapping_add(1);
        if !last.plus(PASSED_ON_AFTER).has_passed(now) || (last.0 > 0 && !has_room()) {
            return None;
        }
        self.0 = (now.0 & COUNT) << 32;
        Some(Due {
            requests: count + 1,
            within: (last.0 > 0).then(|| now.remaining(last)),
        })
    }
}

impl Networks {
    /// Notes a network. Whether the token was seen before, and never there.
    pub(crate) fn is_new(&self, network: Network) -> bool {
        let (bits, order) = (network.bits(), Ordering::Relaxed);
        let mut known = self.known.iter().map(|known| known.load(order));
        if known.any(|known| known == bits) {
            return false;
        }
        let nth = self.next.fetch_add(1, order);
        let place = usize::try_from(nth).unwrap_or_default() % NETWORKS;
        if let Some(place) = self.known.get(place) {
            place.store(bits, order);
        }
        nth > 0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_request_of_a_minute_passes_on_how_many_there_were() {
        let (mut uses, start) = (Uses::default(), 1_800_000_000_u64);
        let mut note = |after| uses.note(Timestamp(start + after), || true);
        let due = |requests, within: Option<u64>| {
            let within = within.map(Seconds);
            Some(Due { requests, within })
        };
        assert_eq!(note(0), due(1, None));
        for after in [0, 1, 59] {
            assert_eq!(note(after), None);
        }
        assert_eq!(note(60), due(4, Some(60)));
        assert_eq!(note(61), None);
        assert_eq!(note(500), due(2, Some(440)));
    }

    #[test]
    fn what_has_no_room_is_passed_on_later_and_the_first_use_needs_none() {
        let (mut uses, start) = (Uses::default(), 1_800_000_000_u64);
        let mut note = |after, has_room| uses.note(Timestamp(start + after), || has_room);
        assert_eq!(note(0, false), Some(Due::FIRST));
        assert_eq!((note(60, false), note(61, false)), (None, None));
        let later = Due {
            requests: 3,
            within: Some(Seconds(70)),
        };
        assert_eq!(note(70, true), Some(later));
    }

    #[test]
    fn a_network_is_new_once_and_never_the_first() {
        let networks = Networks::default();
        let is_new = |address| networks.is_new(Network::of(address).unwrap());
        assert!(!is_new("203.0.113.9"));
        assert!(!is_new("203.0.113.10"));
        assert!(is_new("198.51.100.1"));
        assert!(!is_new("198.51.100.2") && !is_new("203.0.113.9"));
        assert!(is_new("2001:db8::1") && is_new("192.0.2.1"));
        // A fifth takes the place of the first.
        assert!(is_new("192.0.3.1") && is_new("203.0.113.9"));
    }
}
