//! Backups, table by table. Each batch is one query or one transaction.

use async_trait::async_trait;
use rusqlite::{Connection, OptionalExtension as _, Row, params};
use token_core::store::{
    Archive, Archived, ArchivedKind, Batch, Cursor, RefreshRecord, RestoreOutcome, Restoring,
    StoreError, TokenRecord, Unreadable,
};
use token_core::{ClientId, GrantId, Jti, Timestamp};

use super::SqliteStore;
use super::clients::{living, write};
use super::ending::mark_deleted;
use super::grants::{end, insert_refresh, insert_token, mark_replaced};
use super::steps::{Fault, decode, execute, seconds};

/// How many rows a batch looks at.
const STEP: u32 = 500;

/// Where the records are, in the order of a backup, which has marks last. Each gives a row's number,
/// text, a flag or an expiry.
const TABLES: [Table; 6] = [
    Table {
        sql: "SELECT rowid, record, 0 FROM client \
              WHERE rowid > ?1 AND (expires_at IS NULL OR expires_at > ?2) ORDER BY rowid LIMIT ?3",
        record: |record, _| decode(record).ok().map(Archived::Client),
    },
    Table {
        sql: "SELECT rowid, record, 0 FROM token \
              WHERE rowid > ?1 AND revoked = 0 AND +expires_at > ?2 ORDER BY rowid LIMIT ?3",
        record: |record, _| decode(record).ok().map(Archived::AccessToken),
    },
    Table {
        sql: "SELECT rowid, record, replaced FROM refresh_token \
              WHERE rowid > ?1 AND +expires_at > ?2 ORDER BY rowid LIMIT ?3",
        record: |record, replaced| {
            Some(Archived::RefreshToken {
                token: decode(record).ok()?,
                replaced: replaced != 0,
            })
        },
    },
    Table {
        sql: "SELECT rowid, jti, expires_at FROM token \
              WHERE rowid > ?1 AND revoked = 1 AND +expires_at > ?2 ORDER BY rowid LIMIT ?3",
        record: |jti, expires_at| {
            Some(Archived::RevokedToken {
                jti: Jti::parse(jti).ok()?,
                expires_at: Timestamp(expires_at.cast_unsigned()),
            })
        },
    },
    Table {
        sql: "SELECT rowid, grant_id, expires_at FROM ended_grant \
              WHERE rowid > ?1 AND +expires_at > ?2 ORDER BY rowid LIMIT ?3",
        record: |grant, expires_at| {
            Some(Archived::EndedGrant {
                grant: GrantId::parse(grant).ok()?,
                expires_at: Timestamp(expires_at.cast_unsigned()),
            })
        },
    },
    Table {
        sql: "SELECT rowid, client_id, expires_at FROM deleted_client \
              WHERE rowid > ?1 AND +expires_at > ?2 ORDER BY rowid LIMIT ?3",
        record: |client_id, expires_at| {
            Some(Archived::DeletedClient {
                client_id: ClientId::parse(client_id).ok()?,
                expires_at: Timestamp(expires_at.cast_unsigned()),
            })
        },
    },
];

struct Table {
    sql: &'static str,
    /// The record that a row is.
    record: fn(&str, i64) -> Option<Archived>,
}

#[async_trait]
impl Archive for SqliteStore {
    async fn archive_extent(&self) -> Result<u64, StoreError> {
        self.read(|connection| {
            let sql = "SELECT (SELECT clients FROM client_count) + (SELECT count(*) FROM token) \
                       + (SELECT count(*) FROM refresh_token) + (SELECT count(*) FROM ended_grant) \
                       + (SELECT count(*) FROM deleted_client)";
            let rows: i64 = connection
                .prepare_cached(sql)?
                .query_row([], |row| row.get(0))?;
            Ok(rows.cast_unsigned())
        })
        .await
    }

    async fn archived(
        &self,
        from: Option<&Cursor>,
        now: Timestamp,
    ) -> Result<Batch<Archived>, StoreError> {
        let (at, after) = place(from);
        self.read(move |connection| {
            let Some(table) = TABLES.get(at) else {
                return Ok(empty());
            };
            let mut query = connection.prepare_cached(table.sql)?;
            let rows = query.query_map(params![after, seconds(now), STEP], row)?;
            let rows: Vec<(i64, String, i64)> = rows.collect::<Result<_, _>>()?;
            let (mut items, mut unreadable) = (Vec::new(), Vec::new());
            for (_, text, number) in &rows {
                match (table.record)(text, *number) {
                    Some(record) => items.push(record),
                    None => unreadable.push(Unreadable { grant: None }),
                }
            }
            Ok(Batch {
                items,
                unreadable,
                looked_at: rows.len() as u64,
                next: next(rows.iter().map(|(row, _, _)| *row), at, TABLES.len()),
            })
        })
        .await
    }

    async fn restore(
        &self,
        records: &[Archived],
        how: Restoring,
        now: Timestamp,
    ) -> Result<Vec<RestoreOutcome>, StoreError> {
        let records = records.to_vec();
        let each = move |connection: &Connection| {
            let outcomes = records
                .iter()
                .map(|record| restore(connection, record, how, now));
            outcomes.collect()
        };
        if how == Restoring::Do {
            self.write(move |transaction| each(transaction)).await
        } else {
            self.read(each).await
        }
    }

    async fn clear(
        &self,
        from: Option<&Cursor>,
        count: bool,
        now: Timestamp,
    ) -> Result<Batch<ArchivedKind>, StoreError> {
        let (at, after) = place(from);
        let Some((kind, which)) = CLEARED.get(at).copied() else {
            return Ok(empty());
        };
        let step = move |connection: &Connection| {
            let sql = format!("SELECT rowid FROM {which} AND rowid > ?1 ORDER BY rowid LIMIT ?3");
            let mut query = connection.prepare_cached(&sql)?;
            let rows = query.query_map(params![after, seconds(now), STEP], |row| row.get(0))?;
            let rows: Vec<i64> = rows.collect::<Result<_, _>>()?;
            if !count {
                let table = which.split(' ').next().unwrap_or_default();
                for row in &rows {
                    execute(
                        connection,
                        &format!("DELETE FROM {table} WHERE rowid = ?1"),
                        [row],
                    )?;
                }
            }
            Ok(rows)
        };
        let rows: Vec<i64> = if count {
            self.read(step).await?
        } else {
            self.write(move |transaction| step(transaction)).await?
        };
        Ok(Batch {
            items: vec![kind; rows.len()],
            unreadable: Vec::new(),
            looked_at: rows.len() as u64,
            next: next(rows.iter().copied(), at, CLEARED.len()),
        })
    }
}

/// What clearing takes, each with its table and which rows of it.
const CLEARED: [(ArchivedKind, &str); 3] = [
    (
        ArchivedKind::Clients,
        "client WHERE (expires_at IS NULL OR expires_at > ?2)",
    ),
    (
        ArchivedKind::AccessTokens,
        "token WHERE revoked = 0 AND +expires_at > ?2",
    ),
    (
        ArchivedKind::RefreshTokens,
        "refresh_token WHERE replaced = 0 AND +expires_at > ?2",
    ),
];

fn row(row: &Row<'_>) -> rusqlite::Result<(i64, String, i64)> {
    Ok((row.get(0)?, row.get(1)?, row.get(2)?))
}

fn empty<T>() -> Batch<T> {
    Batch {
        items: Vec::new(),
        unreadable: Vec::new(),
        next: None,
        looked_at: 0,
    }
}

/// `TABLE ROW`: the batch begins in that table after that row.
fn cursor(table: usize, row: i64) -> Cursor {
    Cursor::new(format!("{table} {row}"))
}

/// Where the batch after these rows of a table begins.
fn next(rows: impl ExactSizeIterator<Item = i64>, at: usize, tables: usize) -> Option<Cursor> {
    let is_full = rows.len() == STEP as usize;
    match rows.last() {
        Some(last) if is_full => Some(cursor(at, last)),
        _ if at + 1 < tables => Some(cursor(at + 1, 0)),
        _ => None,
    }
}

fn place(from: Option<&Cursor>) -> (usize, i64) {
    let Some(from) = from else { return (0, 0) };
    let (table, row) = from.as_str().split_once(' ').unwrap_or_default();
    let end = (usize::MAX, i64::MAX);
    (table.parse().unwrap_or(end.0), row.parse().unwrap_or(end.1))
}

/// Puts one record back, or says what that would come to.
fn restore(
    connection: &Connection,
    record: &Archived,
    how: Restoring,
    now: Timestamp,
) -> Result<RestoreOutcome, Fault> {
    if record.expires_at().is_some_and(|at| at.has_passed(now)) {
        return Ok(RestoreOutcome::Expired);
    }
    match record {
        Archived::Client(client) => {
            let cleared = how == Restoring::CountAsCleared;
            if !cleared && living(connection, &client.client_id, now)?.is_some() {
                return Ok(RestoreOutcome::Present);
            }
            if deletion_of(connection, &client.client_id)?.is_some_and(|until| until > seconds(now))
            {
                return Ok(RestoreOutcome::Ended);
            }
            if how == Restoring::Do {
                write(connection, client)?;
            }
            Ok(RestoreOutcome::Restored)
        }
        Archived::AccessToken(token) => restore_access_token(connection, token, how, now),
        Archived::RefreshToken { token, replaced } => {
            restore_refresh_token(connection, token, *replaced, how, now)
        }
        Archived::DeletedClient {
            client_id,
            expires_at,
        } => {
            let cleared = how == Restoring::CountAsCleared;
            if !cleared && living(connection, client_id, now)?.is_some() {
                return Ok(RestoreOutcome::Present);
            }
            let known = deletion_of(connection, client_id)?;
            if known.is_some_and(|until| until >= seconds(*expires_at)) {
                return Ok(RestoreOutcome::Present);
            }
            if how == Restoring::Do {
                mark_deleted(connection, client_id, *expires_at)?;
            }
            Ok(RestoreOutcome::Restored)
        }
        Archived::EndedGrant { grant, expires_at } => {
            if mark_of(connection, grant)?.is_some_and(|until| until >= seconds(*expires_at)) {
                return Ok(RestoreOutcome::Present);
            }
            if how == Restoring::Do {
                end(connection, grant, *expires_at, now)?;
            }
            Ok(RestoreOutcome::Restored)
        }
        Archived::RevokedToken { jti, expires_at } => {
            if is_revoked(connection, jti)? == Some(true) {
                return Ok(RestoreOutcome::Present);
            }
            if how == Restoring::Do {
                // Whose it was is not known from a mark, and nobody asks it of one.
                execute(
                    connection,
                    "INSERT INTO token (jti, grant_id, record, revoked, expires_at) \
                     VALUES (?1, ?2, '{}', 1, ?3) \
                     ON CONFLICT (jti) DO UPDATE SET revoked = 1",
                    params![jti.as_str(), jti.grant().as_str(), seconds(*expires_at)],
                )?;
            }
            Ok(RestoreOutcome::Restored)
        }
    }
}

fn restore_access_token(
    connection: &Connection,
    token: &TokenRecord,
    how: Restoring,
    now: Timestamp,
) -> Result<RestoreOutcome, Fault> {
    if has_ended(connection, &token.jti.grant(), now)? {
        return Ok(RestoreOutcome::Ended);
    }
    match is_revoked(connection, &token.jti)? {
        Some(true) => return Ok(RestoreOutcome::Ended),
        Some(false) if how != Restoring::CountAsCleared => return Ok(RestoreOutcome::Present),
        Some(false) | None => {}
    }
    if how == Restoring::Do {
        insert_token(connection, token)?;
    }
    Ok(RestoreOutcome::Restored)
}

fn restore_refresh_token(
    connection: &Connection,
    token: &RefreshRecord,
    replaced: bool,
    how: Restoring,
    now: Timestamp,
) -> Result<RestoreOutcome, Fault> {
    if has_ended(connection, &token.key.grant, now)? {
        return Ok(RestoreOutcome::Ended);
    }
    let found: Option<bool> = connection
        .prepare_cached("SELECT replaced FROM refresh_token WHERE token_hash = ?1")?
        .query_row([token.key.hash.to_string()], |row| row.get(0))
        .optional()?;
    // Clearing leaves what was replaced.
    let found = found.filter(|replaced| *replaced || how != Restoring::CountAsCleared);
    // What is there stays, unless it can be used and the backup knows that it was replaced.
    if found.is_some_and(|found| found || !replaced) {
        return Ok(RestoreOutcome::Present);
    }
    if how == Restoring::Do {
        if found.is_none() {
            insert_refresh(connection, token)?;
        }
        if replaced {
            mark_replaced(connection, &token.key)?;
        }
    }
    Ok(RestoreOutcome::Restored)
}

/// Until when the grant's mark stays.
fn mark_of(connection: &Connection, grant: &GrantId) -> Result<Option<i64>, Fault> {
    Ok(connection
        .prepare_cached("SELECT expires_at FROM ended_grant WHERE grant_id = ?1")?
        .query_row([grant.as_str()], |row| row.get(0))
        .optional()?)
}

/// Until when the mark of a client's deletion stays.
fn deletion_of(connection: &Connection, client: &ClientId) -> Result<Option<i64>, Fault> {
    Ok(connection
        .prepare_cached("SELECT expires_at FROM deleted_client WHERE client_id = ?1")?
        .query_row([client.as_str()], |row| row.get(0))
        .optional()?)
}

fn has_ended(connection: &Connection, grant: &GrantId, now: Timestamp) -> Result<bool, Fault> {
    Ok(mark_of(connection, grant)?.is_some_and(|until| until > seconds(now)))
}

/// Whether the access token was revoked; `None` where there is none.
fn is_revoked(connection: &Connection, jti: &Jti) -> Result<Option<bool>, Fault> {
    Ok(connection
        .prepare_cached("SELECT revoked FROM token WHERE jti = ?1")?
        .query_row([jti.as_str()], |row| row.get(0))
        .optional()?)
}
