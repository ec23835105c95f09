//! What an event shares its room in the store with, so that a flood of one kind drives out no other.

use super::{AuditEvent, Step};

/// A kind of event that can be brought about without being let in, as often as one likes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Room {
    /// Reading a metadata document.
    Discovery,
    /// The steps of a login that has begun, and the pages that people saw.
    Login,
    /// What else a stranger can do: registrations, wrong passphrases, ill-formed requests.
    Stranger,
    /// Requests that the verifier refused without knowing whose they are.
    Refused,
    /// What was used up being used again: whoever has it may go on with that.
    UsedAgain,
}

impl AuditEvent {
    /// The room of an event that strangers can bring about. `None`: it is always kept.
    pub fn room(&self) -> Option<Room> {
        match self {
            // What went well belongs to a session; what failed may name one that its caller made up.
            Self::LoginStep(step) if step.grant.is_some() && step.error.is_none() => None,
            Self::LoginStep(step) if step.flow.is_some() || step.reference.is_some() => {
                Some(Room::Login)
            }
            Self::LoginStep(step) if step.step == Step::Discovery => Some(Room::Discovery),
            Self::LoginStep(_)
            | Self::AuthFailure { user_id: None, .. }
            | Self::ClientRegistered { .. }
            | Self::ClientChanged { .. }
            | Self::ClientDeleted { .. }
            | Self::ConsentGiven { .. }
            | Self::ConsentRefused { .. }
            | Self::EgressRefused { .. } => Some(Room::Stranger),
            Self::CodeReplayed { .. } | Self::RefreshReused { .. } => Some(Room::UsedAgain),
            Self::RequestsDenied { first, .. } if first.jti.is_none() => Some(Room::Refused),
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{GrantId, SystemEntropy};

    #[test]
    fn what_is_used_again_and_again_shares_a_room_of_its_own() {
        let grant = GrantId::generate(&SystemEntropy::new()).unwrap();
        let replayed = AuditEvent::CodeReplayed {
            grant: grant.clone(),
        };
        let reused = AuditEvent::RefreshReused { grant };
        assert_eq!(replayed.room(), Some(Room::UsedAgain));
        assert_eq!(reused.room(), Some(Room::UsedAgain));
    }
}
