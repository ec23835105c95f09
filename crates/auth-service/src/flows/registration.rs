//! Dynamic client registration (RFC 7591 sections 2 and 3): tolerant of what clients send, strict
//! in what is stored.
//!
//! A public client's identifier is a hash of its effective metadata: the same client that registers
//! again and again is one client, which nobody can change. A client with credentials is its own.

use serde::{Deserialize, Serialize};
use serde_json::Value;
use token_core::audit::AuditEvent;
use token_core::client::{ApplicationType, Client, ClientCredential, ClientKeys, GrantType};
use token_core::keys::ForeignKeys;
use token_core::oauth_error::OAuthErrorCode;
use token_core::secret::{ClientSecret, RegistrationToken, SecretHash};
use token_core::store::RegisterOutcome;
use token_core::{ClientId, RedirectUri, Seconds, Timestamp};
use url::Url;
use validator::Validate;

use super::{Context, OAuthFailure, code_grant, device_grant, jwt_bearer_grant, refresh_grant};

const DAY: Seconds = Seconds(86_400);
/// All redirect URIs of a client together: anybody may register, and each client is kept.
const MAX_REDIRECT_URI_BYTES: usize = 8192;
const MAX_JWKS_BYTES: usize = 8192;
const MAX_JWKS_URI_BYTES: usize = 2048;
/// Of the registrations that share a public client, as many can be managed.
const KEPT_REGISTRATION_TOKENS: usize = 5;

/// What a client sends (RFC 7591 section 2). Members that we do not know are passed over.
#[derive(Debug, Deserialize, Validate)]
pub struct RegistrationRequest {
    #[validate(length(max = 20))]
    redirect_uris: Option<Vec<String>>,
    #[validate(length(max = 100))]
    client_name: Option<String>,
    token_endpoint_auth_method: Option<String>,
    grant_types: Option<Vec<String>>,
    response_types: Option<Vec<String>>,
    application_type: Option<String>,
    #[validate(length(max = 1000))]
    scope: Option<String>,
    jwks: Option<Value>,
    jwks_uri: Option<String>,
}

/// A client that was registered, with what is shown of it to its owner alone.
pub struct Registered {
    /// The client with its effective metadata.
    pub client: Client,
    /// A secret that was made now.
    pub secret: Option<ClientSecret>,
    /// What manages the registration (RFC 7592 section 3).
    pub token: RegistrationToken,
}

/// Registers a client.
pub async fn register(context: &Context, body: &[u8]) -> Result<Registered, OAuthFailure> {
    let settings = &context.clients.settings;
    if !settings.registration {
        let description = "clients cannot register themselves here";
        return Err(OAuthFailure::new(OAuthErrorCode::Forbidden, description));
    }
    let metadata = Metadata::read(body)?;
    let (credential, secret) = metadata.new_credential(context)?;
    let token = RegistrationToken::generate(context.entropy.as_ref())?;
    let client_id = match credential {
        ClientCredential::None => metadata.shared_id()?,
        _ => client_id(context.entropy.token(16)?)?,
    };
    let now = context.now();
    let client = Client {
        client_id,
        client_name: metadata.client_name,
        application_type: metadata.application_type,
        redirect_uris: metadata.redirect_uris,
        credential,
        grant_types: metadata.grant_types,
        scope: metadata.scope,
        issued_at: now,
        expires_at: Some(unused_until(context)),
        used: false,
        registration_tokens: vec![token.hash()],
        own_services: Vec::new(),
    };
    let kept = KEPT_REGISTRATION_TOKENS;
    let outcome = context
        .store
        .register_client(&client, settings.ceiling, kept, now)
        .await?;
    let client = match outcome {
        RegisterOutcome::Created => client,
        // As it was registered first: `client_id_issued_at` is then.
        RegisterOutcome::Joined => context
            .store
            .client(&client.client_id, now)
            .await?
            .unwrap_or(client),
        RegisterOutcome::Full => {
            let description = "as many clients are registered as may be; try again later";
            let code = OAuthErrorCode::TemporarilyUnavailable;
            return Err(OAuthFailure::new(code, description));
        }
    };
    let client_id = client.client_id.clone();
    context.record(&AuditEvent::ClientRegistered { client_id });
    Ok(Registered {
        client,
        secret,
        token,
    })
}

/// Notes that a client is in use, and prolongs its life at its first use, and then at most once a
/// day. A client that was deleted meanwhile stays so. A store that fails here has given the tokens
/// already: the client is prolonged at its next use.
pub(super) async fn keep_alive(context: &Context, client: &Client) {
    super::clients::note_use(context, &client.client_id);
    // One that never expires does not begin to.
    let expires_at = client.expires_at.and_then(|_| used_until(context));
    let due = match (client.expires_at, expires_at) {
        _ if !client.used => true,
        (None, _) => false,
        (Some(_), None) => true,
        (Some(old), Some(new)) => new > old.plus(DAY),
    };
    if due {
        let (id, now) = (&client.client_id, context.now());
        if let Err(error) = context.store.prolong_client(id, expires_at, now).await {
            tracing::warn!(client_id = %id, %error, "a client was not prolonged");
        }
    }
}

/// When a client that is used now is forgotten: never before its refresh tokens are.
fn used_until(context: &Context) -> Option<Timestamp> {
    let lifetime = context.lifetimes.client?;
    Some(
        context
            .now()
            .plus(lifetime.max(context.lifetimes.refresh_token)),
    )
}

/// A client that never completes a sign-in is forgotten within a day.
fn unused_until(context: &Context) -> Timestamp {
    context.now().plus(
        context
            .lifetimes
            .client
            .map_or(DAY, |lifetime| lifetime.min(DAY)),
    )
}

/// Effective metadata (RFC 7591 section 3.2.1).
pub(super) struct Metadata {
    pub(super) client_name: Option<String>,
    pub(super) redirect_uris: Vec<RedirectUri>,
    pub(super) method: Method,
    pub(super) grant_types: Vec<GrantType>,
    pub(super) application_type: ApplicationType,
    pub(super) scope: Option<String>,
}

/// `token_endpoint_auth_method`, with what it needs.
pub(super) enum Method {
    None,
    SecretBasic,
    SecretPost,
    PrivateKeyJwt(ClientKeys),
}

impl Metadata {
    /// Reads and checks what a client sent.
    pub(super) fn read(body: &[u8]) -> Result<Self, OAuthFailure> {
        let request: RegistrationRequest = serde_json::from_slice(body)
            .map_err(|_| invalid("the body is not a JSON object of client metadata (RFC 7591)"))?;
        request.validate().map_err(|_| {
            invalid(
                "at most 20 redirect_uris, a client_name of at most 100 and a scope of at most \
                 1000 characters are accepted",
            )
        })?;
        let method = request.method()?;
        let grant_types = grant_types(request.grant_types.as_deref())?;
        let requested = request.redirect_uris.unwrap_or_default();
        // A client without a browser has nowhere to return to (RFC 8628).
        let redirect_uris = if grant_types.contains(&GrantType::AuthorizationCode) {
            check_response_types(request.response_types.as_deref())?;
            redirect_uris(requested)?
        } else {
            Vec::new()
        };
        Ok(Self {
            client_name: request.client_name.filter(|name| !name.trim().is_empty()),
            application_type: application_type(request.application_type.as_deref(), &redirect_uris),
            redirect_uris,
            method,
            grant_types,
            scope: request.scope.filter(|scope| !scope.trim().is_empty()),
        })
    }

    /// The credential of a new client, and its secret where it has one.
    pub(super) fn new_credential(
        &self,
        context: &Context,
    ) -> Result<(ClientCredential, Option<ClientSecret>), OAuthFailure> {
        let secret = || ClientSecret::generate(context.entropy.as_ref());
        Ok(match &self.method {
            Method::None => (ClientCredential::None, None),
            Method::PrivateKeyJwt(keys) => {
                let keys = keys.clone();
                (ClientCredential::PrivateKeyJwt { keys }, None)
            }
            Method::SecretBasic => {
                let secret = secret()?;
                let secret_hash = secret.hash();
                (
                    ClientCredential::ClientSecretBasic { secret_hash },
                    Some(secret),
                )
            }
            Method::SecretPost => {
                let secret = secret()?;
                let secret_hash = secret.hash();
                (
                    ClientCredential::ClientSecretPost { secret_hash },
                    Some(secret),
                )
            }
        })
    }

    /// The identifier that every public client with this metadata has: SHA-256, base64url.
    fn shared_id(&self) -> Result<ClientId, OAuthFailure> {
        #[derive(Serialize)]
        struct Canonical<'a> {
            client_name: Option<&'a str>,
            redirect_uris: Vec<&'a str>,
            grant_types: &'a [GrantType],
            application_type: ApplicationType,
            scope: Option<&'a str>,
        }
        // Their order means nothing.
        let mut redirect_uris: Vec<_> =
            self.redirect_uris.iter().map(RedirectUri::as_str).collect();
        redirect_uris.sort_unstable();
        redirect_uris.dedup();
        let canonical = serde_json::to_string(&Canonical {
            client_name: self.client_name.as_deref(),
            redirect_uris,
            grant_types: &self.grant_types,
            application_type: self.application_type,
            scope: self.scope.as_deref(),
        });
        let canonical = canonical.map_err(|_| invalid("the metadata cannot be written down"))?;
        client_id(SecretHash::of(&canonical).to_string())
    }
}

impl RegistrationRequest {
    fn method(&self) -> Result<Method, OAuthFailure> {
        // RFC 7591 section 2: client_secret_basic where none is named.
        match self.token_endpoint_auth_method.as_deref() {
            Some("none") => Ok(Method::None),
            None | Some("client_secret_basic") => Ok(Method::SecretBasic),
            Some("client_secret_post") => Ok(Method::SecretPost),
            Some("private_key_jwt") => {
                client_keys(self.jwks.as_ref(), self.jwks_uri.as_deref()).map(Method::PrivateKeyJwt)
            }
            Some(_) => Err(invalid(
                "token_endpoint_auth_method must be none, client_secret_basic, \
                 client_secret_post or private_key_jwt",
            )),
        }
    }
}

/// The keys of a client with `private_key_jwt`: `jwks` or `jwks_uri`, not both (RFC 7591 section
/// 2), and nothing private in them.
pub(super) fn client_keys(
    jwks: Option<&Value>,
    jwks_uri: Option<&str>,
) -> Result<ClientKeys, OAuthFailure> {
    match (jwks, jwks_uri) {
        (Some(jwks), None) => {
            let keys = jwks.get("keys").and_then(Value::as_array);
            let secret = |key: &Value| key.get("d").is_some() || key.get("k").is_some();
            if keys.is_some_and(|keys| keys.iter().any(secret)) {
                return Err(invalid("jwks holds a private or a symmetric key"));
            }
            let json = jwks.to_string();
            if json.len() > MAX_JWKS_BYTES {
                return Err(invalid("jwks is longer than 8192 bytes"));
            }
            ForeignKeys::from_jwks_json(json.as_bytes())
                .map(|_| ClientKeys::Jwks(json))
                .map_err(|_| invalid("jwks has no key for RS256, ES256 or EdDSA"))
        }
        (None, Some(uri)) => match Url::parse(uri) {
            Ok(url) if url.scheme() == "https" && uri.len() <= MAX_JWKS_URI_BYTES => {
                Ok(ClientKeys::JwksUri(url.into()))
            }
            _ => Err(invalid("jwks_uri must be an https URL")),
        },
        _ => Err(invalid("private_key_jwt needs jwks or jwks_uri, not both")),
    }
}

fn client_id(text: String) -> Result<ClientId, OAuthFailure> {
    ClientId::parse(text).map_err(|_| invalid("a client_id could not be made"))
}

fn redirect_uris(requested: Vec<String>) -> Result<Vec<RedirectUri>, OAuthFailure> {
    let refused = || {
        let description = "each redirect URI must be https, http on localhost, 127.0.0.1 or \
                           [::1], or of a private-use scheme, without fragment, user \
                           information and wildcard";
        OAuthFailure::new(OAuthErrorCode::InvalidRedirectUri, description)
    };
    if requested.is_empty() {
        let description = "redirect_uris is missing";
        return Err(OAuthFailure::new(
            OAuthErrorCode::InvalidRedirectUri,
            description,
        ));
    }
    if requested.iter().map(String::len).sum::<usize>() > MAX_REDIRECT_URI_BYTES {
        let description = "the redirect URIs together are longer than 8192 bytes";
        return Err(OAuthFailure::new(
            OAuthErrorCode::InvalidRedirectUri,
            description,
        ));
    }
    requested
        .into_iter()
        .map(|uri| RedirectUri::parse(uri).map_err(|_| refused()))
        .collect()
}

/// Unknown grant types are dropped and the effective list returned (RFC 7591 section 3.2.1). A
/// client that names none may refresh as well: every client needs it to last.
pub(super) fn grant_types(requested: Option<&[String]>) -> Result<Vec<GrantType>, OAuthFailure> {
    let offered = [
        ("authorization_code", GrantType::AuthorizationCode),
        ("refresh_token", GrantType::RefreshToken),
        (device_grant::GRANT_TYPE, GrantType::DeviceCode),
        (jwt_bearer_grant::GRANT_TYPE, GrantType::JwtBearer),
    ];
    let by_default = [code_grant::GRANT_TYPE, refresh_grant::GRANT_TYPE];
    let asked = |name: &str| match requested {
        Some(names) => names.iter().any(|own| own == name),
        None => by_default.contains(&name),
    };
    let effective: Vec<_> = offered
        .into_iter()
        .filter(|(name, _)| asked(name))
        .map(|(_, grant_type)| grant_type)
        .collect();
    let begins = [GrantType::AuthorizationCode, GrantType::DeviceCode];
    if begins.iter().any(|begin| effective.contains(begin)) {
        Ok(effective)
    } else {
        Err(invalid(
            "grant_types must include authorization_code or the device_code grant",
        ))
    }
}

fn check_response_types(requested: Option<&[String]>) -> Result<(), OAuthFailure> {
    match requested {
        Some(requested) if !requested.iter().any(|name| name == "code") => {
            Err(invalid("response_types must include code"))
        }
        _ => Ok(()),
    }
}

/// A client that only returns to this computer or to an app is native, whatever it says: many say
/// nothing or `web`.
pub(super) fn application_type(
    requested: Option<&str>,
    redirect_uris: &[RedirectUri],
) -> ApplicationType {
    use token_core::redirect_uri::Target;
    let on_the_web = redirect_uris
        .iter()
        .any(|uri| matches!(uri.target(), Target::Web(_)));
    match requested {
        Some("native") => ApplicationType::Native,
        _ if on_the_web => ApplicationType::Web,
        _ => ApplicationType::Native,
    }
}

fn invalid(description: &'static str) -> OAuthFailure {
    OAuthFailure::new(OAuthErrorCode::InvalidClientMetadata, description)
}
