//! The authorization server over its endpoints, with a clock that the test sets, an in-memory
//! store and the local sign-in.

#![expect(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test ends at the first surprise"
)]

mod authorize;
mod client_credentials;
mod device;
mod discovery;
mod harness;
mod introspect;
mod jwt_bearer;
mod keys;
mod openapi;
mod par;
mod register;
mod sign_in;
mod token;
