//! `gateway backup restore`. It reads the file three times: to know that it is whole, for what ended
//! by the time it was taken, and for the rest, so that nothing that had ended is there for a moment.

use std::collections::BTreeSet;
use std::error::Error;

use serde::Serialize;
use token_core::audit::{OperatorAct, OperatorAction};
use token_core::store::{Archived, RestoreOutcome, Restoring};
use token_core::{ClientId, GrantId, Jti};

use super::super::consent::Destroying;
use super::super::output::{Output, number_of, remark};
use super::super::progress::Progress;
use super::super::system::System;
use super::act;
use super::format::{Backup, Counts};

/// How many records go to the store at once.
const BATCH: usize = 500;

/// What became of the records, or would.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
struct Tally {
    /// What was taken away first.
    cleared: Counts,
    restored: Counts,
    present: Counts,
    ended: Counts,
    expired: Counts,
    /// Restored marks of grants: that many grants are over now.
    #[serde(skip)]
    grants: u64,
}

pub(super) async fn run(
    system: &System,
    backup: &Backup,
    clear: bool,
    how: Destroying,
) -> Result<(), Box<dyn Error>> {
    let (header, end) = backup.verified()?;
    if header.issuer != system.issuer {
        remark(&format!(
            "It was taken of {}, and this is {}: access tokens of the one open nothing at the \
             other, and clients know it by its name.",
            header.issuer, system.issuer
        ))?;
    }
    let mut run = Run {
        system,
        backup,
        clear,
        how: if clear {
            Restoring::CountAsCleared
        } else {
            Restoring::Count
        },
        records: end.end.total(),
        tally: Tally::default(),
        would_end: Ended::default(),
    };
    if how.dry_run || !how.yes {
        run.walk().await?;
    }
    if !how.dry_run {
        how.ask(&question(&run.tally))?;
        run.how = Restoring::Do;
        run.tally = Tally::default();
        let done = run.walk().await;
        run.recorded().await;
        done.map_err(|error| {
            format!(
                "{error}; until then: {}. Do it again for the rest",
                in_words(&run.tally, "")
            )
        })?;
    }
    tell(backup, &run.tally, how)
}

struct Run<'a> {
    system: &'a System,
    backup: &'a Backup,
    clear: bool,
    how: Restoring,
    records: u64,
    tally: Tally,
    would_end: Ended,
}

/// What a count would have ended, had it been more than a count: what the backup has marks of and
/// the store has not.
#[derive(Default)]
struct Ended {
    grants: BTreeSet<GrantId>,
    tokens: BTreeSet<Jti>,
    clients: BTreeSet<ClientId>,
}

impl Ended {
    fn add(&mut self, mark: &Archived) {
        match mark {
            Archived::EndedGrant { grant, .. } => {
                self.grants.insert(grant.clone());
            }
            Archived::RevokedToken { jti, .. } => {
                self.tokens.insert(jti.clone());
            }
            Archived::DeletedClient { client_id, .. } => {
                self.clients.insert(client_id.clone());
            }
            _ => {}
        }
    }

    fn has(&self, record: &Archived) -> bool {
        match record {
            Archived::AccessToken(token) => {
                self.grants.contains(&token.jti.grant()) || self.tokens.contains(&token.jti)
            }
            Archived::RefreshToken { token, .. } => self.grants.contains(&token.key.grant),
            Archived::Client(client) => self.clients.contains(&client.client_id),
            _ => false,
        }
    }
}

impl Run<'_> {
    async fn walk(&mut self) -> Result<(), Box<dyn Error>> {
        if self.clear {
            self.clear().await?;
        }
        self.pass("what ended", Archived::is_ending).await?;
        self.pass("records", |record| !record.is_ending()).await
    }

    async fn clear(&mut self) -> Result<(), Box<dyn Error>> {
        let store = &self.system.store;
        let mut progress = Progress::over(store.archive_extent().await?, "clearing");
        let (count, mut from) = (self.how != Restoring::Do, None);
        loop {
            let batch = store.clear(from.as_ref(), count, self.system.now()).await?;
            for kind in batch.items {
                self.tally.cleared.add(kind);
            }
            progress.advance(batch.looked_at);
            from = batch.next;
            if from.is_none() {
                return Ok(());
            }
        }
    }

    async fn pass(
        &mut self,
        what: &'static str,
        wanted: impl Fn(&Archived) -> bool,
    ) -> Result<(), Box<dyn Error>> {
        let mut progress = Progress::over(self.records, what);
        let (_, mut reader) = self.backup.read()?;
        let mut batch = Vec::with_capacity(BATCH);
        while let Some(record) = reader.next()? {
            progress.advance(1);
            if wanted(&record) {
                batch.push(record);
            }
            if batch.len() == BATCH {
                self.restore(&batch).await?;
                batch.clear();
            }
        }
        self.restore(&batch).await
    }

    async fn restore(&mut self, batch: &[Archived]) -> Result<(), Box<dyn Error>> {
        let now = self.system.now();
        let outcomes = self.system.store.restore(batch, self.how, now).await?;
        for (record, outcome) in batch.iter().zip(outcomes) {
            self.count(record, outcome);
        }
        Ok(())
    }

    fn count(&mut self, record: &Archived, outcome: RestoreOutcome) {
        if outcome == RestoreOutcome::Restored {
            self.note_ending(record);
        }
        let tally = &mut self.tally;
        let counts = match outcome {
            RestoreOutcome::Expired => &mut tally.expired,
            RestoreOutcome::Ended => &mut tally.ended,
            _ if self.how != Restoring::Do && self.would_end.has(record) => &mut tally.ended,
            RestoreOutcome::Present => &mut tally.present,
            RestoreOutcome::Restored => &mut tally.restored,
        };
        counts.add(record.kind());
    }

    fn note_ending(&mut self, record: &Archived) {
        self.tally.grants += u64::from(matches!(record, Archived::EndedGrant { .. }));
        if self.how != Restoring::Do {
            self.would_end.add(record);
        }
    }

    /// What was done is recorded, also where the rest of it failed.
    async fn recorded(&self) {
        let tally = &self.tally;
        if self.clear {
            let cleared = act(OperatorAction::ClearStore, &tally.cleared);
            self.system.record(cleared).await;
        }
        let restored = OperatorAct {
            grants: tally.grants,
            ..act(OperatorAction::RestoreBackup, &tally.restored)
        };
        self.system.record(restored).await;
    }
}

impl Counts {
    /// `2 clients, 3 access tokens, 2 refresh tokens, 1 mark`
    pub(super) fn in_words(self) -> String {
        let words: Vec<_> = [
            (self.clients, "client"),
            (self.access_tokens, "access token"),
            (self.refresh_tokens, "refresh token"),
            (self.marks, "mark"),
        ]
        .into_iter()
        .filter(|(count, _)| *count > 0)
        .map(|(count, what)| number_of(count, what))
        .collect();
        if words.is_empty() {
            return "nothing".to_owned();
        }
        words.join(", ")
    }
}

fn question(tally: &Tally) -> String {
    let restores = format!("restores {}", tally.restored.in_words());
    if tally.cleared.total() == 0 {
        return format!("This {restores}");
    }
    let cleared = tally.cleared.in_words();
    format!("This takes away {cleared}, and then {restores}")
}

fn in_words(tally: &Tally, would: &str) -> String {
    let mut words = Vec::new();
    if tally.cleared.total() > 0 {
        words.push(format!("{would}cleared {}", tally.cleared.in_words()));
    }
    words.push(format!("{would}restored {}", tally.restored.in_words()));
    for (why, counts) in [
        ("there already", tally.present),
        ("ended since", tally.ended),
        ("expired", tally.expired),
    ] {
        if counts.total() > 0 {
            words.push(format!("left out, {why}: {}", counts.in_words()));
        }
    }
    words.join("; ")
}

fn tell(backup: &Backup, tally: &Tally, how: Destroying) -> Result<(), Box<dyn Error>> {
    #[derive(Serialize)]
    struct Line<'a> {
        action: OperatorAction,
        dry_run: bool,
        file: String,
        #[serde(flatten)]
        tally: &'a Tally,
    }
    let mut output = Output::new();
    if how.json {
        output.json(&Line {
            action: OperatorAction::RestoreBackup,
            dry_run: how.dry_run,
            file: backup.path.display().to_string(),
            tally,
        })?;
    } else {
        let would = if how.dry_run { "would be " } else { "" };
        output.line(&in_words(tally, would))?;
    }
    output.flush()?;
    Ok(())
}
