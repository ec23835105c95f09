//! What every executable of the gateway needs before it can speak a protocol: settings,
//! telemetry, figures, listeners, TLS, the HTTP server's life, health, and a clean end.
//!
//! It is not a framework and knows no OAuth, no store and no token. It may depend on none of the
//! workspace's other crates; the services depend on it.
//!
//! A `main` reads top to bottom: [`run`] starts the runtime and reports an error as one line,
//! [`settings::Settings`] collects every fault of the configuration, [`listener::bind`] takes the
//! port, [`serve::serve`] answers until [`shutdown::stop_signal`] fires.

#[cfg(test)]
mod captured_lines;
pub mod cors;
mod error_chain;
pub mod health;
pub mod healthcheck;
pub mod listener;
pub mod metrics;
pub mod reload;
pub mod remote_document;
pub mod request_log;
mod run;
pub mod security_headers;
pub mod serve;
pub mod settings;
pub mod shutdown;
pub mod telemetry;
pub mod tls;
pub mod traces;

pub use error_chain::error_chain;
pub use run::run;
