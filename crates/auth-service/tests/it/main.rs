//! The authorization server over its endpoints, with a clock that the test sets, an in-memory
//! store and the local sign-in.

#![expect(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test ends at the first surprise"
)]

mod account;
mod authorize;
mod client_credentials;
mod client_lines;
mod client_metadata_document;
mod confused_deputy;
mod defects;
mod deletion;
mod device;
mod discovery;
mod fetched_documents;
mod fetched_keys;
mod harness;
mod introspect;
mod jwt_bearer;
mod keys;
mod openapi;
mod outage;
mod par;
mod pre_registered;
mod private_key_jwt;
mod register;
mod register_management;
mod sign_in;
mod steps;
mod token;
mod watched_store;
