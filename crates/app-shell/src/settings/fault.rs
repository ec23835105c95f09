//! What is wrong with the settings, in words for the operator.

use std::fmt;

/// Every fault of the settings. Its text is one line for each: the name, where it was set, what is
/// wrong and the mend.
#[derive(Debug)]
pub struct SettingsError {
    faults: Vec<Fault>,
}

impl SettingsError {
    pub(super) fn new(faults: Vec<Fault>) -> Self {
        Self { faults }
    }
}

impl std::error::Error for SettingsError {}

impl fmt::Display for SettingsError {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let lines: Vec<String> = self.faults.iter().map(Fault::to_string).collect();
        formatter.write_str(&lines.join("\n"))
    }
}

#[derive(Debug)]
pub(super) struct Fault {
    pub(super) name: String,
    /// Where the value came from; none for what is not set.
    pub(super) source: Option<String>,
    pub(super) text: String,
}

impl fmt::Display for Fault {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { name, source, text } = self;
        match source {
            Some(source) => write!(formatter, "{name} ({source}): {text}"),
            None => write!(formatter, "{name}: {text}"),
        }
    }
}

/// A value as an error shows it: quoted, on one line, its first 40 characters.
pub(super) fn quoted(value: &str) -> String {
    const SHOWN: usize = 40;
    if value.chars().count() <= SHOWN {
        return format!("{value:?}");
    }
    let start: String = value.chars().take(SHOWN).collect();
    format!("{start:?}…")
}

/// The known name that `name` may have been meant to be.
pub(super) fn nearest(name: &str, known: &[&'static str]) -> Option<&'static str> {
    let limit = name.len() / 4 + 1;
    known
        .iter()
        .map(|&candidate| (strsim::osa_distance(name, candidate), candidate))
        .filter(|(distance, _)| *distance <= limit)
        .min()
        .map(|(_, candidate)| candidate)
}
