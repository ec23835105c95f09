//! Published keys, less those that an operator took back.

use std::sync::Arc;

use token_core::keys::{RetiredKeys, VerificationKeySource, VerificationKeys};

/// A source of keys, and what is heard of keys that are not to be believed any more.
pub struct Unretired<S> {
    /// The keys that auth-service publishes.
    pub published: S,
    /// Those that were taken back, whatever is still published.
    pub retired: Arc<RetiredKeys>,
}

impl<S: VerificationKeySource> VerificationKeySource for Unretired<S> {
    fn current(&self) -> Option<Arc<VerificationKeys>> {
        let (published, retired) = (self.published.current()?, self.retired.current());
        if retired.is_empty() {
            return Some(published);
        }
        Some(Arc::new(published.without(&retired)))
    }

    fn version(&self) -> u64 {
        // Each grows, so no two states have the same sum.
        self.published.version() + self.retired.version()
    }

    fn refresh_soon(&self) {
        self.published.refresh_soon();
    }
}
