//! Steps that chance would seldom put in this order: what a verifier misses, and what it must then
//! not believe.

use crate::model::{MAX_AGE, Way};
use crate::play::{CROWD, Play};

/// How many races are run at once: whether an answer or its revocation is heard first is luck.
const RACES: usize = 6;

impl Play {
    /// A verifier that remembers is told nothing for as long as silence is believed, and is asked
    /// before it has noticed.
    pub(crate) async fn long_silence(&mut self, at: usize) {
        self.remember(at).await;
        self.silence(at);
        self.clock.advance(MAX_AGE);
        self.use_all(at).await;
    }

    /// A token is revoked while a verifier that remembers it has lost its connection.
    pub(crate) async fn missed(&mut self, at: usize, token: usize) {
        if !self.remember(at).await {
            return;
        }
        self.disturb(at, Way::Cut);
        self.revoke(token, 0).await;
        self.heal(at);
        self.settle(at).await;
        self.use_all(at).await;
    }

    /// Tokens are revoked while they are used for the first time: the store's answers and its
    /// revocations are under way together.
    pub(crate) async fn revoke_new(&mut self, person: usize) {
        for _ in 0..RACES {
            self.issue(person, 0, false, None).await;
            self.revoke(self.model.tokens.len() - 1, CROWD).await;
        }
        for at in 0..self.model.views.len() {
            self.remember(at).await;
        }
    }

    /// Has a verifier know all tokens that are good; `false` where it cannot ask.
    async fn remember(&mut self, at: usize) -> bool {
        if self.model.views[at].way != Way::Open || !self.model.redis_is_up {
            return false;
        }
        self.settle(at).await;
        self.use_all(at).await;
        true
    }
}
