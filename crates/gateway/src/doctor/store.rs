//! Redis, and whose clock says what.

use token_core::Timestamp;
use token_core::store::StoreError;
use token_store::ServerFacts;

use super::compose::Project;
use super::finding::{Outcome, Problem};

/// Beyond this, in seconds, a clock is not kept by anything.
const SKEW: u64 = 5;
/// The leeway that verifiers have for `nbf` and `iat`.
const LEEWAY: u64 = 30;
const NO_REDIS: &str = "there is no Redis here: the single process keeps a file";
const NOT_ASKED: &str = "Redis cannot be asked";
const PAGE: &str = "60 1 300 10 900 100";

/// What was seen of Redis; `None` where there is none.
pub(crate) type Facts = Option<Result<ServerFacts, StoreError>>;

pub(crate) fn reachable(facts: &Facts) -> Outcome {
    match facts {
        None => Outcome::skipped(NO_REDIS),
        Some(Ok(_)) => Outcome::Ok("it answers".to_owned()),
        Some(Err(error)) => Outcome::Wrong(vec![Problem::fail(
            app_shell::error_chain(error),
            "just health, then just logs redis; and see REDIS_URL and REDIS_PASSWORD",
        )]),
    }
}

/// What there is to say of a Redis that answers.
fn answering(facts: &Facts, say: impl FnOnce(&ServerFacts) -> Outcome) -> Outcome {
    match facts {
        None => Outcome::skipped(NO_REDIS),
        Some(Err(_)) => Outcome::skipped(NOT_ASKED),
        Some(Ok(facts)) => say(facts),
    }
}

pub(crate) fn open(lets_anybody_in: Option<&Result<bool, StoreError>>) -> Outcome {
    match lets_anybody_in {
        None => Outcome::skipped(NO_REDIS),
        Some(Err(_)) => Outcome::skipped(NOT_ASKED),
        Some(Ok(false)) => Outcome::Ok("it refuses who has no password".to_owned()),
        Some(Ok(true)) => Outcome::Wrong(vec![Problem::fail(
            "Redis answers without a password",
            "just generate-redis-password, then just up",
        )]),
    }
}

pub(crate) fn persistence(facts: &Facts) -> Outcome {
    answering(facts, |facts| {
        let mut problems = Vec::new();
        if !facts.appends {
            problems.push(Problem::fail(
                "what is written is not appended to a file (appendonly is off)",
                "--appendonly yes in docker-compose.yml, as it was shipped; then just up",
            ));
        }
        if facts.append_failed {
            let found = "the last write to the append-only file failed";
            problems.push(Problem::fail(
                found,
                "just logs redis; and see whether the disk is full",
            ));
        }
        if facts.snapshots.as_deref() == Some("") {
            let mend = format!("--save {PAGE} in docker-compose.yml; then just up");
            problems.push(Problem::warn(
                "no snapshots are written (save is empty)",
                mend,
            ));
        }
        let snapshots = match &facts.snapshots {
            Some(save) => format!("snapshots {save}"),
            None => "snapshots cannot be seen: CONFIG is not allowed".to_owned(),
        };
        Outcome::of(problems, format!("append-only file; {snapshots}"))
    })
}

pub(crate) fn memory(facts: &Facts) -> Outcome {
    answering(facts, |facts| {
        let mut problems = Vec::new();
        if facts.eviction != "noeviction" {
            problems.push(Problem::fail(
                format!(
                    "full, it drops keys (maxmemory-policy is {})",
                    facts.eviction
                ),
                "--maxmemory-policy noeviction in docker-compose.yml; then just up",
            ));
        }
        if facts.max_memory == 0 {
            problems.push(Problem::warn(
                "its memory is without bound, and the system ends it when there is none left",
                "REDIS_MAXMEMORY=512mb in .env, then just up",
            ));
        }
        let megabytes = facts.max_memory >> 20;
        Outcome::of(
            problems,
            format!("{megabytes} MB at most, and nothing is dropped"),
        )
    })
}

/// What the compose file publishes, and whether somebody answers at 6379 of the gateway's host.
pub(crate) fn exposure(project: Option<&Project>, answers_outside: Option<bool>) -> Outcome {
    let mut problems = Vec::new();
    for published in project
        .iter()
        .flat_map(|project| project.published_by_redis())
    {
        problems.push(Problem::fail(
            format!("docker-compose.yml publishes Redis at {published}"),
            "take `ports` away from redis in docker-compose.yml; then just up",
        ));
    }
    if answers_outside == Some(true) {
        problems.push(Problem::fail(
            "somebody answers at port 6379 of the gateway's host",
            "close the port in the firewall; nothing outside needs it",
        ));
    }
    match (project, answers_outside) {
        (None, None) => Outcome::skipped("neither the compose file nor the outside was looked at"),
        _ => Outcome::of(problems, "no port leads to it"),
    }
}

/// What another clock said, and what ours said when that came.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Reading {
    pub(crate) theirs: Timestamp,
    pub(crate) ours: Timestamp,
}

/// Whose clock, and what it said.
pub(crate) fn clocks(seen: &[(&str, Reading)]) -> Outcome {
    if seen.is_empty() {
        return Outcome::skipped("no other clock could be asked");
    }
    let problems = seen.iter().filter_map(|(whose, reading)| {
        let skew = reading.theirs.0.abs_diff(reading.ours.0);
        let found = format!("this clock and that of {whose} are {skew} s apart");
        let mend = "timedatectl set-ntp true, on each machine";
        match skew {
            ..=SKEW => None,
            _ if skew <= LEEWAY => Some(Problem::warn(found, mend)),
            _ => Some(Problem::fail(found, mend)),
        }
    });
    let names: Vec<_> = seen.iter().map(|(whose, _)| *whose).collect();
    Outcome::of(
        problems.collect(),
        format!("agrees with {}", names.join(" and ")),
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::doctor::finding::Verdict;

    const NOW: Timestamp = Timestamp(1_800_000_000);

    fn good() -> ServerFacts {
        ServerFacts {
            time: NOW,
            heard_at: NOW,
            appends: true,
            append_failed: false,
            max_memory: 512 << 20,
            eviction: "noeviction".to_owned(),
            snapshots: Some(PAGE.to_owned()),
        }
    }

    fn verdicts(facts: ServerFacts) -> [Verdict; 3] {
        let facts = Some(Ok(facts));
        [reachable(&facts), persistence(&facts), memory(&facts)].map(|own| own.verdict())
    }

    #[test]
    fn each_fault_is_told_by_its_own_check() {
        use Verdict::{Fail, Ok, Warn};
        assert_eq!(verdicts(good()), [Ok, Ok, Ok]);
        for (facts, expected) in [
            (
                ServerFacts {
                    appends: false,
                    ..good()
                },
                [Ok, Fail, Ok],
            ),
            (
                ServerFacts {
                    append_failed: true,
                    ..good()
                },
                [Ok, Fail, Ok],
            ),
            (
                ServerFacts {
                    snapshots: Some(String::new()),
                    ..good()
                },
                [Ok, Warn, Ok],
            ),
            (
                ServerFacts {
                    snapshots: None,
                    ..good()
                },
                [Ok, Ok, Ok],
            ),
            (
                ServerFacts {
                    eviction: "allkeys-lru".to_owned(),
                    ..good()
                },
                [Ok, Ok, Fail],
            ),
            (
                ServerFacts {
                    max_memory: 0,
                    ..good()
                },
                [Ok, Ok, Warn],
            ),
        ] {
            assert_eq!(verdicts(facts.clone()), expected, "{facts:?}");
        }
        assert_eq!(open(Some(&Result::Ok(true))).verdict(), Fail);
        assert_eq!(open(Some(&Result::Ok(false))).verdict(), Ok);
    }

    #[test]
    fn clocks_that_differ_are_told() {
        let reading = |theirs, ours| Reading {
            theirs: Timestamp(theirs),
            ours: Timestamp(ours),
        };
        let of = |theirs| clocks(&[("Redis", reading(theirs, NOW.0))]).verdict();
        assert_eq!(of(NOW.0 + 5), Verdict::Ok);
        assert_eq!(of(NOW.0 - 6), Verdict::Warn);
        assert_eq!(of(NOW.0 + 31), Verdict::Fail);
        assert_eq!(clocks(&[]).verdict(), Verdict::Skipped);
        // A minute lay between the two answers, and no clock is wrong.
        let apart = [
            ("Redis", reading(NOW.0, NOW.0)),
            ("the edge", reading(NOW.0 + 60, NOW.0 + 60)),
        ];
        assert_eq!(clocks(&apart).verdict(), Verdict::Ok);
    }

    #[test]
    fn an_open_port_is_told_from_either_side() {
        assert_eq!(exposure(None, None).verdict(), Verdict::Skipped);
        assert_eq!(exposure(None, Some(false)).verdict(), Verdict::Ok);
        assert_eq!(exposure(None, Some(true)).verdict(), Verdict::Fail);
    }
}
