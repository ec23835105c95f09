//! What becomes of keys.

use token_core::Clock as _;

use crate::play::{LONG, Play};
use crate::system::signing_key;

impl Play {
    /// Takes a key back at once; auth-service publishes it for a while, or no more.
    pub(crate) async fn retire(&mut self, key: usize, published: bool) {
        let key = key % self.keys.len();
        if key == self.keys.len() - 1 {
            self.rotate(true);
            // The successor's coming has made the verifiers look again; now they remember.
            self.use_everywhere().await;
        }
        let now = self.clock.now();
        let retired = self
            .store
            .retire_key(self.keys[key].kid(), now.plus(LONG), now);
        retired.await.unwrap();
        self.model.retire(key);
        if !published {
            self.published.remove(&key);
        }
    }

    pub(crate) fn rotate(&mut self, known: bool) {
        self.published.insert(self.keys.len());
        self.keys.push(signing_key());
        if known {
            for at in 0..self.nodes.len() {
                self.poll(at);
            }
        }
    }

    pub(crate) fn poll(&mut self, at: usize) {
        let published: Vec<_> = self.published.iter().map(|key| &self.keys[*key]).collect();
        self.nodes[at].poll(&published);
        self.model.views[at].keys.clone_from(&self.published);
    }
}
