//! The form of a value that a script reads: `EXPIRES STATE RECORD`, where `EXPIRES` is in seconds
//! since 1970, `STATE` is `live` or what became of it, and `RECORD` is JSON. So a script needs no
//! JSON, and the verifier reads one number.

use serde::Serialize;
use serde::de::DeserializeOwned;
use thiserror::Error;
use token_core::Timestamp;
use token_core::store::StoreError;

/// How much longer than its record Redis keeps a key, in seconds: its clock may be that far ahead
/// of ours. `scripts/prelude.lua` has the same figure.
pub(super) const SLACK: u64 = 60;

/// The last second of the year 9999: within the range of Redis's expiry and of Lua's integers.
const END_OF_TIME: u64 = 253_402_300_799;

/// A value has not the form in which it was written.
#[derive(Debug, Error)]
#[error("a value in Redis has not the form in which it was written")]
pub(super) struct Damaged;

/// A time as Redis and Lua can hold it.
pub(super) fn seconds(at: Timestamp) -> u64 {
    at.0.min(END_OF_TIME)
}

/// When Redis drops a key whose record is over at `expires_at`.
pub(super) fn dropped_at(expires_at: Timestamp) -> u64 {
    seconds(expires_at) + SLACK
}

/// A script's answer: a word, and what belongs to it.
pub(super) fn words(answer: &[String]) -> Vec<&str> {
    answer.iter().map(String::as_str).collect()
}

/// A script answered what it cannot answer.
pub(super) fn unexpected() -> StoreError {
    StoreError::Corrupt(Damaged.into())
}

pub(super) fn encode(record: &impl Serialize) -> Result<String, StoreError> {
    serde_json::to_string(record).map_err(|error| StoreError::Corrupt(error.into()))
}

pub(super) fn decode<T: DeserializeOwned>(record: &str) -> Result<T, StoreError> {
    serde_json::from_str(record).map_err(|error| StoreError::Corrupt(error.into()))
}

/// The value of a text that is good until `expires_at`.
pub(super) fn live(text: &str, expires_at: Timestamp) -> String {
    [&live_until(expires_at), text].concat()
}

/// The value of a record that is good until `expires_at`. The record is written into it.
pub(super) fn live_record(
    record: &impl Serialize,
    expires_at: Timestamp,
) -> Result<Vec<u8>, StoreError> {
    /// Most values have room in as many bytes.
    const TYPICAL: usize = 768;
    let mut value = Vec::with_capacity(TYPICAL);
    value.extend_from_slice(live_until(expires_at).as_bytes());
    serde_json::to_writer(&mut value, record).map_err(|error| StoreError::Corrupt(error.into()))?;
    Ok(value)
}

fn live_until(expires_at: Timestamp) -> String {
    format!("{} live ", seconds(expires_at))
}

/// The value of a refresh token that was replaced.
pub(super) fn replaced(record: &str, expires_at: Timestamp) -> String {
    format!("{} replaced {record}", seconds(expires_at))
}

/// A value's expiry and state: all that there is of a mark.
pub(super) fn parse_mark(value: &str) -> Result<(Timestamp, &str), StoreError> {
    let mut parts = value.splitn(3, ' ');
    let expires_at = parts.next().and_then(|text| text.parse().ok());
    match (expires_at, parts.next()) {
        (Some(expires_at), Some(state)) => Ok((Timestamp(expires_at), state)),
        _ => Err(StoreError::Corrupt(Damaged.into())),
    }
}

/// A value's expiry, state and record.
pub(super) fn parse(value: &str) -> Result<(Timestamp, &str, &str), StoreError> {
    let mut parts = value.splitn(3, ' ');
    let expires_at = parts.next().and_then(|text| text.parse().ok());
    match (expires_at, parts.next(), parts.next()) {
        (Some(expires_at), Some(state), Some(record)) => Ok((Timestamp(expires_at), state, record)),
        _ => Err(StoreError::Corrupt(Damaged.into())),
    }
}
