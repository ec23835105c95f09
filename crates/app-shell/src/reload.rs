//! Reading settings again while the process runs.

use std::io;
use std::sync::Arc;

use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::Notify;

/// Calls `read` at each SIGHUP, and each time that `announced` is told, from now on. Needs a
/// running runtime, and ends with it.
///
/// # Errors
/// The operating system refuses the handler.
pub fn follow(announced: Arc<Notify>, read: impl Fn() + Send + 'static) -> io::Result<()> {
    let mut hangup = signal(SignalKind::hangup())?;
    tokio::spawn(async move {
        loop {
            tokio::select! {
                _ = hangup.recv() => {}
                () = announced.notified() => {}
            }
            read();
        }
    });
    Ok(())
}

#[cfg(test)]
mod tests {
    use std::process::{Command, id};
    use std::sync::mpsc::channel;

    use super::*;

    #[actix_web::test]
    async fn a_signal_and_an_announcement_are_followed_again_and_again() {
        let (told, hear) = channel();
        let announced = Arc::new(Notify::new());
        follow(Arc::clone(&announced), move || told.send(()).unwrap()).unwrap();
        for round in 0..4 {
            if round % 2 == 0 {
                announced.notify_one();
            } else {
                let pid = id().to_string();
                let sent = Command::new("kill").args(["-HUP", &pid]).status();
                assert!(sent.unwrap().success());
            }
            while hear.try_recv().is_err() {
                tokio::task::yield_now().await;
            }
        }
    }
}
