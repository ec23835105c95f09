//! The audit trail in a bounded table, and the last use of tokens.

use async_trait::async_trait;
use rusqlite::{OptionalExtension as _, Transaction, params};
use token_core::store::{
    AuditTrail, Batch, Cursor, Recorded, SESSION_USE_KEPT, StoreError, TokenUse, TokenUses,
    TrailRecord, Unreadable,
};
use token_core::{Jti, Timestamp};

use super::SqliteStore;
use super::steps::{Fault, clear_table, execute, seconds};

/// How many records are read at once.
const STEP: usize = 500;

#[async_trait]
impl AuditTrail for SqliteStore {
    async fn append(&self, records: &[String], keep: u64) -> Result<(), StoreError> {
        let records = records.to_vec();
        self.write(move |transaction| {
            for record in records {
                let at = TrailRecord::read(&record).map_or(0, |record| seconds(record.at));
                execute(
                    transaction,
                    "INSERT INTO audit (at, record) VALUES (?1, ?2)",
                    params![at, record],
                )?;
            }
            execute(
                transaction,
                "DELETE FROM audit WHERE id <= (SELECT max(id) FROM audit) - ?1",
                [i64::try_from(keep).unwrap_or(i64::MAX)],
            )?;
            Ok(())
        })
        .await
    }
}

#[async_trait]
impl TokenUses for SqliteStore {
    async fn note_uses(&self, uses: &[TokenUse], now: Timestamp) -> Result<Vec<bool>, StoreError> {
        let uses = uses.to_vec();
        self.write(move |transaction| {
            clear_table(transaction, "last_use", 64, now)?;
            let mut first = Vec::new();
            for one in &uses {
                let (token, session) = (one.jti.as_str(), one.jti.grant());
                first.push(!is_known(transaction, token, now)?);
                note(transaction, token, one.at, one.expires_at)?;
                let until = one.expires_at.max(now.plus(SESSION_USE_KEPT));
                note(transaction, session.as_str(), one.at, until)?;
            }
            Ok(first)
        })
        .await
    }
}

fn is_known(transaction: &Transaction<'_>, thing: &str, now: Timestamp) -> rusqlite::Result<bool> {
    transaction
        .prepare_cached("SELECT 1 FROM last_use WHERE thing = ?1 AND expires_at > ?2")?
        .exists(params![thing, seconds(now)])
}

fn note(
    transaction: &Transaction<'_>,
    thing: &str,
    at: Timestamp,
    until: Timestamp,
) -> rusqlite::Result<usize> {
    execute(
        transaction,
        "INSERT INTO last_use (thing, used_at, expires_at) VALUES (?1, ?2, ?3) \
         ON CONFLICT (thing) DO UPDATE SET used_at = ?2, expires_at = ?3",
        params![thing, seconds(at), seconds(until)],
    )
}

#[async_trait]
impl Recorded for SqliteStore {
    async fn trail(
        &self,
        from: Option<&Cursor>,
        since: Timestamp,
    ) -> Result<Batch<TrailRecord>, StoreError> {
        let after: i64 = from.map_or(0, |from| from.as_str().parse().unwrap_or(i64::MAX));
        self.read(move |connection| {
            let sql = format!(
                "SELECT id, record FROM audit WHERE id > ?1 AND at >= ?2 ORDER BY id LIMIT {STEP}"
            );
            let mut query = connection.prepare_cached(&sql)?;
            let rows = query.query_map(params![after, seconds(since)], |row| {
                Ok((row.get::<_, i64>(0)?, row.get::<_, String>(1)?))
            })?;
            let rows: Vec<_> = rows.collect::<Result<_, _>>()?;
            let items: Vec<_> = rows
                .iter()
                .filter_map(|(_, record)| TrailRecord::read(record))
                .collect();
            let unreadable = vec![Unreadable { grant: None }; rows.len() - items.len()];
            let last = rows.last().filter(|_| rows.len() >= STEP);
            Ok(Batch {
                items,
                unreadable,
                next: last.map(|(id, _)| Cursor::new(id.to_string())),
                looked_at: rows.len() as u64,
            })
        })
        .await
    }

    async fn tokens_last_used(&self, tokens: &[Jti]) -> Result<Vec<Option<Timestamp>>, StoreError> {
        self.last_used(tokens.iter().map(ToString::to_string).collect())
            .await
    }
}

impl SqliteStore {
    pub(super) async fn last_used(
        &self,
        things: Vec<String>,
    ) -> Result<Vec<Option<Timestamp>>, StoreError> {
        self.read(move |connection| {
            let mut query =
                connection.prepare_cached("SELECT used_at FROM last_use WHERE thing = ?1")?;
            let at = things.into_iter().map(|thing| {
                let at: Option<i64> = query.query_row([thing], |row| row.get(0)).optional()?;
                Ok(at.map(|at| Timestamp(at.cast_unsigned())))
            });
            at.collect::<Result<_, Fault>>()
        })
        .await
    }
}
