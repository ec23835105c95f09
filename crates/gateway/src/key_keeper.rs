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
mod tests {
    use super::*;

    const LIFETIME: Seconds = Seconds(100);
    const NOW: Timestamp = Timestamp(1_800_000_000);

    fn keeper(directory: &Path, algorithm: SigningAlgorithm) -> KeyKeeper {
        KeyKeeper::of_tokens(directory.join("signing"), algorithm, LIFETIME)
    }

    fn new(made: Made) -> NamedKey {
        match made {
            Made::New(key) => key,
            Made::Kept(key) => panic!("kept {key:?}"),
        }
    }

    #[test]
    fn a_missing_key_is_made_and_a_present_one_kept() {
        let directory = tempfile::tempdir().unwrap();
        let keeper = keeper(directory.path(), SigningAlgorithm::Rs256);
        let first = new(keeper.ensure(NOW).unwrap());
        assert_eq!(first.active_from, NOW, "nobody waits for the first key");
        assert_eq!(keeper.ensure(NOW).unwrap(), Made::Kept(first));
    }

    #[test]
    fn another_algorithm_comes_as_a_rotation() {
        let directory = tempfile::tempdir().unwrap();
        new(keeper(directory.path(), SigningAlgorithm::EdDsa)
            .ensure(NOW)
            .unwrap());
        let changed = keeper(directory.path(), SigningAlgorithm::Es256);
        let made = new(changed.ensure(NOW).unwrap());
        assert_eq!(made.algorithm, SigningAlgorithm::Es256);
        assert_eq!(made.active_from, NOW.plus(ACTIVATION_DELAY));
        assert_eq!(changed.ensure(NOW).unwrap(), Made::Kept(made));
    }

    #[test]
    fn a_rotation_under_way_is_not_begun_twice() {
        let directory = tempfile::tempdir().unwrap();
        let keeper = keeper(directory.path(), SigningAlgorithm::EdDsa);
        keeper.ensure(NOW).unwrap();
        let later = NOW.plus(Seconds(10));
        let coming = new(keeper.rotate(later, Seconds(30)).unwrap());
        assert_eq!(
            keeper.rotate(later.plus(Seconds(1)), Seconds(30)).unwrap(),
            Made::Kept(coming.clone())
        );
        let active = coming.active_from;
        assert_ne!(
            new(keeper.rotate(active, Seconds(30)).unwrap()).kid,
            coming.kid
        );
    }

    #[test]
    fn the_schedule_rotates_when_the_newest_key_is_old_and_clears_away_what_expired() {
        let directory = tempfile::tempdir().unwrap();
        let keeper = keeper(directory.path(), SigningAlgorithm::EdDsa);
        let first = new(keeper.ensure(NOW).unwrap());
        let every = Seconds(1000);
        let early = NOW.plus(Seconds(999));
        assert_eq!(keeper.rotate_when_due(early, every).unwrap(), None);
        let due = NOW.plus(every);
        let second = keeper.rotate_when_due(due, every).unwrap().unwrap();
        assert_eq!(
            keeper.rotate_when_due(due, every).unwrap(),
            None,
            "it is under way"
        );
        let until = keeper.ring().unwrap().1.states(due)[0].until.unwrap();
        assert!(
            keeper
                .delete_expired(Timestamp(until.0 - 1))
                .unwrap()
                .is_empty()
        );
        assert_eq!(keeper.delete_expired(until).unwrap(), [first.kid]);
        assert_eq!(
            newest(&keeper.ring().unwrap().1, until).unwrap().kid,
            second.kid
        );
    }

    #[test]
    fn the_active_key_is_never_retired_and_one_with_living_tokens_only_on_demand() {
        let directory = tempfile::tempdir().unwrap();
        let keeper = keeper(directory.path(), SigningAlgorithm::EdDsa);
        assert_eq!(keeper.retire("nobody", NOW, true).unwrap(), None);
        let first = new(keeper.ensure(NOW).unwrap());
        for now in [false, true] {
            let refused = keeper.retire(&first.kid, NOW, now);
            assert!(matches!(refused, Err(KeeperError::Active { .. })));
        }
        let mistaken = new(keeper.rotate(NOW, Seconds(30)).unwrap());
        let upcoming = keeper.retire(&mistaken.kid, NOW, false).unwrap();
        assert_eq!(upcoming.unwrap().state, KeyState::Upcoming);

        let second = new(keeper.rotate(NOW, Seconds(30)).unwrap());
        let refused = keeper.retire(&first.kid, second.active_from, false);
        assert!(matches!(refused, Err(KeeperError::TokensLive { .. })));
        let forced = keeper.retire(&first.kid, second.active_from, true).unwrap();
        assert_eq!(forced.unwrap().state, KeyState::Retired);
        assert_eq!(keeper.retire(&first.kid, NOW, true).unwrap(), None);
        assert_eq!(keeper.ring().unwrap().0.len(), 1);
    }

    #[test]
    fn a_key_stays_for_a_token_that_lives_longer_than_others() {
        let directory = tempfile::tempdir().unwrap();
        let keeper = keeper(directory.path(), SigningAlgorithm::EdDsa);
        let first = new(keeper.ensure(NOW).unwrap());
        let long = NOW.plus(Seconds(1_000_000));
        let [file] = &*keeper.ring().unwrap().0 else {
            panic!("one key");
        };
        key_directory::keep_until(file, long).unwrap();
        // A shorter one changes nothing.
        let kept = &keeper.ring().unwrap().0[0];
        key_directory::keep_until(kept, NOW).unwrap();
        let second = new(keeper.rotate(NOW, Seconds(0)).unwrap());
        let before = Timestamp(long.0 - 1);
        assert!(keeper.delete_expired(before).unwrap().is_empty());
        let refused = keeper.retire(&first.kid, before, false);
        assert!(matches!(refused, Err(KeeperError::TokensLive { until, .. }) if until == long));
        assert_eq!(keeper.delete_expired(long).unwrap(), [first.kid]);
        let left = std::fs::read_dir(&keeper.directory).unwrap();
        assert_eq!(left.count(), 1, "the note of the key went with it");
        assert_eq!(
            newest(&keeper.ring().unwrap().1, long).unwrap().kid,
            second.kid
        );
    }

    #[test]
    fn a_note_that_is_no_time_is_complained_of_and_not_passed_over() {
        let directory = tempfile::tempdir().unwrap();
        let keeper = keeper(directory.path(), SigningAlgorithm::EdDsa);
        keeper.ensure(NOW).unwrap();
        let path = keeper.ring().unwrap().0[0].path.with_extension("until");
        std::fs::write(&path, "tomorrow").unwrap();
        let error = app_shell::error_chain(&keeper.ring().unwrap_err());
        assert!(error.contains("seconds since 1970"), "{error}");
    }
}
