//! What became of a thing that was presented.

use super::records::{CodeRecord, Grant, RefreshRecord};
use crate::identifiers::GrantId;

/// What became of a code that was presented.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum CodeOutcome {
    /// It was good, and is used up now.
    Fresh(Box<CodeRecord>),
    /// It was used before.
    Replayed(GrantId),
    /// It never was, or is expired.
    Unknown,
}

/// What became of tokens that were to be stored.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum IssueOutcome {
    /// They are active.
    Issued,
    /// The grant was ended in the meantime; nothing was stored.
    GrantEnded,
    /// The client was deleted in the meantime; nothing was stored.
    ClientGone,
}

/// What became of a refresh token that was presented.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum RotateOutcome {
    /// The successor is active.
    Rotated,
    /// It was replaced within the grace: the sealed answer that was given then. The new pair was
    /// not stored.
    Graced(String),
    /// It was replaced before that: somebody has a copy.
    Reused(GrantId),
    /// It never was, is expired, or its grant has ended.
    Unknown,
    /// The client was deleted in the meantime; nothing was stored.
    ClientGone,
}

/// What a refresh token that is presented says before it is rotated.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RefreshView {
    /// Its record.
    pub record: RefreshRecord,
    /// Whether it has been replaced already.
    pub replaced: bool,
}

/// What became of a registration.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RegisterOutcome {
    /// The client is new.
    Created,
    /// A client with this identifier was there: it got the new registration token.
    Joined,
    /// There are as many clients as may be, and every one of them is in use.
    Full,
}

/// What a device that asks is told (RFC 8628 section 3.5).
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum PollOutcome {
    /// Nobody has decided yet.
    Pending,
    /// It asks too often: the interval grew by five seconds.
    SlowDown,
    /// It was approved: of many callers one gets this. Until it would have expired the record stays,
    /// so that whoever ends what a person gave finds the grant before it has tokens.
    Approved(Box<Grant>),
    /// It was refused. The record is gone.
    Denied,
    /// It never was, is over, or is another client's.
    Unknown,
}
