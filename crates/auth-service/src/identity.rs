//! Who says who somebody is: GitHub, or the local provider of the single-process mode.

use async_trait::async_trait;
use token_core::pkce::{CodeChallenge, CodeVerifier};
use token_core::secret::SignInState;
use token_core::{UserId, Username};

pub mod github;
pub mod local;

/// A person whom an identity provider has named. Nothing more is kept of him.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Person {
    /// The provider and its own identifier.
    pub user_id: UserId,
    /// The login name at this moment.
    pub username: Username,
}

/// The provider that this gateway asks.
pub enum IdentityProvider {
    /// One that the browser is redirected to.
    Upstream(Box<dyn UpstreamProvider>),
    /// The passphrase on our own page.
    Local(local::LocalProvider),
}

/// Why an upstream provider named nobody.
#[derive(Debug, thiserror::Error)]
pub enum UpstreamError {
    /// It did not take the code.
    #[error("the identity provider refused the code")]
    Refused,
    /// It cannot be asked, or its answer makes no sense.
    #[error("the identity provider cannot be asked")]
    Unavailable(#[source] Box<dyn std::error::Error + Send + Sync>),
}

/// An OAuth 2.0 provider (RFC 6749 section 4.1) with a way to ask who signed in.
#[async_trait]
pub trait UpstreamProvider: Send + Sync {
    /// Where the browser is sent.
    fn authorization_url(&self, state: &SignInState, challenge: &CodeChallenge) -> String;

    /// Exchanges the code and asks who it is.
    async fn identify(&self, code: &str, verifier: &CodeVerifier) -> Result<Person, UpstreamError>;
}
