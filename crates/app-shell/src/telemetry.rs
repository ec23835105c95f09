//! Log lines to standard error, as text for a person or JSON for a collector.

mod json_lines;
mod together;

use std::io::IsTerminal as _;
use std::str::FromStr;

use tracing::level_filters::LevelFilter;
use tracing_subscriber::filter::Targets;
use tracing_subscriber::fmt::format::JsonFields;
use tracing_subscriber::layer::SubscriberExt as _;
use tracing_subscriber::util::SubscriberInitExt as _;

use self::json_lines::JsonLines;
use self::together::Lines;
pub use self::together::lines_together;
use crate::settings::Settings;

/// The settings that [`Telemetry::from_settings`] reads: `LOG_LEVEL` and `LOG_FORMAT`.
pub const SETTINGS: [&str; 2] = ["LOG_LEVEL", "LOG_FORMAT"];

/// How a log line is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LogFormat {
    /// One JSON object for each line.
    Json,
    /// Text, in colour on a terminal.
    Text,
}

impl FromStr for LogFormat {
    type Err = ();

    fn from_str(text: &str) -> Result<Self, ()> {
        match text {
            "json" => Ok(Self::Json),
            "text" => Ok(Self::Text),
            _ => Err(()),
        }
    }
}

/// What to log, and how.
#[derive(Debug)]
pub struct Telemetry {
    format: LogFormat,
    filter: Targets,
}

/// Another subscriber is in place already.
#[derive(Debug, thiserror::Error)]
#[error("telemetry was started twice")]
pub struct AlreadyStarted;

impl Telemetry {
    /// Reads `LOG_FORMAT` (`json` or `text`) and `LOG_LEVEL` (`warn`, or directives such as
    /// `info,app_shell=debug`), each with its default. Faults are the settings' to report.
    pub fn from_settings(settings: &mut Settings, format: LogFormat, level: LevelFilter) -> Self {
        Self {
            format: settings.parsed("LOG_FORMAT", format, "\"json\" or \"text\""),
            filter: settings
                .parse_with("LOG_LEVEL", parse_directives)
                .unwrap_or_else(|| quiet_server().with_default(level)),
        }
    }

    /// Sends the process's log lines to standard error from now on.
    ///
    /// # Errors
    /// [`AlreadyStarted`].
    pub fn start(self) -> Result<(), AlreadyStarted> {
        let lines = tracing_subscriber::fmt::layer()
            .with_writer(Lines(std::io::stderr))
            .with_ansi(std::io::stderr().is_terminal());
        let filtered = tracing_subscriber::registry().with(self.filter);
        match self.format {
            LogFormat::Text => filtered.with(lines).try_init(),
            LogFormat::Json => {
                let lines = lines.fmt_fields(JsonFields::new()).event_format(JsonLines);
                filtered.with(lines).try_init()
            }
        }
        .map_err(|_| AlreadyStarted)
    }
}

/// Stricter than `Targets`, which takes a misspelt level for the name of a module and then logs
/// nothing else.
fn parse_directives(text: &str) -> Result<Targets, String> {
    let mut filter = quiet_server();
    let parts = text.split(',').map(str::trim);
    for directive in parts.filter(|part| !part.is_empty()) {
        if let Some((module, level)) = directive.split_once('=') {
            filter = filter.with_target(module, parse_level(level)?);
        } else {
            filter = filter.with_default(parse_level(directive)?);
        }
    }
    Ok(filter)
}

fn parse_level(text: &str) -> Result<LevelFilter, String> {
    LevelFilter::from_str(text)
        .map_err(|_| format!("{text:?} is no level; use error, warn, info, debug, trace or off"))
}

/// actix-server tells of each of its threads at `info`, actix-http of each ill-formed request as
/// an error, and rmcp writes three lines for each request at `info`, and below it a tool's arguments,
/// which are a person's. A directive of the setting can undo each.
fn quiet_server() -> Targets {
    Targets::new()
        .with_target("actix_server", LevelFilter::WARN)
        .with_target("actix_http", LevelFilter::OFF)
        .with_target("rmcp", LevelFilter::WARN)
}

#[cfg(test)]
mod tests {
    use super::{LogFormat, SETTINGS, Telemetry, parse_directives};
    use crate::settings::Settings;
    use tracing::level_filters::LevelFilter;

    #[test]
    fn directives_are_levels_or_module_and_level() {
        assert!(parse_directives("info").is_ok());
        assert!(parse_directives("WARN,app_shell=debug").is_ok());
        assert!(
            parse_directives("ifno")
                .unwrap_err()
                .contains("\"ifno\" is no level")
        );
        assert!(parse_directives("app_shell=loud").is_err());
    }

    #[test]
    fn both_faults_are_the_settings_to_report() {
        let pairs = [("LOG_LEVEL", "loud"), ("LOG_FORMAT", "xml")];
        let mut settings = Settings::from_pairs(&SETTINGS, pairs);
        Telemetry::from_settings(&mut settings, LogFormat::Text, LevelFilter::INFO);
        let error = settings.finish().unwrap_err().to_string();
        assert!(
            error.contains("LOG_LEVEL (environment): \"loud\""),
            "{error}"
        );
        assert!(
            error.contains("LOG_FORMAT (environment): \"xml\" is not \"json\" or \"text\""),
            "{error}"
        );
    }
}
