//! The MCP server behind the gateway: one tool, `fetch`, that reads a page of the web.
//!
//! What it is not: an authorization server or a proxy. It holds no token and no secret, it sees
//! the public keys of the verifier's assertions and nothing else of the gateway. It may depend on
//! app-shell, egress and token-core, never on a store.
//!
//! A request passes `identity` (who asks), `bridge` (actix to rmcp), `server` (the tool),
//! [`egress`] (the web), `converter` and `reader` (the page as Markdown) and `answer`.

mod answer;
mod arguments;
mod bridge;
pub mod config;
mod converter;
mod identity;
mod marker;
mod output;
mod prompt;
pub mod reader;
mod routes;
mod server;
mod window;

pub use config::FetchConfig;
pub use routes::{FetchState, routes};
