//! The operator's commands on a file that something is wrong with, or that changes under them.
#![expect(
    clippy::expect_used,
    clippy::unwrap_used,
    reason = "a test fails by panicking"
)]

mod backup;
mod damage;
mod documents;
mod meanwhile;
mod output;
mod world;
