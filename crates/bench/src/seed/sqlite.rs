//! The same in SQLite.

use std::path::Path;

use rusqlite::types::Value;
use rusqlite::{Connection, params_from_iter};
use token_store::SqliteStore;

use super::{Identifiers, renamed, write_one};
use crate::Outcome;
use crate::mint::Mint;

/// A row as the store wrote it, and the statement that writes one like it.
struct Written {
    insert: String,
    row: Vec<Value>,
}

/// Fills a new store file with the grants of these numbers, whose clients and people `who` says.
pub async fn fill(
    path: &Path,
    mint: &Mint,
    numbers: std::ops::Range<u64>,
    who: fn(u64) -> Identifiers,
) -> Outcome<()> {
    let Some(first) = numbers.clone().next() else {
        return Ok(());
    };
    let own = who(first);
    let store = SqliteStore::open(path)?;
    write_one(&store, mint, &own).await?;
    drop(store);
    let mut connection = Connection::open(path)?;
    let mut template = written(&connection)?;
    let other = own.replacements(&who(first + 1))?;
    // A row that names none of them is no record of a grant.
    template.retain(|written| written.renamed(&other) != written.row);
    let transaction = connection.transaction()?;
    for number in first + 1..numbers.end {
        let replacements = own.replacements(&who(number))?;
        for written in &template {
            let row = written.renamed(&replacements);
            transaction
                .prepare_cached(&written.insert)?
                .execute(params_from_iter(row))?;
        }
    }
    transaction.commit()?;
    Ok(())
}

impl Written {
    fn renamed(&self, replacements: &[(String, String)]) -> Vec<Value> {
        let row = self.row.iter().map(|value| match value {
            Value::Text(text) => Value::Text(renamed(text, replacements)),
            other => other.clone(),
        });
        row.collect()
    }
}

fn written(connection: &Connection) -> Outcome<Vec<Written>> {
    let mut tables = connection.prepare(
        "SELECT name FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE 'sqlite_%'",
    )?;
    let tables = tables.query_map([], |row| row.get::<_, String>(0))?;
    let mut written = Vec::new();
    for table in tables.collect::<Result<Vec<_>, _>>()? {
        // Generated columns are none of these.
        let mut columns = connection.prepare("SELECT name FROM pragma_table_info(?1)")?;
        let columns = columns.query_map([&table], |row| row.get::<_, String>(0))?;
        let columns = columns.collect::<Result<Vec<_>, _>>()?;
        let list = columns.join(", ");
        let places = vec!["?"; columns.len()].join(", ");
        let mut rows = connection.prepare(&format!("SELECT {list} FROM {table}"))?;
        let rows = rows.query_map([], |row| (0..columns.len()).map(|at| row.get(at)).collect())?;
        for row in rows {
            written.push(Written {
                insert: format!("INSERT INTO {table} ({list}) VALUES ({places})"),
                row: row?,
            });
        }
    }
    Ok(written)
}
