//! A signature check costs more than all the rest of a decision, and anybody can make up tokens
//! that need one. So each address may fail a number of them; after that its unknown tokens are not
//! looked at for a while. Tokens that are remembered as good pass all the same.

use std::hash::{BuildHasher as _, RandomState};
use std::net::IpAddr;
use std::sync::atomic::{AtomicU64, Ordering};

use token_core::Timestamp;

/// How many failed checks an address may cause in a window: 4 ms of one core.
const ALLOWED: u64 = 128;
/// The window, in seconds.
const WINDOW: u64 = 10;
/// How many counters all addresses share: 32 KiB, whoever comes. Two addresses that share one
/// share its allowance.
const COUNTERS: usize = 4096;

/// Failed signature checks by address.
pub(crate) struct Garbage {
    /// The window's number and its count: `window << 32 | count`.
    counters: Box<[AtomicU64]>,
    hasher: RandomState,
}

impl Default for Garbage {
    fn default() -> Self {
        Self {
            counters: (0..COUNTERS).map(|_| AtomicU64::new(0)).collect(),
            hasher: RandomState::new(),
        }
    }
}

impl Garbage {
    /// Whether this address has used up its allowance.
    pub(crate) fn is_flooding(&self, address: Option<&str>, now: Timestamp) -> bool {
        self.counter(address)
            .is_some_and(|counter| count(counter.load(Ordering::Relaxed), now) >= ALLOWED)
    }

    /// Counts a failed check.
    pub(crate) fn note(&self, address: Option<&str>, now: Timestamp) {
        let Some(counter) = self.counter(address) else {
            return;
        };
        let next = |value| Some((window(now) << 32) | (count(value, now) + 1));
        // It always succeeds: `next` never says no.
        let _ = counter.fetch_update(Ordering::Relaxed, Ordering::Relaxed, next);
    }

    fn counter(&self, address: Option<&str>) -> Option<&AtomicU64> {
        let hash = self.hasher.hash_one(neighbourhood(address));
        let at = usize::try_from(hash % COUNTERS as u64).ok()?;
        self.counters.get(at)
    }
}

fn window(now: Timestamp) -> u64 {
    (now.0 / WINDOW) & u64::from(u32::MAX)
}

fn count(value: u64, now: Timestamp) -> u64 {
    if value >> 32 == window(now) {
        value & u64::from(u32::MAX)
    } else {
        0
    }
}

/// An IPv4 address, or the /64 that one subscriber has. Requests without an address share one.
fn neighbourhood(address: Option<&str>) -> Option<[u8; 8]> {
    match address?.trim().parse().ok()? {
        IpAddr::V4(v4) => {
            let [a, b, c, d] = v4.octets();
            Some([0, 0, 0, 0, a, b, c, d])
        }
        IpAddr::V6(v6) => v6.octets().first_chunk().copied(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_is_stopped_at_its_allowance_for_one_window() {
        let (garbage, now) = (Garbage::default(), Timestamp(1000));
        let one = Some("203.0.113.9");
        for _ in 0..ALLOWED {
            assert!(!garbage.is_flooding(one, now));
            garbage.note(one, now);
        }
        assert!(garbage.is_flooding(one, now));
        assert!(!garbage.is_flooding(one, Timestamp(1000 + WINDOW)));
        let others = (0..=255u8).filter(|last| {
            let other = format!("198.51.100.{last}");
            garbage.is_flooding(Some(&other), now)
        });
        // Of 256 others, more than a few share the counter of one in 4096 almost never.
        assert!(others.count() < 8);
    }

    #[test]
    fn a_subscriber_is_one_whatever_address_of_his_he_takes() {
        let of = |address| neighbourhood(Some(address));
        assert_eq!(of("2001:db8:1:2::1"), of("2001:db8:1:2:ffff::9"));
        assert_ne!(of("2001:db8:1:2::1"), of("2001:db8:1:3::1"));
        assert_ne!(of("203.0.113.9"), of("203.0.113.10"));
        assert_eq!(of("no address"), None);
    }
}
