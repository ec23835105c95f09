//! The fetch server over HTTP, as Traefik and an MCP client meet it.
#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "a test's helpers fail by panicking"
)]

mod access;
mod batches;
mod caching;
mod cancellation;
mod hostile;
mod pdfs;
mod protocol;
mod quotas;
mod requests;
mod robots;
mod rows;
mod support;
mod tool;
