//! The public keys of access tokens, as auth-service publishes them on the internal network, less
//! those that an operator took back.

use std::sync::Arc;
use std::time::Duration;

use app_shell::remote_document::RemoteDocument;
use token_core::keys::{RetiredKeys, VerificationKeySource, VerificationKeys};
use url::Url;

/// How often the keys are looked at: an upcoming one is known well before its first token.
const EVERY: Duration = Duration::from_secs(5);

/// Keys that are polled from a JWK Set.
pub(crate) struct RemoteKeys {
    published: Arc<RemoteDocument<VerificationKeys>>,
    retired: Arc<RetiredKeys>,
}

impl RemoteKeys {
    /// Polls from now on.
    pub(crate) fn at(
        url: Url,
        retired: Arc<RetiredKeys>,
    ) -> Result<Self, impl std::error::Error + use<>> {
        let parse =
            |json: &[u8]| VerificationKeys::from_jwks_json(json).map_err(|error| error.to_string());
        RemoteDocument::start(url, EVERY, parse).map(|published| Self { published, retired })
    }
}

impl VerificationKeySource for RemoteKeys {
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
