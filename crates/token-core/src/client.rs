//! Registered clients (RFC 7591 section 2) as they are stored.

use serde::{Deserialize, Serialize};

use crate::clock::Timestamp;
use crate::identifiers::ClientId;
use crate::redirect_uri::RedirectUri;
use crate::resource::ResourceId;
use crate::secret::SecretHash;

/// How a client proves itself at the token endpoint (RFC 7591 section 2).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ClientAuthenticationMethod {
    /// A public client: PKCE alone.
    None,
    /// HTTP Basic (RFC 6749 section 2.3.1).
    ClientSecretBasic,
    /// In the form (RFC 6749 section 2.3.1).
    ClientSecretPost,
    /// A signed assertion (RFC 7523 section 2.2).
    PrivateKeyJwt,
}

/// The grants that a client may use.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum GrantType {
    /// RFC 6749 section 4.1.
    AuthorizationCode,
    /// RFC 6749 section 6.
    RefreshToken,
    /// RFC 6749 section 4.4: a client for itself.
    ClientCredentials,
    /// RFC 8628.
    #[serde(rename = "urn:ietf:params:oauth:grant-type:device_code")]
    DeviceCode,
    /// RFC 7523 section 2.1, with an ID-JAG.
    #[serde(rename = "urn:ietf:params:oauth:grant-type:jwt-bearer")]
    JwtBearer,
}

/// Where an application runs (OpenID Connect Registration section 2).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ApplicationType {
    /// On a person's computer.
    Native,
    /// On a server.
    Web,
}

/// What proves a client: nothing, or a secret of which only the hash is kept. A confidential
/// client without a secret cannot be written down.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "method", rename_all = "snake_case")]
pub enum ClientCredential {
    /// A public client.
    None,
    /// A secret in HTTP Basic.
    ClientSecretBasic {
        /// SHA-256 of the secret.
        secret_hash: SecretHash,
    },
    /// A secret in the form.
    ClientSecretPost {
        /// SHA-256 of the secret.
        secret_hash: SecretHash,
    },
    /// A key pair of the client's own; only the public half is known here.
    PrivateKeyJwt {
        /// Where its public keys are.
        keys: ClientKeys,
    },
    /// A public client that may prove itself with a key pair all the same: its metadata document
    /// lists `none` beside `private_key_jwt`.
    NoneOrPrivateKeyJwt {
        /// Where its public keys are.
        keys: ClientKeys,
    },
}

/// Where the public keys of a client are (RFC 7591 section 2).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ClientKeys {
    /// `jwks`: the JWK Set itself, as JSON text.
    Jwks(String),
    /// `jwks_uri`: an https URL.
    JwksUri(String),
}

impl ClientCredential {
    /// The method by its registered name.
    pub fn method(&self) -> ClientAuthenticationMethod {
        match self {
            Self::None | Self::NoneOrPrivateKeyJwt { .. } => ClientAuthenticationMethod::None,
            Self::ClientSecretBasic { .. } => ClientAuthenticationMethod::ClientSecretBasic,
            Self::ClientSecretPost { .. } => ClientAuthenticationMethod::ClientSecretPost,
            Self::PrivateKeyJwt { .. } => ClientAuthenticationMethod::PrivateKeyJwt,
        }
    }
}

/// A client as the store has it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Client {
    /// Its identifier.
    pub client_id: ClientId,
    /// What the person is shown; hostile text until escaped.
    pub client_name: Option<String>,
    /// Where codes may be sent.
    pub redirect_uris: Vec<RedirectUri>,
    /// How it proves itself.
    pub credential: ClientCredential,
    /// What it may ask for.
    pub grant_types: Vec<GrantType>,
    /// Where it runs.
    pub application_type: ApplicationType,
    /// `scope` as it registered it; it does not bound later requests.
    pub scope: Option<String>,
    /// When it was registered.
    pub issued_at: Timestamp,
    /// When it is forgotten; `None` for never.
    pub expires_at: Option<Timestamp>,
    /// Whether it ever completed a sign-in. One that did not is the first to go when there are
    /// too many.
    #[serde(default)]
    pub used: bool,
    /// Hashes of its registration access tokens (RFC 7592), the newest last.
    #[serde(default)]
    pub registration_tokens: Vec<SecretHash>,
    /// The services that the operator lets it use for itself (`client_credentials`); empty for
    /// every client that registered itself.
    #[serde(default)]
    pub own_services: Vec<ResourceId>,
}

impl Client {
    /// Whether it is forgotten at `now`.
    pub fn is_expired(&self, now: Timestamp) -> bool {
        self.expires_at.is_some_and(|at| at.has_passed(now))
    }

    /// The registered redirect URI that admits `requested`, if any.
    pub fn admits_redirect(&self, requested: &RedirectUri) -> bool {
        self.redirect_uris
            .iter()
            .any(|registered| registered.admits(requested))
    }
}
