//! The identity provider that the operator trusts (`IDJAG_ISSUER`), with its keys polled.

use std::sync::Arc;
use std::time::Duration;

use app_shell::remote_document::RemoteDocument;
use token_core::keys::ForeignKeys;

use crate::config::IdJagConfig;
use crate::flows::jwt_bearer_grant::TrustedProvider;

/// How often the keys are looked at. A key that is not known is asked for at once.
const EVERY: Duration = Duration::from_mins(5);

/// Polls the provider's keys from now on. Needs a running runtime.
///
/// # Errors
/// The HTTP client cannot be built.
pub fn start(config: IdJagConfig) -> Result<TrustedProvider, reqwest::Error> {
    let parse = |json: &[u8]| ForeignKeys::from_jwks_json(json).map_err(|error| error.to_string());
    let keys = RemoteDocument::start(config.jwks_url, EVERY, parse)?;
    Ok(TrustedProvider {
        issuer: config.issuer,
        keys: Arc::new(keys),
    })
}
