//! Who has read a metadata document lately: monitoring and impatient clients do it every few
//! seconds, and for a login one of them says as much as all.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

use token_core::audit::Network;
use token_core::{Seconds, Timestamp};

/// Of a network one is noted within this time.
const WITHIN: Seconds = Seconds(300);
/// So many networks are known. Where there are more, all are forgotten: then some are noted twice.
const NETWORKS: usize = 1024;

/// The networks, and when each was noted.
#[derive(Debug, Default)]
pub struct Discoveries(Mutex<HashMap<Network, Timestamp>>);

impl Discoveries {
    /// Whether this one is to be noted.
    pub(crate) fn is_news(&self, network: Network, now: Timestamp) -> bool {
        // Nothing is half done under this lock.
        let mut noted = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if noted
            .get(&network)
            .is_some_and(|at| !at.plus(WITHIN).has_passed(now))
        {
            return false;
        }
        if noted.len() >= NETWORKS {
            noted.clear();
        }
        noted.insert(network, now);
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn of_a_network_one_is_news_within_five_minutes_and_few_are_known() {
        let discoveries = Discoveries::default();
        let news = |address: &str, at: u64| {
            let network = Network::of(address).unwrap();
            discoveries.is_news(network, Timestamp(1000 + at))
        };
        assert!(news("203.0.113.9", 0));
        assert!(!news("203.0.113.77", 299));
        assert!(news("198.51.100.1", 299));
        assert!(news("203.0.113.9", 300));
        for third in 0..=255 {
            for second in 0..8 {
                news(&format!("10.{second}.{third}.1"), 301);
            }
        }
        assert!(discoveries.0.lock().unwrap().len() <= NETWORKS);
    }
}
