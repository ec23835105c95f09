//! The MCP server behind the gateway: one tool, `fetch`, that reads a page of the web.
//!
//! What it is not: an authorization server or a proxy. It holds no token and no secret, it sees
//! the public keys of the verifier's assertions and nothing else of the gateway. It may depend on
//! app-shell, egress and token-core, never on a store.
//!
//! A request passes `identity` (who asks), `bridge` (actix to rmcp), `server` (the tool), `visit`:
//! `quota` (how much for whom), `pages` (memory, or [`egress`] where [`robots`] lets), `converter`
//! and `reader` (the page as Markdown; a PDF's in a `pdf_process` of its own); and `answer`.

mod answer;
mod arguments;
mod batch;
mod bounded;
mod bridge;
mod calls;
pub mod config;
mod converter;
mod identity;
mod marker;
mod output;
mod pages;
mod pdf_process;
mod places;
mod progress;
mod prompt;
mod quota;
pub mod reader;
pub mod robots;
mod routes;
mod server;
mod visit;
mod window;

pub use config::FetchConfig;
pub use pdf_process::{CONVERT_PDF, convert_pdf};
pub use routes::{FetchState, call_count, routes};
pub use server::CallCount;
