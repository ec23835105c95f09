//! A key directory that is looked at again and again, so that a rotation needs no restart.

use std::error::Error;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use token_core::keys::{DatedKey, KeyRing, LiveKeys, SigningKeys, VerificationKey};
use token_core::{Clock, Seconds};

use super::{KeyDirectoryError, load};

/// How often the directory is looked at. `token_core::keys::ACTIVATION_DELAY` counts on it.
const EVERY: Duration = Duration::from_secs(2);

/// The keys of a directory, and the handle through which the process sees them.
pub struct FollowedKeys {
    directory: PathBuf,
    token_lifetime: Seconds,
    clock: Arc<dyn Clock>,
    ring: KeyRing,
    keys: Arc<LiveKeys>,
    complaint: Option<String>,
}

impl FollowedKeys {
    /// Reads the directory, whose keys sign tokens that live for `token_lifetime` at most.
    ///
    /// # Errors
    /// The directory cannot be read, holds a file that is no key, or holds none.
    pub fn open(
        directory: PathBuf,
        token_lifetime: Seconds,
        clock: Arc<dyn Clock>,
    ) -> Result<Self, KeyDirectoryError> {
        let ring = read(&directory, token_lifetime)?;
        let keys = Arc::new(LiveKeys::new(ring.at(clock.now())));
        Ok(Self {
            directory,
            token_lifetime,
            clock,
            ring,
            keys,
            complaint: None,
        })
    }

    /// The keys of the moment.
    pub fn keys(&self) -> Arc<LiveKeys> {
        Arc::clone(&self.keys)
    }

    /// Looks every 2 s from now on. Needs a running runtime, and ends with it.
    pub fn follow(mut self) {
        tokio::spawn(async move {
            loop {
                tokio::time::sleep(EVERY).await;
                let looked = tokio::task::spawn_blocking(move || {
                    self.look();
                    self
                });
                self = match looked.await {
                    Ok(again) => again,
                    // Only when the runtime ends.
                    Err(_) => return,
                };
            }
        });
    }

    /// Looks once. A directory that is not in order leaves the keys as they are: the last good ones
    /// still become active, retire and expire at their times.
    pub fn look(&mut self) {
        match read(&self.directory, self.token_lifetime) {
            Ok(ring) => {
                self.ring = ring;
                if self.complaint.take().is_some() {
                    tracing::info!(directory = %self.directory.display(), "the keys are in order again");
                }
            }
            Err(error) => self.complain(&error),
        }
        let (before, now) = (self.keys.signing(), self.ring.at(self.clock.now()));
        if kids(&before) != kids(&now) {
            tracing::info!(
                directory = %self.directory.display(),
                active = now.active.kid(),
                published = now.published.iter().count(),
                "the keys have changed"
            );
            self.keys.replace(now);
        }
    }

    /// Says once what is wrong, and again only when it is something else.
    fn complain(&mut self, error: &KeyDirectoryError) {
        let cause = error.source().map(|cause| format!(": {cause}"));
        let complaint = format!("{error}{}", cause.unwrap_or_default());
        if self.complaint.as_ref() != Some(&complaint) {
            tracing::error!(
                complaint,
                "the keys cannot be read; the last good ones stay"
            );
            self.complaint = Some(complaint);
        }
    }
}

/// The active key first.
fn kids(keys: &SigningKeys) -> Vec<&str> {
    keys.published.iter().map(VerificationKey::kid).collect()
}

fn read(directory: &Path, token_lifetime: Seconds) -> Result<KeyRing, KeyDirectoryError> {
    let keys: Vec<DatedKey> = load(directory)?.into_iter().map(|key| key.dated).collect();
    KeyRing::new(keys, token_lifetime).ok_or_else(|| KeyDirectoryError::Empty {
        path: directory.to_owned(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::key_directory::{add, remove};
    use std::fs;
    use token_core::clock::ManualClock;
    use token_core::keys::{VerificationKeySource as _, generate_ed25519_pem};
    use token_core::{SystemEntropy, Timestamp};

    const LIFETIME: Seconds = Seconds(100);

    fn pem() -> token_core::keys::PrivatePem {
        generate_ed25519_pem(&SystemEntropy::new()).unwrap()
    }

    struct World {
        directory: tempfile::TempDir,
        clock: Arc<ManualClock>,
        followed: FollowedKeys,
        keys: Arc<LiveKeys>,
    }

    impl World {
        fn new() -> Self {
            let directory = tempfile::tempdir().unwrap();
            let clock = Arc::new(ManualClock::at(Timestamp(1000)));
            add(directory.path(), Timestamp(1000), "EdDSA", &pem()).unwrap();
            let path = directory.path().to_owned();
            let followed = FollowedKeys::open(path, LIFETIME, Arc::clone(&clock) as _).unwrap();
            let keys = followed.keys();
            Self {
                directory,
                clock,
                followed,
                keys,
            }
        }

        fn active(&self) -> String {
            self.keys.signing().active.kid().to_owned()
        }

        fn published(&self) -> usize {
            self.keys.current().unwrap().iter().count()
        }
    }

    #[test]
    fn a_new_file_is_published_then_active_then_alone() {
        let mut world = World::new();
        let first = world.active();
        add(world.directory.path(), Timestamp(1030), "EdDSA", &pem()).unwrap();
        world.followed.look();
        assert_eq!((world.active(), world.published()), (first.clone(), 2));
        world.clock.advance(Seconds(30));
        world.followed.look();
        assert_ne!(world.active(), first);
        assert_eq!(world.published(), 2);
        world.clock.advance(Seconds(160));
        world.followed.look();
        assert_eq!(world.published(), 1, "the first has expired");
        assert_ne!(world.active(), first);
    }

    #[test]
    fn a_broken_file_keeps_the_last_good_ring_which_still_turns() {
        let mut world = World::new();
        let first = world.active();
        add(world.directory.path(), Timestamp(1030), "EdDSA", &pem()).unwrap();
        world.followed.look();
        let broken = world.directory.path().join("000000001020-broken.pem");
        fs::write(&broken, "-----BEGIN PRIVATE KEY-----\nhalf of it").unwrap();
        world.followed.look();
        assert_eq!((world.active(), world.published()), (first.clone(), 2));
        world.clock.advance(Seconds(30));
        world.followed.look();
        assert_ne!(
            world.active(),
            first,
            "the known successor takes over in time"
        );
        let complaint = world.followed.complaint.clone().unwrap();
        assert!(complaint.contains("broken.pem"), "{complaint}");
        fs::remove_file(broken).unwrap();
        world.followed.look();
        assert!(world.followed.complaint.is_none());
    }

    #[test]
    fn an_emptied_directory_stops_nobody() {
        let mut world = World::new();
        let first = world.active();
        for key in load(world.directory.path()).unwrap() {
            remove(&key).unwrap();
        }
        world.followed.look();
        assert_eq!((world.active(), world.published()), (first, 1));
    }
}
