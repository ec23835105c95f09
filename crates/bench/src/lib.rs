//! The benchmarks of the gateway: `just bench` for the verifier, `just bench-auth` for the
//! authorization server, `just bench-fetch` for the fetch service. docs/performance.md tells what each figure means and what it was.
//!
//! Every figure is a ratio within one run: ours beside a control, interleaved round by round, so
//! that a noisy machine disturbs both. The programs under test are the release binaries, started
//! as an operator starts them and asked over their sockets; tokens are signed with the keys of the
//! running auth-service and written by the store's own code.
//!
//! What it is not: part of the product, or a test. It asserts no duration; it refuses to print a
//! figure for a round in which an answer was wrong.
//!
//! What it may depend on: `test-kit`, `token-store` and `token-core`.

pub mod answer;
pub mod auth;
pub mod certificate;
pub mod fetch;
pub mod fleet;
pub mod github;
pub mod load;
pub mod machine;
pub mod mint;
pub mod nginx;
pub mod report;
pub mod rows;
pub mod run;
pub mod seed;
pub mod server;
pub mod stats;
pub mod system;
pub mod tools;
pub mod traefik;
pub mod wrk;

/// What a measurement fails with: a text for whoever runs it.
pub type Failure = Box<dyn std::error::Error + Send + Sync>;
/// The outcome of a step of a measurement.
pub type Outcome<T> = Result<T, Failure>;
