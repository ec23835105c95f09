//! Codes, tokens and the families they form.

use ::redis::Cmd;
use async_trait::async_trait;
use token_core::secret::SecretKey;
use token_core::store::{
    CodeOutcome, CodeRecord, GrantStore, IssueOutcome, IssuedTokens, RefreshView, RotateOutcome,
    Rotation, StoreError,
};
use token_core::{GrantId, Jti, Timestamp};

use super::store::RedisStore;
use super::value::{self, decode, dropped_at, encode, live, seconds, unexpected, words};
use super::{keys, scripts};

#[async_trait]
impl GrantStore for RedisStore {
    async fn put_code(&self, code: &CodeRecord, _now: Timestamp) -> Result<(), StoreError> {
        let value = live(&encode(code)?, code.expires_at);
        let mut set = Cmd::set(keys::code(&code.key), value);
        set.arg("EXAT").arg(dropped_at(code.expires_at));
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
        let token = &tokens.token;
        let grant = token.jti.grant();
        let mut script = scripts::ISSUE_TOKENS.prepare_invoke();
        script
            .key(keys::ended_grant(&grant))
            .key(keys::members(&grant))
            .key(keys::token(&token.jti))
            .arg(seconds(now))
            .arg(seconds(token.expires_at))
            .arg(live(&encode(token)?, token.expires_at));
        if let Some(refresh) = &tokens.refresh {
            script
                .key(keys::refresh_token(&refresh.key))
                .arg(seconds(refresh.expires_at))
                .arg(live(&encode(refresh)?, refresh.expires_at));
        }
        match words(&self.script(&script).await?).as_slice() {
            ["issued"] => {
                self.note(token, tokens.refresh.as_ref(), now).await;
                Ok(IssueOutcome::Issued)
            }
            ["ended"] => Ok(IssueOutcome::GrantEnded),
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
        let Rotation {
            presented,
            successor,
            token,
            sealed_answer,
            grace_until,
        } = rotation;
        let mut script = scripts::ROTATE_REFRESH.prepare_invoke();
        script
            .key(keys::ended_grant(&presented.grant))
            .key(keys::members(&presented.grant))
            .key(keys::refresh_token(presented))
            .key(keys::grace(presented))
            .key(keys::token(&token.jti))
            .key(keys::refresh_token(&successor.key))
            .arg(seconds(now))
            .arg(seconds(*grace_until))
            .arg(live(sealed_answer, *grace_until))
            .arg(seconds(token.expires_at))
            .arg(live(&encode(token)?, token.expires_at))
            .arg(seconds(successor.expires_at))
            .arg(live(&encode(successor)?, successor.expires_at));
        match words(&self.script(&script).await?).as_slice() {
            ["rotated"] => {
                self.note(token, Some(successor), now).await;
                Ok(RotateOutcome::Rotated)
            }
            ["graced", sealed_answer] => Ok(RotateOutcome::Graced((*sealed_answer).to_owned())),
            ["reused"] => Ok(RotateOutcome::Reused(presented.grant.clone())),
            ["unknown"] => Ok(RotateOutcome::Unknown),
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
    ) -> Result<(), StoreError> {
        let mut script = scripts::END_GRANT.prepare_invoke();
        script
            .key(keys::ended_grant(grant))
            .key(keys::members(grant))
            .arg(seconds(now))
            .arg(seconds(until));
        self.script(&script).await.map(|_| ())
    }
}
