//! The lines that one step of a request writes, in one write: to write takes longer than to make a
//! line, and a token request has two to four.

use std::cell::RefCell;
use std::future::poll_fn;
use std::io::{self, Write};
use std::mem::take;
use std::pin::pin;

use tracing_subscriber::fmt::MakeWriter;

/// As much is written to a pipe in one piece, or not at all (POSIX `PIPE_BUF`): lines of several
/// threads do not mix.
const MOST: usize = 4096;

thread_local! {
    /// What this thread has yet to write, while it gathers.
    static GATHERED: RefCell<Option<Vec<u8>>> = const { RefCell::new(None) };
}

/// Runs a request, and writes at the end of each of its steps what was logged in it: before its
/// answer is sent, and before anything is waited for.
pub async fn lines_together<F: Future>(request: F) -> F::Output {
    let mut request = pin!(request);
    poll_fn(|context| {
        let _gathering = Gathering::begin(io::stderr());
        request.as_mut().poll(context)
    })
    .await
}

/// While it is there, lines of this thread are gathered. It writes them, also when it panics.
struct Gathering<W: Write> {
    to: W,
    /// One within another leaves it to that one.
    is_outer: bool,
}

impl<W: Write> Gathering<W> {
    fn begin(to: W) -> Self {
        let is_outer = GATHERED.with_borrow_mut(|gathered| {
            let is_outer = gathered.is_none();
            gathered.get_or_insert_default();
            is_outer
        });
        Self { to, is_outer }
    }
}

impl<W: Write> Drop for Gathering<W> {
    fn drop(&mut self) {
        if self.is_outer
            && let Some(lines) = GATHERED.take().filter(|lines| !lines.is_empty())
        {
            // There is nobody to tell of a log that takes nothing.
            let _ = self.to.write_all(&lines);
        }
    }
}

/// The way of lines to standard error, or to another writer.
pub(super) struct Lines<M>(pub(super) M);

/// The way of one line.
pub(super) struct Line<W>(W);

impl<'a, M: MakeWriter<'a>> MakeWriter<'a> for Lines<M> {
    type Writer = Line<M::Writer>;

    fn make_writer(&'a self) -> Self::Writer {
        Line(self.0.make_writer())
    }
}

impl<W: Write> Write for Line<W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        GATHERED.with_borrow_mut(|gathered| {
            let Some(gathered) = gathered else {
                // Whole, before another thread's.
                self.0.write_all(bytes)?;
                return Ok(bytes.len());
            };
            let full = gathered.len() + bytes.len() > MOST;
            let before = if full { take(gathered) } else { Vec::new() };
            gathered.extend_from_slice(bytes);
            self.0.write_all(&before)?;
            Ok(bytes.len())
        })
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use std::panic::{AssertUnwindSafe, catch_unwind};

    use super::*;
    use crate::captured_lines::CapturedLines;

    fn line(to: &CapturedLines, text: &str) {
        Lines(to.clone())
            .make_writer()
            .write_all(text.as_bytes())
            .unwrap();
    }

    #[test]
    fn lines_are_written_together_at_the_end_and_at_once_where_nothing_gathers() {
        let lines = CapturedLines::default();
        line(&lines, "at once\n");
        let outer = Gathering::begin(lines.clone());
        line(&lines, "a\n");
        {
            let _inner = Gathering::begin(lines.clone());
            line(&lines, "b\n");
        }
        assert_eq!(lines.text(), "at once\n");
        drop(outer);
        assert_eq!(lines.text(), "at once\na\nb\n");
        line(&lines, "c\n");
        assert!(lines.text().ends_with("c\n"));
    }

    #[test]
    fn nothing_is_lost_where_there_are_many_or_a_panic() {
        let lines = CapturedLines::default();
        let long = format!("{}\n", "x".repeat(MOST / 2));
        let run = AssertUnwindSafe(|| {
            let _gathering = Gathering::begin(lines.clone());
            for _ in 0..3 {
                line(&lines, &long);
            }
            assert_eq!(lines.text(), long.repeat(2));
            panic!("a handler");
        });
        let panic = catch_unwind(run).unwrap_err();
        assert_eq!(panic.downcast_ref::<&str>(), Some(&"a handler"));
        assert_eq!(lines.text(), long.repeat(3));
    }

    #[tokio::test]
    async fn while_something_is_waited_for_nothing_is_held_back() {
        lines_together(async {
            assert!(GATHERED.with_borrow(Option::is_some));
            tokio::task::yield_now().await;
            assert!(GATHERED.with_borrow(Option::is_some));
        })
        .await;
        let mut waiting = pin!(lines_together(std::future::pending::<()>()));
        let waker = std::task::Waker::noop();
        let mut context = std::task::Context::from_waker(waker);
        assert!(waiting.as_mut().poll(&mut context).is_pending());
        assert!(GATHERED.with_borrow(Option::is_none));
    }
}
