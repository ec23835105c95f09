//! Log lines to standard error, as text for a person or JSON for a collector.

use std::io::IsTerminal as _;
use std::str::FromStr;

use tracing::level_filters::LevelFilter;
use tracing_subscriber::EnvFilter;

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
    filter: EnvFilter,
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
                .unwrap_or_else(|| EnvFilter::new(with_quiet_server(&level.to_string()))),
        }
    }

    /// Sends the process's log lines to standard error from now on.
    ///
    /// # Errors
    /// [`AlreadyStarted`].
    pub fn start(self) -> Result<(), AlreadyStarted> {
        let lines = tracing_subscriber::fmt()
            .with_env_filter(self.filter)
            .with_writer(std::io::stderr)
            .with_ansi(std::io::stderr().is_terminal());
        match self.format {
            LogFormat::Text => lines.try_init(),
            LogFormat::Json => lines
                .json()
                .flatten_event(true)
                .with_span_list(false)
                .try_init(),
        }
        .map_err(|_| AlreadyStarted)
    }
}

/// Stricter than `EnvFilter`, which takes a misspelt level for the name of a module and then logs
/// nothing else.
fn parse_directives(text: &str) -> Result<EnvFilter, String> {
    for directive in text.split(',').filter(|part| !part.contains('=')) {
        LevelFilter::from_str(directive.trim()).map_err(|_| {
            format!("{directive:?} is no level; use error, warn, info, debug, trace or off")
        })?;
    }
    EnvFilter::try_new(with_quiet_server(text)).map_err(|error| error.to_string())
}

/// actix-server tells of each of its threads at `info`, actix-http of each ill-formed request as
/// an error, and rmcp writes three lines for each request at `info`, and below it a tool's arguments,
/// which are a person's. A directive in `text` can undo each.
fn with_quiet_server(text: &str) -> String {
    format!("actix_server=warn,actix_http=off,rmcp=warn,{text}")
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
