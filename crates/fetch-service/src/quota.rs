//! How much one person may have fetched: calls and bytes in a minute, and calls at a time. The
//! gateway says who asks, so one person's program in a loop takes nothing from the others.
//!
//! Calls and bytes are buckets that fill again evenly. What a page will weigh is not known before it
//! is there, so the bytes are taken afterwards, however it ended, and may leave a debt, which is
//! waited off.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use egress::Meter;
use token_core::UserId;
use tokio::time::Instant;

/// People with a page under way or fetched within the last minute. Who is not among them has
/// everything left.
const PEOPLE: usize = 10_000;
/// Parts of one call or byte: the milliseconds of a minute.
const PARTS: i64 = 60_000;

/// The operator's numbers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Limits {
    pub(crate) requests_per_minute: u32,
    pub(crate) bytes_per_minute: u64,
    pub(crate) at_a_time: u32,
}

/// What has run out.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum Exceeded {
    #[error("{limit} calls a minute are yours and used up: try again in {seconds} seconds")]
    Requests { limit: u32, seconds: u64 },
    #[error(
        "the {limit} bytes a minute that may be fetched for you are used up: try again in \
         {seconds} seconds"
    )]
    Bytes { limit: u64, seconds: u64 },
    #[error(
        "{limit} calls of yours are under way, and more are not taken at a time: try again when \
         one of them has been answered"
    )]
    AtATime { limit: u32 },
    #[error("too many people are fetching pages: try again in a minute")]
    People,
}

impl Exceeded {
    /// Its name in the audit trail.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Requests { .. } => "requests",
            Self::Bytes { .. } => "bytes",
            Self::AtATime { .. } => "concurrency",
            Self::People => "people",
        }
    }
}

/// Everybody's accounts. Cheap to clone.
#[derive(Clone, Debug)]
pub(crate) struct Quota(Arc<Accounts>);

#[derive(Debug)]
struct Accounts {
    limits: Limits,
    people: Mutex<HashMap<UserId, Account>>,
}

#[derive(Debug)]
struct Account {
    requests: Bucket,
    bytes: Bucket,
    under_way: u32,
    /// When the buckets were as they are.
    at: Instant,
}

/// What is left of so many a minute, in parts of [`PARTS`]; below zero, a debt.
#[derive(Clone, Copy, Debug)]
struct Bucket {
    left: i64,
    per_minute: i64,
}

/// A call that was let in. It counts as under way until it is dropped.
#[derive(Debug)]
pub(crate) struct Admitted {
    accounts: Arc<Accounts>,
    person: UserId,
}

impl Quota {
    pub(crate) fn new(limits: Limits) -> Self {
        Self(Arc::new(Accounts {
            limits,
            people: Mutex::default(),
        }))
    }

    /// Lets one call of this person in.
    pub(crate) fn admit(&self, person: &UserId) -> Result<Admitted, Exceeded> {
        let (limits, now) = (&self.0.limits, Instant::now());
        let mut people = self.0.people();
        if !people.contains_key(person) && people.len() >= PEOPLE {
            people.retain(|_, account| !account.is_full(now));
            if people.len() >= PEOPLE {
                return Err(Exceeded::People);
            }
        }
        let account = people
            .entry(person.clone())
            .or_insert_with(|| Account::full(limits, now));
        account.admit(limits, now)?;
        Ok(Admitted {
            accounts: Arc::clone(&self.0),
            person: person.clone(),
        })
    }
}

/// Takes what its meter has counted from the person's bytes when it is dropped: a fetch that fails
/// or is given up has cost the same.
#[derive(Debug)]
pub(crate) struct Bill<'a> {
    admitted: &'a Admitted,
    meter: Meter,
}

impl Admitted {
    pub(crate) fn person(&self) -> &UserId {
        &self.person
    }

    /// To be held for as long as the call waits for what `meter` counts.
    pub(crate) fn bill(&self, meter: Meter) -> Bill<'_> {
        Bill {
            admitted: self,
            meter,
        }
    }

    fn charge(&self, bytes: usize) {
        if let Some(account) = self.accounts.people().get_mut(&self.person) {
            account.refill(Instant::now());
            account.bytes.take(i64::try_from(bytes).unwrap_or(i64::MAX));
        }
    }
}

impl Drop for Bill<'_> {
    fn drop(&mut self) {
        self.admitted.charge(self.meter.bytes());
    }
}

impl Drop for Admitted {
    fn drop(&mut self) {
        if let Some(account) = self.accounts.people().get_mut(&self.person) {
            account.under_way = account.under_way.saturating_sub(1);
        }
    }
}

impl Accounts {
    fn people(&self) -> MutexGuard<'_, HashMap<UserId, Account>> {
        self.people.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Account {
    fn full(limits: &Limits, now: Instant) -> Self {
        Self {
            requests: Bucket::full(limits.requests_per_minute.into()),
            bytes: Bucket::full(limits.bytes_per_minute),
            under_way: 0,
            at: now,
        }
    }

    fn admit(&mut self, limits: &Limits, now: Instant) -> Result<(), Exceeded> {
        self.refill(now);
        if self.under_way >= limits.at_a_time {
            let limit = limits.at_a_time;
            return Err(Exceeded::AtATime { limit });
        }
        if let Some(seconds) = self.bytes.seconds_until_one() {
            let limit = limits.bytes_per_minute;
            return Err(Exceeded::Bytes { limit, seconds });
        }
        if let Some(seconds) = self.requests.seconds_until_one() {
            let limit = limits.requests_per_minute;
            return Err(Exceeded::Requests { limit, seconds });
        }
        self.requests.take(1);
        self.under_way += 1;
        Ok(())
    }

    fn refill(&mut self, now: Instant) {
        let passed = now.saturating_duration_since(self.at).as_millis();
        // What is less than a millisecond counts the next time.
        self.at += Duration::from_millis(u64::try_from(passed).unwrap_or(u64::MAX));
        let passed = i64::try_from(passed).unwrap_or(i64::MAX);
        self.requests.refill(passed);
        self.bytes.refill(passed);
    }

    /// As good as no account.
    fn is_full(&self, now: Instant) -> bool {
        let mut later = Self { ..*self };
        later.refill(now);
        self.under_way == 0 && later.requests.is_full() && later.bytes.is_full()
    }
}

impl Bucket {
    fn full(per_minute: u64) -> Self {
        // The settings' bounds are far below.
        let per_minute = i64::try_from(per_minute).unwrap_or(i64::MAX);
        Self {
            left: per_minute.saturating_mul(PARTS),
            per_minute,
        }
    }

    fn take(&mut self, amount: i64) {
        self.left = self.left.saturating_sub(amount.saturating_mul(PARTS));
    }

    /// What flows in in a millisecond is a whole number of parts.
    fn refill(&mut self, milliseconds: i64) {
        let inflow = self.per_minute.saturating_mul(milliseconds);
        let full = self.per_minute.saturating_mul(PARTS);
        self.left = self.left.saturating_add(inflow).min(full);
    }

    fn is_full(&self) -> bool {
        self.left >= self.per_minute.saturating_mul(PARTS)
    }

    /// `None` where there is one left.
    fn seconds_until_one(&self) -> Option<u64> {
        let missing = PARTS.saturating_sub(self.left);
        if missing <= 0 {
            return None;
        }
        let per_second = self.per_minute.saturating_mul(1000).max(1);
        u64::try_from(missing.saturating_add(per_second - 1) / per_second).ok()
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use token_core::UserId;
    use tokio::time::{advance, pause};

    use super::{Exceeded, Limits, PEOPLE, Quota};

    const LIMITS: Limits = Limits {
        requests_per_minute: 6,
        bytes_per_minute: 6000,
        at_a_time: 2,
    };

    fn person(number: usize) -> UserId {
        UserId::parse(format!("github|{number}")).unwrap()
    }

    #[tokio::test]
    async fn calls_run_out_and_come_back_evenly() {
        pause();
        let quota = Quota::new(LIMITS);
        for _ in 0..6 {
            quota.admit(&person(1)).unwrap();
        }
        let error = quota.admit(&person(1)).unwrap_err();
        let (limit, seconds) = (6, 10);
        assert_eq!(error, Exceeded::Requests { limit, seconds });
        assert!(error.to_string().contains("try again in 10 seconds"));
        advance(Duration::from_secs(9)).await;
        quota.admit(&person(1)).unwrap_err();
        quota.admit(&person(2)).unwrap();
        advance(Duration::from_secs(1)).await;
        quota.admit(&person(1)).unwrap();
        quota.admit(&person(1)).unwrap_err();
    }

    #[tokio::test]
    async fn bytes_leave_a_debt_that_is_waited_off() {
        pause();
        let quota = Quota::new(LIMITS);
        let call = quota.admit(&person(1)).unwrap();
        call.charge(5999);
        quota.admit(&person(1)).unwrap();
        call.charge(3001);
        let error = quota.admit(&person(1)).unwrap_err();
        let (limit, seconds) = (6000, 31);
        assert_eq!(error, Exceeded::Bytes { limit, seconds });
        advance(Duration::from_secs(30)).await;
        quota.admit(&person(1)).unwrap_err();
        advance(Duration::from_secs(1)).await;
        quota.admit(&person(1)).unwrap();
    }

    #[tokio::test]
    async fn calls_under_way_are_counted_until_they_end() {
        pause();
        let quota = Quota::new(LIMITS);
        let first = quota.admit(&person(1)).unwrap();
        let _second = quota.admit(&person(1)).unwrap();
        let error = quota.admit(&person(1)).unwrap_err();
        assert_eq!(error, Exceeded::AtATime { limit: 2 });
        quota.admit(&person(2)).unwrap();
        drop(first);
        quota.admit(&person(1)).unwrap();
    }

    #[tokio::test]
    async fn accounts_are_bounded_and_none_is_forgotten_that_matters() {
        pause();
        let quota = Quota::new(LIMITS);
        for number in 0..PEOPLE {
            quota.admit(&person(number)).unwrap();
        }
        assert_eq!(quota.admit(&person(PEOPLE)).unwrap_err(), Exceeded::People);
        let used_up = person(0);
        while quota.admit(&used_up).is_ok() {}
        advance(Duration::from_secs(10)).await;
        quota.admit(&person(PEOPLE)).unwrap();
        assert_eq!(quota.0.people().len(), 2);
        // The one call that has come back to him, and no more.
        quota.admit(&used_up).unwrap();
        quota.admit(&used_up).unwrap_err();
    }
}
