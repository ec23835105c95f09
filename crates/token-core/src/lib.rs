//! The vocabulary of the gateway: identifiers, secrets, scopes, redirect URIs, resources, PKCE,
//! keys, tokens, the rule who may come in, audit events, and the store as traits.
//!
//! What it is not: it opens no socket, reads no file and no environment, and knows neither HTTP
//! nor Redis nor actix. Clock and entropy are arguments.
//!
//! What it may depend on: cryptography (`ring`, `jsonwebtoken`, `ed25519-dalek`), parsing (`serde`,
//! `url`), and nothing of ours. The feature `keygen` adds `aws-lc-rs`, for RSA key generation only.

pub mod access_token;
pub mod admission;
pub mod assertion;
pub mod audit;
mod claimed_name;
pub mod client;
pub mod client_assertion;
pub mod clock;
pub mod entropy;
pub mod id_jag;
pub mod identifiers;
pub mod issuer;
pub mod jose;
pub mod keys;
pub mod live;
pub mod oauth_error;
pub mod pkce;
pub mod redirect_uri;
pub mod resource;
pub mod scope;
pub mod sealing;
pub mod secret;
pub mod store;
mod text;

pub use claimed_name::ClaimedName;
pub use clock::{Clock, Seconds, SystemClock, Timestamp};
pub use entropy::{Entropy, SystemEntropy};
pub use identifiers::{ClientId, GrantId, Jti, UserId, Username};
pub use issuer::Issuer;
pub use redirect_uri::RedirectUri;
pub use resource::{ResourceId, ServiceName, Services};
pub use scope::{Scope, Scopes};
pub use text::InvalidText;
