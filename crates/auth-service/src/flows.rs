//! The protocol: values in, values out. Nothing here knows actix or HTTP; the world is reached
//! through the traits in [`Context`]. One file per flow, named for what the RFC calls it.

pub mod authorization_request;
pub mod authorization_response;
pub mod client_authentication;
mod client_keys;
pub mod client_metadata_document;
pub mod clients;
pub mod code_grant;
pub mod consent;
mod context;
pub mod failure;
pub mod issue;
pub mod metadata;
pub mod parameters;
pub mod pre_registered;
mod private_key_jwt;
pub mod refresh_grant;
pub mod registration;
pub mod registration_management;
pub mod remote;
pub mod revocation;
pub mod sign_in;

pub use context::{Context, Lifetimes, Sealing};
pub use failure::OAuthFailure;
pub use parameters::Parameters;
