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

use rustix::io::Errno;
use serde::{Deserialize, Serialize};

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
/// What a machine is short of for a while. Whatever else prevents a process is there to stay.
const SHORTAGES: [Errno; 4] = [Errno::AGAIN, Errno::NOMEM, Errno::MFILE, Errno::NFILE];

/// What the process says.
#[derive(Debug, Serialize, Deserialize)]
enum Answer {
    Read(Result<PdfText, PdfFault>),
    /// It did not begin to read, for instance since its limits were refused it.
    NotBegun(String),
}

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
    /// What the process says, [`PdfFault::TooCostly`] where it died or took too long,
    /// [`PdfFault::NoRoom`] or [`PdfFault::Unavailable`] where there is none that reads, and
    /// [`Unreadable::GivenUp`] at the word of `stop`.
    pub(crate) fn read(&self, body: &[u8], stop: &Stop) -> Result<PdfText, Unreadable> {
        let until = Instant::now() + MAX_TIME;
        thread::scope(|scope| {
            let mut running = self.start().map_err(|error| not_started(&error))?;
            let pipes = running.0.stdin.take().zip(running.0.stdout.take());
            let (input, output) = pipes.ok_or(PdfFault::NoRoom)?;
            let (sender, answer) = mpsc::channel();
            thread::Builder::new()
                .name("convert-pdf".to_owned())
                .spawn_scoped(scope, move || sender.send(exchange(body, input, output)))
                .map_err(|error| not_started(&error))?;
            loop {
                match answer.recv_timeout(LOOK) {
                    Ok(answer) => return Ok(outcome(&answer)?),
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

/// Without an answer it came to a limit of its own.
fn outcome(answer: &[u8]) -> Result<PdfText, PdfFault> {
    match serde_json::from_slice(answer) {
        Ok(Answer::Read(outcome)) => outcome,
        Ok(Answer::NotBegun(error)) => Err(unavailable(&error)),
        Err(_) => Err(PdfFault::TooCostly),
    }
}

fn not_started(error: &io::Error) -> PdfFault {
    if Errno::from_io_error(error).is_some_and(|error| SHORTAGES.contains(&error)) {
        tracing::warn!(%error, "there is no room for a process to read a PDF");
        PdfFault::NoRoom
    } else {
        unavailable(&error.to_string())
    }
}

/// The operator's to mend, who is told what it takes.
fn unavailable(error: &str) -> PdfFault {
    tracing::error!(
        error,
        "no PDF can be read: it takes a process that is started from /proc/self/exe and may set \
         limits for itself (setrlimit)"
    );
    PdfFault::Unavailable
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
    use std::process::Command;

    use super::PdfProcess;
    use crate::reader::{PdfFault, Stop};

    /// Which is here the tests' own, that takes the command for the name of a test that it has not.
    #[test]
    fn it_starts_the_running_program() {
        let mut running = PdfProcess::default().start().unwrap();
        let mut said = String::new();
        let mut output = running.0.stdout.take().unwrap();
        output.read_to_string(&mut said).unwrap();
        assert!(said.contains("running 0 tests"), "{said}");
    }

    /// What is wrong with the machine is not said of the document.
    #[test]
    fn without_a_process_or_without_its_limits_no_pdf_is_called_too_costly() {
        let directory = tempfile::tempdir().unwrap();
        let script = |name: &str, answer: &str| {
            let program = directory.path().join(name);
            // Who starts a program here may have copies of this process's files open for a moment,
            // and a program that is open to be written cannot be started: another one writes it.
            let content = format!("#!/bin/sh\necho '{answer}'");
            let write = r#"printf %s "$1" > "$0" && chmod 700 "$0""#;
            let mut shell = Command::new("/bin/sh");
            let written = shell
                .args(["-c", write])
                .arg(&program)
                .arg(content)
                .status();
            assert!(written.unwrap().success());
            program
        };
        let refused = script("refused", r#"{"NotBegun":"As: Operation not permitted"}"#);
        let silent = script("silent", "");
        for (program, fault) in [
            (directory.path().join("none"), PdfFault::Unavailable),
            (refused, PdfFault::Unavailable),
            (silent, PdfFault::TooCostly),
        ] {
            let outcome = PdfProcess { program }.read(b"%PDF-1.5", &Stop::default());
            assert_eq!(outcome, Err(fault.into()));
        }
    }
}
