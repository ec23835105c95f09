//! What the commands print: results to standard output, all else to standard error.

use std::io::{self, BufWriter, StdoutLock, Write};

use anstream::AutoStream;
use serde::Serialize;
use serde_json::Serializer;
use serde_json::ser::Formatter;
use token_core::ClaimedName;

/// Standard output, written in large pieces. Colour only on a terminal.
pub(crate) struct Output(BufWriter<AutoStream<StdoutLock<'static>>>);

impl Output {
    pub(crate) fn new() -> Self {
        Self(BufWriter::new(anstream::stdout().lock()))
    }

    pub(crate) fn line(&mut self, line: &str) -> io::Result<()> {
        writeln!(self.0, "{line}")
    }

    /// One JSON object on one line.
    pub(crate) fn json(&mut self, value: &impl Serialize) -> io::Result<()> {
        let mut writer = Serializer::with_formatter(&mut self.0, Visible);
        value.serialize(&mut writer)?;
        writeln!(self.0)
    }

    pub(crate) fn flush(&mut self) -> io::Result<()> {
        self.0.flush()
    }
}

/// JSON on one line, with what a terminal would obey or hide written as `\uXXXX`.
struct Visible;

impl Formatter for Visible {
    fn write_string_fragment<W: Write + ?Sized>(
        &mut self,
        writer: &mut W,
        fragment: &str,
    ) -> io::Result<()> {
        for c in fragment.chars() {
            if ClaimedName::hides(c) {
                for unit in c.encode_utf16(&mut [0; 2]) {
                    write!(writer, "\\u{unit:04x}")?;
                }
            } else {
                write!(writer, "{c}")?;
            }
        }
        Ok(())
    }
}

/// A remark for the person at the terminal.
pub(crate) fn remark(line: &str) -> io::Result<()> {
    writeln!(anstream::stderr(), "{line}")
}

/// `3 sessions`, `1 session`.
pub(crate) fn number_of(count: u64, thing: &str) -> String {
    let plural = if count == 1 { "" } else { "s" };
    format!("{} {thing}{plural}", grouped(count))
}

/// `1,234,567`
pub(crate) fn grouped(number: u64) -> String {
    let digits = number.to_string();
    let mut grouped = String::new();
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            grouped.push(',');
        }
        grouped.push(digit);
    }
    grouped
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_grouped_and_agree() {
        for (count, text) in [
            (0, "0 sessions"),
            (1, "1 session"),
            (999, "999 sessions"),
            (1000, "1,000 sessions"),
            (1_234_567, "1,234,567 sessions"),
        ] {
            assert_eq!(number_of(count, "session"), text);
        }
    }
}
