//! The promises: each function is one, and takes a store of its own.

pub(crate) mod archive;
pub(crate) mod clients;
pub(crate) mod codes;
pub(crate) mod deletions;
pub(crate) mod devices;
pub(crate) mod ending;
pub(crate) mod handles;
pub(crate) mod inspection;
pub(crate) mod key_sets;
pub(crate) mod people;
pub(crate) mod pushed_requests;
pub(crate) mod registry;
pub(crate) mod replays;
pub(crate) mod rotation;
pub(crate) mod sign_ins;
pub(crate) mod tokens;
pub(crate) mod trail;
pub(crate) mod unknown;
