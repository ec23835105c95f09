//! The public keys of access tokens, as auth-service publishes them on the internal network.

use std::sync::Arc;
use std::time::Duration;

use app_shell::remote_document::RemoteDocument;
use token_core::keys::{VerificationKeySource, VerificationKeys};
use url::Url;

/// How often the keys are looked at: an upcoming one is known well before its first token.
const EVERY: Duration = Duration::from_secs(5);

/// Keys that are polled from a JWK Set.
pub(crate) struct RemoteKeys(Arc<RemoteDocument<VerificationKeys>>);

impl RemoteKeys {
    /// Polls from now on.
    pub(crate) fn at(url: Url) -> Result<Self, impl std::error::Error + use<>> {
        let parse =
            |json: &[u8]| VerificationKeys::from_jwks_json(json).map_err(|error| error.to_string());
        RemoteDocument::start(url, EVERY, parse).map(Self)
    }
}

impl VerificationKeySource for RemoteKeys {
    fn current(&self) -> Option<Arc<VerificationKeys>> {
        self.0.current()
    }

    fn version(&self) -> u64 {
        self.0.version()
    }

    fn refresh_soon(&self) {
        self.0.refresh_soon();
    }
}
