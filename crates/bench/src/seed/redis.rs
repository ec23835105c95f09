//! The same in Redis.

use redis::aio::MultiplexedConnection;
use redis::{Cmd, Pipeline, cmd};
use test_kit::redis::Redis;
use token_store::RedisStore;

use super::{Identifiers, renamed, write_one};
use crate::Outcome;
use crate::mint::Mint;
use crate::system::{connection_to, settings_of};

/// How many grants one pipeline writes.
const AT_ONCE: u64 = 2000;

/// A key as the store wrote it.
struct Written {
    key: String,
    value: Value,
    /// When Redis drops it, in seconds since 1970; below zero never.
    dropped_at: i64,
}

enum Value {
    Text(String),
    SortedSet(Vec<(String, String)>),
    Hash(Vec<(String, String)>),
}

/// Fills an empty Redis with the grants of these numbers, whose clients and people `who` says.
pub async fn fill(
    redis: &Redis,
    mint: &Mint,
    numbers: std::ops::Range<u64>,
    who: impl Fn(u64) -> Identifiers,
) -> Outcome<()> {
    let Some(first) = numbers.clone().next() else {
        return Ok(());
    };
    let own = who(first);
    let store = RedisStore::connect(&settings_of(redis))?;
    write_one(&store, mint, &own).await?;
    let mut connection = connection_to(redis).await?;
    let template = written(&mut connection).await?;
    let mut begin = first + 1;
    while begin < numbers.end {
        let end = numbers.end.min(begin + AT_ONCE);
        let mut pipeline = Pipeline::with_capacity(8192);
        for number in begin..end {
            let replacements = own.replacements(&who(number))?;
            for key in &template {
                key.write(&mut pipeline, &replacements);
            }
        }
        let () = pipeline.query_async(&mut connection).await?;
        begin = end;
    }
    Ok(())
}

async fn written(connection: &mut MultiplexedConnection) -> Outcome<Vec<Written>> {
    let keys: Vec<String> = cmd("KEYS").arg("*").query_async(connection).await?;
    let mut written = Vec::new();
    for key in keys {
        let kind: String = cmd("TYPE").arg(&key).query_async(connection).await?;
        let value = match kind.as_str() {
            "string" => Value::Text(Cmd::get(&key).query_async(connection).await?),
            "zset" => {
                let all = Cmd::zrange_withscores(&key, 0, -1);
                Value::SortedSet(all.query_async(connection).await?)
            }
            "hash" => {
                let all: Vec<(String, String)> = Cmd::hgetall(&key).query_async(connection).await?;
                Value::Hash(all)
            }
            // A stream or the like is no record of a grant.
            _ => continue,
        };
        let dropped_at = cmd("EXPIRETIME").arg(&key).query_async(connection).await?;
        written.push(Written {
            key,
            value,
            dropped_at,
        });
    }
    Ok(written)
}

impl Written {
    fn write(&self, pipeline: &mut Pipeline, replacements: &[(String, String)]) {
        let key = renamed(&self.key, replacements);
        match &self.value {
            Value::Text(text) => {
                pipeline.set(&key, renamed(text, replacements)).ignore();
            }
            Value::SortedSet(members) => {
                let command = pipeline.cmd("ZADD").arg(&key);
                for (member, score) in members {
                    command.arg(score).arg(renamed(member, replacements));
                }
                command.ignore();
            }
            Value::Hash(fields) => {
                let command = pipeline.cmd("HSET").arg(&key);
                for (field, value) in fields {
                    command.arg(field).arg(renamed(value, replacements));
                }
                command.ignore();
            }
        }
        if self.dropped_at > 0 {
            pipeline.expire_at(&key, self.dropped_at).ignore();
        }
    }
}
