//! What there is, for the operator. Each batch is one query that begins where the one before ended
//! in the order of an index, so that it takes the same time whatever there is.

use async_trait::async_trait;
use rusqlite::{Connection, params};
use serde::de::DeserializeOwned;
use token_core::client::Client;
use token_core::store::{
    Approval, Batch, CodeRecord, Cursor, DeviceDecision, Expired, Inspection, Kind, RefreshRecord,
    Registration, Session, StoreError, TokenRecord, Unreadable,
};
use token_core::{GrantId, Timestamp};

use super::SqliteStore;
use super::steps::{EXPIRING, Fault, clear_table, decode, seconds};

/// How many things a batch has at most.
const STEP: u32 = 500;

/// A query over one table in the order of its rowids, for at most [`STEP`] rows.
type Rows = Vec<(i64, String, i64)>;

#[async_trait]
impl Inspection for SqliteStore {
    async fn extent(&self, kind: Kind) -> Result<u64, StoreError> {
        let sql = match kind {
            Kind::Clients => "SELECT clients FROM client_count".to_owned(),
            Kind::Sessions => {
                "SELECT (SELECT count(*) FROM token) + (SELECT count(*) FROM refresh_token)"
                    .to_owned()
            }
            Kind::Approvals => {
                "SELECT (SELECT count(*) FROM code) + (SELECT count(*) FROM device)".to_owned()
            }
            Kind::Expired => format!("SELECT {}", EXPIRING.len()),
        };
        self.read(move |connection| count(connection, &sql, []))
            .await
    }

    async fn registrations(
        &self,
        from: Option<&Cursor>,
        now: Timestamp,
    ) -> Result<Batch<Registration>, StoreError> {
        let after = row_after(from);
        self.read(move |connection| {
            let sql = format!(
                "SELECT rowid, record, 0 FROM client \
                 WHERE rowid > ?1 AND (expires_at IS NULL OR expires_at > ?2) \
                 ORDER BY rowid LIMIT {STEP}"
            );
            let rows = rows(connection, &sql, after, now)?;
            let (mut items, mut unreadable) = (Vec::new(), Vec::new());
            for (_, record, _) in &rows {
                match decode::<Client>(record) {
                    Ok(client) => items.extend(Registration::of(client)),
                    Err(_) => unreadable.push(Unreadable { grant: None }),
                }
            }
            Ok(Batch {
                unreadable,
                looked_at: rows.len() as u64,
                next: next_row(&rows),
                items,
            })
        })
        .await
    }

    async fn sessions(
        &self,
        from: Option<&Cursor>,
        now: Timestamp,
    ) -> Result<Batch<Session>, StoreError> {
        let after = from.map_or("", Cursor::as_str).to_owned();
        self.read(move |connection| {
            let grants = grants_after(connection, &after, now)?;
            let (mut items, mut unreadable, mut looked_at) = (Vec::new(), Vec::new(), 0);
            for grant in &grants {
                let kept = kept(connection, grant, now)?;
                items.extend(kept.session);
                unreadable.extend((0..kept.unreadable).map(|_| Unreadable {
                    grant: GrantId::parse(grant.as_str()).ok(),
                }));
                looked_at += kept.rows;
            }
            let is_last = grants.len() < STEP as usize;
            Ok(Batch {
                items,
                unreadable,
                next: grants
                    .into_iter()
                    .next_back()
                    .filter(|_| !is_last)
                    .map(Cursor::new),
                looked_at,
            })
        })
        .await
    }

    async fn session(
        &self,
        grant: &GrantId,
        now: Timestamp,
    ) -> Result<Option<Session>, StoreError> {
        let grant = grant.clone();
        let kept = self
            .read(move |connection| kept(connection, grant.as_str(), now))
            .await?;
        match kept.session {
            None if kept.unreadable > 0 => Err(StoreError::Corrupt(
                "no record of the grant can be read".into(),
            )),
            session => Ok(session),
        }
    }

    async fn approvals(
        &self,
        from: Option<&Cursor>,
        now: Timestamp,
    ) -> Result<Batch<Approval>, StoreError> {
        // Codes, and then devices.
        let (table, after) = match from
            .map(Cursor::as_str)
            .and_then(|text| text.split_once(' '))
        {
            Some((table, after)) => (table.to_owned(), after.parse().unwrap_or_default()),
            None => ("code".to_owned(), 0),
        };
        self.read(move |connection| {
            let codes = table == "code";
            let which = if codes { CODES } else { DEVICES };
            let sql =
                format!("{which} AND rowid > ?1 AND expires_at > ?2 ORDER BY rowid LIMIT {STEP}");
            let rows = rows(connection, &sql, after, now)?;
            let (mut items, mut unreadable) = (Vec::new(), Vec::new());
            for (_, record, expires_at) in &rows {
                let expires_at = Timestamp(expires_at.cast_unsigned());
                let approval = if codes {
                    approved_code(record, expires_at)
                } else {
                    approved_device(record, expires_at)
                };
                match approval {
                    Ok(approval) => items.extend(approval),
                    Err(_) => unreadable.push(Unreadable { grant: None }),
                }
            }
            let next = match next_row(&rows) {
                Some(row) => Some(Cursor::new(format!("{table} {}", row.as_str()))),
                None if codes => Some(Cursor::new("device 0")),
                None => None,
            };
            Ok(Batch {
                items: without_ended(connection, items, now)?,
                unreadable,
                next,
                looked_at: rows.len() as u64,
            })
        })
        .await
    }

    async fn expired(
        &self,
        from: Option<&Cursor>,
        clear: bool,
        now: Timestamp,
    ) -> Result<Batch<Expired>, StoreError> {
        let at: usize = from.map_or(0, |from| from.as_str().parse().unwrap_or(EXPIRING.len()));
        let Some(table) = EXPIRING.get(at).copied() else {
            return Ok(Batch {
                items: Vec::new(),
                unreadable: Vec::new(),
                next: None,
                looked_at: 0,
            });
        };
        let count = if clear {
            self.write(move |transaction| Ok(clear_table(transaction, table, STEP, now)? as u64))
                .await?
        } else {
            let sql = format!("SELECT count(*) FROM {table} WHERE expires_at <= ?1");
            self.read(move |connection| count(connection, &sql, [seconds(now)]))
                .await?
        };
        // Each write is short, since the gateway waits for it: a table may take many.
        let again = clear && count == u64::from(STEP);
        let next = if again { at } else { at + 1 };
        Ok(Batch {
            items: vec![Expired { what: table, count }],
            unreadable: Vec::new(),
            next: (next < EXPIRING.len()).then(|| Cursor::new(next.to_string())),
            looked_at: u64::from(!again),
        })
    }
}

// What tells a used one from another goes before its record.
const CODES: &str = "SELECT rowid, used || ' ' || record, expires_at FROM code WHERE TRUE";
const DEVICES: &str = "SELECT rowid, fetched || ' ' || decision, expires_at FROM device \
                       WHERE decision IS NOT NULL";

/// The grants that have something good, the first of those after `after`. Both halves come in the
/// order of their index on the grant, so that no more is read than is given: the `+` keeps the
/// index on the expiry out of it.
fn grants_after(
    connection: &Connection,
    after: &str,
    now: Timestamp,
) -> Result<Vec<String>, Fault> {
    let sql = format!(
        "SELECT grant_id FROM token WHERE grant_id > ?1 AND revoked = 0 AND +expires_at > ?2 \
         UNION \
         SELECT grant_id FROM refresh_token \
         WHERE grant_id > ?1 AND replaced = 0 AND +expires_at > ?2 \
         ORDER BY grant_id LIMIT {STEP}"
    );
    let mut query = connection.prepare_cached(&sql)?;
    let grants = query.query_map(params![after, seconds(now)], |row| row.get(0))?;
    Ok(grants.collect::<Result<_, _>>()?)
}

/// What one grant has.
pub(super) struct Kept {
    pub(super) session: Option<Session>,
    rows: u64,
    unreadable: usize,
}

pub(super) fn kept(connection: &Connection, grant: &str, now: Timestamp) -> Result<Kept, Fault> {
    let good = |sql| -> Result<Vec<String>, Fault> {
        let mut query = connection.prepare_cached(sql)?;
        let records = query.query_map(params![grant, seconds(now)], |row| row.get(0))?;
        Ok(records.collect::<Result<_, _>>()?)
    };
    let tokens =
        good("SELECT record FROM token WHERE grant_id = ?1 AND revoked = 0 AND expires_at > ?2")?;
    let refresh = good(
        "SELECT record FROM refresh_token \
         WHERE grant_id = ?1 AND replaced = 0 AND expires_at > ?2 \
         ORDER BY expires_at DESC",
    )?;
    let rows = tokens.len() + refresh.len();
    let tokens: Vec<TokenRecord> = readable(&tokens);
    let refresh: Vec<RefreshRecord> = readable(&refresh);
    let unreadable = rows - tokens.len() - refresh.len();
    let refresh = refresh.into_iter().next();
    Ok(Kept {
        session: Session::of(
            tokens,
            refresh.map(|record| (record.grant, record.expires_at)),
        ),
        rows: rows as u64,
        unreadable,
    })
}

fn readable<T: DeserializeOwned>(records: &[String]) -> Vec<T> {
    let records = records.iter();
    records.filter_map(|record| decode(record).ok()).collect()
}

fn approved_code(found: &str, expires_at: Timestamp) -> Result<Option<Approval>, Fault> {
    let (used, record) = found.split_once(' ').unwrap_or_default();
    let record: CodeRecord = decode(record)?;
    Ok(Some(Approval {
        grant: record.grant,
        expires_at,
        fetched: used == "1",
    }))
}

fn approved_device(found: &str, expires_at: Timestamp) -> Result<Option<Approval>, Fault> {
    let (fetched, decision) = found.split_once(' ').unwrap_or_default();
    Ok(match decode(decision)? {
        DeviceDecision::Approved(grant) => Some(Approval {
            grant,
            expires_at,
            fetched: fetched == "1",
        }),
        DeviceDecision::Denied => None,
    })
}

fn without_ended(
    connection: &Connection,
    approvals: Vec<Approval>,
    now: Timestamp,
) -> Result<Vec<Approval>, Fault> {
    let mut open = Vec::new();
    let mut mark = connection
        .prepare_cached("SELECT 1 FROM ended_grant WHERE grant_id = ?1 AND expires_at > ?2")?;
    for approval in approvals {
        if !mark.exists(params![approval.grant.id.as_str(), seconds(now)])? {
            open.push(approval);
        }
    }
    Ok(open)
}

fn rows(connection: &Connection, sql: &str, after: i64, now: Timestamp) -> Result<Rows, Fault> {
    let mut query = connection.prepare_cached(sql)?;
    let rows = query.query_map(params![after, seconds(now)], |row| {
        Ok((row.get(0)?, row.get(1)?, row.get(2)?))
    })?;
    Ok(rows.collect::<Result<_, _>>()?)
}

fn row_after(from: Option<&Cursor>) -> i64 {
    from.map_or(0, |from| from.as_str().parse().unwrap_or(i64::MAX))
}

fn next_row(rows: &Rows) -> Option<Cursor> {
    let (last, _, _) = rows.last()?;
    (rows.len() >= STEP as usize).then(|| Cursor::new(last.to_string()))
}

fn count(
    connection: &Connection,
    sql: &str,
    parameters: impl rusqlite::Params,
) -> Result<u64, Fault> {
    let count: i64 = connection
        .prepare_cached(sql)?
        .query_row(parameters, |row| row.get(0))?;
    Ok(count.cast_unsigned())
}
