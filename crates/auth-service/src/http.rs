//! The endpoints: each extracts, calls its flow, and answers. One file each.

mod account;
mod assets;
mod authorize;
mod browser;
mod callback;
mod consent;
mod cookies;
mod device;
mod device_authorization;
mod error;
mod index;
mod introspect;
mod jwks;
mod metadata;
mod openapi;
pub mod pages;
mod par;
mod register;
mod register_management;
mod response;
mod revoke;
pub mod routes;
mod sign_in;
mod success;
mod token;
mod witness;
