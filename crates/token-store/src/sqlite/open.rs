//! Opening the file: its mode, its settings, its schema.

use std::fs::OpenOptions;
use std::io;
use std::os::unix::fs::{OpenOptionsExt as _, PermissionsExt as _};
use std::path::{Path, PathBuf};
use std::time::Duration;

use rusqlite::{Connection, TransactionBehavior};
use thiserror::Error;

/// What makes each version of the schema from the one before; the first from an empty file. A
/// change of the schema is one more, and leaves the others as they are.
const SCHEMAS: [&str; 7] = [
    include_str!("schema/1.sql"),
    include_str!("schema/2.sql"),
    include_str!("schema/3.sql"),
    include_str!("schema/4.sql"),
    include_str!("schema/5.sql"),
    include_str!("schema/6.sql"),
    include_str!("schema/7.sql"),
];

/// How long a step waits for another process's step. Each is a few milliseconds long.
const BUSY_TIMEOUT: Duration = Duration::from_secs(5);

/// Room for every statement of the store, so that each is prepared once.
const STATEMENTS: usize = 96;

/// Why a store file could not be opened.
#[derive(Debug, Error)]
pub enum OpenError {
    /// The file system refused.
    #[error("the store file {} cannot be opened for writing", path.display())]
    File {
        /// The file.
        path: PathBuf,
        /// What the file system said.
        source: io::Error,
    },
    /// SQLite refused.
    #[error("the store file {} cannot be used as a SQLite database", path.display())]
    Database {
        /// The file.
        path: PathBuf,
        /// What SQLite said.
        source: rusqlite::Error,
    },
    /// A newer version of the gateway wrote it.
    #[error(
        "the store file {} was written by a newer version (its schema is {found}, this version \
         knows up to {}): run that version, or name another file",
        path.display(),
        SCHEMAS.len()
    )]
    NewerSchema {
        /// The file.
        path: PathBuf,
        /// Its schema's version.
        found: i64,
    },
}

/// A connection to the file, ready for use.
pub(super) fn connection(path: &Path) -> Result<Connection, OpenError> {
    make_private(path).map_err(|source| OpenError::File {
        path: path.to_owned(),
        source,
    })?;
    let (connection, found) = connect(path).map_err(|source| OpenError::Database {
        path: path.to_owned(),
        source,
    })?;
    if usize::try_from(found).is_ok_and(|found| found > SCHEMAS.len()) {
        return Err(OpenError::NewerSchema {
            path: path.to_owned(),
            found,
        });
    }
    Ok(connection)
}

/// Makes the file where it is missing, and keeps everyone but its owner out. SQLite gives its
/// side files (`-wal`, `-shm`) the same mode.
fn make_private(path: &Path) -> io::Result<()> {
    let file = OpenOptions::new()
        .read(true)
        .write(true)
        .create(true)
        .truncate(false)
        .mode(0o600)
        .open(path)?;
    let mut permissions = file.metadata()?.permissions();
    if permissions.mode() & 0o077 != 0 {
        permissions.set_mode(0o600);
        file.set_permissions(permissions)?;
    }
    Ok(())
}

/// Connects, brings an older file (an empty one too) to our schema, and says which schema the file
/// has.
fn connect(path: &Path) -> rusqlite::Result<(Connection, i64)> {
    let mut connection = Connection::open(path)?;
    connection.busy_timeout(BUSY_TIMEOUT)?;
    connection.set_prepared_statement_cache_capacity(STATEMENTS);
    connection.pragma_update(None, "journal_mode", "wal")?;
    // A revocation that was answered must survive a power cut, so every commit reaches the disk;
    // NORMAL would sync at checkpoints only.
    connection.pragma_update(None, "synchronous", "full")?;
    // Sealed answers are deleted when their time is over: overwrite them, do not only unlink.
    connection.pragma_update(None, "secure_delete", "on")?;

    let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
    let found: i64 = transaction.pragma_query_value(None, "user_version", |row| row.get(0))?;
    for (version, schema) in (1_i64..)
        .zip(SCHEMAS)
        .filter(|(version, _)| *version > found)
    {
        transaction.execute_batch(schema)?;
        transaction.pragma_update(None, "user_version", version)?;
    }
    transaction.commit()?;
    Ok((connection, found))
}
