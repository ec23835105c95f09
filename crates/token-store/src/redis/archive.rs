//! Backups. Two walks over all keys: what is good and what was replaced, and then the marks of what
//! ended. Putting back and clearing are one script for each record, many of them under way at once.

use ::redis::{ScriptInvocation, cmd, pipe};
use async_trait::async_trait;
use token_core::store::{
    Archive, Archived, ArchivedKind, Batch, Cursor, RefreshRecord, RestoreOutcome, Restoring,
    StoreError, TokenRecord, Unreadable,
};
use token_core::{ClientId, GrantId, Jti, Timestamp};

use super::clients::{Fields, add_client, client_of, fields_of, script_at, script_for};
use super::ending::each;
use super::inspection::STEP;
use super::store::RedisStore;
use super::value::{
    decode, encode, live_record, parse, parse_mark, replaced, seconds, unexpected, words,
};
use super::{keys, scripts};

const TOKEN: &str = "oauth:token:";
const REFRESH_TOKEN: &str = "oauth:refresh:";

/// What the two walks look for. The first finds more than it takes.
const RECORDS: &str = "oauth:[ctr]*";
/// `oauth:revoked:` and `oauth:deleted_client:`, in one pattern.
const MARKS: &str = "oauth:[rd]e[vl][oe][kt]e*";
/// How a cursor within the second begins.
const AT_MARKS: &str = "marks ";

#[async_trait]
impl Archive for RedisStore {
    async fn archive_extent(&self) -> Result<u64, StoreError> {
        let keys: u64 = self.command(&cmd("DBSIZE")).await?;
        Ok(keys.saturating_mul(2))
    }

    async fn archived(
        &self,
        from: Option<&Cursor>,
        now: Timestamp,
    ) -> Result<Batch<Archived>, StoreError> {
        let marks = from.and_then(|from| from.as_str().strip_prefix(AT_MARKS));
        let mut batch = match marks {
            None => self.archived_records(from).await?,
            Some(from) => self.archived_marks(from).await?,
        };
        let is_over = |record: &Archived| record.expires_at().is_some_and(|at| at.has_passed(now));
        batch.items.retain(|record| !is_over(record));
        Ok(batch)
    }

    async fn restore(
        &self,
        records: &[Archived],
        how: Restoring,
        now: Timestamp,
    ) -> Result<Vec<RestoreOutcome>, StoreError> {
        let steps: Vec<_> = records
            .iter()
            .map(|record| self.restore_one(record, how, now))
            .collect();
        each(steps).await.into_iter().collect()
    }

    async fn clear(
        &self,
        from: Option<&Cursor>,
        count: bool,
        now: Timestamp,
    ) -> Result<Batch<ArchivedKind>, StoreError> {
        let (next, found) = self.scan(from, RECORDS).await?;
        let steps: Vec<_> = found
            .iter()
            .map(|key| self.clear_one(key, count, now))
            .collect();
        let gone = each(steps).await.into_iter();
        let gone: Vec<Option<ArchivedKind>> = gone.collect::<Result<_, _>>()?;
        Ok(Batch {
            items: gone.into_iter().flatten().collect(),
            unreadable: Vec::new(),
            next,
            looked_at: STEP,
        })
    }
}

impl RedisStore {
    /// Clients and tokens, and where to go on: at the end, with the marks.
    async fn archived_records(&self, from: Option<&Cursor>) -> Result<Batch<Archived>, StoreError> {
        let (next, found) = self.scan(from, RECORDS).await?;
        let (clients, others): (Vec<_>, Vec<_>) =
            found.into_iter().partition(|key| keys::is_client(key));
        let (mut items, mut unreadable) = (Vec::new(), Vec::new());
        let mut questions = pipe();
        for client in &clients {
            questions.add_command(fields_of(client));
        }
        let clients: Vec<Fields> = self.ask(&questions).await?;
        for fields in clients {
            match client_of(fields) {
                Ok(client) => items.extend(client.map(Archived::Client)),
                Err(_) => unreadable.push(Unreadable { grant: None }),
            }
        }
        let is_token = |key: &String| key.starts_with(TOKEN) || key.starts_with(REFRESH_TOKEN);
        let tokens: Vec<String> = others.into_iter().filter(is_token).collect();
        self.read(&tokens, token, &mut items, &mut unreadable)
            .await?;
        Ok(Batch {
            items,
            unreadable,
            next: Some(next.unwrap_or_else(|| Cursor::new(format!("{AT_MARKS}0")))),
            looked_at: STEP,
        })
    }

    async fn archived_marks(&self, from: &str) -> Result<Batch<Archived>, StoreError> {
        let (next, found) = self.scan(Some(&Cursor::new(from)), MARKS).await?;
        let (mut items, mut unreadable) = (Vec::new(), Vec::new());
        self.read(&found, mark, &mut items, &mut unreadable).await?;
        Ok(Batch {
            items,
            unreadable,
            next: next.map(|next| Cursor::new(format!("{AT_MARKS}{}", next.as_str()))),
            looked_at: STEP,
        })
    }

    /// What is at keys that hold values.
    async fn read(
        &self,
        keys: &[String],
        record: fn(&str, &str) -> Result<Archived, StoreError>,
        items: &mut Vec<Archived>,
        unreadable: &mut Vec<Unreadable>,
    ) -> Result<(), StoreError> {
        let mut questions = pipe();
        for key in keys {
            questions.get(key);
        }
        let values: Vec<Option<String>> = self.ask(&questions).await?;
        for (key, value) in keys.iter().zip(values) {
            let Some(value) = value else { continue };
            match record(key, &value) {
                Ok(record) => items.push(record),
                Err(_) => unreadable.push(Unreadable {
                    grant: keys::grant_of(key),
                }),
            }
        }
        Ok(())
    }

    async fn restore_one(
        &self,
        record: &Archived,
        how: Restoring,
        now: Timestamp,
    ) -> Result<RestoreOutcome, StoreError> {
        if record.expires_at().is_some_and(|at| at.has_passed(now)) {
            return Ok(RestoreOutcome::Expired);
        }
        let script = restoring(record, how, now)?;
        match words(&self.script(&script).await?).as_slice() {
            ["restored"] => Ok(RestoreOutcome::Restored),
            ["present"] => Ok(RestoreOutcome::Present),
            ["ended"] => Ok(RestoreOutcome::Ended),
            _ => Err(unexpected()),
        }
    }

    async fn clear_one(
        &self,
        key: &str,
        count: bool,
        now: Timestamp,
    ) -> Result<Option<ArchivedKind>, StoreError> {
        let (script, kind) = if keys::is_client(key) {
            let mut script = script_at(&scripts::CLEAR_CLIENT, key, now);
            script.arg(u8::from(count));
            (script, ArchivedKind::Clients)
        } else if let Some(grant) = keys::grant_of(key) {
            let kind = match key {
                key if key.starts_with(TOKEN) => ArchivedKind::AccessTokens,
                key if key.starts_with(REFRESH_TOKEN) => ArchivedKind::RefreshTokens,
                _ => return Ok(None),
            };
            let mut script = scripts::CLEAR_TOKEN.prepare_invoke();
            script
                .key(key)
                .key(keys::members(&grant))
                .arg(seconds(now))
                .arg(u8::from(count));
            (script, kind)
        } else {
            return Ok(None);
        };
        let gone = self.answered(&script, "gone", "left").await?;
        Ok(gone.then_some(kind))
    }
}

fn token(key: &str, value: &str) -> Result<Archived, StoreError> {
    let (_, state, record) = parse(value)?;
    if key.starts_with(TOKEN) {
        return Ok(Archived::AccessToken(decode(record)?));
    }
    Ok(Archived::RefreshToken {
        token: decode(record)?,
        replaced: state == "replaced",
    })
}

fn mark(key: &str, value: &str) -> Result<Archived, StoreError> {
    let (expires_at, _) = parse_mark(value)?;
    let damaged = |_| unexpected();
    if let Some(client) = keys::deleted_client(key) {
        return Ok(Archived::DeletedClient {
            client_id: ClientId::parse(client).map_err(damaged)?,
            expires_at,
        });
    }
    match keys::jti_of_mark(key) {
        Some(jti) => Ok(Archived::RevokedToken {
            jti: Jti::parse(jti).map_err(damaged)?,
            expires_at,
        }),
        None => Ok(Archived::EndedGrant {
            grant: keys::grant_of(key).ok_or_else(unexpected)?,
            expires_at,
        }),
    }
}

fn word(how: Restoring) -> &'static str {
    match how {
        Restoring::Do => "do",
        Restoring::Count => "count",
        Restoring::CountAsCleared => "count_as_cleared",
    }
}

/// The script that puts a record back.
fn restoring(
    record: &Archived,
    how: Restoring,
    now: Timestamp,
) -> Result<ScriptInvocation<'static>, StoreError> {
    match record {
        Archived::Client(client) => {
            let mut script = script_for(&scripts::RESTORE_CLIENT, &client.client_id, now);
            add_client(&mut script, client)?;
            script.arg(word(how));
            Ok(script)
        }
        Archived::AccessToken(token) => restoring_access_token(token, how, now),
        Archived::RefreshToken {
            token,
            replaced: was_replaced,
        } => restoring_refresh_token(token, *was_replaced, how, now),
        Archived::DeletedClient {
            client_id,
            expires_at,
        } => {
            let mut script = script_for(&scripts::RESTORE_DELETION, client_id, now);
            script.arg(word(how)).arg(seconds(*expires_at));
            Ok(script)
        }
        Archived::EndedGrant { grant, expires_at } => {
            let mut script = scripts::RESTORE_MARK.prepare_invoke();
            script
                .key(keys::ended_grant(grant))
                .key(keys::members(grant));
            add_mark(&mut script, "ended", *expires_at, how, now);
            Ok(script)
        }
        Archived::RevokedToken { jti, expires_at } => {
            let mut script = scripts::RESTORE_MARK.prepare_invoke();
            script
                .key(keys::revoked_token(jti))
                .key(keys::members(&jti.grant()))
                .key(keys::token(jti));
            add_mark(&mut script, "revoked", *expires_at, how, now);
            Ok(script)
        }
    }
}

fn add_mark(
    script: &mut ScriptInvocation<'_>,
    state: &str,
    expires_at: Timestamp,
    how: Restoring,
    now: Timestamp,
) {
    script
        .arg(seconds(now))
        .arg(word(how))
        .arg(seconds(expires_at))
        .arg(state);
}

fn restoring_access_token(
    token: &TokenRecord,
    how: Restoring,
    now: Timestamp,
) -> Result<ScriptInvocation<'static>, StoreError> {
    let grant = token.jti.grant();
    let mut script = scripts::RESTORE_TOKEN.prepare_invoke();
    script
        .key(keys::ended_grant(&grant))
        .key(keys::revoked_token(&token.jti))
        .key(keys::members(&grant))
        .key(keys::token(&token.jti))
        .key(keys::user_tokens(&token.user_id))
        .key(keys::client_tokens(&token.client_id))
        .key(keys::client_grants(&token.client_id))
        .key(keys::user_grants(&token.user_id))
        .arg(seconds(now))
        .arg(word(how))
        .arg(seconds(token.expires_at))
        .arg(live_record(token, token.expires_at)?)
        .arg(token.jti.as_str())
        .arg(token.jti.as_str())
        .arg(grant.as_str())
        .arg(grant.as_str());
    Ok(script)
}

fn restoring_refresh_token(
    token: &RefreshRecord,
    was_replaced: bool,
    how: Restoring,
    now: Timestamp,
) -> Result<ScriptInvocation<'static>, StoreError> {
    let grant: &GrantId = &token.key.grant;
    let value = if was_replaced {
        replaced(&encode(token)?, token.expires_at).into_bytes()
    } else {
        live_record(token, token.expires_at)?
    };
    let mut script = scripts::RESTORE_TOKEN.prepare_invoke();
    script
        .key(keys::ended_grant(grant))
        // It has no mark of its own.
        .key(keys::ended_grant(grant))
        .key(keys::members(grant))
        .key(keys::refresh_token(&token.key))
        .key(keys::client_grants(&token.grant.client_id))
        .key(keys::user_grants(&token.grant.user_id))
        .arg(seconds(now))
        .arg(word(how))
        .arg(seconds(token.expires_at))
        .arg(value)
        .arg(grant.as_str())
        .arg(grant.as_str());
    Ok(script)
}
