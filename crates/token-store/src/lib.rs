//! The stores behind the traits of `token_core::store`: SQLite for the single process, Redis for
//! the deployment, memory for tests. One suite of promises (`tests/contract`) holds for all. Beside
//! them what else is kept: the directory of private keys; and the way of audit events to a store.
//!
//! What it is not: it knows no protocol and no HTTP, and reads no clock and no environment. The
//! stores never see a secret: codes, refresh tokens and `state` come as hashes, grace answers come
//! sealed.
//!
//! What it may depend on: `token-core`, and the drivers: `rusqlite` (feature `sqlite`), `redis` and
//! `deadpool-redis` (feature `redis`).

pub mod key_directory;
mod memory;
#[cfg(feature = "redis")]
mod redis;
#[cfg(feature = "sqlite")]
mod sqlite;
mod trail;

#[cfg(feature = "redis")]
pub use self::redis::{
    Heard, RedisActiveTokens, RedisSettings, RedisSettingsError, RedisStore, ServerFacts, Watch,
};
pub use memory::MemoryStore;
#[cfg(feature = "sqlite")]
pub use sqlite::{OpenError, SqliteStore};
pub use trail::{MISSING, Trail};

/// RFC 8628 section 3.5: what `slow_down` adds to the interval.
const SLOWER_BY: token_core::Seconds = token_core::Seconds(5);
