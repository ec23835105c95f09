//! Leave to pass: what was verified of one token for one service.

use std::sync::Arc;

use token_core::{Jti, Timestamp};

use crate::bearer::Bearer;
use crate::uses::Networks;

/// What was verified of one token for one service.
pub struct Pass {
    /// The token, for the store.
    pub jti: Jti,
    /// When it is over.
    pub expires_at: Timestamp,
    /// Whose it is, and for which service.
    pub bearer: Arc<Bearer>,
    pub(crate) networks: Networks,
}

impl std::fmt::Debug for Pass {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Pass").finish_non_exhaustive()
    }
}

impl Pass {
    /// Of the token with this identifier, for as long as it lives.
    pub(crate) fn new(jti: Jti, expires_at: Timestamp, bearer: Arc<Bearer>) -> Self {
        Self {
            jti,
            expires_at,
            bearer,
            networks: Networks::default(),
        }
    }

    /// About how many bytes it takes, as if no other token were its bearer's: so what is
    /// remembered stays within its bounds whichever of a bearer's tokens is forgotten first.
    pub(crate) fn bytes(&self) -> usize {
        size_of::<Self>() + self.jti.as_str().len() + self.bearer.bytes()
    }
}
