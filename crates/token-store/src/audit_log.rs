//! The audit trail in the log: one line an event, target `audit`, the event as JSON. What an
//! operator should look into is a warning.

use token_core::audit::{AuditEvent, AuditSink};

/// Writes events to the process's log.
#[derive(Debug, Clone, Copy, Default)]
pub struct AuditLog;

impl AuditSink for AuditLog {
    fn record(&self, event: &AuditEvent) {
        match serde_json::to_string(event) {
            Ok(json) if event.is_alarming() => tracing::warn!(target: "audit", event = %json),
            Ok(json) => tracing::info!(target: "audit", event = %json),
            Err(error) => tracing::error!(target: "audit", %error, "an event cannot be written"),
        }
    }
}
