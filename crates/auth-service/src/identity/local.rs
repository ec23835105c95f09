//! The local identity provider of the single-process mode: one person, `local|owner`, and one
//! passphrase that holds until the process ends. Only its argon2id hash stays in memory.

use std::sync::{Arc, Mutex, PoisonError};

use argon2::Argon2;
use subtle::ConstantTimeEq as _;
use token_core::admission::LOCAL_OWNER;
use token_core::entropy::{Entropy, NoEntropy};
use token_core::{Seconds, Timestamp, UserId, Username};

use super::Person;
use crate::attempts::WrongAttempts;

/// So many wrong passphrases within [`WINDOW`] are looked at, from whomever they come.
const MAX_WRONG: usize = 5;
const WINDOW: Seconds = Seconds(300);

/// What became of a passphrase.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum PassphraseOutcome {
    /// It is the owner.
    Correct(Person),
    /// It is wrong; so many more are looked at for now.
    Wrong {
        /// Never zero: the last wrong one is `TooMany`.
        attempts_left: u32,
    },
    /// Nothing is looked at until then.
    TooMany {
        /// How long to wait.
        retry_after: Seconds,
    },
}

/// Why there is no local provider.
#[derive(Debug, thiserror::Error)]
pub enum LocalProviderError {
    /// No randomness for a salt.
    #[error(transparent)]
    Entropy(#[from] NoEntropy),
    /// argon2 refused the passphrase, which happens for lengths beyond 4 GiB only.
    #[error("the passphrase cannot be hashed")]
    Hash,
    /// The blocking pool is gone: the process is ending.
    #[error("the process is ending")]
    Ending,
}

/// Checks passphrases.
#[derive(Clone)]
pub struct LocalProvider(Arc<Inner>);

struct Inner {
    salt: [u8; 16],
    hash: [u8; 32],
    /// The lock also keeps the costly hash to one at a time.
    wrong: Mutex<WrongAttempts>,
}

impl LocalProvider {
    /// A provider with this passphrase (`LOCAL_PASSPHRASE`, or one that was made for the run).
    pub fn new(passphrase: &str, entropy: &dyn Entropy) -> Result<Self, LocalProviderError> {
        let mut salt = [0; 16];
        entropy.fill(&mut salt)?;
        let hash = hash(passphrase, &salt)?;
        Ok(Self(Arc::new(Inner {
            salt,
            hash,
            wrong: Mutex::new(WrongAttempts::new(MAX_WRONG, WINDOW)),
        })))
    }

    /// Checks a passphrase off the event loop: argon2id takes tens of milliseconds by design.
    pub async fn check(
        &self,
        passphrase: String,
        now: Timestamp,
    ) -> Result<PassphraseOutcome, LocalProviderError> {
        let provider = self.clone();
        tokio::task::spawn_blocking(move || provider.check_blocking(&passphrase, now))
            .await
            .map_err(|_| LocalProviderError::Ending)?
    }

    fn check_blocking(
        &self,
        passphrase: &str,
        now: Timestamp,
    ) -> Result<PassphraseOutcome, LocalProviderError> {
        let mut wrong = self.0.wrong.lock().unwrap_or_else(PoisonError::into_inner);
        if let Err(retry_after) = wrong.check(now) {
            return Ok(PassphraseOutcome::TooMany { retry_after });
        }
        if hash(passphrase, &self.0.salt)?.ct_eq(&self.0.hash).into() {
            wrong.clear();
            return Ok(PassphraseOutcome::Correct(owner()?));
        }
        Ok(match wrong.wrong(now) {
            Ok(attempts_left) => PassphraseOutcome::Wrong { attempts_left },
            Err(retry_after) => PassphraseOutcome::TooMany { retry_after },
        })
    }
}

fn owner() -> Result<Person, LocalProviderError> {
    Ok(Person {
        user_id: UserId::parse(LOCAL_OWNER).map_err(|_| LocalProviderError::Hash)?,
        username: Username::parse("owner").map_err(|_| LocalProviderError::Hash)?,
    })
}

/// argon2id with the crate's defaults (19 MiB, 2 passes: OWASP's first recommendation).
fn hash(passphrase: &str, salt: &[u8]) -> Result<[u8; 32], LocalProviderError> {
    let mut out = [0; 32];
    Argon2::default()
        .hash_password_into(passphrase.as_bytes(), salt, &mut out)
        .map_err(|_| LocalProviderError::Hash)?;
    Ok(out)
}

#[cfg(test)]
mod tests {
    use super::*;
    use token_core::SystemEntropy;

    #[test]
    fn five_wrong_ones_close_the_gate_for_five_minutes() {
        let provider = LocalProvider::new("right", &SystemEntropy::new()).unwrap();
        let check = |text, at| provider.check_blocking(text, Timestamp(at)).unwrap();
        for attempts_left in (1..=4).rev() {
            assert_eq!(
                check("wrong", 1000),
                PassphraseOutcome::Wrong { attempts_left }
            );
        }
        let closed = |seconds| PassphraseOutcome::TooMany {
            retry_after: Seconds(seconds),
        };
        assert_eq!(check("wrong", 1000), closed(300));
        assert_eq!(
            check("right", 1100),
            closed(200),
            "not even the right one is looked at"
        );
        assert!(matches!(
            check("right", 1300),
            PassphraseOutcome::Correct(_)
        ));
        assert_eq!(
            check("wrong", 1300),
            PassphraseOutcome::Wrong { attempts_left: 4 }
        );
    }
}
