//! The stores in Redis: [`RedisStore`] for the authorization server, [`RedisActiveTokens`] for the
//! verifier. `keys` says what is kept where, `scripts` holds the atomic steps.

mod active_tokens;
mod archive;
mod clients;
mod devices;
mod ending;
mod fault;
mod grants;
mod inspection;
mod key_sets;
mod keys;
mod lane;
mod operator;
mod people;
mod pushed_requests;
mod registry;
mod replays;
mod scripts;
mod server;
mod settings;
mod sign_ins;
mod store;
mod tokens;
mod tracking;
mod trail;
mod value;

pub use active_tokens::RedisActiveTokens;
pub use server::ServerFacts;
pub use settings::{RedisSettings, RedisSettingsError};
pub use store::{RedisStore, Watch};
pub use tracking::Heard;
