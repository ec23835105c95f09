//! Whether there is a backup, and how old it is.

use std::error::Error;

use token_core::{Seconds, Timestamp};

use super::finding::{Outcome, Problem};
use crate::operator::when::length;

/// One is written every day (docs/backup.md): so long after it one has failed.
const MISSED: Seconds = Seconds(2 * 86_400);
const MEND: &str = "just oauth-backup, and see to it that it runs every day (docs/backup.md)";

/// `newest` is when the newest was written.
pub(crate) fn age(
    newest: Option<Result<Option<Timestamp>, Box<dyn Error>>>,
    now: Timestamp,
) -> Outcome {
    let warn = |found: String| Outcome::Wrong(vec![Problem::warn(found, MEND)]);
    match newest {
        None => Outcome::skipped("BACKUP_DIR is not set here"),
        Some(Err(error)) => warn(app_shell::error_chain(error.as_ref())),
        Some(Ok(None)) => warn("there is no backup".to_owned()),
        Some(Ok(Some(written))) => {
            let age = now.remaining(written);
            if age > MISSED {
                warn(format!("the newest is {} old", length(age)))
            } else {
                Outcome::Ok(format!("the newest is {} old", length(age)))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::doctor::finding::Verdict;

    #[test]
    fn a_day_that_was_missed_is_told() {
        let now = Timestamp(1_800_000_000);
        let of = |hours: u64| age(Some(Ok(Some(Timestamp(now.0 - hours * 3600)))), now).verdict();
        assert_eq!(of(25), Verdict::Ok);
        assert_eq!(of(49), Verdict::Warn);
        assert_eq!(age(Some(Ok(None)), now).verdict(), Verdict::Warn);
        assert_eq!(age(Some(Err("no".into())), now).verdict(), Verdict::Warn);
        assert_eq!(age(None, now).verdict(), Verdict::Skipped);
    }
}
