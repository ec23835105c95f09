//! Scheduled rotation: each minute, whether a key is due, and whether one has expired.

use std::time::Duration;

use app_shell::settings::Settings;
use token_core::{Clock as _, Seconds, SystemClock};

use crate::internal_ca::{CaError, InternalCa};
use crate::key_keeper::{KeeperError, KeyKeeper};
use crate::utc::utc;

/// Every 90 days.
const DEFAULT: u64 = 7_776_000;
/// Less fills the key set faster than retired keys leave it.
const LEAST: u64 = 3600;
const EVERY: Duration = Duration::from_mins(1);

/// `JWT_KEY_ROTATION`: how long a key signs; `None` until the operator rotates.
pub(crate) fn from_settings(settings: &mut Settings) -> Option<Seconds> {
    let every = settings.parsed("JWT_KEY_ROTATION", DEFAULT, "a number of seconds");
    if (1..LEAST).contains(&every) {
        let problem = format!("is less than {LEAST} seconds");
        settings.fault("JWT_KEY_ROTATION", &problem, "give more, or 0 for never");
    }
    (every > 0).then_some(Seconds(every))
}

/// Keeps these directories for ever, which only the process may do that can write them. The
/// certificate of the verifier is renewed whatever `every` says: it ends by itself.
pub(crate) async fn keep(keepers: Vec<KeyKeeper>, ca: Option<InternalCa>, every: Option<Seconds>) {
    loop {
        for keeper in keepers.clone() {
            let done = tokio::task::spawn_blocking(move || turn(&keeper, every));
            if let Ok(Err(error)) = done.await {
                let cause = app_shell::error_chain(&error);
                tracing::error!(cause, "the keys cannot be kept");
            }
        }
        if let Some(ca) = ca.clone() {
            let done = tokio::task::spawn_blocking(move || keep_certified(&ca));
            if let Ok(Err(error)) = done.await {
                let cause = app_shell::error_chain(&error);
                tracing::error!(cause, "the verifier's certificate cannot be kept");
            }
        }
        tokio::time::sleep(EVERY).await;
    }
}

fn keep_certified(ca: &InternalCa) -> Result<(), CaError> {
    let certificates = ca.ensure(SystemClock.now())?;
    for made in certificates.iter().filter(|certificate| certificate.made) {
        let (purpose, kid) = (made.purpose, &made.kid);
        let until = utc(made.until);
        tracing::info!(purpose, kid, until, "a new certificate was made");
    }
    Ok(())
}

fn turn(keeper: &KeyKeeper, every: Option<Seconds>) -> Result<(), KeeperError> {
    let now = SystemClock.now();
    let purpose = keeper.purpose.name();
    if let Some(every) = every
        && let Some(key) = keeper.rotate_when_due(now, every)?
    {
        tracing::info!(purpose, kid = key.kid, "a new key was made, as scheduled");
    }
    for kid in keeper.delete_expired(now)? {
        tracing::info!(purpose, kid, "an expired key was deleted");
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(value: &str) -> Result<Option<Seconds>, String> {
        let pairs = [("JWT_KEY_ROTATION", value)];
        let mut settings = Settings::from_pairs(&["JWT_KEY_ROTATION"], pairs);
        let every = from_settings(&mut settings);
        settings
            .finish()
            .map(|()| every)
            .map_err(|error| error.to_string())
    }

    #[test]
    fn ninety_days_unless_said_otherwise_and_never_if_0() {
        assert_eq!(read("").unwrap(), Some(Seconds(90 * 86_400)));
        assert_eq!(read("0").unwrap(), None);
        assert_eq!(read("3600").unwrap(), Some(Seconds(3600)));
        for wrong in ["1", "3599", "-1", "90d"] {
            assert!(read(wrong).unwrap_err().contains("JWT_KEY_ROTATION"));
        }
    }

    #[test]
    fn one_turn_rotates_what_is_due_and_deletes_what_expired() {
        let directory = tempfile::tempdir().unwrap();
        let keeper = KeyKeeper::of_assertions(directory.path().to_owned());
        let long_ago = token_core::Timestamp(1_000_000_000);
        keeper.ensure(long_ago).unwrap();
        let count = || keeper.ring().unwrap().0.len();
        turn(&keeper, None).unwrap();
        assert_eq!(count(), 1, "never");
        turn(&keeper, Some(Seconds(3600))).unwrap();
        assert_eq!(count(), 2, "due");
        turn(&keeper, Some(Seconds(3600))).unwrap();
        assert_eq!(count(), 2, "under way");
    }
}
