//! Guarded outbound HTTP: a name is resolved once, every address of the answer is checked, and the
//! connection goes to a checked address or nowhere.
//!
//! What it is: the only way in which a service of the gateway fetches a URL that somebody else
//! chose. What it is not: an MCP server, an HTML reader or a general HTTP client (it only GETs).
//! It depends on no other crate of the workspace.
//!
//! The guard stands in three places, each of which is needed ([`EgressClient`]):
//! 1. the URL of every hop is checked before it is asked for ([`EgressPolicy`]), because a resolver
//!    is never called for an address literal;
//! 2. the resolver refuses an answer with one bad address in it, because the connection uses what
//!    the resolver returned and so nothing can be rebound between check and connect;
//! 3. the peer's address is classified once more when the response comes.

mod address;
mod client;
mod destination;
mod error;
mod limits;
mod policy;
mod resolver;

pub use address::{AddressClass, classify};
pub use client::{EgressClient, Fetched};
pub use error::{BuildError, EgressError, Refusal};
pub use limits::Limits;
pub use policy::{EgressPolicy, HostPort, HostPortError};
pub use resolver::{Lookup, Resolver, SystemResolver};
