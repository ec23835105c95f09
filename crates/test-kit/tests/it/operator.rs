//! The operator's commands on a running gateway: what they show, that what they end is refused at
//! the edge, and that a dry run counts what the command then does. On both kinds of gateway.

mod backups;
mod ending;
mod explaining;
mod looking;
mod minting;
mod recipes;
mod seeing;
mod vault;
mod world;
