//! Keys that change while the process runs: one handle, which signers and verifiers share.

use std::sync::Arc;

use super::{SigningKey, VerificationKeySource, VerificationKeys};
use crate::clock::Timestamp;
use crate::live::Live;

/// The active signing key, and the public halves of all keys that are published.
#[derive(Debug, Clone)]
pub struct SigningKeys {
    /// Signs new tokens.
    pub active: SigningKey,
    /// Verify tokens, and are published.
    pub published: Arc<VerificationKeys>,
    /// Since when the active one signs; `None` where that is not kept.
    pub active_since: Option<Timestamp>,
}

impl SigningKeys {
    /// One key that signs and verifies, as long as the process runs.
    pub fn only(key: SigningKey) -> Self {
        let published = Arc::new(VerificationKeys::of([&key]));
        Self {
            active: key,
            published,
            active_since: None,
        }
    }
}

/// The keys of the moment.
#[derive(Debug)]
pub struct LiveKeys(Live<SigningKeys>);

impl LiveKeys {
    /// Begins with these keys.
    pub fn new(keys: SigningKeys) -> Self {
        Self(Live::new(keys))
    }

    /// The keys as they are now.
    pub fn signing(&self) -> Arc<SigningKeys> {
        self.0.current()
    }

    /// Puts these keys in the place of the present ones.
    pub fn replace(&self, keys: SigningKeys) {
        self.0.replace(keys);
    }

    /// Grows after the keys have changed.
    pub fn version(&self) -> u64 {
        self.0.version()
    }
}

/// A verifier in the signer's own process sees what the signer sees.
impl VerificationKeySource for LiveKeys {
    fn current(&self) -> Option<Arc<VerificationKeys>> {
        Some(Arc::clone(&self.signing().published))
    }

    fn version(&self) -> u64 {
        Self::version(self)
    }

    fn refresh_soon(&self) {}
}
