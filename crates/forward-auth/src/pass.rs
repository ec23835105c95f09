//! Leave to pass: what was verified of one token for one service.

use std::sync::Arc;

use token_core::{Jti, Timestamp};

use crate::bearer::Bearer;
use crate::uses::Uses;

/// What was verified of one token for one service. In this order: what each request touches comes
/// first, so that it lies in one line of the processor's cache with the counter of the `Arc`.
#[repr(C)]
pub struct Pass {
    /// When it is over.
    pub expires_at: Timestamp,
    /// Whose it is, and for which service.
    pub bearer: Arc<Bearer>,
    pub(crate) uses: Uses,
    /// The token, for the store.
    pub jti: Jti,
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
            expires_at,
            bearer,
            uses: Uses::default(),
            jti,
        }
    }

    /// About how many bytes it takes, as if no other token were its bearer's: so what is
    /// remembered stays within its bounds whichever of a bearer's tokens is forgotten first.
    pub(crate) fn bytes(&self) -> usize {
        size_of::<Self>() + self.jti.as_str().len() + self.bearer.bytes()
    }
}
