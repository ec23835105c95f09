//! The stores under test.

use std::path::PathBuf;
use std::sync::Arc;

use tempfile::TempDir;
use token_core::store::{AuditTrail, OperatorStore, Store, TokenUses};
use token_store::{MemoryStore, SqliteStore};

/// One place where records are kept.
pub(crate) trait Backend {
    /// A new handle on that place, as another process would have it.
    fn open(&self) -> Arc<dyn Store>;
}

/// One that an operator can look into.
pub(crate) trait Inspected: Backend {
    /// A new handle, as the operator's command has it.
    fn operator(&self) -> Arc<dyn OperatorStore>;

    /// Where the verifier notes uses and appends its records, as it has it.
    fn verifier(&self) -> Arc<dyn VerifierSlice>;

    /// Spoils every record of the client, grant or token with this in its name.
    fn damage(&self, id: &str);
}

/// What the verifier may write.
pub(crate) trait VerifierSlice: TokenUses + AuditTrail {}

impl<T: TokenUses + AuditTrail> VerifierSlice for T {}

/// Memory.
#[derive(Default)]
pub(crate) struct Memory(MemoryStore);

impl Backend for Memory {
    fn open(&self) -> Arc<dyn Store> {
        Arc::new(self.0.clone())
    }
}

/// A SQLite file in a directory of its own.
pub(crate) struct Sqlite(TempDir);

impl Sqlite {
    pub(crate) fn new() -> Self {
        Self(TempDir::new().expect("a directory"))
    }

    pub(crate) fn path(&self) -> PathBuf {
        self.0.path().join("gateway.db")
    }
}

impl Backend for Sqlite {
    fn open(&self) -> Arc<dyn Store> {
        Arc::new(SqliteStore::open(self.path()).expect("the store opens"))
    }
}

impl Inspected for Sqlite {
    fn operator(&self) -> Arc<dyn OperatorStore> {
        Arc::new(SqliteStore::open(self.path()).expect("the store opens"))
    }

    fn verifier(&self) -> Arc<dyn VerifierSlice> {
        Arc::new(SqliteStore::open(self.path()).expect("the store opens"))
    }

    fn damage(&self, id: &str) {
        let file = rusqlite::Connection::open(self.path()).expect("the file opens");
        for table in ["client", "code", "token", "refresh_token"] {
            // Not what was written, and still JSON, of which there is an index.
            let sql = format!("UPDATE {table} SET record = '{{}}' WHERE record LIKE ?1");
            file.execute(&sql, [format!("%{id}%")]).expect("damage");
        }
    }
}
