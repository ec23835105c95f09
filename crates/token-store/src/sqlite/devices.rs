//! Device authorization requests (RFC 8628).

use async_trait::async_trait;
use rusqlite::{OptionalExtension as _, Transaction, params};
use token_core::secret::SecretHash;
use token_core::store::{DeviceDecision, DeviceRecord, DeviceStore, PollOutcome, StoreError};
use token_core::{ClientId, Timestamp};

use super::SqliteStore;
use super::steps::{Fault, clear_away, decode, encode, execute, seconds};
use crate::SLOWER_BY;

#[async_trait]
impl DeviceStore for SqliteStore {
    async fn put_device(&self, device: &DeviceRecord, now: Timestamp) -> Result<bool, StoreError> {
        let device = device.clone();
        self.write(move |transaction| {
            clear_away(transaction, now)?;
            let user_code = device.user_code.to_string();
            execute(
                transaction,
                "DELETE FROM device WHERE user_code_hash = ?1 AND expires_at <= ?2",
                params![user_code, seconds(now)],
            )?;
            let inserted = execute(
                transaction,
                "INSERT INTO device (device_code_hash, user_code_hash, record, expires_at) \
                 VALUES (?1, ?2, ?3, ?4) ON CONFLICT (user_code_hash) DO NOTHING",
                params![
                    device.device_code.to_string(),
                    user_code,
                    encode(&device)?,
                    seconds(device.expires_at)
                ],
            )?;
            Ok(inserted > 0)
        })
        .await
    }

    async fn device(
        &self,
        user_code: &SecretHash,
        now: Timestamp,
    ) -> Result<Option<DeviceRecord>, StoreError> {
        let user_code = user_code.to_string();
        self.read(move |connection| {
            connection
                .prepare_cached(
                    "SELECT record FROM device \
                     WHERE user_code_hash = ?1 AND decision IS NULL AND expires_at > ?2",
                )?
                .query_row(params![user_code, seconds(now)], |row| {
                    row.get::<_, String>(0)
                })
                .optional()?
                .map(|record| decode(&record))
                .transpose()
        })
        .await
    }

    async fn decide_device(
        &self,
        user_code: &SecretHash,
        decision: &DeviceDecision,
        now: Timestamp,
    ) -> Result<bool, StoreError> {
        let (user_code, decision) = (user_code.to_string(), decision.clone());
        self.write(move |transaction| {
            clear_away(transaction, now)?;
            let decided = execute(
                transaction,
                "UPDATE device SET decision = ?3 \
                 WHERE user_code_hash = ?1 AND decision IS NULL AND expires_at > ?2",
                params![user_code, seconds(now), encode(&decision)?],
            )?;
            Ok(decided > 0)
        })
        .await
    }

    async fn poll_device(
        &self,
        device_code: &SecretHash,
        client_id: &ClientId,
        now: Timestamp,
    ) -> Result<PollOutcome, StoreError> {
        let (device_code, client_id) = (device_code.to_string(), client_id.clone());
        self.write(move |transaction| {
            clear_away(transaction, now)?;
            match found(transaction, &device_code, now)? {
                Some(device) if device.record.client_id == client_id => match device.decision {
                    Some(decision) => finish(transaction, &device_code, decision),
                    None => wait(transaction, device, now),
                },
                _ => Ok(PollOutcome::Unknown),
            }
        })
        .await
    }
}

struct Device {
    record: DeviceRecord,
    decision: Option<DeviceDecision>,
    polled_at: Option<Timestamp>,
}

fn found(
    transaction: &Transaction<'_>,
    device_code: &str,
    now: Timestamp,
) -> Result<Option<Device>, Fault> {
    let row = transaction
        .prepare_cached(
            "SELECT record, decision, polled_at FROM device \
             WHERE device_code_hash = ?1 AND fetched = 0 AND expires_at > ?2",
        )?
        .query_row(params![device_code, seconds(now)], |row| {
            Ok((
                row.get::<_, String>(0)?,
                row.get::<_, Option<String>>(1)?,
                row.get::<_, Option<i64>>(2)?,
            ))
        })
        .optional()?;
    let Some((record, decision, polled_at)) = row else {
        return Ok(None);
    };
    Ok(Some(Device {
        record: decode(&record)?,
        decision: decision.map(|decision| decode(&decision)).transpose()?,
        polled_at: polled_at.map(|at| Timestamp(at.cast_unsigned())),
    }))
}

/// Hands the decision out, once. An approval stays, marked, until it would have expired.
fn finish(
    transaction: &Transaction<'_>,
    device_code: &str,
    decision: DeviceDecision,
) -> Result<PollOutcome, Fault> {
    let (sql, outcome) = match decision {
        DeviceDecision::Approved(grant) => (
            "UPDATE device SET fetched = 1 WHERE device_code_hash = ?1",
            PollOutcome::Approved(Box::new(grant)),
        ),
        DeviceDecision::Denied => (
            "DELETE FROM device WHERE device_code_hash = ?1",
            PollOutcome::Denied,
        ),
    };
    execute(transaction, sql, [device_code])?;
    Ok(outcome)
}

/// Notes a poll that comes before the decision.
fn wait(
    transaction: &Transaction<'_>,
    mut device: Device,
    now: Timestamp,
) -> Result<PollOutcome, Fault> {
    let too_soon = device
        .polled_at
        .is_some_and(|last| !last.plus(device.record.interval).has_passed(now));
    if too_soon {
        device.record.interval.0 += SLOWER_BY.0;
    }
    execute(
        transaction,
        "UPDATE device SET record = ?2, polled_at = ?3 WHERE device_code_hash = ?1",
        params![
            device.record.device_code.to_string(),
            encode(&device.record)?,
            seconds(now)
        ],
    )?;
    Ok(if too_soon {
        PollOutcome::SlowDown
    } else {
        PollOutcome::Pending
    })
}
