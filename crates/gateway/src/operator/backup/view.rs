//! `gateway backup list` and `gateway backup view`: which there are, and what is in one.

use std::error::Error;
use std::path::Path;
use std::time::UNIX_EPOCH;

use serde::Serialize;
use token_core::audit::OperatorAction;
use token_core::{Clock as _, SystemClock, Timestamp};

use super::super::output::{Output, grouped, number_of, remark};
use super::super::system::System;
use super::super::table::{Cell, Table, column, time};
use super::super::when::{distance, minute};
use super::act;
use super::files::Directory;
use super::format::{Backup, Counts};

#[derive(Serialize)]
struct Listed {
    file: String,
    bytes: u64,
    modified: Timestamp,
}

impl Listed {
    fn of(path: &Path) -> Result<Self, Box<dyn Error>> {
        Ok(Self {
            file: path.file_name().unwrap_or_default().display().to_string(),
            bytes: path.metadata()?.len(),
            modified: written(path)?,
        })
    }
}

/// When a backup was written. Needs no key.
pub(super) fn written(path: &Path) -> Result<Timestamp, Box<dyn Error>> {
    let modified = path.metadata()?.modified()?.duration_since(UNIX_EPOCH)?;
    Ok(Timestamp(modified.as_secs()))
}

pub(super) fn list(directory: &Directory, json: bool) -> Result<(), Box<dyn Error>> {
    let columns = [
        column("BACKUP", 20, 40),
        column("BYTES", 6, 15),
        time("WRITTEN"),
    ];
    let table = Table::new(columns, SystemClock.now());
    let (mut output, backups) = (Output::new(), directory.list()?);
    if !json && !backups.is_empty() {
        table.head(&mut output)?;
    }
    for path in &backups {
        let listed = Listed::of(path)?;
        if json {
            output.json(&listed)?;
        } else {
            let bytes = Cell::Text(grouped(listed.bytes));
            let cells = [Cell::Text(listed.file), bytes, Cell::Time(listed.modified)];
            table.row(&mut output, &cells)?;
        }
    }
    output.flush()?;
    if !json {
        let count = number_of(backups.len() as u64, "backup");
        remark(&format!("{count} in {}", directory.path().display()))?;
    }
    Ok(())
}

#[derive(Serialize)]
struct Viewed {
    file: String,
    created_at: Timestamp,
    store: String,
    issuer: String,
    #[serde(flatten)]
    counts: Counts,
    unreadable: u64,
}

pub(super) async fn view(
    system: &System,
    backup: &Backup,
    json: bool,
) -> Result<(), Box<dyn Error>> {
    let (header, end) = backup.verified()?;
    let seen = act(OperatorAction::ViewBackup, &end.end);
    system.record(seen).await;
    let viewed = Viewed {
        file: backup.path.display().to_string(),
        created_at: header.created_at,
        store: header.store,
        issuer: header.issuer.to_string(),
        counts: end.end,
        unreadable: end.unreadable,
    };
    let mut output = Output::new();
    if json {
        output.json(&viewed)?;
    } else {
        let now = system.now();
        let taken = viewed.created_at;
        for (what, value) in [
            ("backup", viewed.file),
            (
                "taken",
                format!("{} UTC, {}", minute(taken), distance(taken, now)),
            ),
            ("of", format!("{} ({})", viewed.issuer, viewed.store)),
            ("clients", grouped(viewed.counts.clients)),
            ("access tokens", grouped(viewed.counts.access_tokens)),
            ("refresh tokens", grouped(viewed.counts.refresh_tokens)),
            ("marks", grouped(viewed.counts.marks)),
            ("left out", grouped(viewed.unreadable)),
        ] {
            output.line(&format!("{what:<16}{value}"))?;
        }
    }
    output.flush()?;
    Ok(())
}
