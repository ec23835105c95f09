//! Bad input against the real processes: auth-service, forward-auth and a real Redis, with a
//! stand-in for GitHub, asked as Traefik and a browser ask them.
#![expect(
    clippy::indexing_slicing,
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a helper of a test fails the test by panicking"
)]

mod attacks;
mod authorize;
mod changes;
mod doctor;
mod issuer;
mod operator;
mod outages;
mod races;
mod redis_down;
mod rotation;
mod sign_in;
mod single_process;
mod soak;
mod stand_in;
mod stop;
mod store_use;
mod token;
mod traces;
mod verifier;
