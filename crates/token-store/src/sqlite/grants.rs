//! Codes, tokens and the families they form.

use async_trait::async_trait;
use rusqlite::{Connection, OptionalExtension as _, Transaction, params};
use token_core::secret::SecretKey;
use token_core::store::{
    CodeOutcome, CodeRecord, GrantStore, IssueOutcome, IssuedTokens, RefreshRecord, RefreshView,
    RotateOutcome, Rotation, StoreError, TokenRecord,
};
use token_core::{GrantId, Jti, Timestamp};

use super::SqliteStore;
use super::clients::living;
use super::steps::{Fault, clear_away, decode, encode, execute, seconds};

#[async_trait]
impl GrantStore for SqliteStore {
    async fn put_code(&self, code: &CodeRecord, now: Timestamp) -> Result<(), StoreError> {
        let code = code.clone();
        self.write(move |transaction| {
            clear_away(transaction, now)?;
            execute(
                transaction,
                "INSERT INTO code (code_hash, record, expires_at) VALUES (?1, ?2, ?3)",
                params![
                    code.key.hash.to_string(),
                    encode(&code)?,
                    seconds(code.expires_at)
                ],
            )?;
            Ok(())
        })
        .await
    }

    async fn consume_code(
        &self,
        code: &SecretKey,
        now: Timestamp,
    ) -> Result<CodeOutcome, StoreError> {
        let code = code.clone();
        self.write(move |transaction| {
            clear_away(transaction, now)?;
            let hash = code.hash.to_string();
            let found = transaction
                .prepare_cached(
                    "SELECT record, used FROM code WHERE code_hash = ?1 AND expires_at > ?2",
                )?
                .query_row(params![hash, seconds(now)], |row| {
                    Ok((row.get::<_, String>(0)?, row.get::<_, bool>(1)?))
                })
                .optional()?;
            match found {
                None => Ok(CodeOutcome::Unknown),
                Some((_, true)) => Ok(CodeOutcome::Replayed(code.grant)),
                Some((record, false)) => {
                    execute(
                        transaction,
                        "UPDATE code SET used = 1 WHERE code_hash = ?1",
                        [hash],
                    )?;
                    Ok(CodeOutcome::Fresh(decode(&record)?))
                }
            }
        })
        .await
    }

    async fn issue_tokens(
        &self,
        tokens: &IssuedTokens,
        now: Timestamp,
    ) -> Result<IssueOutcome, StoreError> {
        let tokens = tokens.clone();
        self.write(move |transaction| {
            clear_away(transaction, now)?;
            let grant = tokens.token.jti.grant();
            if has_ended(transaction, &grant, now)? {
                return Ok(IssueOutcome::GrantEnded);
            }
            if tokens.client_is_stored
                && living(transaction, &tokens.token.client_id, now)?.is_none()
            {
                return Ok(IssueOutcome::ClientGone);
            }
            insert_token(transaction, &tokens.token)?;
            if let Some(refresh) = &tokens.refresh {
                insert_refresh(transaction, refresh)?;
            }
            Ok(IssueOutcome::Issued)
        })
        .await
    }

    async fn refresh_token(
        &self,
        key: &SecretKey,
        now: Timestamp,
    ) -> Result<Option<RefreshView>, StoreError> {
        let hash = key.hash.to_string();
        self.read(move |connection| {
            connection
                .prepare_cached(
                    "SELECT record, replaced FROM refresh_token \
                     WHERE token_hash = ?1 AND expires_at > ?2",
                )?
                .query_row(params![hash, seconds(now)], |row| {
                    Ok((row.get::<_, String>(0)?, row.get(1)?))
                })
                .optional()?
                .map(|(record, replaced)| {
                    Ok(RefreshView {
                        record: decode(&record)?,
                        replaced,
                    })
                })
                .transpose()
        })
        .await
    }

    async fn rotate_refresh(
        &self,
        rotation: &Rotation,
        now: Timestamp,
    ) -> Result<RotateOutcome, StoreError> {
        let rotation = rotation.clone();
        self.write(move |transaction| {
            clear_away(transaction, now)?;
            // An ended grant has no refresh tokens: `end_grant` deletes them, and none is added.
            let replaced = transaction
                .prepare_cached(
                    "SELECT replaced FROM refresh_token WHERE token_hash = ?1 AND expires_at > ?2",
                )?
                .query_row(
                    params![rotation.presented.hash.to_string(), seconds(now)],
                    |row| row.get(0),
                )
                .optional()?;
            match replaced {
                None => Ok(RotateOutcome::Unknown),
                Some(_)
                    if rotation.client_is_stored
                        && living(transaction, &rotation.token.client_id, now)?.is_none() =>
                {
                    Ok(RotateOutcome::ClientGone)
                }
                Some(true) => repeat(transaction, rotation.presented, now),
                Some(false) => {
                    replace(transaction, &rotation)?;
                    Ok(RotateOutcome::Rotated)
                }
            }
        })
        .await
    }

    async fn revoke_token(&self, jti: &Jti, now: Timestamp) -> Result<bool, StoreError> {
        let jti = jti.clone();
        self.write(move |transaction| {
            clear_away(transaction, now)?;
            revoke(transaction, &jti, now)
        })
        .await
    }

    async fn end_grant(
        &self,
        grant: &GrantId,
        now: Timestamp,
        until: Timestamp,
    ) -> Result<bool, StoreError> {
        let grant = grant.clone();
        self.write(move |transaction| {
            clear_away(transaction, now)?;
            end(transaction, &grant, until, now)
        })
        .await
    }
}

fn has_ended(connection: &Connection, grant: &GrantId, now: Timestamp) -> Result<bool, Fault> {
    let ended = connection
        .prepare_cached("SELECT 1 FROM ended_grant WHERE grant_id = ?1 AND expires_at > ?2")?
        .exists(params![grant.as_str(), seconds(now)])?;
    Ok(ended)
}

/// Ends a grant with all that it has; its mark stays until `until` at least, and for as long as any
/// of that could have lived. Whether it had not ended before.
pub(super) fn end(
    connection: &Connection,
    grant: &GrantId,
    until: Timestamp,
    now: Timestamp,
) -> Result<bool, Fault> {
    let is_news = !has_ended(connection, grant, now)?;
    execute(
        connection,
        "INSERT INTO ended_grant (grant_id, expires_at) \
         SELECT ?1, max(expires_at) FROM ( \
             SELECT ?2 AS expires_at \
             UNION ALL SELECT expires_at FROM token WHERE grant_id = ?1 \
             UNION ALL SELECT expires_at FROM refresh_token WHERE grant_id = ?1) \
         WHERE true \
         ON CONFLICT DO UPDATE SET expires_at = max(expires_at, excluded.expires_at)",
        params![grant.as_str(), seconds(until)],
    )?;
    for sql in [
        "DELETE FROM token WHERE grant_id = ?1",
        "DELETE FROM refresh_token WHERE grant_id = ?1",
        "DELETE FROM grace WHERE grant_id = ?1",
    ] {
        execute(connection, sql, [grant.as_str()])?;
    }
    Ok(is_news)
}

/// Revokes an access token; whether it was active.
pub(super) fn revoke(connection: &Connection, jti: &Jti, now: Timestamp) -> Result<bool, Fault> {
    let revoked = execute(
        connection,
        "UPDATE token SET revoked = 1 WHERE jti = ?1 AND revoked = 0 AND expires_at > ?2",
        params![jti.as_str(), seconds(now)],
    )?;
    Ok(revoked > 0)
}

pub(super) fn insert_token(connection: &Connection, token: &TokenRecord) -> Result<(), Fault> {
    execute(
        connection,
        "INSERT INTO token (jti, grant_id, record, expires_at) VALUES (?1, ?2, ?3, ?4)",
        params![
            token.jti.as_str(),
            token.jti.grant().as_str(),
            encode(token)?,
            seconds(token.expires_at)
        ],
    )?;
    Ok(())
}

pub(super) fn insert_refresh(
    connection: &Connection,
    refresh: &RefreshRecord,
) -> Result<(), Fault> {
    execute(
        connection,
        "INSERT INTO refresh_token (token_hash, grant_id, record, expires_at) \
         VALUES (?1, ?2, ?3, ?4)",
        params![
            refresh.key.hash.to_string(),
            refresh.key.grant.as_str(),
            encode(refresh)?,
            seconds(refresh.expires_at)
        ],
    )?;
    Ok(())
}

/// What a refresh token gets that was replaced before.
fn repeat(
    transaction: &Transaction<'_>,
    presented: SecretKey,
    now: Timestamp,
) -> Result<RotateOutcome, Fault> {
    let sealed_answer = transaction
        .prepare_cached(
            "SELECT sealed_answer FROM grace WHERE token_hash = ?1 AND expires_at > ?2",
        )?
        .query_row(params![presented.hash.to_string(), seconds(now)], |row| {
            row.get(0)
        })
        .optional()?;
    Ok(match sealed_answer {
        Some(sealed_answer) => RotateOutcome::Graced(sealed_answer),
        None => RotateOutcome::Reused(presented.grant),
    })
}

pub(super) fn mark_replaced(connection: &Connection, presented: &SecretKey) -> Result<(), Fault> {
    execute(
        connection,
        "UPDATE refresh_token SET replaced = 1 WHERE token_hash = ?1",
        [presented.hash.to_string()],
    )?;
    Ok(())
}

fn replace(transaction: &Transaction<'_>, rotation: &Rotation) -> Result<(), Fault> {
    let presented = rotation.presented.hash.to_string();
    mark_replaced(transaction, &rotation.presented)?;
    execute(
        transaction,
        "INSERT INTO grace (token_hash, grant_id, sealed_answer, expires_at) \
         VALUES (?1, ?2, ?3, ?4)",
        params![
            presented,
            rotation.presented.grant.as_str(),
            rotation.sealed_answer,
            seconds(rotation.grace_until)
        ],
    )?;
    insert_token(transaction, &rotation.token)?;
    insert_refresh(transaction, &rotation.successor)
}
