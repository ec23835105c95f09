//! What Redis says of itself, for who looks after it.

use std::collections::BTreeMap;

use ::redis::{Client, RedisConnectionInfo, RedisError, cmd};
use token_core::store::StoreError;
use token_core::{Clock, Timestamp};

use super::fault::fault;
use super::settings::RedisSettings;
use super::store::RedisStore;

/// What Redis says of itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ServerFacts {
    /// Its clock (`TIME`).
    pub time: Timestamp,
    /// What ours said when that came.
    pub heard_at: Timestamp,
    /// Whether what is written is appended to a file (`aof_enabled`).
    pub appends: bool,
    /// Whether the last write to that file went well (`aof_last_write_status`).
    pub append_failed: bool,
    /// How much memory it may fill, in bytes; 0 is without bound.
    pub max_memory: u64,
    /// What it does when that is full (`maxmemory_policy`).
    pub eviction: String,
    /// When it writes a snapshot (`save`); `None` where it does not tell (`CONFIG` is not allowed).
    pub snapshots: Option<String>,
}

impl RedisStore {
    /// What this Redis says of itself.
    ///
    /// # Errors
    /// It cannot be asked, or does not let this user ask.
    pub async fn server_facts(&self, clock: &impl Clock) -> Result<ServerFacts, StoreError> {
        let (seconds, _): (u64, u64) = self.command(&cmd("TIME")).await?;
        let heard_at = clock.now();
        let text: String = self.command(cmd("INFO").arg("everything")).await?;
        let info = info(&text);
        let is = |name: &str, value: &str| info.get(name).is_some_and(|own| *own == value);
        let save: Result<BTreeMap<String, String>, _> =
            self.command(cmd("CONFIG").arg("GET").arg("save")).await;
        Ok(ServerFacts {
            time: Timestamp(seconds),
            heard_at,
            appends: is("aof_enabled", "1"),
            append_failed: is("aof_last_write_status", "err"),
            max_memory: info
                .get("maxmemory")
                .and_then(|bytes| bytes.parse().ok())
                .unwrap_or_default(),
            eviction: info
                .get("maxmemory_policy")
                .copied()
                .unwrap_or("unknown")
                .to_owned(),
            snapshots: save.ok().and_then(|mut config| config.remove("save")),
        })
    }
}

/// The fields of `INFO`.
fn info(text: &str) -> BTreeMap<&str, &str> {
    let fields = text.lines().filter_map(|line| line.split_once(':'));
    fields.collect()
}

impl RedisSettings {
    /// Whether this Redis answers somebody who names no user and no password.
    ///
    /// # Errors
    /// It cannot be asked.
    pub async fn lets_anybody_in(&self) -> Result<bool, StoreError> {
        let info = self.connection_info()?;
        let nobody = info.set_redis_settings(RedisConnectionInfo::default());
        match ping(nobody).await {
            Ok(()) => Ok(true),
            Err(error) if matches!(error.code(), Some("NOAUTH" | "NOPERM")) => Ok(false),
            Err(error) => Err(fault(error)),
        }
    }
}

async fn ping(redis: ::redis::ConnectionInfo) -> Result<(), RedisError> {
    let client = Client::open(redis)?;
    let mut connection = client.get_multiplexed_async_connection().await?;
    // Nothing that shows or changes anything.
    cmd("PING").query_async::<String>(&mut connection).await?;
    Ok(())
}
