//! `gateway backup create`.

use std::error::Error;

use serde::Serialize;
use token_core::audit::OperatorAction;

use super::super::output::{Output, remark};
use super::super::progress::Progress;
use super::super::system::{Shape, System};
use super::format::{Counts, Header, Writer};
use super::{Place, act};

pub(super) async fn run(
    system: &System,
    shape: Shape,
    place: &Place,
    json: bool,
) -> Result<(), Box<dyn Error>> {
    let recipients = place.recipients.as_ref().ok_or(
        "BACKUP_RECIPIENTS is not set, and nothing is written unencrypted: set it to a public key \
         (age1…), which `gateway backup keygen FILE` makes",
    )?;
    let now = system.now();
    let unfinished = place.directory.begin(now)?;
    let header = Header::new(now, shape.store(), &system.issuer);
    let mut writer = Writer::begin(unfinished.file(), recipients, &header)?;
    let mut progress = Progress::over(system.store.archive_extent().await?, "backup");
    let (mut from, mut unreadable) = (None, 0);
    loop {
        let batch = system.store.archived(from.as_ref(), now).await?;
        for record in &batch.items {
            writer.record(record)?;
        }
        progress.advance(batch.looked_at);
        unreadable += batch.unreadable.len() as u64;
        from = batch.next;
        if from.is_none() {
            break;
        }
    }
    drop(progress);
    let counts = writer.end(unreadable)?;
    let path = unfinished.finish()?;
    system.note_unreadable("the store", unreadable);
    system
        .record(act(OperatorAction::CreateBackup, &counts))
        .await;
    let bytes = path.metadata()?.len();
    let mut output = Output::new();
    if json {
        output.json(&Line {
            action: OperatorAction::CreateBackup,
            file: path.display().to_string(),
            bytes,
            counts,
        })?;
    } else {
        output.line(&format!("{}: {}", path.display(), counts.in_words()))?;
    }
    output.flush()?;
    if !json {
        remark("Keys and .env are not in it (docs/backup.md). Copy it to another machine.")?;
    }
    Ok(())
}

#[derive(Serialize)]
struct Line {
    action: OperatorAction,
    file: String,
    bytes: u64,
    #[serde(flatten)]
    counts: Counts,
}
