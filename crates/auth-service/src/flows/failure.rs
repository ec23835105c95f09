//! What a flow says when it refuses: an OAuth error code and a sentence for the client's
//! developer (RFC 6749 section 5.2). The status is the code's to know.

use token_core::entropy::NoEntropy;
use token_core::jose::SignError;
use token_core::oauth_error::OAuthErrorCode;
use token_core::sealing::SealError;
use token_core::store::StoreError;

/// A refusal that a client is told.
#[derive(Debug, thiserror::Error)]
#[error("{code}: {description}")]
pub struct OAuthFailure {
    /// The `error` value.
    pub code: OAuthErrorCode,
    /// The `error_description`: ASCII without quotes and backslashes, nothing of anybody else.
    pub description: &'static str,
    /// Whether it is likely to be over in a second or two.
    pub momentary: bool,
    /// What lies beneath, for the log only.
    #[source]
    pub source: Option<Box<dyn std::error::Error + Send + Sync>>,
}

impl OAuthFailure {
    /// A refusal.
    pub fn new(code: OAuthErrorCode, description: &'static str) -> Self {
        Self {
            code,
            description,
            momentary: false,
            source: None,
        }
    }

    /// `invalid_request` (RFC 6749 section 5.2).
    pub fn invalid_request(description: &'static str) -> Self {
        Self::new(OAuthErrorCode::InvalidRequest, description)
    }

    /// `invalid_grant` (RFC 6749 section 5.2).
    pub fn invalid_grant(description: &'static str) -> Self {
        Self::new(OAuthErrorCode::InvalidGrant, description)
    }

    fn ours(source: impl std::error::Error + Send + Sync + 'static) -> Self {
        Self {
            code: OAuthErrorCode::ServerError,
            description: "the gateway made a mistake; try again",
            momentary: false,
            source: Some(Box::new(source)),
        }
    }
}

impl From<StoreError> for OAuthFailure {
    /// Never `invalid_grant` or `invalid_client`: clients throw their credentials away on those.
    fn from(error: StoreError) -> Self {
        Self {
            code: OAuthErrorCode::TemporarilyUnavailable,
            description: "the gateway cannot reach its store; try again in a moment",
            momentary: false,
            source: Some(Box::new(error)),
        }
    }
}

impl From<NoEntropy> for OAuthFailure {
    fn from(error: NoEntropy) -> Self {
        Self::ours(error)
    }
}

impl From<SignError> for OAuthFailure {
    fn from(error: SignError) -> Self {
        Self::ours(error)
    }
}

impl From<SealError> for OAuthFailure {
    fn from(error: SealError) -> Self {
        Self::ours(error)
    }
}
