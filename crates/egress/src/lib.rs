//! Guarded outbound HTTP: a name is resolved once, every address of the answer is checked, and the
//! connection goes to a checked address or nowhere.
//!
//! What it is: the only way in which a service of the gateway fetches a URL that somebody else
//! chose. What it is not: an MCP server, an HTML reader or a general HTTP client (it only GETs).
//! It depends on no other crate of the workspace.
//!
//! The guard stands in two places, each of which is needed ([`EgressClient`]):
//! 1. the URL of every hop is checked before it is asked for ([`EgressPolicy`]), whether there is a
//!    connection to its host already or not;
//! 2. the connector judges the URL again, resolves its name once, refuses an answer with one bad
//!    address in it and connects to what it checked, so that nothing can be rebound in between.
//!
//! Beside the guard, a caller can be asked for each hop ([`Permission`]), and narrow the limits
//! ([`EgressClient::limited`]); nothing that it says opens what the guard refuses.
//!
//! A refusal is typed ([`Refusal`]) and is the caller's to audit.

mod address;
mod body;
mod client;
mod connection;
mod connector;
mod decoder;
mod destination;
mod error;
mod failure;
mod limits;
mod policy;
mod proxy;
mod resolver;
mod tls;
mod validators;

pub use address::{AddressClass, classify};
pub use client::{Ask, Asking, EgressClient, Fetched, Permission, Redirect};
pub use error::{BuildError, EgressError, Refusal, Rule, TimeLimit};
pub use limits::Limits;
pub use policy::{EgressPolicy, HostPort, HostPortError};
pub use resolver::{Lookup, Resolver, SystemResolver};
pub use validators::Validators;
