//! Clearing away what has expired. Nothing that is good is touched, so there is nothing to audit.

use std::collections::BTreeMap;
use std::error::Error;

use serde::Serialize;
use token_core::store::{Kind, StoreError};

use super::consent::Destroying;
use super::output::{Output, number_of};
use super::progress::Progress;
use super::system::System;

type Counts = BTreeMap<&'static str, u64>;

pub(crate) async fn run(system: &System, how: Destroying) -> Result<(), Box<dyn Error>> {
    let mut counts = Counts::new();
    if how.dry_run || !how.yes {
        counts = walk(system, false).await?;
    }
    if !how.dry_run {
        how.ask(&format!("This clears away {}", in_words(&counts)))?;
        counts = walk(system, true).await?;
    }
    tell(&counts, how)
}

async fn walk(system: &System, clear: bool) -> Result<Counts, StoreError> {
    let mut progress = Progress::over(system.store.extent(Kind::Expired).await?, "expired");
    let (mut counts, mut from) = (Counts::new(), None);
    loop {
        let batch = system
            .store
            .expired(from.as_ref(), clear, system.now())
            .await?;
        for expired in batch.items {
            *counts.entry(expired.what).or_default() += expired.count;
        }
        progress.advance(batch.looked_at);
        from = batch.next;
        if from.is_none() {
            return Ok(counts);
        }
    }
}

fn in_words(counts: &Counts) -> String {
    number_of(counts.values().sum(), "expired record")
}

fn tell(counts: &Counts, how: Destroying) -> Result<(), Box<dyn Error>> {
    #[derive(Serialize)]
    struct Line<'a> {
        action: &'static str,
        dry_run: bool,
        records: u64,
        of: &'a Counts,
    }
    let mut output = Output::new();
    if how.json {
        output.json(&Line {
            action: "purge_expired",
            dry_run: how.dry_run,
            records: counts.values().sum(),
            of: counts,
        })?;
    } else {
        let done = if how.dry_run {
            "would clear away"
        } else {
            "cleared away"
        };
        output.line(&format!("{done} {}", in_words(counts)))?;
        for (what, count) in counts.iter().filter(|(_, count)| **count > 0) {
            output.line(&format!("  {:<16}{count:>10}", what.replace('_', " ")))?;
        }
    }
    output.flush()?;
    Ok(())
}
