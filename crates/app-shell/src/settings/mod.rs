//! Settings: flat names such as `LISTEN_ADDRESS`, from a TOML file and the environment.
//!
//! Defaults live at the call that reads a setting; the file overrides them, the environment
//! overrides the file. Every setting can be given as `NAME_FILE` instead, the path of a file that
//! holds the value (one trailing newline is dropped). A value is always the raw text: `0123`,
//! `true` and `[a]` are strings until a reader parses them. An empty value counts as unset.
//!
//! Readers never stop at a fault: they record it and go on, so that [`Settings::finish`] can name
//! them all at once. The environment is read nowhere else in the workspace.

mod fault;
mod layer;
#[cfg(test)]
mod tests;

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::fmt::{self, Display};
use std::path::Path;
use std::str::FromStr;

use figment::Figment;

pub use fault::SettingsError;
use fault::{Fault, quoted};
use layer::{Origin, Pair};

/// What was configured, and what is wrong with it so far.
pub struct Settings {
    known: Vec<&'static str>,
    values: BTreeMap<&'static str, Value>,
    faults: Vec<Fault>,
}

struct Value {
    text: String,
    source: String,
}

impl Settings {
    /// Reads the TOML file, if one is named, and the process's environment.
    ///
    /// `known` are all the names that this process reads. Another key in the file is a fault, and
    /// so is another variable whose name starts with `GATEWAY_`.
    pub fn load(known: &[&'static str], toml: Option<&Path>) -> Self {
        #[expect(
            clippy::disallowed_methods,
            reason = "the one place that reads the environment"
        )]
        let environment =
            std::env::vars_os().map(|(name, value)| (name.to_string_lossy().into_owned(), value));
        Self::from_layers(known, toml, environment.collect())
    }

    /// Settings from these pairs, read like the environment and in its stead.
    pub fn from_pairs<N, V>(known: &[&'static str], pairs: impl IntoIterator<Item = (N, V)>) -> Self
    where
        N: Into<String>,
        V: Into<OsString>,
    {
        let pairs = pairs
            .into_iter()
            .map(|(name, value)| (name.into(), value.into()));
        Self::from_layers(known, None, pairs.collect())
    }

    fn from_layers(known: &[&'static str], toml: Option<&Path>, environment: Vec<Pair>) -> Self {
        let mut faults = Vec::new();
        let mut layers = Vec::new();
        if let Some(path) = toml {
            let pairs = layer::toml_pairs(path, &mut faults);
            layers.extend(Origin::File(path).layers(known, pairs, &mut faults));
        }
        layers.extend(Origin::Environment.layers(known, environment, &mut faults));
        let figment = layers.into_iter().fold(Figment::new(), Figment::merge);

        let values = known
            .iter()
            .filter_map(|&name| Some((name, value_of(&figment, name)?)));
        Self {
            known: known.to_vec(),
            values: values.collect(),
            faults,
        }
    }

    /// The raw text, never repeated in an error: use it for secrets too.
    pub fn text(&mut self, name: &str) -> Option<String> {
        self.value(name).map(|value| value.text.clone())
    }

    /// As [`Settings::text`]; unset is a fault, and `mend` says what to set it to
    /// (`"set it to the domain that all hosts are under"`), unless a fault says already why there
    /// is no value.
    pub fn required(&mut self, name: &str, mend: &str) -> Option<String> {
        let text = self.text(name);
        let already =
            |fault: &Fault| fault.name.strip_suffix("_FILE").unwrap_or(&fault.name) == name;
        if text.is_none() && !self.faults.iter().any(already) {
            self.fault(name, "is not set", mend);
        }
        text
    }

    /// The parsed value, or `default` where it is unset or at fault. `expected` completes the
    /// sentence "it is not …" (`"a number of seconds"`).
    pub fn parsed<T: FromStr>(&mut self, name: &str, default: T, expected: &str) -> T {
        let Some(text) = self.text(name) else {
            return default;
        };
        text.parse().unwrap_or_else(|_| {
            let problem = format!("{} is not {expected}", quoted(&text));
            self.fault(name, &problem, "correct it, or unset it for the default");
            default
        })
    }

    /// The value as `parse` reads it. Its error follows the quoted value in the fault's line, so
    /// it says what is wrong and the mend. Not for secrets: see [`Settings::parse_secret_with`].
    pub fn parse_with<T, E: Display>(
        &mut self,
        name: &str,
        parse: impl FnOnce(&str) -> Result<T, E>,
    ) -> Option<T> {
        let text = self.text(name)?;
        parse(&text)
            .map_err(|error| self.record(name, format!("{}: {error}", quoted(&text))))
            .ok()
    }

    /// As [`Settings::parse_with`], for a value that no error may show: it is not quoted, and it
    /// is taken out of the parser's own text.
    pub fn parse_secret_with<T, E: Display>(
        &mut self,
        name: &str,
        parse: impl FnOnce(&str) -> Result<T, E>,
    ) -> Option<T> {
        let text = self.text(name)?;
        parse(&text)
            .map_err(|error| {
                self.record(name, error.to_string().replace(&text, "[redacted]"));
            })
            .ok()
    }

    /// Records what only the caller can know, such as two settings that exclude each other.
    /// Neither text may hold a secret.
    pub fn fault(&mut self, name: &str, problem: &str, mend: &str) {
        self.record(name, format!("{problem}; {mend}"));
    }

    /// Ends the reading.
    ///
    /// # Errors
    /// Every fault found, in the order of the reads.
    pub fn finish(self) -> Result<(), SettingsError> {
        if self.faults.is_empty() {
            Ok(())
        } else {
            Err(SettingsError::new(self.faults))
        }
    }

    /// As [`Settings::finish`], for a configuration whose required parts are options:
    /// `settings.finish_with(|| Some(Config { domain: domain?, secret: secret? }))`.
    ///
    /// # Errors
    /// Every fault found; or that a part is missing, if none was recorded for it.
    pub fn finish_with<T>(self, build: impl FnOnce() -> Option<T>) -> Result<T, SettingsError> {
        self.finish()?;
        build().ok_or_else(|| {
            SettingsError::new(vec![Fault {
                name: "settings".to_owned(),
                source: None,
                text: "a required one is missing, but was not asked for as required".to_owned(),
            }])
        })
    }

    fn value(&mut self, name: &str) -> Option<&Value> {
        if !self.known.contains(&name) {
            self.record(
                name,
                "is read by the program, but not among its known names".to_owned(),
            );
        }
        self.values.get(name)
    }

    fn record(&mut self, name: &str, text: String) {
        let source = self.values.get(name).map(|value| value.source.clone());
        self.faults.push(Fault {
            name: name.to_owned(),
            source,
            text,
        });
    }
}

/// Names and sources only.
impl fmt::Debug for Settings {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let sources = self
            .values
            .iter()
            .map(|(name, value)| (name, &value.source));
        formatter.debug_map().entries(sources).finish()
    }
}

fn value_of(figment: &Figment, name: &str) -> Option<Value> {
    let value = figment.find_value(name).ok()?;
    let source = figment.get_metadata(value.tag())?.name.to_string();
    Some(Value {
        text: value.into_string()?,
        source,
    })
}
