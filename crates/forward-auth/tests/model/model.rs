//! The model: what must come of a request, by the rules alone. It knows no cache, no connection
//! and no thread; it knows what happened, and which verifier may not have heard of it yet.

use std::collections::{BTreeMap, BTreeSet};

use forward_auth::decide::Denial;
use token_core::jose::TokenError;
use token_core::{Seconds, Timestamp};

/// For how long a verifier may believe what it knew, when nobody can tell it anything (contract).
pub(crate) const MAX_AGE: Seconds = Seconds(5);
/// How far the issuer's clock may be ahead (contract).
const LEEWAY: Seconds = Seconds(30);

/// What must come of a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Must {
    /// It passes.
    Pass,
    /// It passes, or is told to come again (503): the verifier may be without the store.
    PassOrWait,
    /// It is refused.
    BeRefused,
    /// The verifier may not have heard yet of what decides it.
    PassOrBeRefused,
}

/// A token, and all that was ever done about it.
pub(crate) struct Token {
    pub(crate) person: usize,
    pub(crate) grant: usize,
    pub(crate) key: usize,
    pub(crate) issued_at: Timestamp,
    pub(crate) expires_at: Timestamp,
    pub(crate) revoked: bool,
}

/// How a verifier reaches the store.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Way {
    Open,
    Silent { since: Timestamp },
    Cut,
}

/// What one verifier may not know yet.
pub(crate) struct View {
    pub(crate) way: Way,
    /// It is connected, and has heard all that there was to hear then.
    pub(crate) settled: bool,
    /// It has noticed that it hears nothing, and cannot ask either.
    pub(crate) deaf: bool,
    /// The keys that it polled last.
    pub(crate) keys: BTreeSet<usize>,
    /// Tokens that were revoked, and when.
    pub(crate) revoked: BTreeMap<usize, Timestamp>,
    /// Tokens that it was asked about before they were issued.
    pub(crate) issued: BTreeSet<usize>,
    /// Keys that were retired.
    pub(crate) retired: BTreeSet<usize>,
    /// People who were dropped or admitted.
    pub(crate) people: BTreeSet<usize>,
}

pub(crate) struct Model {
    pub(crate) tokens: Vec<Token>,
    pub(crate) admitted: BTreeSet<usize>,
    pub(crate) retired: BTreeSet<usize>,
    pub(crate) views: Vec<View>,
    pub(crate) redis_is_up: bool,
}

impl View {
    pub(crate) fn new(keys: BTreeSet<usize>) -> Self {
        Self {
            way: Way::Open,
            settled: false,
            deaf: false,
            keys,
            revoked: BTreeMap::new(),
            issued: BTreeSet::new(),
            retired: BTreeSet::new(),
            people: BTreeSet::new(),
        }
    }

    /// Something happened to its way to the store.
    pub(crate) fn disturb(&mut self) {
        self.settled = false;
        self.deaf = false;
    }

    /// It has heard everything.
    pub(crate) fn settle(&mut self) {
        *self = Self {
            settled: true,
            ..Self::new(std::mem::take(&mut self.keys))
        };
    }

    /// It has noticed that it is alone.
    pub(crate) fn is_alone(&mut self) {
        self.deaf = true;
    }

    /// A refusal tells what it has heard; it may not fall back behind that.
    pub(crate) fn heard(&mut self, token: usize, key: usize, denial: Denial) {
        match denial {
            Denial::Inactive => drop(self.revoked.remove(&token)),
            // Any other fault of a token says nothing of its key.
            Denial::Token(TokenError::UnknownKey) => drop(self.retired.remove(&key)),
            _ => {}
        }
    }
}

impl Model {
    /// A token was revoked, or its grant ended, and the store has acknowledged it.
    pub(crate) fn revoke(&mut self, token: usize, now: Timestamp) {
        if !std::mem::replace(&mut self.tokens[token].revoked, true) {
            for view in &mut self.views {
                view.revoked.insert(token, now);
            }
        }
    }

    pub(crate) fn retire(&mut self, key: usize) {
        if self.retired.insert(key) {
            for view in &mut self.views {
                view.retired.insert(key);
            }
        }
    }

    pub(crate) fn admit(&mut self, admitted: BTreeSet<usize>) {
        for view in &mut self.views {
            view.people
                .extend(self.admitted.symmetric_difference(&admitted));
        }
        self.admitted = admitted;
    }

    pub(crate) fn must(&self, at: usize, token: usize, now: Timestamp) -> Must {
        let (view, number, token) = (&self.views[at], token, &self.tokens[token]);
        let alone = match view.way {
            // However fast the clock runs, and whether or not it has noticed.
            Way::Silent { since } => view.deaf || since.plus(MAX_AGE).has_passed(now),
            Way::Open | Way::Cut => view.deaf,
        };
        let timely = token.issued_at <= now.plus(LEEWAY) && !token.expires_at.has_passed(now);
        if alone || !timely || !view.keys.contains(&token.key) {
            return Must::BeRefused;
        }
        let unheard_revocation = view
            .revoked
            .get(&number)
            .is_some_and(|revoked_at| !revoked_at.plus(MAX_AGE).has_passed(now));
        let unheard_retirement = view.retired.contains(&token.key);
        let unheard_list = view.people.contains(&token.person);
        if (token.revoked && !unheard_revocation)
            || (self.retired.contains(&token.key) && !unheard_retirement)
            || (!self.admitted.contains(&token.person) && !unheard_list)
        {
            return Must::BeRefused;
        }
        let unheard_issue = view.issued.contains(&number);
        if unheard_revocation || unheard_retirement || unheard_list || unheard_issue {
            return Must::PassOrBeRefused;
        }
        if view.settled {
            Must::Pass
        } else {
            Must::PassOrWait
        }
    }
}
