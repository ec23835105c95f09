//! Where raw values come from. One [`Layer`] is one source, so that figment's metadata can say
//! which source a value is from.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::fmt;
use std::fs;
use std::path::Path;

use figment::providers::{Format as _, Toml};
use figment::value::{Dict, Map, Value};
use figment::{Metadata, Profile, Provider};

use super::fault::{Fault, nearest};

/// A flat name in upper case, and its raw value.
pub(super) type Pair = (String, OsString);

/// Raw strings of one source. Unlike figment's own environment provider it never guesses a type:
/// a numeric secret stays what it is.
pub(super) struct Layer {
    source: String,
    values: BTreeMap<&'static str, String>,
}

impl Provider for Layer {
    fn metadata(&self) -> Metadata {
        Metadata::named(self.source.clone())
    }

    fn data(&self) -> Result<Map<Profile, Dict>, figment::Error> {
        let values = self.values.iter();
        let dict = values.map(|(&name, text)| (name.to_owned(), Value::from(text.as_str())));
        Ok(Profile::Default.collect(dict.collect()))
    }
}

/// Where pairs were found.
#[derive(Clone, Copy)]
pub(super) enum Origin<'a> {
    Environment,
    File(&'a Path),
}

impl fmt::Display for Origin<'_> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Environment => formatter.write_str("environment"),
            Self::File(path) => write!(formatter, "file {}", path.display()),
        }
    }
}

impl Origin<'_> {
    /// The known settings among `pairs`: one layer for those given directly, and one for each
    /// that a `NAME_FILE` points at.
    pub(super) fn layers(
        self,
        known: &[&'static str],
        pairs: Vec<Pair>,
        faults: &mut Vec<Fault>,
    ) -> Vec<Layer> {
        let mut direct = BTreeMap::new();
        let mut paths = BTreeMap::new();
        for (name, value) in pairs.into_iter().filter(|(_, value)| !value.is_empty()) {
            if let Some(setting) = find(known, &name) {
                match value.into_string() {
                    Ok(text) => drop(direct.insert(setting, text)),
                    Err(_) => faults.push(self.fault(&name, "is not UTF-8; correct it")),
                }
            } else if let Some(setting) = name.strip_suffix("_FILE").and_then(|n| find(known, n)) {
                paths.insert(setting, value);
            } else if self.is_ours(&name) {
                faults.push(self.fault(&name, &unknown(&name, known)));
            }
        }
        let mut layers = Vec::new();
        for (setting, path) in paths {
            let name = format!("{setting}_FILE");
            let path = Path::new(&path);
            if direct.contains_key(setting) {
                let text = format!("{name} and {setting} are both set; unset one of them");
                faults.push(self.fault(setting, &text));
                continue;
            }
            match fs::read_to_string(path) {
                Ok(text) => layers.push(Layer {
                    source: format!("{name} {}", path.display()),
                    values: trimmed(&text)
                        .map(|text| (setting, text))
                        .into_iter()
                        .collect(),
                }),
                Err(error) => {
                    let path = path.display();
                    let text = format!("cannot read {path}: {error}; correct the path or the file");
                    faults.push(self.fault(&name, &text));
                }
            }
        }
        layers.push(Layer {
            source: self.to_string(),
            values: direct,
        });
        layers
    }

    /// Whether a name that nobody knows must be a mistake. The environment is full of names that
    /// are others' business.
    fn is_ours(self, name: &str) -> bool {
        match self {
            Self::Environment => name.starts_with("GATEWAY_"),
            Self::File(_) => true,
        }
    }

    fn fault(self, name: &str, text: &str) -> Fault {
        Fault {
            name: name.to_owned(),
            source: Some(self.to_string()),
            text: text.to_owned(),
        }
    }
}

/// The pairs of a TOML file, whose keys are the same flat names in upper or lower case.
pub(super) fn toml_pairs(path: &Path, faults: &mut Vec<Fault>) -> Vec<Pair> {
    let mut fault = |name: &str, text: String| {
        faults.push(Origin::File(path).fault(name, &text));
    };
    let text = match fs::read_to_string(path) {
        Ok(text) => text,
        Err(error) => {
            fault(
                "settings",
                format!("cannot read it: {error}; correct the path or the file"),
            );
            return Vec::new();
        }
    };
    let dict = match Toml::string(&text).data() {
        Ok(mut profiles) => profiles.remove(&Profile::Default).unwrap_or_default(),
        Err(error) => {
            fault(
                "settings",
                format!("{}; strings need quotes", place(&error)),
            );
            return Vec::new();
        }
    };
    let mut pairs = BTreeMap::new();
    for (key, value) in dict {
        let name = key.to_uppercase();
        match raw(&value) {
            None => fault(
                &key,
                "is a table; write all names at the top level".to_owned(),
            ),
            Some(_) if pairs.contains_key(&name) => {
                fault(
                    &name,
                    "is set in upper and in lower case; keep one".to_owned(),
                );
            }
            Some(text) => drop(pairs.insert(name, text.into())),
        }
    }
    pairs.into_iter().collect()
}

/// The first line of the parser's error, which names line and column; the others quote the file,
/// and so a secret in it.
fn place(error: &figment::Error) -> String {
    error
        .to_string()
        .lines()
        .next()
        .unwrap_or("TOML parse error")
        .to_owned()
}

/// A value of TOML as the text that the environment would hold; a list is joined by commas.
fn raw(value: &Value) -> Option<String> {
    match value {
        Value::String(_, text) => Some(text.clone()),
        Value::Char(_, char) => Some(char.to_string()),
        Value::Bool(_, bool) => Some(bool.to_string()),
        Value::Num(_, num) => num
            .to_i128()
            .map(|integer| integer.to_string())
            .or_else(|| num.to_f64().map(|float| float.to_string())),
        Value::Empty(..) => Some(String::new()),
        Value::Array(_, items) => Some(
            items
                .iter()
                .map(raw)
                .collect::<Option<Vec<String>>>()?
                .join(","),
        ),
        Value::Dict(..) => None,
    }
}

fn find(known: &[&'static str], name: &str) -> Option<&'static str> {
    known.iter().copied().find(|candidate| *candidate == name)
}

fn unknown(name: &str, known: &[&'static str]) -> String {
    match nearest(name, known) {
        Some(meant) => format!("is not a known name; did you mean {meant}?"),
        None => "is not a known name; remove it".to_owned(),
    }
}

/// Without one trailing newline; nothing where nothing is left.
fn trimmed(text: &str) -> Option<String> {
    let text = text.strip_suffix('\n').unwrap_or(text);
    let text = text.strip_suffix('\r').unwrap_or(text);
    (!text.is_empty()).then(|| text.to_owned())
}
