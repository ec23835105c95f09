//! Clients that the operator registered (OAuth 2.1 section 2), from the setting `CLIENTS`: TOML
//! with one `[[client]]` table each.

use std::collections::HashMap;

use figment::Figment;
use figment::providers::{Format as _, Toml};
use serde::Deserialize;
use token_core::client::{ApplicationType, Client, ClientCredential, GrantType};
use token_core::secret::SecretHash;
use token_core::{ClientId, RedirectUri, ResourceId, Services, Timestamp};

use super::registration::client_keys;

/// The operator's clients, by identifier.
#[derive(Debug, Clone, Default)]
pub struct PreRegistered(HashMap<ClientId, Client>);

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    client: Vec<Entry>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Entry {
    client_id: String,
    name: String,
    #[serde(default)]
    redirect_uris: Vec<String>,
    secret_hash: Option<String>,
    jwks_uri: Option<String>,
    grant_types: Option<Vec<GrantType>>,
    #[serde(default)]
    own_services: Vec<String>,
}

impl PreRegistered {
    /// Reads the TOML text. An error names the entry, and shows no hash.
    pub fn parse(toml: &str, services: &Services) -> Result<Self, String> {
        let file: File = Figment::from(Toml::string(toml))
            .extract()
            .map_err(|error| format!("{}; see docs/configuration.md", first_line(&error)))?;
        let mut clients = HashMap::new();
        for entry in file.client {
            let named = entry.client_id.clone();
            let client = client(entry, services)
                .map_err(|problem| format!("client {named:?}: {problem}"))?;
            if clients.insert(client.client_id.clone(), client).is_some() {
                return Err(format!("client {named:?}: is there twice"));
            }
        }
        Ok(Self(clients))
    }

    pub(super) fn all(&self) -> impl Iterator<Item = &Client> {
        self.0.values()
    }

    pub(super) fn find(&self, client_id: &ClientId) -> Option<&Client> {
        self.0.get(client_id)
    }
}

/// The others may quote the file.
fn first_line(error: &figment::Error) -> String {
    let text = error.to_string();
    text.lines().next().unwrap_or("not TOML").to_owned()
}

fn client(entry: Entry, services: &Services) -> Result<Client, String> {
    let client_id = ClientId::parse(entry.client_id).map_err(|error| error.to_string())?;
    if client_id.document_url().is_some() {
        return Err("client_id is the address of a metadata document".to_owned());
    }
    let redirect_uris: Result<Vec<_>, _> = entry
        .redirect_uris
        .into_iter()
        .map(|uri| RedirectUri::parse(&*uri).map_err(|error| format!("{uri}: {error}")))
        .collect();
    let redirect_uris = redirect_uris?;
    let credential = credential(entry.secret_hash, entry.jwks_uri.as_deref())?;
    let own_services: Result<Vec<_>, _> = entry
        .own_services
        .iter()
        .map(|name| own_service(name, services))
        .collect();
    let own_services = own_services?;
    let default = vec![GrantType::AuthorizationCode, GrantType::RefreshToken];
    let grant_types = entry.grant_types.unwrap_or(default);
    let has = |grant_type| grant_types.contains(&grant_type);
    if has(GrantType::AuthorizationCode) && redirect_uris.is_empty() {
        return Err("grant_types has authorization_code, but there is no redirect URI".to_owned());
    }
    if has(GrantType::ClientCredentials) && credential == ClientCredential::None {
        return Err(
            "grant_types has client_credentials, but neither secret_hash nor jwks_uri".to_owned(),
        );
    }
    if has(GrantType::ClientCredentials) == own_services.is_empty() {
        return Err("own_services and the grant client_credentials go together".to_owned());
    }
    Ok(Client {
        client_id,
        client_name: Some(entry.name),
        redirect_uris,
        credential,
        grant_types,
        application_type: ApplicationType::Web,
        scope: None,
        issued_at: Timestamp(0),
        expires_at: None,
        used: true,
        registration_tokens: Vec::new(),
        own_services,
    })
}

fn credential(
    secret_hash: Option<String>,
    jwks_uri: Option<&str>,
) -> Result<ClientCredential, String> {
    match (secret_hash, jwks_uri) {
        (None, None) => Ok(ClientCredential::None),
        (Some(hash), None) => SecretHash::try_from(hash)
            .map(|secret_hash| ClientCredential::ClientSecretBasic { secret_hash })
            .map_err(|_| "secret_hash is not a SHA-256 in base64url (43 characters)".to_owned()),
        (None, jwks_uri) => client_keys(None, jwks_uri)
            .map(|keys| ClientCredential::PrivateKeyJwt { keys })
            .map_err(|failure| failure.description.to_owned()),
        (Some(_), Some(_)) => Err("has both secret_hash and jwks_uri".to_owned()),
    }
}

fn own_service(name: &str, services: &Services) -> Result<ResourceId, String> {
    let known = services.resource(name).cloned();
    known.ok_or_else(|| format!("own_services: {name} is not one of MCP_SERVICES"))
}
