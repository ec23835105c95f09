//! The signals that ask the process to end.

use std::io;

use tokio::signal::unix::{SignalKind, signal};

/// A future that resolves at the first SIGTERM (an orchestrator) or SIGINT (Ctrl-C).
///
/// The handlers are in place when this returns, not only when the future is first polled, so a
/// signal that arrives during the start is not lost. Needs a running runtime.
///
/// # Errors
/// The operating system refuses the handlers.
pub fn stop_signal() -> io::Result<impl Future<Output = ()>> {
    let mut terminate = signal(SignalKind::terminate())?;
    let mut interrupt = signal(SignalKind::interrupt())?;
    Ok(async move {
        tokio::select! {
            _ = terminate.recv() => {}
            _ = interrupt.recv() => {}
        }
    })
}
