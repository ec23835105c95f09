//! The store in one SQLite file: the default of the single process.
//!
//! The file is in WAL mode, so that a second process (the operator's commands) can use it at the
//! same time. Each write is one IMMEDIATE transaction, which is what makes it one atomic step
//! across processes, and clears away a bounded number of expired rows.

mod archive;
mod clients;
mod devices;
mod ending;
mod grants;
mod inspection;
mod key_sets;
mod open;
mod people;
mod pushed_requests;
mod registry;
mod replays;
mod sign_ins;
mod steps;
mod tokens;
mod trail;

use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};

use rusqlite::{Connection, Transaction, TransactionBehavior};
use token_core::store::StoreError;

pub use open::OpenError;
use steps::Fault;

/// A store in a SQLite file. Clones share their connections.
#[derive(Debug, Clone)]
pub struct SqliteStore {
    writer: Arc<Mutex<Connection>>,
    /// Reads have a connection of their own, so that a look at a token never waits for a write's
    /// trip to the disk. A read that starts after a commit sees it.
    reader: Arc<Mutex<Connection>>,
}

impl SqliteStore {
    /// Opens the file, and makes it (mode 0600) where it does not exist. Its directory must exist.
    pub fn open(path: impl AsRef<Path>) -> Result<Self, OpenError> {
        let path = path.as_ref();
        let writer = open::connection(path)?;
        let reader = open::connection(path)?;
        Ok(Self {
            writer: Arc::new(Mutex::new(writer)),
            reader: Arc::new(Mutex::new(reader)),
        })
    }

    /// Runs one atomic step. When it fails, nothing of it is kept.
    async fn write<T: Send + 'static>(
        &self,
        step: impl FnOnce(&Transaction<'_>) -> Result<T, Fault> + Send + 'static,
    ) -> Result<T, StoreError> {
        on_blocking_thread(&self.writer, |connection| {
            let transaction =
                connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
            let outcome = step(&transaction)?;
            transaction.commit()?;
            Ok(outcome)
        })
        .await
    }

    /// Runs one query.
    async fn read<T: Send + 'static>(
        &self,
        query: impl FnOnce(&Connection) -> Result<T, Fault> + Send + 'static,
    ) -> Result<T, StoreError> {
        on_blocking_thread(&self.reader, |connection| query(connection)).await
    }
}

async fn on_blocking_thread<T: Send + 'static>(
    connection: &Arc<Mutex<Connection>>,
    work: impl FnOnce(&mut Connection) -> Result<T, Fault> + Send + 'static,
) -> Result<T, StoreError> {
    let connection = Arc::clone(connection);
    tokio::task::spawn_blocking(move || {
        // A panic under the lock rolled its transaction back, so the connection is still good.
        let mut connection = connection.lock().unwrap_or_else(PoisonError::into_inner);
        work(&mut connection)
    })
    .await
    .map_err(|error| StoreError::Unavailable(error.into()))?
    .map_err(StoreError::from)
}
