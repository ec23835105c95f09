//! PDFs are read by a process of their own: the same program, started for one document. Whatever a
//! hostile one makes of the library, it ends that process and no other: it has limits of memory and
//! time from the system, no environment, no files and no sockets, and nothing of this one's memory.
//!
//! It is given the document on its standard input and answers on its standard output, in JSON.

mod child;

use std::io::{self, Read as _, Write as _};
use std::path::PathBuf;
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};
use std::sync::mpsc::{self, RecvTimeoutError};
use std::thread;
use std::time::{Duration, Instant};

use crate::reader::{PdfFault, PdfText, Stop, Unreadable};
pub use child::main as convert_pdf;

/// The command with which a program is one that reads a PDF.
pub const CONVERT_PDF: &str = "convert-pdf";
/// Its program while it runs, even when another one has taken its place on the disk.
const THIS_PROGRAM: &str = "/proc/self/exe";
/// From start to end. The conversion has eight seconds by itself.
const MAX_TIME: Duration = Duration::from_secs(12);
/// Of its answer, in bytes: the text, a little of which takes more room in JSON.
const MAX_ANSWER: u64 = 32 * 1024 * 1024;
/// How often it is asked whether anybody still waits.
const LOOK: Duration = Duration::from_millis(20);

/// Reads PDFs by starting a program.
#[derive(Debug, Clone)]
pub(crate) struct PdfProcess {
    /// It does what [`convert_pdf`] does when it is called with [`CONVERT_PDF`].
    pub(crate) program: PathBuf,
}

impl Default for PdfProcess {
    fn default() -> Self {
        Self {
            program: THIS_PROGRAM.into(),
        }
    }
}

/// Ends with its owner, whatever it does, and leaves no entry in the table of processes.
struct Running(Child);

impl Drop for Running {
    fn drop(&mut self) {
        // It may have ended already.
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

impl PdfProcess {
    /// Reads the text, on the caller's thread.
    ///
    /// # Errors
    /// What the process says, [`PdfFault::TooCostly`] where it died or took too long, and
    /// [`Unreadable::GivenUp`] at the word of `stop`.
    pub(crate) fn read(&self, body: &[u8], stop: &Stop) -> Result<PdfText, Unreadable> {
        let until = Instant::now() + MAX_TIME;
        thread::scope(|scope| {
            let mut running = self.start().map_err(|error| no_room(&error))?;
            let pipes = running.0.stdin.take().zip(running.0.stdout.take());
            let (input, output) = pipes.ok_or(PdfFault::NoRoom)?;
            let (sender, answer) = mpsc::channel();
            thread::Builder::new()
                .name("convert-pdf".to_owned())
                .spawn_scoped(scope, move || sender.send(exchange(body, input, output)))
                .map_err(|error| no_room(&error))?;
            loop {
                match answer.recv_timeout(LOOK) {
                    // Without an answer it came to a limit of its own.
                    Ok(answer) => {
                        let answer: Option<Result<PdfText, PdfFault>> =
                            serde_json::from_slice(&answer).ok();
                        return Ok(answer.unwrap_or(Err(PdfFault::TooCostly))?);
                    }
                    Err(RecvTimeoutError::Disconnected) => return Err(PdfFault::NoRoom.into()),
                    Err(RecvTimeoutError::Timeout) => {}
                }
                stop.check()?;
                if Instant::now() > until {
                    return Err(PdfFault::TooCostly.into());
                }
            }
            // Here it is ended, and with it the exchange, which the scope waits for.
        })
    }

    fn start(&self) -> io::Result<Running> {
        let child = Command::new(&self.program)
            .arg(CONVERT_PDF)
            .env_clear()
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()?;
        Ok(Running(child))
    }
}

/// The operator's to know.
fn no_room(error: &io::Error) -> PdfFault {
    tracing::warn!(%error, "a process to read a PDF could not be started");
    PdfFault::NoRoom
}

/// It reads all before it says anything. What it leaves unread or unsaid is no error here: its
/// answer is whole, or it is none.
fn exchange(body: &[u8], mut input: ChildStdin, output: ChildStdout) -> Vec<u8> {
    let _ = input.write_all(body);
    drop(input);
    let mut answer = Vec::new();
    let _ = output.take(MAX_ANSWER).read_to_end(&mut answer);
    answer
}

#[cfg(test)]
mod tests {
    use std::io::Read as _;

    use super::PdfProcess;

    /// Which is here the tests' own, that takes the command for the name of a test that it has not.
    #[test]
    fn it_starts_the_running_program() {
        let mut running = PdfProcess::default().start().unwrap();
        let mut said = String::new();
        let mut output = running.0.stdout.take().unwrap();
        output.read_to_string(&mut said).unwrap();
        assert!(said.contains("running 0 tests"), "{said}");
    }
}
