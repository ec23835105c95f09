//! The authorization server: discovery, registration, consent, sign-in, tokens, revocation.
//!
//! `flows/` is the protocol, one file per flow, without HTTP; `http/` is the endpoints, one file
//! each; `identity/` asks who somebody is; `templates/` is what a person sees.
//!
//! What it is not: it never sees a request to an MCP service, and holds no key of the verifier.
//! It may depend on `app-shell`, `token-store`, `egress` and `token-core`.

mod attempts;
pub mod config;
pub mod flows;
pub mod http;
pub mod identity;
pub mod remote_client;
pub mod renewal;
pub mod trusted_provider;

pub use flows::Context;
pub use http::routes::routes;
