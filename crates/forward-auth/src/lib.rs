//! The verifier that Traefik's `ForwardAuth` calls for every request to an MCP service, and the
//! metadata that tells clients where to get a token (RFC 9728).
//!
//! [`decide`] is the rule, pure functions; `memory` stands before it and remembers what it found;
//! `verifier` joins the two with the one question to the store (is this token active?) and signs
//! whose the token is; `http/` answers Traefik; `journal` writes what happened, beside all that.
//!
//! What it is not: it can mint no access token and register no client. It sees public token keys,
//! the token slice of the store (read-only but for its audit trail and the last use of tokens), and
//! one private key of its own, which signs identity assertions
//! and nothing else. It may depend on `app-shell`, `token-store` and `token-core`.

pub mod bearer;
mod bearers;
pub mod challenge;
pub mod config;
pub mod decide;
mod flights;
pub mod forwarded;
mod garbage;
pub mod http;
pub mod journal;
mod memory;
pub mod pass;
mod prefetch;
pub mod protected_resource;
pub mod tally;
pub mod unretired;
mod uses;
pub mod verifier;

pub use http::routes;
pub use verifier::{Verdict, Verifier};
