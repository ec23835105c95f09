//! The operator's commands over a million sessions, against a thousand: what each keeps resident,
//! how long it takes, how long somebody else waits for the store meanwhile, and that each that
//! destroys does what its dry run counted.

mod beside;
mod place;

use std::cell::Cell;

use serde_json::Value;
use token_core::SystemEntropy;
use token_core::keys::{SigningKey, generate_ed25519_pem};
use tokio::runtime::Runtime;

use self::place::{Kind, Place, Ran};
use super::Plan;
use crate::Outcome;
use crate::mint::Mint;
use crate::report::{Figure, Goal, Report, number};
use crate::seed::Identifiers;
use crate::stats::Spread;

const FEW: u64 = 1000;
/// How much more memory many may take than few.
const MORE: f64 = 1.5;

/// What is looked at while everybody has one session.
const LOOKING: [&[&str]; 9] = [
    &["registrations", "list", "--json"],
    &["sessions", "list", "--json"],
    &["tokens", "list", "--json"],
    &["tokens", "list"],
    &["show-all", "--json"],
    &["stats", "--json"],
    &["explain", "octocat", "fetch", "--json"],
    &["trace", "--json"],
    &["report", "--json"],
];
/// What ends it then, and how many things go for each session.
const ENDING_ALL: [(&[&str], &str); 3] = [
    (&["tokens", "delete", "--all"], "access_tokens"),
    (&["sessions", "revoke", "--all"], "sessions"),
    (&["registrations", "delete", "--all"], "registrations"),
];
const PURGE: &[&str] = &["purge-expired"];
const RESTORE: &[&str] = &["backup", "restore"];

/// In Redis, once: nothing here depends on luck.
pub fn in_redis(plan: &Plan, report: &mut Report) -> Outcome<()> {
    run(Kind::Redis, plan, report)
}

/// In SQLite.
pub fn in_sqlite(plan: &Plan, report: &mut Report) -> Outcome<()> {
    run(Kind::Sqlite, plan, report)
}

fn run(kind: Kind, plan: &Plan, report: &mut Report) -> Outcome<()> {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(1)
        .enable_all()
        .build()?;
    let pem = generate_ed25519_pem(&SystemEntropy::new())?;
    let key = SigningKey::from_pkcs8_pem(pem.as_bytes())?;
    let mint = Mint::of_single_process(key, place::ORIGIN)?;
    let story = Story {
        runtime: &runtime,
        mint: &mint,
        kind,
        holds: Cell::default(),
    };
    let few = story.told(FEW)?;
    let many = story.told(plan.tokens)?;
    for ((name, few), (_, many)) in few.iter().zip(&many) {
        report.add(figure(&format!("{name} ({kind})"), many, few));
    }
    report.note(format!(
        "{} sessions, each of another person with another client, take {} MB in {kind}.",
        plan.tokens,
        number(story.holds.get())
    ));
    Ok(())
}

fn figure(name: &str, many: &Ran, few: &Ran) -> Figure {
    Figure {
        name: name.to_owned(),
        ours: many.to_string(),
        control: few.to_string(),
        result: Spread::of([many.peak / few.peak]),
        unit: "",
        goal: Goal::AtMost(MORE),
    }
}

/// One after the other, each on what the one before left.
struct Story<'a> {
    runtime: &'a Runtime,
    mint: &'a Mint,
    kind: Kind,
    /// How many megabytes the store took, as it was filled last.
    holds: Cell<f64>,
}

impl<'a> Story<'a> {
    fn told(&self, sessions: u64) -> Outcome<Vec<(String, Ran)>> {
        let mut told = self.of_everybody(sessions)?;
        told.extend(self.of_one(sessions)?);
        Ok(told)
    }

    fn place(&self, kind: Kind) -> Outcome<Place<'a>> {
        Place::new(kind, self.runtime)
    }

    /// Each session is another person's with another client.
    fn of_everybody(&self, sessions: u64) -> Outcome<Vec<(String, Ran)>> {
        let place = self.place(self.kind)?;
        place.fill(self.mint, 0..sessions, Identifiers::of)?;
        self.holds.set(place.holds()?);
        let mut told = Vec::new();
        for words in LOOKING {
            told.push((words.join(" "), place.run(words)?));
        }
        told.extend(dry_and_done(&place, PURGE, None)?);
        for words in [
            &["backup", "create", "--json"][..],
            &["backup", "view", "--json"],
        ] {
            told.push((words.join(" "), place.run(words)?));
        }
        told.extend(dry_and_done(&place, RESTORE, None)?);
        let other = self.place(self.kind.other())?;
        other.takes_backups_of(&place);
        let across = dry_and_done(&other, RESTORE, None)?;
        told.extend(
            across.map(|(name, ran)| (format!("{name} into an empty {}", other.kind), ran)),
        );
        drop(other);
        for (words, what) in ENDING_ALL {
            told.extend(dry_and_done(&place, words, Some((what, sessions)))?);
        }
        let ended = dry_and_done(&place, RESTORE, None)?;
        told.extend(ended.map(|(name, ran)| (format!("{name} of what has ended"), ran)));
        Ok(told)
    }

    /// Every session is one person's with one client.
    fn of_one(&self, sessions: u64) -> Outcome<Vec<(String, Ran)>> {
        let one = Identifiers::of_one(0);
        let mut told = Vec::new();
        for words in [
            &["sessions", "revoke", "--user", one.user()][..],
            &["sessions", "revoke", "--client", one.client()],
            &["registrations", "delete", one.client(), "--complete"],
        ] {
            let place = self.place(self.kind)?;
            place.fill(self.mint, 0..sessions, Identifiers::of_one)?;
            let ends = dry_and_done(&place, words, Some(("sessions", sessions)))?;
            let without_id = words.iter().filter(|word| !one.names(word));
            let name = without_id.copied().collect::<Vec<_>>().join(" ");
            told.extend(ends.map(|(full, ran)| {
                let dry = full.ends_with("--dry-run");
                (
                    format!("{name}{}", if dry { " --dry-run" } else { "" }),
                    ran,
                )
            }));
        }
        Ok(told)
    }
}

/// Counts, does it, and holds the two against each other, and against how many of what there were.
fn dry_and_done(
    place: &Place,
    words: &[&str],
    expected: Option<(&str, u64)>,
) -> Outcome<[(String, Ran); 2]> {
    let name = words.join(" ");
    let dry = place.run(&[words, &["--json", "--dry-run"]].concat())?;
    let done = place.run(&[words, &["--json", "--yes"]].concat())?;
    let counts = |ran: &Ran| -> Outcome<Value> {
        let mut counts: Value = serde_json::from_str(&ran.last_line)?;
        if let Some(members) = counts.as_object_mut() {
            members.remove("dry_run");
        }
        Ok(counts)
    };
    let (counted, did) = (counts(&dry)?, counts(&done)?);
    if counted != did {
        return Err(format!("{name} counted {counted} and did {did}").into());
    }
    if let Some((what, many)) = expected
        && did.get(what).and_then(Value::as_u64) != Some(many)
    {
        return Err(format!("{name} ended {did}, and there were {many}").into());
    }
    Ok([(format!("{name} --dry-run"), dry), (name, done)])
}
