//! The verifier that Traefik's `ForwardAuth` calls for every request to an MCP service, and the
//! metadata that tells clients where to get a token (RFC 9728).
//!
//! [`decide`](decide::decide) is the rule, a pure function; `verifier` adds the one question to
//! the store (is this token active?) and signs who it is; `http/` answers Traefik.
//!
//! What it is not: it can mint no access token and register no client. It sees public token keys,
//! the token slice of the store, and one private key of its own, which signs identity assertions
//! and nothing else. It may depend on `app-shell`, `token-store` and `token-core`.

pub mod challenge;
pub mod config;
pub mod decide;
pub mod forwarded;
pub mod http;
pub mod protected_resource;
pub mod verifier;

pub use http::routes;
pub use verifier::{Verdict, Verifier};
