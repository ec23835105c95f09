//! The guard, its limits and its classifier, as a caller sees them.
#![expect(clippy::unwrap_used, reason = "a test's helpers fail by panicking")]

mod address_classes;
mod bombs;
mod codings;
mod floods;
mod guard;
mod limits;
mod permission;
mod proxy;
mod redirects;
mod registries;
mod support;
mod urls;
