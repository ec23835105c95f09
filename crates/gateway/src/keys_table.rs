//! `gateway keys list`: every key as a table or as JSON, never the key itself.

use std::error::Error;

use serde::Serialize;
use token_core::keys::{KeyState, SigningAlgorithm};
use token_core::{Clock as _, SystemClock, Timestamp};
use token_store::key_directory;

use crate::internal_ca::{Certificate, InternalCa};
use crate::key_keeper::KeyKeeper;
use crate::keys_command::say;
use crate::utc::utc;

#[derive(Serialize)]
struct Row {
    kid: String,
    purpose: &'static str,
    algorithm: SigningAlgorithm,
    state: KeyState,
    /// From when it signs or signed.
    since: Timestamp,
    /// When its last token has expired, or a certificate ends.
    until: Option<Timestamp>,
}

/// Shows the keys of every directory, the newest first, then the CA's and the verifier's for
/// HTTPS. A directory without a key has no row.
pub(crate) fn show(
    keepers: &[KeyKeeper],
    ca: Option<&InternalCa>,
    json: bool,
) -> Result<(), Box<dyn Error>> {
    let mut rows = Vec::new();
    for keeper in keepers {
        if !key_directory::is_empty(&keeper.directory)? {
            rows.extend(of(keeper)?);
        }
    }
    if let Some(ca) = ca {
        rows.extend(ca.list()?.into_iter().map(certified));
    }
    if json {
        say(&serde_json::to_string_pretty(&rows)?)?;
        return Ok(());
    }
    // A kid has 43 characters: the base64url of a SHA-256.
    say(&line([
        "KID",
        "PURPOSE",
        "ALG",
        "STATE",
        "SIGNS SINCE",
        "GOOD UNTIL",
    ]))?;
    for row in rows {
        let state = match row.state {
            KeyState::Active => "active",
            KeyState::Upcoming => "upcoming",
            KeyState::Retired => "retired",
            KeyState::Expired => "expired",
        };
        say(&line([
            &row.kid,
            row.purpose,
            row.algorithm.name(),
            state,
            &utc(row.since),
            row.until.map(utc).as_deref().unwrap_or("-"),
        ]))?;
    }
    Ok(())
}

fn of(keeper: &KeyKeeper) -> Result<Vec<Row>, Box<dyn Error>> {
    let (_, ring) = keeper.ring()?;
    let states = ring.states(SystemClock.now());
    let rows = states.into_iter().rev().map(|key| Row {
        kid: key.key.kid().to_owned(),
        purpose: keeper.purpose.name(),
        algorithm: key.key.algorithm(),
        state: key.state,
        since: key.since,
        until: key.until,
    });
    Ok(rows.collect())
}

fn certified(certificate: Certificate) -> Row {
    let state = if certificate.until.has_passed(SystemClock.now()) {
        KeyState::Expired
    } else {
        KeyState::Active
    };
    Row {
        kid: certificate.kid,
        purpose: certificate.purpose,
        algorithm: SigningAlgorithm::Es256,
        state,
        since: certificate.since,
        until: Some(certificate.until),
    }
}

fn line([kid, purpose, algorithm, state, since, until]: [&str; 6]) -> String {
    format!("{kid:<43}  {purpose:<10}  {algorithm:<5}  {state:<8}  {since:<20}  {until}")
}
