//! Starts the system in a test and plays the people and programs that use it: a browser, an MCP
//! client, a forger. `src/bin/` holds a stand-in for GitHub and rmcp's own client; `clients/` the
//! unmodified clients in other languages.
//!
//! What it is not: part of the product. It shares no code with it, so that no mistake can agree
//! with itself: every process is started as an operator starts it and asked over its socket.
//!
//! What it may depend on: public crates only, none of ours.
#![expect(
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::missing_panics_doc,
    clippy::panic,
    reason = "a test kit fails its test by panicking, with the reason in the message"
)]

pub mod browser;
pub mod collector;
pub mod edge;
pub mod forger;
pub mod gateway;
pub mod mcp_client;
pub mod process;
pub mod random;
pub mod redis;
pub mod soak;
pub mod stack;
