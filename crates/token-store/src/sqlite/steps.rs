//! What the steps share: how a record is written, how a failure is named, and the clearing away of
//! what is over.

use rusqlite::{Connection, ErrorCode, Transaction};
use serde::Serialize;
use serde::de::DeserializeOwned;
use token_core::Timestamp;
use token_core::store::StoreError;

/// What can go wrong within a step.
#[derive(Debug)]
pub(super) enum Fault {
    Sqlite(rusqlite::Error),
    Record(serde_json::Error),
}

impl From<rusqlite::Error> for Fault {
    fn from(error: rusqlite::Error) -> Self {
        Self::Sqlite(error)
    }
}

impl From<serde_json::Error> for Fault {
    fn from(error: serde_json::Error) -> Self {
        Self::Record(error)
    }
}

impl From<Fault> for StoreError {
    fn from(fault: Fault) -> Self {
        match fault {
            Fault::Record(error) => Self::Corrupt(error.into()),
            Fault::Sqlite(error) if is_damage(&error) => Self::Corrupt(error.into()),
            Fault::Sqlite(error) => Self::Unavailable(error.into()),
        }
    }
}

fn is_damage(error: &rusqlite::Error) -> bool {
    matches!(
        error,
        rusqlite::Error::FromSqlConversionFailure(..)
            | rusqlite::Error::IntegralValueOutOfRange(..)
            | rusqlite::Error::InvalidColumnType(..)
            | rusqlite::Error::Utf8Error(..)
    ) || matches!(
        error.sqlite_error_code(),
        Some(ErrorCode::DatabaseCorrupt | ErrorCode::NotADatabase)
    )
}

pub(super) fn encode(record: &impl Serialize) -> Result<String, Fault> {
    Ok(serde_json::to_string(record)?)
}

pub(super) fn decode<T: DeserializeOwned>(record: &str) -> Result<T, Fault> {
    Ok(serde_json::from_str(record)?)
}

/// A time as SQLite holds it. Beyond its range lies the end of time all the same.
pub(super) fn seconds(at: Timestamp) -> i64 {
    i64::try_from(at.0).unwrap_or(i64::MAX)
}

/// Runs one statement.
pub(super) fn execute(
    connection: &Connection,
    sql: &str,
    parameters: impl rusqlite::Params,
) -> rusqlite::Result<usize> {
    connection.prepare_cached(sql)?.execute(parameters)
}

/// The tables whose rows expire.
pub(super) const EXPIRING: [&str; 13] = [
    "client",
    "client_keys",
    "sign_in",
    "code",
    "token",
    "refresh_token",
    "grace",
    "ended_grant",
    "deleted_client",
    "device",
    "pushed_request",
    "used_thing",
    "last_use",
];

/// Clears away what is over at `now`: at most 32 rows of each table, so that no step is long, yet
/// more than any step adds, so that nothing piles up.
pub(super) fn clear_away(transaction: &Transaction<'_>, now: Timestamp) -> rusqlite::Result<()> {
    for table in EXPIRING {
        clear_table(transaction, table, 32, now)?;
    }
    Ok(())
}

/// Clears away at most `limit` rows of one table; how many.
pub(super) fn clear_table(
    transaction: &Transaction<'_>,
    table: &str,
    limit: u32,
    now: Timestamp,
) -> rusqlite::Result<usize> {
    let sql = format!(
        "DELETE FROM {table} WHERE rowid IN \
         (SELECT rowid FROM {table} WHERE expires_at <= ?1 LIMIT {limit})"
    );
    execute(transaction, &sql, [seconds(now)])
}
