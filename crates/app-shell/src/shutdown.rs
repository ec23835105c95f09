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

#[cfg(test)]
mod tests {
    use std::process::{Command, id};

    use super::stop_signal;

    #[actix_web::test]
    async fn either_signal_is_enough_even_before_the_first_poll() {
        for name in ["-TERM", "-INT"] {
            let stopped = stop_signal().unwrap();
            assert!(
                Command::new("kill")
                    .args([name, &id().to_string()])
                    .status()
                    .unwrap()
                    .success()
            );
            stopped.await;
        }
    }
}
