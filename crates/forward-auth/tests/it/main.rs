//! The verifier over a store that a test holds in its hand.
#![expect(
    clippy::panic,
    clippy::unwrap_used,
    reason = "a test fails by panicking"
)]

mod answers;
mod bearers;
mod garbage;
mod journal;
mod memory;
mod waiting;
mod world;
