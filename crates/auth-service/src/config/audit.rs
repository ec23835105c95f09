//! What is recorded of events, and how much of it is kept.

use app_shell::settings::Settings;
use token_core::audit::{KEPT, Naming};

/// What the operator decided about the audit trail.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct AuditSettings {
    /// `AUDIT_USERS`
    pub naming: Naming,
    /// `AUDIT_LENGTH`: how many records the store keeps.
    pub keep: u64,
}

/// Reads them.
pub fn audit(settings: &mut Settings) -> AuditSettings {
    let naming = settings.parse_with("AUDIT_USERS", Naming::parse);
    let keep = settings.parsed("AUDIT_LENGTH", KEPT, "a number of events");
    if keep == 0 {
        settings.fault("AUDIT_LENGTH", "is 0", "give 1 or more");
    }
    AuditSettings {
        naming: naming.unwrap_or_default(),
        keep,
    }
}
