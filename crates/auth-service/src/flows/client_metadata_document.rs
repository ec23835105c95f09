//! Client ID Metadata Documents (draft-ietf-oauth-client-id-metadata-document, sections 3 to 6):
//! a `client_id` that is an https URL names the client's metadata (RFC 7591 section 2), which is
//! fetched from there.

use serde::Deserialize;
use serde_json::Value;
use token_core::client::{Client, ClientCredential};
use token_core::{ClientId, RedirectUri, Timestamp};
use url::Url;

use super::registration::{application_type, client_keys, grant_types};
use super::remote::{RemoteAnswer, RemoteFault};

mod cache;

pub(super) use cache::{DocumentCache, Standing};

/// The draft recommends 5 KB; real documents with a logo and keys in them are larger.
const MAX_BYTES: usize = 10 * 1024;

/// Whose documents are taken (draft section 6; MCP security best practices), `CIMD_POLICY`.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub enum DocumentPolicy {
    /// Everybody's.
    #[default]
    Open,
    /// Nobody's.
    Off,
    /// Those of these hosts.
    Hosts(Vec<String>),
}

impl DocumentPolicy {
    /// Reads `open`, `off`, or hosts separated by commas.
    pub fn parse(text: &str) -> Result<Self, String> {
        match text.trim() {
            "open" => return Ok(Self::Open),
            "off" => return Ok(Self::Off),
            _ => {}
        }
        let hosts = text
            .split(',')
            .map(str::trim)
            .filter(|host| !host.is_empty());
        let hosts: Result<Vec<_>, _> = hosts.map(host).collect();
        match hosts {
            Ok(hosts) if !hosts.is_empty() => Ok(Self::Hosts(hosts)),
            Ok(_) => Err("names no host; write open, off or hosts such as claude.ai".to_owned()),
            Err(wrong) => Err(format!("{wrong} is not a host name such as claude.ai")),
        }
    }

    pub(super) fn admits(&self, url: &Url) -> bool {
        match self {
            Self::Open => true,
            Self::Off => false,
            Self::Hosts(hosts) => url
                .host_str()
                .is_some_and(|host| hosts.iter().any(|own| own == host)),
        }
    }
}

fn host(text: &str) -> Result<String, String> {
    match url::Host::parse(text) {
        Ok(url::Host::Domain(host)) if host.contains('.') => Ok(host),
        _ => Err(text.to_owned()),
    }
}

/// The host that vouches for what a client says of itself: that of its document.
pub fn vouching_host(client_id: &ClientId) -> Option<String> {
    let url = client_id.document_url()?;
    url.host_str().map(str::to_owned)
}

/// What is read of a document. Members that we do not know are passed over.
#[derive(Deserialize)]
struct Document {
    client_id: String,
    client_name: Option<String>,
    redirect_uris: Option<Vec<String>>,
    token_endpoint_auth_method: Option<String>,
    #[serde(default)]
    token_endpoint_auth_methods_supported: Vec<String>,
    client_secret: Option<Value>,
    client_secret_expires_at: Option<Value>,
    jwks: Option<Value>,
    jwks_uri: Option<String>,
    grant_types: Option<Vec<String>>,
    application_type: Option<String>,
    scope: Option<String>,
}

/// The client that a document describes (draft section 4).
fn client(
    client_id: &ClientId,
    answer: &RemoteAnswer,
    now: Timestamp,
) -> Result<Client, RemoteFault> {
    let refused = RemoteFault::Refused;
    let json = answer.json(MAX_BYTES)?;
    let document: Document = serde_json::from_slice(json)
        .map_err(|_| refused("it is not a JSON object of client metadata (RFC 7591)"))?;
    if document.client_id != client_id.as_str() {
        return Err(refused("its client_id is not its own address"));
    }
    let name = document.client_name.as_deref().map(str::trim);
    let client_name = name.filter(|name| !name.is_empty());
    let client_name = client_name
        .ok_or(refused("client_name is missing"))?
        .to_owned();
    // One that we cannot use says nothing against the others.
    let redirect_uris = document.redirect_uris.iter().flatten();
    let redirect_uris: Vec<_> = redirect_uris
        .filter_map(|uri| RedirectUri::parse(uri.as_str()).ok())
        .collect();
    if redirect_uris.is_empty() {
        return Err(refused("redirect_uris has no usable one"));
    }
    let grant_types = grant_types(document.grant_types.as_deref())
        .map_err(|failure| refused(failure.description))?;
    Ok(Client {
        client_id: client_id.clone(),
        client_name: Some(client_name),
        application_type: application_type(document.application_type.as_deref(), &redirect_uris),
        redirect_uris,
        credential: credential(&document)?,
        grant_types,
        scope: document.scope,
        issued_at: now,
        expires_at: None,
        used: true,
        registration_tokens: Vec::new(),
        own_services: Vec::new(),
    })
}

/// A document is public, so it can hold no secret (draft section 4.1). One may ask for
/// `private_key_jwt` and list `none` beside it, as that of `chatgpt.com` does.
fn credential(document: &Document) -> Result<ClientCredential, RemoteFault> {
    let refused = RemoteFault::Refused;
    if document.client_secret.is_some() || document.client_secret_expires_at.is_some() {
        return Err(refused("it holds a client_secret"));
    }
    let public = document
        .token_endpoint_auth_methods_supported
        .iter()
        .any(|method| method == "none");
    match document.token_endpoint_auth_method.as_deref() {
        None | Some("none") => Ok(ClientCredential::None),
        Some("private_key_jwt") => {
            let keys = client_keys(document.jwks.as_ref(), document.jwks_uri.as_deref());
            match keys {
                Ok(keys) if public => Ok(ClientCredential::NoneOrPrivateKeyJwt { keys }),
                Ok(keys) => Ok(ClientCredential::PrivateKeyJwt { keys }),
                Err(_) if public => Ok(ClientCredential::None),
                Err(failure) => Err(refused(failure.description)),
            }
        }
        Some(_) => Err(refused(
            "token_endpoint_auth_method must be none or private_key_jwt",
        )),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn c9_the_policy_is_open_off_or_a_list_of_hosts() {
        let admits = |policy: &str, url: &str| {
            DocumentPolicy::parse(policy)
                .unwrap()
                .admits(&Url::parse(url).unwrap())
        };
        assert!(admits("open", "https://any.example/c"));
        assert!(!admits("off", "https://any.example/c"));
        let list = "claude.ai, ChatGPT.com";
        assert!(admits(list, "https://chatgpt.com/oauth/client.json"));
        for other in [
            "https://evil.example/claude.ai",
            "https://x.claude.ai/c",
            "https://claude.ai.evil.example/c",
        ] {
            assert!(!admits(list, other), "{other}");
        }
        for wrong in [",", "https://claude.ai", "claude.ai/oauth", "*", "Off"] {
            assert!(DocumentPolicy::parse(wrong).is_err(), "{wrong}");
        }
    }
}
