//! Randomness as an argument.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use ring::rand::{SecureRandom as _, SystemRandom};
use thiserror::Error;

/// The operating system gave no randomness.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
#[error("the operating system gave no randomness")]
pub struct NoEntropy;

/// A source of unpredictable bytes.
pub trait Entropy: Send + Sync {
    /// Fills `buffer` with unpredictable bytes.
    fn fill(&self, buffer: &mut [u8]) -> Result<(), NoEntropy>;

    /// `bytes` unpredictable bytes as base64url without padding (RFC 4648 section 5).
    fn token(&self, bytes: usize) -> Result<String, NoEntropy> {
        let mut buffer = vec![0_u8; bytes];
        self.fill(&mut buffer)?;
        Ok(URL_SAFE_NO_PAD.encode(buffer))
    }
}

/// The operating system's generator, through ring.
#[derive(Debug)]
pub struct SystemEntropy(SystemRandom);

impl SystemEntropy {
    /// The operating system's generator.
    #[expect(
        clippy::disallowed_methods,
        reason = "the one place that makes the generator"
    )]
    pub fn new() -> Self {
        Self(SystemRandom::new())
    }
}

impl Default for SystemEntropy {
    fn default() -> Self {
        Self::new()
    }
}

impl Entropy for SystemEntropy {
    fn fill(&self, buffer: &mut [u8]) -> Result<(), NoEntropy> {
        self.0.fill(buffer).map_err(|_| NoEntropy)
    }
}
