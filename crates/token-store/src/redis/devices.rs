//! Device authorization requests (RFC 8628).

use async_trait::async_trait;
use token_core::secret::SecretHash;
use token_core::store::{DeviceDecision, DeviceRecord, DeviceStore, PollOutcome, StoreError};
use token_core::{ClientId, Seconds, Timestamp};

use super::store::RedisStore;
use super::value::{Damaged, decode, encode, live, seconds, unexpected, words};
use super::{keys, scripts};
use crate::SLOWER_BY;

/// For how long an approval is kept among the person's grants: no device may wait longer.
const APPROVED: Seconds = Seconds(3600);

#[async_trait]
impl DeviceStore for RedisStore {
    async fn put_device(&self, device: &DeviceRecord, now: Timestamp) -> Result<bool, StoreError> {
        let key = keys::device(&device.device_code);
        let mut script = scripts::PUT_DEVICE.prepare_invoke();
        script
            .key(&key)
            .key(keys::user_code(&device.user_code))
            .arg(seconds(now))
            .arg(seconds(device.expires_at))
            .arg(live(&key, device.expires_at))
            .arg(encode(device)?)
            .arg(device.client_id.as_str())
            .arg(device.interval.0);
        self.answered(&script, "kept", "taken").await
    }

    async fn device(
        &self,
        user_code: &SecretHash,
        now: Timestamp,
    ) -> Result<Option<DeviceRecord>, StoreError> {
        let mut script = scripts::DEVICE.prepare_invoke();
        script.key(keys::user_code(user_code)).arg(seconds(now));
        match words(&self.script(&script).await?).as_slice() {
            ["waiting", record, interval] => Ok(Some(DeviceRecord {
                interval: parse_interval(interval)?,
                ..decode(record)?
            })),
            ["unknown"] => Ok(None),
            _ => Err(unexpected()),
        }
    }

    async fn decide_device(
        &self,
        user_code: &SecretHash,
        decision: &DeviceDecision,
        now: Timestamp,
    ) -> Result<bool, StoreError> {
        let (word, grant) = match decision {
            DeviceDecision::Approved(grant) => {
                self.name_grant(grant, now.plus(APPROVED), now).await?;
                ("approved", encode(grant)?)
            }
            DeviceDecision::Denied => ("denied", String::new()),
        };
        let mut script = scripts::DECIDE_DEVICE.prepare_invoke();
        script
            .key(keys::user_code(user_code))
            .arg(seconds(now))
            .arg(word)
            .arg(grant);
        self.answered(&script, "decided", "unknown").await
    }

    async fn poll_device(
        &self,
        device_code: &SecretHash,
        client_id: &ClientId,
        now: Timestamp,
    ) -> Result<PollOutcome, StoreError> {
        let mut script = scripts::POLL_DEVICE.prepare_invoke();
        script
            .key(keys::device(device_code))
            .arg(seconds(now))
            .arg(client_id.as_str())
            .arg(SLOWER_BY.0);
        match words(&self.script(&script).await?).as_slice() {
            ["pending"] => Ok(PollOutcome::Pending),
            ["slow_down"] => Ok(PollOutcome::SlowDown),
            ["approved", grant] => Ok(PollOutcome::Approved(decode(grant)?)),
            ["denied", _] => Ok(PollOutcome::Denied),
            ["unknown"] => Ok(PollOutcome::Unknown),
            _ => Err(unexpected()),
        }
    }
}

fn parse_interval(text: &str) -> Result<Seconds, StoreError> {
    match text.parse() {
        Ok(seconds) => Ok(Seconds(seconds)),
        Err(_) => Err(StoreError::Corrupt(Damaged.into())),
    }
}
