//! The audit trail in two streams, so that a flood at the verifier, or a verifier that somebody
//! took over, leaves what the authorization server recorded as it is; and the last use of tokens.

use ::redis::{Pipeline, Value, cmd, pipe};
use async_trait::async_trait;
use token_core::store::{
    AuditTrail, Batch, Cursor, Recorded, SESSION_USE_KEPT, StoreError, TokenUse, TokenUses,
    TrailRecord, Unreadable,
};
use token_core::{Jti, Timestamp};

use super::active_tokens::RedisActiveTokens;
use super::keys;
use super::store::RedisStore;
use super::value::{dropped_at, seconds};

/// How many records of a stream are read at once.
const STEP: usize = 500;
/// The only field of an entry.
const FIELD: &str = "record";

#[async_trait]
impl AuditTrail for RedisStore {
    async fn append(&self, records: &[String], keep: u64) -> Result<(), StoreError> {
        self.pipeline(&appending(keys::audit(), records, keep))
            .await
    }
}

#[async_trait]
impl AuditTrail for RedisActiveTokens {
    async fn append(&self, records: &[String], keep: u64) -> Result<(), StoreError> {
        let appending = appending(keys::verifier_audit(), records, keep);
        self.tell::<Value>(&appending).await.map(|_| ())
    }
}

fn appending(stream: &str, records: &[String], keep: u64) -> Pipeline {
    let mut pipeline = pipe();
    for record in records {
        // "About": to cut to the number would take as long as there is too much.
        pipeline
            .cmd("XADD")
            .arg(stream)
            .arg("MAXLEN")
            .arg("~")
            .arg(keep)
            .arg("*")
            .arg(FIELD)
            .arg(record);
    }
    pipeline
}

#[async_trait]
impl TokenUses for RedisActiveTokens {
    async fn note_uses(&self, uses: &[TokenUse], now: Timestamp) -> Result<Vec<bool>, StoreError> {
        let answers: Vec<Option<String>> = self.tell(&noting(uses, now)).await?;
        // Of the three answers for a use, the first says whether nothing was there.
        Ok(answers.iter().step_by(3).map(Option::is_some).collect())
    }
}

#[async_trait]
impl TokenUses for RedisStore {
    async fn note_uses(&self, uses: &[TokenUse], now: Timestamp) -> Result<Vec<bool>, StoreError> {
        let answers: Vec<Option<String>> = self.answers(&noting(uses, now)).await?;
        Ok(answers.iter().step_by(3).map(Option::is_some).collect())
    }
}

fn noting(uses: &[TokenUse], now: Timestamp) -> Pipeline {
    let mut pipeline = pipe();
    let mut set = |key: String, one: &TokenUse, until: Timestamp, condition: Option<&str>| {
        let set = pipeline.cmd("SET").arg(key).arg(seconds(one.at));
        set.arg("EXAT").arg(dropped_at(until)).arg(condition);
    };
    for one in uses {
        let token = keys::token_use(&one.jti);
        set(token.clone(), one, one.expires_at, Some("NX"));
        set(token, one, one.expires_at, None);
        let until = one.expires_at.max(now.plus(SESSION_USE_KEPT));
        set(keys::session_use(&one.jti.grant()), one, until, None);
    }
    pipeline
}

#[async_trait]
impl Recorded for RedisStore {
    async fn trail(
        &self,
        from: Option<&Cursor>,
        since: Timestamp,
    ) -> Result<Batch<TrailRecord>, StoreError> {
        let after = After::read(from, since);
        let mut questions = pipe();
        for (stream, last) in [keys::audit(), keys::verifier_audit()].iter().zip(&after.0) {
            let range = questions.cmd("XRANGE").arg(stream).arg(last).arg("+");
            range.arg("COUNT").arg(STEP);
        }
        Ok(merged(self.answers(&questions).await?, after))
    }

    async fn tokens_last_used(&self, tokens: &[Jti]) -> Result<Vec<Option<Timestamp>>, StoreError> {
        self.last_used(tokens.iter().map(keys::token_use).collect())
            .await
    }
}

impl RedisStore {
    pub(super) async fn last_used(
        &self,
        keys: Vec<String>,
    ) -> Result<Vec<Option<Timestamp>>, StoreError> {
        if keys.is_empty() {
            return Ok(Vec::new());
        }
        let found: Vec<Option<u64>> = self.command(cmd("MGET").arg(keys)).await?;
        Ok(found.into_iter().map(|at| at.map(Timestamp)).collect())
    }
}

/// Who alone writes to each of the two streams, if one program does.
const WRITERS: [Option<&str>; 2] = [None, Some("forward-auth")];

/// An entry: its identifier, and its field with what it holds.
type Entry = (String, Vec<String>);

/// Where the next batch begins in each of the two streams, as `XRANGE` takes it.
struct After([String; 2]);

impl After {
    fn read(from: Option<&Cursor>, since: Timestamp) -> Self {
        let beginning = format!("{}-0", since.0.saturating_mul(1000));
        match from.and_then(|from| from.as_str().split_once(' ')) {
            Some((one, other)) => Self([one.to_owned(), other.to_owned()]),
            None => Self([beginning.clone(), beginning]),
        }
    }
}

/// The records of both streams in their order, as far as both are known.
fn merged(streams: Vec<Vec<Entry>>, after: After) -> Batch<TrailRecord> {
    let full = streams.iter().filter(|stream| stream.len() >= STEP);
    // What one stream has after this may be before what the other has, and was not read.
    let known_to = full
        .filter_map(|full| full.last().map(|last| place(&last.0)))
        .min();
    let After(mut next) = after;
    let mut entries = Vec::new();
    for ((writer, stream), next) in WRITERS.into_iter().zip(streams).zip(&mut next) {
        let known = stream
            .into_iter()
            .filter(|entry| known_to.is_none_or(|known_to| place(&entry.0) <= known_to));
        for entry in known {
            *next = format!("({}", entry.0);
            entries.push((writer, entry));
        }
    }
    entries.sort_by_key(|(_, entry)| place(&entry.0));
    let looked_at = entries.len() as u64;
    let mut unreadable = Vec::new();
    let items = entries.into_iter().filter_map(|(writer, entry)| {
        let record = entry.1.get(1).and_then(|record| TrailRecord::read(record));
        // A verifier that somebody took over writes what he likes, but not in others' names.
        let record =
            record.filter(|record| writer.is_none_or(|own| record.text("program") == Some(own)));
        if record.is_none() {
            unreadable.push(Unreadable { grant: None });
        }
        record
    });
    let items = items.collect();
    Batch {
        items,
        unreadable,
        next: known_to.map(|_| Cursor::new(next.join(" "))),
        looked_at,
    }
}

/// An entry's identifier: milliseconds, and which one of them.
fn place(id: &str) -> (u64, u64) {
    let (at, nth) = id.split_once('-').unwrap_or((id, "0"));
    (
        at.parse().unwrap_or_default(),
        nth.parse().unwrap_or_default(),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_verifier_writes_in_no_other_programs_name() {
        let entry = |id: &str, program: &str| {
            let record = format!(r#"{{"at":1,"program":"{program}","event":"operator_acted"}}"#);
            (id.to_owned(), vec!["r".to_owned(), record])
        };
        let ours = vec![entry("1-0", "gateway")];
        let verifiers = vec![entry("2-0", "gateway"), entry("3-0", "forward-auth")];
        let after = After::read(None, Timestamp(0));
        let batch = merged(vec![ours, verifiers], after);
        let programs: Vec<_> = batch
            .items
            .iter()
            .map(|item| item.text("program"))
            .collect();
        assert_eq!(programs, [Some("gateway"), Some("forward-auth")]);
        assert_eq!(batch.unreadable.len(), 1);
    }
}
