//! The identity provider that the operator trusts (`IDJAG_ISSUER`), with its keys polled.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use app_shell::remote_document::RemoteDocument;
use token_core::keys::ForeignKeys;
use token_core::secret::SecretHash;

use crate::config::IdJagConfig;
use crate::flows::jwt_bearer_grant::{ForeignKeySource, TrustedProvider};

/// How often the keys are looked at. A key that is not known is asked for at once.
const EVERY: Duration = Duration::from_mins(5);
/// For how long the provider's not having a key is believed.
const JUST_NOW: Duration = Duration::from_secs(10);
/// How many keys that it does not have are remembered.
const MAX_MISSED: usize = 8;

/// Polls the provider's keys from now on. Needs a running runtime.
///
/// # Errors
/// The HTTP client cannot be built.
pub fn start(config: IdJagConfig) -> Result<TrustedProvider, reqwest::Error> {
    let parse = |json: &[u8]| ForeignKeys::from_jwks_json(json).map_err(|error| error.to_string());
    let document = RemoteDocument::start(config.jwks_url, EVERY, parse)?;
    Ok(TrustedProvider {
        issuer: config.issuer,
        keys: Arc::new(PolledKeys {
            document,
            missed: Mutex::default(),
        }),
    })
}

struct PolledKeys {
    document: Arc<RemoteDocument<ForeignKeys>>,
    missed: Mutex<Missed>,
}

impl ForeignKeySource for PolledKeys {
    fn current(&self) -> Option<Arc<ForeignKeys>> {
        self.document.current()
    }

    fn may_come(&self, key: &SecretHash) -> bool {
        let mut missed = self.missed.lock().unwrap_or_else(PoisonError::into_inner);
        let asked_at = self.document.last_good_asked_at();
        let may_come = !missed.is_nobodys(key, asked_at, Instant::now());
        if may_come {
            self.document.refresh_soon();
        }
        may_come
    }
}

/// Keys that were named and not known, each with when that was first.
#[derive(Default)]
struct Missed(VecDeque<(SecretHash, Instant)>);

impl Missed {
    /// Whether the provider, asked since this key was first named, has just shown that it does not
    /// have it. Until then it may be newer than what is known. `asked_at` is when the question was
    /// put that was last answered.
    fn is_nobodys(&mut self, key: &SecretHash, asked_at: Option<Instant>, now: Instant) -> bool {
        let just = asked_at.is_some_and(|at| now.duration_since(at) < JUST_NOW);
        match self.0.iter_mut().find(|(missed, _)| missed == key) {
            Some((_, named_at)) if asked_at > Some(*named_at) => {
                if !just {
                    *named_at = now;
                }
                just
            }
            Some(_) => false,
            None => {
                if self.0.len() >= MAX_MISSED {
                    self.0.pop_front();
                }
                self.0.push_back((*key, now));
                false
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_is_nobodys_once_it_was_asked_for_and_not_there() {
        let mut missed = Missed::default();
        let start = Instant::now();
        let after = |seconds| start + Duration::from_secs(seconds);
        let (key, other) = (SecretHash::of("idp-2"), SecretHash::of("idp-3"));
        // The keys were looked at a moment before: it may have begun since.
        assert!(!missed.is_nobodys(&key, Some(start), after(2)));
        assert!(!missed.is_nobodys(&key, Some(start), after(3)));
        // Nor does what was asked for another tell anything of one that nobody had named.
        assert!(!missed.is_nobodys(&other, Some(after(3)), after(4)));
        assert!(missed.is_nobodys(&key, Some(after(3)), after(4)));
        assert!(missed.is_nobodys(&key, Some(after(3)), after(12)));
        // That is long ago: it is asked for again.
        assert!(!missed.is_nobodys(&key, Some(after(3)), after(13)));
        assert!(!missed.is_nobodys(&key, Some(after(3)), after(14)));
        assert!(missed.is_nobodys(&key, Some(after(14)), after(15)));
    }

    #[test]
    fn who_names_many_keys_has_no_more_remembered_than_there_is_room_for() {
        let (mut missed, now) = (Missed::default(), Instant::now());
        for nth in 0..1000 {
            let key = SecretHash::of(&nth.to_string());
            assert!(!missed.is_nobodys(&key, None, now));
        }
        assert_eq!(missed.0.len(), MAX_MISSED);
    }
}
