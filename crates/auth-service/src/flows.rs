//! The protocol: values in, values out. Nothing here knows actix or HTTP; the world is reached
//! through the traits in [`Context`]. One file per flow, named for what the RFC calls it.

pub mod account;
pub mod authorization_request;
pub mod authorization_response;
pub mod client_authentication;
pub mod client_credentials_grant;
mod client_keys;
pub mod client_metadata_document;
pub mod clients;
pub mod code_grant;
pub mod consent;
mod context;
pub mod device_authorization;
pub mod device_grant;
pub mod discoveries;
pub mod errands;
pub mod failure;
pub mod introspection;
pub mod issue;
pub mod jwt_bearer_grant;
pub mod metadata;
pub mod parameters;
pub mod pre_registered;
mod private_key_jwt;
pub mod pushed_authorization_request;
pub mod refresh_grant;
pub mod registration;
pub mod registration_management;
pub mod remote;
pub mod return_path;
pub mod revocation;
pub mod sign_in;
pub mod user_code;

pub use context::{Context, Lifetimes, Sealing};
pub use failure::OAuthFailure;
pub use parameters::Parameters;
