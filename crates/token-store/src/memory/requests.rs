//! Requests that wait (device authorization, pushed requests), and things that are used once.

use async_trait::async_trait;
use token_core::secret::SecretHash;
use token_core::store::{
    DeviceDecision, DeviceRecord, DeviceStore, PollOutcome, PushedRequest, PushedRequestStore,
    ReplayStore, StoreError,
};
use token_core::{ClientId, Seconds, Timestamp};

use super::MemoryStore;
use crate::SLOWER_BY;

/// A device's request and what became of it.
#[derive(Debug)]
pub(super) struct Device {
    pub(super) record: DeviceRecord,
    pub(super) decision: Option<DeviceDecision>,
    polled_at: Option<Timestamp>,
    fetched: bool,
}

#[async_trait]
impl DeviceStore for MemoryStore {
    async fn put_device(&self, device: &DeviceRecord, now: Timestamp) -> Result<bool, StoreError> {
        let devices = &mut self.content().devices;
        devices.retain(|device| !device.record.expires_at.has_passed(now));
        if devices
            .iter()
            .any(|other| other.record.user_code == device.user_code)
        {
            return Ok(false);
        }
        devices.push(Device {
            record: device.clone(),
            decision: None,
            polled_at: None,
            fetched: false,
        });
        Ok(true)
    }

    async fn device(
        &self,
        user_code: &SecretHash,
        now: Timestamp,
    ) -> Result<Option<DeviceRecord>, StoreError> {
        let content = self.content();
        let mut waiting = content.devices.iter().filter(|device| {
            device.decision.is_none() && !device.record.expires_at.has_passed(now)
        });
        Ok(waiting
            .find(|device| device.record.user_code == *user_code)
            .map(|device| device.record.clone()))
    }

    async fn decide_device(
        &self,
        user_code: &SecretHash,
        decision: &DeviceDecision,
        now: Timestamp,
    ) -> Result<bool, StoreError> {
        let mut content = self.content();
        let mut waiting = content.devices.iter_mut().filter(|device| {
            device.decision.is_none() && !device.record.expires_at.has_passed(now)
        });
        let device = waiting.find(|device| device.record.user_code == *user_code);
        Ok(device
            .map(|device| device.decision = Some(decision.clone()))
            .is_some())
    }

    async fn poll_device(
        &self,
        device_code: &SecretHash,
        client_id: &ClientId,
        now: Timestamp,
    ) -> Result<PollOutcome, StoreError> {
        let devices = &mut self.content().devices;
        let at = devices.iter().position(|device| {
            device.record.device_code == *device_code
                && device.record.client_id == *client_id
                && !device.fetched
                && !device.record.expires_at.has_passed(now)
        });
        let Some((at, device)) = at.and_then(|at| Some((at, devices.get_mut(at)?))) else {
            return Ok(PollOutcome::Unknown);
        };
        let too_soon = device
            .polled_at
            .replace(now)
            .is_some_and(|last| !last.plus(device.record.interval).has_passed(now));
        match device.decision.clone() {
            Some(DeviceDecision::Approved(grant)) => {
                device.fetched = true;
                Ok(PollOutcome::Approved(Box::new(grant)))
            }
            Some(DeviceDecision::Denied) => {
                devices.swap_remove(at);
                Ok(PollOutcome::Denied)
            }
            None if too_soon => {
                device.record.interval = Seconds(device.record.interval.0 + SLOWER_BY.0);
                Ok(PollOutcome::SlowDown)
            }
            None => Ok(PollOutcome::Pending),
        }
    }
}

#[async_trait]
impl PushedRequestStore for MemoryStore {
    async fn put_pushed_request(
        &self,
        request_uri: &SecretHash,
        request: &PushedRequest,
        _now: Timestamp,
    ) -> Result<(), StoreError> {
        self.content()
            .pushed_requests
            .insert(request_uri.to_string(), request.clone());
        Ok(())
    }

    async fn pushed_request(
        &self,
        request_uri: &SecretHash,
        now: Timestamp,
    ) -> Result<Option<PushedRequest>, StoreError> {
        let found = self
            .content()
            .pushed_requests
            .get(&request_uri.to_string())
            .cloned();
        Ok(found.filter(|request| !request.expires_at.has_passed(now)))
    }
}

#[async_trait]
impl ReplayStore for MemoryStore {
    async fn first_use(
        &self,
        thing: &SecretHash,
        until: Timestamp,
        now: Timestamp,
    ) -> Result<bool, StoreError> {
        let used = &mut self.content().used;
        used.retain(|_, until| !until.has_passed(now));
        let first = !used.contains_key(&thing.to_string());
        used.entry(thing.to_string()).or_insert(until);
        Ok(first)
    }
}
