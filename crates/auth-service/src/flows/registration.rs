//! Dynamic client registration (RFC 7591 sections 2 and 3): tolerant of what clients send, strict
//! in what is stored.

use serde::Deserialize;
use token_core::audit::AuditEvent;
use token_core::client::{ApplicationType, Client, ClientCredential, GrantType};
use token_core::oauth_error::OAuthErrorCode;
use token_core::secret::ClientSecret;
use token_core::{ClientId, RedirectUri, Seconds, Timestamp};
use validator::Validate;

use super::{Context, OAuthFailure, code_grant, device_grant, jwt_bearer_grant, refresh_grant};

const DAY: Seconds = Seconds(86_400);
/// All redirect URIs of a client together: anybody may register, and each client is kept.
const MAX_REDIRECT_URI_BYTES: usize = 8192;

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
}

/// A client that was registered, and its secret, which is shown this once.
pub struct Registered {
    /// The client with its effective metadata.
    pub client: Client,
    /// The secret of a confidential client.
    pub secret: Option<ClientSecret>,
}

/// Registers a client.
pub async fn register(context: &Context, body: &[u8]) -> Result<Registered, OAuthFailure> {
    let request: RegistrationRequest = serde_json::from_slice(body)
        .map_err(|_| invalid("the body is not a JSON object of client metadata (RFC 7591)"))?;
    let registered = verified(context, request)?;
    context
        .store
        .put_client(&registered.client, context.now())
        .await?;
    let client_id = registered.client.client_id.clone();
    context.record(&AuditEvent::ClientRegistered { client_id });
    Ok(registered)
}

/// Prolongs a client's life at its first use, and after that at most once a day. A client that was
/// deleted meanwhile stays so. A store that fails here has given the tokens already: the client is
/// prolonged at its next use.
pub(super) async fn keep_alive(context: &Context, client: &Client) {
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

fn verified(context: &Context, request: RegistrationRequest) -> Result<Registered, OAuthFailure> {
    request.validate().map_err(|_| {
        invalid(
            "at most 20 redirect_uris, a client_name of at most 100 and a scope of at most 1000 \
                 characters are accepted",
        )
    })?;
    let (credential, secret) = credential(context, request.token_endpoint_auth_method.as_deref())?;
    let grant_types = grant_types(request.grant_types.as_deref())?;
    let requested = request.redirect_uris.unwrap_or_default();
    // A client without a browser has nowhere to return to (RFC 8628).
    let redirect_uris = if grant_types.contains(&GrantType::AuthorizationCode) {
        check_response_types(request.response_types.as_deref())?;
        redirect_uris(requested)?
    } else {
        Vec::new()
    };
    let client = Client {
        client_id: ClientId::parse(context.entropy.token(16)?)
            .map_err(|_| invalid("a client_id could not be made"))?,
        client_name: request.client_name.filter(|name| !name.trim().is_empty()),
        application_type: application_type(request.application_type.as_deref(), &redirect_uris),
        redirect_uris,
        credential,
        grant_types,
        scope: request.scope.filter(|scope| !scope.trim().is_empty()),
        issued_at: context.now(),
        expires_at: Some(unused_until(context)),
        used: false,
        registration_tokens: Vec::new(),
        own_services: Vec::new(),
    };
    Ok(Registered { client, secret })
}

fn credential(
    context: &Context,
    method: Option<&str>,
) -> Result<(ClientCredential, Option<ClientSecret>), OAuthFailure> {
    // RFC 7591 section 2: client_secret_basic where none is named.
    let method = method.unwrap_or("client_secret_basic");
    if method == "none" {
        return Ok((ClientCredential::None, None));
    }
    let secret = ClientSecret::generate(context.entropy.as_ref())?;
    let secret_hash = secret.hash();
    let credential = match method {
        "client_secret_basic" => ClientCredential::ClientSecretBasic { secret_hash },
        "client_secret_post" => ClientCredential::ClientSecretPost { secret_hash },
        _ => {
            return Err(invalid(
                "token_endpoint_auth_method must be none, client_secret_basic or \
                 client_secret_post",
            ));
        }
    };
    Ok((credential, Some(secret)))
}

fn redirect_uris(requested: Vec<String>) -> Result<Vec<RedirectUri>, OAuthFailure> {
    let refused = || {
        let description = "each redirect URI must be https, http on localhost, 127.0.0.1 or \
                           [::1], or of a private-use scheme, without fragment and user \
                           information";
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
fn grant_types(requested: Option<&[String]>) -> Result<Vec<GrantType>, OAuthFailure> {
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
fn application_type(requested: Option<&str>, redirect_uris: &[RedirectUri]) -> ApplicationType {
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
