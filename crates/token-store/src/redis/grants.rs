//! Codes, tokens and the families they form.

use ::redis::{Cmd, Script, ScriptInvocation};
use async_trait::async_trait;
use token_core::secret::SecretKey;
use token_core::store::{
    CodeOutcome, CodeRecord, GrantStore, IssueOutcome, IssuedTokens, RefreshRecord, RefreshView,
    RotateOutcome, Rotation, StoreError, TokenRecord,
};
use token_core::{GrantId, Jti, Timestamp};

use super::store::RedisStore;
use super::value::{self, decode, dropped_at, live, live_record, seconds, unexpected, words};
use super::{keys, scripts};

#[async_trait]
impl GrantStore for RedisStore {
    async fn put_code(&self, code: &CodeRecord, now: Timestamp) -> Result<(), StoreError> {
        let value = live_record(code, code.expires_at)?;
        let mut set = Cmd::set(keys::code(&code.key), value);
        set.arg("EXAT").arg(dropped_at(code.expires_at));
        self.name_grant(&code.grant, code.expires_at, now).await?;
        self.command(&set).await
    }

    async fn consume_code(
        &self,
        code: &SecretKey,
        now: Timestamp,
    ) -> Result<CodeOutcome, StoreError> {
        let mut script = scripts::CONSUME_CODE.prepare_invoke();
        script.key(keys::code(code)).arg(seconds(now));
        match words(&self.script(&script).await?).as_slice() {
            ["fresh", record] => Ok(CodeOutcome::Fresh(decode(record)?)),
            ["replayed"] => Ok(CodeOutcome::Replayed(code.grant.clone())),
            ["unknown"] => Ok(CodeOutcome::Unknown),
            _ => Err(unexpected()),
        }
    }

    async fn issue_tokens(
        &self,
        tokens: &IssuedTokens,
        now: Timestamp,
    ) -> Result<IssueOutcome, StoreError> {
        let mut script = activating(
            &scripts::ISSUE_TOKENS,
            &tokens.token,
            tokens.client_is_stored,
            now,
        )?;
        if let Some(refresh) = &tokens.refresh {
            add_refresh(&mut script, refresh)?;
        }
        match words(&self.script(&script).await?).as_slice() {
            ["issued"] => Ok(IssueOutcome::Issued),
            ["ended"] => Ok(IssueOutcome::GrantEnded),
            ["client_gone"] => Ok(IssueOutcome::ClientGone),
            _ => Err(unexpected()),
        }
    }

    async fn refresh_token(
        &self,
        key: &SecretKey,
        now: Timestamp,
    ) -> Result<Option<RefreshView>, StoreError> {
        let get = Cmd::get(keys::refresh_token(key));
        let Some(found) = self.command::<Option<String>>(&get).await? else {
            return Ok(None);
        };
        let (expires_at, state, record) = value::parse(&found)?;
        if expires_at.has_passed(now) {
            return Ok(None);
        }
        Ok(Some(RefreshView {
            record: decode(record)?,
            replaced: state == "replaced",
        }))
    }

    async fn rotate_refresh(
        &self,
        rotation: &Rotation,
        now: Timestamp,
    ) -> Result<RotateOutcome, StoreError> {
        let mut script = activating(
            &scripts::ROTATE_REFRESH,
            &rotation.token,
            rotation.client_is_stored,
            now,
        )?;
        add_refresh(&mut script, &rotation.successor)?;
        let (presented, grace_until) = (&rotation.presented, rotation.grace_until);
        script
            .key(keys::refresh_token(presented))
            .key(keys::grace(presented))
            .arg(seconds(grace_until))
            .arg(live(&rotation.sealed_answer, grace_until));
        match words(&self.script(&script).await?).as_slice() {
            ["rotated"] => Ok(RotateOutcome::Rotated),
            ["graced", sealed_answer] => Ok(RotateOutcome::Graced((*sealed_answer).to_owned())),
            ["reused"] => Ok(RotateOutcome::Reused(rotation.presented.grant.clone())),
            ["unknown"] => Ok(RotateOutcome::Unknown),
            ["client_gone"] => Ok(RotateOutcome::ClientGone),
            _ => Err(unexpected()),
        }
    }

    async fn revoke_token(&self, jti: &Jti, now: Timestamp) -> Result<bool, StoreError> {
        let mut script = scripts::REVOKE_TOKEN.prepare_invoke();
        script
            .key(keys::token(jti))
            .key(keys::revoked_token(jti))
            .key(keys::members(&jti.grant()))
            .arg(seconds(now));
        self.answered(&script, "revoked", "inactive").await
    }

    async fn end_grant(
        &self,
        grant: &GrantId,
        now: Timestamp,
        until: Timestamp,
    ) -> Result<bool, StoreError> {
        let mut script = scripts::END_GRANT.prepare_invoke();
        script
            .key(keys::ended_grant(grant))
            .key(keys::members(grant))
            .arg(seconds(now))
            .arg(seconds(until));
        self.answered(&script, "ended", "again").await
    }
}

/// A script that makes this token active, as `scripts/grants.lua` takes it. A refresh token and
/// what else the script needs are the caller's to add.
fn activating<'a>(
    script: &'a Script,
    token: &TokenRecord,
    client_is_stored: bool,
    now: Timestamp,
) -> Result<ScriptInvocation<'a>, StoreError> {
    let grant = token.jti.grant();
    let mut invocation = script.prepare_invoke();
    invocation
        .key(keys::ended_grant(&grant))
        .key(keys::members(&grant))
        .key(keys::client(&token.client_id))
        .key(keys::user_tokens(&token.user_id))
        .key(keys::client_tokens(&token.client_id))
        .key(keys::client_grants(&token.client_id))
        .key(keys::user_grants(&token.user_id))
        .key(keys::token(&token.jti))
        .arg(seconds(now))
        .arg(u8::from(client_is_stored))
        .arg(token.jti.as_str())
        .arg(grant.as_str())
        .arg(seconds(token.expires_at))
        .arg(live_record(token, token.expires_at)?);
    Ok(invocation)
}

fn add_refresh(
    script: &mut ScriptInvocation<'_>,
    refresh: &RefreshRecord,
) -> Result<(), StoreError> {
    script
        .key(keys::refresh_token(&refresh.key))
        .arg(seconds(refresh.expires_at))
        .arg(live_record(refresh, refresh.expires_at)?);
    Ok(())
}
