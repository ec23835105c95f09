//! Keys that change while the process runs: one handle, which signers and verifiers share.

use std::sync::{Arc, PoisonError, RwLock};

use super::{SigningKey, VerificationKeySource, VerificationKeys};

/// The active signing key, and the public halves of all keys that are published.
#[derive(Debug, Clone)]
pub struct SigningKeys {
    /// Signs new tokens.
    pub active: SigningKey,
    /// Verify tokens, and are published.
    pub published: Arc<VerificationKeys>,
}

impl SigningKeys {
    /// One key that signs and verifies, as long as the process runs.
    pub fn only(key: SigningKey) -> Self {
        let published = Arc::new(VerificationKeys::of([&key]));
        Self {
            active: key,
            published,
        }
    }
}

/// The keys of the moment. Take them once for each request: two looks may see two rings.
#[derive(Debug)]
pub struct LiveKeys(RwLock<Arc<SigningKeys>>);

impl LiveKeys {
    /// Begins with these keys.
    pub fn new(keys: SigningKeys) -> Self {
        Self(RwLock::new(Arc::new(keys)))
    }

    /// The keys as they are now.
    pub fn signing(&self) -> Arc<SigningKeys> {
        // A writer only swaps one pointer, so a panic cannot leave it half done.
        Arc::clone(&self.0.read().unwrap_or_else(PoisonError::into_inner))
    }

    /// Puts these keys in the place of the present ones.
    pub fn replace(&self, keys: SigningKeys) {
        *self.0.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(keys);
    }
}

/// A verifier in the signer's own process sees what the signer sees.
impl VerificationKeySource for LiveKeys {
    fn current(&self) -> Option<Arc<VerificationKeys>> {
        Some(Arc::clone(&self.signing().published))
    }

    fn refresh_soon(&self) {}
}
