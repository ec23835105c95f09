//! What is done to a key directory: making, rotating, retiring. The commands, the schedule and the
//! start of the single process all do it here.

use std::path::{Path, PathBuf};

use thiserror::Error;
use token_core::entropy::SystemEntropy;
use token_core::keys::{
    ACTIVATION_DELAY, KeyError, KeyRing, KeyState, PrivatePem, RingKey, SigningAlgorithm,
    generate_ed25519_pem, generate_p256_pem, generate_rsa_pem,
};
use token_core::{Seconds, Timestamp, assertion};
use token_store::key_directory::{self, KeyDirectoryError, KeyFile};

use crate::utc::utc;

/// Why nothing was done.
#[derive(Debug, Error)]
pub(crate) enum KeeperError {
    #[error(transparent)]
    Directory(#[from] KeyDirectoryError),
    #[error("a key could not be made")]
    NotMade(#[from] KeyError),
    #[error("{kid} signs: `gateway keys rotate` first, and once its successor is active retire it")]
    Active { kid: String },
    #[error(
        "tokens that {kid} signed live until {}; --now retires it all the same and ends them",
        utc(*.until)
    )]
    TokensLive { kid: String, until: Timestamp },
}

/// What the keys of a directory sign.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Purpose {
    /// Access tokens.
    Tokens,
    /// The verifier's identity assertions.
    Assertions,
}

impl Purpose {
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Tokens => "tokens",
            Self::Assertions => "assertions",
        }
    }
}

/// One key directory.
#[derive(Debug, Clone)]
pub(crate) struct KeyKeeper {
    pub(crate) purpose: Purpose,
    pub(crate) directory: PathBuf,
    algorithm: SigningAlgorithm,
    pub(crate) token_lifetime: Seconds,
}

/// A key by its public name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct NamedKey {
    pub(crate) kid: String,
    pub(crate) algorithm: SigningAlgorithm,
    pub(crate) active_from: Timestamp,
}

/// A key that was deleted, as it was.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct RetiredKey {
    pub(crate) state: KeyState,
    /// When its last token would have expired; known of one that signed no more.
    pub(crate) until: Option<Timestamp>,
}

/// What came of a wish for a key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Made {
    /// It was made.
    New(NamedKey),
    /// There was one already.
    Kept(NamedKey),
}

impl KeyKeeper {
    /// The keeper of the keys that sign access tokens, which live for `token_lifetime`.
    pub(crate) fn of_tokens(
        directory: PathBuf,
        algorithm: SigningAlgorithm,
        token_lifetime: Seconds,
    ) -> Self {
        Self {
            purpose: Purpose::Tokens,
            directory,
            algorithm,
            token_lifetime,
        }
    }

    /// The keeper of the verifier's own keys.
    pub(crate) fn of_assertions(directory: PathBuf) -> Self {
        Self {
            purpose: Purpose::Assertions,
            directory,
            algorithm: SigningAlgorithm::EdDsa,
            token_lifetime: assertion::LIFETIME,
        }
    }

    /// Sees to it that there is a key. Where the newest one has another algorithm than is wanted
    /// now, the wanted one is made to succeed it.
    pub(crate) fn ensure(&self, now: Timestamp) -> Result<Made, KeeperError> {
        if key_directory::is_empty(&self.directory)? {
            return self.make(now).map(Made::New);
        }
        let (_, ring) = self.ring()?;
        match newest(&ring, now) {
            Some(key) if key.algorithm == self.algorithm => Ok(Made::Kept(key)),
            newest => self
                .succeed(newest.as_ref(), now.plus(ACTIVATION_DELAY))
                .map(Made::New),
        }
    }

    /// Makes the active key's successor, which signs after `delay`. One that is coming already is
    /// successor enough.
    pub(crate) fn rotate(&self, now: Timestamp, delay: Seconds) -> Result<Made, KeeperError> {
        let (_, ring) = self.ring()?;
        match newest(&ring, now) {
            Some(key) if key.algorithm == self.algorithm && key.active_from > now => {
                Ok(Made::Kept(key))
            }
            newest => self
                .succeed(newest.as_ref(), now.plus(delay))
                .map(Made::New),
        }
    }

    /// Rotates once the newest key has signed for `every`.
    pub(crate) fn rotate_when_due(
        &self,
        now: Timestamp,
        every: Seconds,
    ) -> Result<Option<NamedKey>, KeeperError> {
        let (_, ring) = self.ring()?;
        let due = newest(&ring, now).filter(|key| key.active_from.plus(every).has_passed(now));
        due.map(|newest| self.succeed(Some(&newest), now.plus(ACTIVATION_DELAY)))
            .transpose()
    }

    /// Deletes the keys of which no token lives: private keys are not kept without need.
    pub(crate) fn delete_expired(&self, now: Timestamp) -> Result<Vec<String>, KeeperError> {
        let (files, ring) = self.ring()?;
        let states = ring.states(now);
        let expired = states
            .iter()
            .filter(|key| key.state == KeyState::Expired)
            .map(|key| key.key.kid());
        let expired: Vec<_> = expired.map(str::to_owned).collect();
        for kid in &expired {
            delete(&files, kid)?;
        }
        Ok(expired)
    }

    /// Deletes a key: an upcoming or expired one at once, a retired one whose tokens live only
    /// `even_if_tokens_live`, the active one never. `None` where there is no such key; else how it
    /// was.
    pub(crate) fn retire(
        &self,
        kid: &str,
        now: Timestamp,
        even_if_tokens_live: bool,
    ) -> Result<Option<RetiredKey>, KeeperError> {
        if key_directory::is_empty(&self.directory)? {
            return Ok(None);
        }
        let (files, ring) = self.ring()?;
        let states = ring.states(now);
        let Some(key) = states.iter().find(|key| key.key.kid() == kid) else {
            return Ok(None);
        };
        let kid = kid.to_owned();
        match (key.state, key.until) {
            (KeyState::Active, _) => return Err(KeeperError::Active { kid }),
            (KeyState::Retired, Some(until)) if !even_if_tokens_live => {
                return Err(KeeperError::TokensLive { kid, until });
            }
            _ => delete(&files, &kid)?,
        }
        Ok(Some(RetiredKey {
            state: key.state,
            until: key.until,
        }))
    }

    /// The keys and the ring that they are.
    pub(crate) fn ring(&self) -> Result<(Vec<KeyFile>, KeyRing), KeeperError> {
        if key_directory::is_empty(&self.directory)? {
            return Err(self.empty());
        }
        let files = key_directory::load(&self.directory)?;
        let keys = files.iter().map(|file| file.dated.clone()).collect();
        let ring = KeyRing::new(keys, self.token_lifetime);
        Ok((files, ring.ok_or_else(|| self.empty())?))
    }

    fn empty(&self) -> KeeperError {
        let path = self.directory.clone();
        KeyDirectoryError::Empty { path }.into()
    }

    /// Makes a key that signs from `wanted`, and in any case after the newest one.
    fn succeed(
        &self,
        newest: Option<&NamedKey>,
        wanted: Timestamp,
    ) -> Result<NamedKey, KeeperError> {
        let after = newest.map(|newest| newest.active_from.plus(Seconds(1)));
        self.make(after.map_or(wanted, |after| after.max(wanted)))
    }

    fn make(&self, active_from: Timestamp) -> Result<NamedKey, KeeperError> {
        let pem = generate(self.algorithm)?;
        let path = key_directory::add(&self.directory, active_from, self.algorithm.name(), &pem)?;
        let files = key_directory::load(&self.directory)?;
        let made = files.iter().find(|file| file.path == path);
        let kid = made.map(|file| file.dated.key.kid().to_owned());
        Ok(NamedKey {
            kid: kid.ok_or(KeyError::NotGenerated)?,
            algorithm: self.algorithm,
            active_from,
        })
    }
}

fn newest(ring: &KeyRing, now: Timestamp) -> Option<NamedKey> {
    let states = ring.states(now);
    let key: &RingKey<'_> = states.last()?;
    Some(NamedKey {
        kid: key.key.kid().to_owned(),
        algorithm: key.key.algorithm(),
        active_from: key.since,
    })
}

fn delete(files: &[KeyFile], kid: &str) -> Result<(), KeyDirectoryError> {
    let of_kid = files.iter().filter(|file| file.dated.key.kid() == kid);
    for file in of_kid {
        key_directory::remove(file)?;
    }
    Ok(())
}

fn generate(algorithm: SigningAlgorithm) -> Result<PrivatePem, KeyError> {
    match algorithm {
        SigningAlgorithm::Rs256 => generate_rsa_pem(),
        SigningAlgorithm::Es256 => generate_p256_pem(),
        SigningAlgorithm::EdDsa => generate_ed25519_pem(&SystemEntropy::new()),
    }
}

/// The keepers of the two directories below `keys`.
pub(crate) fn below(
    keys: &Path,
    algorithm: SigningAlgorithm,
    token_lifetime: Seconds,
) -> [KeyKeeper; 2] {
    [
        KeyKeeper::of_tokens(keys.join("signing"), algorithm, token_lifetime),
        KeyKeeper::of_assertions(keys.join("assertion")),
    ]
}

#[cfg(test)]
mod tests;
