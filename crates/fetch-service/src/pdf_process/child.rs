//! The process that reads one PDF and ends.

use std::fs;
use std::io::{self, BufWriter, Read as _, Write as _};
use std::process::ExitCode;
use std::thread;

use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

use super::Answer;
use crate::reader::{PdfFault, PdfText, pdf_text};

/// What it may have, whatever it is given; the program itself included.
const LIMITS: [(Resource, u64); 4] = [
    // Bytes of addresses: what the reader's own bounds let pass takes less.
    (Resource::As, 512 << 20),
    // Seconds of a processor, should nobody be left who ends it.
    (Resource::Cpu, 15),
    // Nobody's document is left on a disk.
    (Resource::Core, 0),
    // Files and sockets, beside those that it has.
    (Resource::Nofile, 0),
];
/// The reader's recursion is bounded (256 levels) but for what a hostile document finds; this is many
/// times what the others need.
const STACK_BYTES: usize = 16 * 1024 * 1024;

/// Reads a PDF from standard input, and writes what it says, or why it cannot be shown, to standard
/// output.
pub fn main() -> ExitCode {
    let answer = convert().unwrap_or_else(|error| Answer::NotBegun(error.to_string()));
    match said(&answer) {
        Ok(()) => ExitCode::SUCCESS,
        // It has nobody to tell.
        Err(_) => ExitCode::FAILURE,
    }
}

fn convert() -> io::Result<Answer> {
    // Where memory runs out in spite of its limit, the system is to end this process and not the
    // service. It may be forbidden.
    let _ = fs::write("/proc/self/oom_score_adj", "1000");
    for (resource, most) in LIMITS {
        restrict(resource, most)
            .map_err(|error| io::Error::other(format!("limit {resource:?}: {error}")))?;
    }
    let mut body = Vec::new();
    let most = u64::try_from(egress::Limits::default().body_bytes).unwrap_or(u64::MAX);
    io::stdin().lock().take(most).read_to_end(&mut body)?;
    Ok(Answer::Read(read(body)))
}

fn said(answer: &Answer) -> io::Result<()> {
    let mut output = BufWriter::new(io::stdout().lock());
    serde_json::to_writer(&mut output, answer)?;
    output.flush()
}

/// To `most`, or less where it may not have as much.
fn restrict(resource: Resource, most: u64) -> io::Result<()> {
    let allowed = getrlimit(resource).maximum;
    let most = Some(allowed.map_or(most, |allowed| allowed.min(most)));
    let limit = Rlimit {
        current: most,
        maximum: most,
    };
    Ok(setrlimit(resource, limit)?)
}

fn read(body: Vec<u8>) -> Result<PdfText, PdfFault> {
    let reading = thread::Builder::new()
        .stack_size(STACK_BYTES)
        .spawn(move || pdf_text(&body));
    // The system has no thread left, or no memory for one.
    let reading = reading.map_err(|_| PdfFault::NoRoom)?;
    // The library panics at what it does not know.
    reading.join().unwrap_or(Err(PdfFault::Broken))
}
