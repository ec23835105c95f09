//! Pushed authorization requests (RFC 9126): the client sends its request straight to us, proves
//! itself, and gives the browser only a reference to it. Nobody can change the request on its way
//! through the browser.

use token_core::Seconds;
use token_core::oauth_error::OAuthErrorCode;
use token_core::secret::SecretHash;
use token_core::store::PushedRequest;

use super::authorization_request::{AuthorizeError, Untrusted, check_for};
use super::client_authentication::AuthenticatedClient;
use super::{Context, OAuthFailure, Parameters};

/// How long a pushed request waits for its browser (RFC 9126 section 2.2: 5 to 600).
const LIFETIME: Seconds = Seconds(90);

/// RFC 9126 section 2.2.
const PREFIX: &str = "urn:ietf:params:oauth:request_uri:";

/// What is kept of a request. Credentials are not among it.
const KEPT: [&str; 8] = [
    "response_type",
    "response_mode",
    "redirect_uri",
    "state",
    "code_challenge",
    "code_challenge_method",
    "resource",
    "scope",
];

/// Anybody may push, and each request is kept for its lifetime.
const MAX_KEPT_BYTES: usize = 16 * 1024;

/// A request that was pushed.
pub struct Pushed {
    /// What the browser is to bring.
    pub request_uri: String,
    /// How long it may take.
    pub expires_in: Seconds,
}

/// Checks a request as the authorization endpoint would, and keeps it.
pub async fn push(
    context: &Context,
    client: &AuthenticatedClient,
    form: &Parameters,
) -> Result<Pushed, OAuthFailure> {
    if form.first("request_uri").is_some() {
        return Err(OAuthFailure::invalid_request(
            "a pushed request cannot refer to another one",
        ));
    }
    let client = client.client();
    check_for(context, client, form, None).map_err(refused)?;
    let parameters = form.encoded(&KEPT);
    if parameters.len() > MAX_KEPT_BYTES {
        return Err(OAuthFailure::invalid_request(
            "the request is longer than 16 KiB",
        ));
    }

    let request_uri = format!("{PREFIX}{}", context.entropy.token(32)?);
    let now = context.now();
    let request = PushedRequest {
        client_id: client.client_id.clone(),
        parameters,
        expires_at: now.plus(LIFETIME),
    };
    context
        .store
        .put_pushed_request(&SecretHash::of(&request_uri), &request, now)
        .await?;
    Ok(Pushed {
        request_uri,
        expires_in: LIFETIME,
    })
}

/// The client is told directly what a browser would be told (RFC 9126 section 2.3).
fn refused(error: AuthorizeError) -> OAuthFailure {
    match error {
        AuthorizeError::Refused(_, failure) => failure,
        AuthorizeError::Store(error) => error.into(),
        AuthorizeError::Untrusted(Untrusted::BadRequest(_)) => {
            OAuthFailure::invalid_request("redirect_uri is repeated or missing")
        }
        AuthorizeError::Untrusted(Untrusted::RedirectNotRegistered(_)) => {
            OAuthFailure::invalid_request("redirect_uri is not one of the client's")
        }
        AuthorizeError::Untrusted(Untrusted::Document(fault)) => fault.into(),
        AuthorizeError::Untrusted(Untrusted::UnknownClient) => {
            OAuthFailure::new(OAuthErrorCode::InvalidClient, "the client is unknown")
        }
    }
}

/// The parameters that count (RFC 9126 section 4): the pushed ones where the browser brings a
/// `request_uri`, and nothing of what stands beside it; else those of the browser.
///
/// The request stays until it is over, so that a person may reload the page.
pub async fn resolved(
    context: &Context,
    parameters: Parameters,
) -> Result<Parameters, AuthorizeError> {
    let page = |reason| AuthorizeError::Untrusted(Untrusted::BadRequest(reason));
    let Ok(request_uri) = parameters.single("request_uri") else {
        return Err(page("The request repeats request_uri."));
    };
    let Some(request_uri) = request_uri else {
        return Ok(parameters);
    };
    let Ok(client_id) = parameters.single("client_id") else {
        return Err(page("The request repeats client_id or redirect_uri."));
    };
    let found = context
        .store
        .pushed_request(&SecretHash::of(request_uri), context.now())
        .await
        .map_err(AuthorizeError::Store)?;
    // One answer for another client's and for none: nobody learns which exist.
    found
        .filter(|request| client_id == Some(request.client_id.as_str()))
        .map(|request| {
            Parameters::parse(request.parameters.as_bytes())
                .with("client_id", request.client_id.as_str())
        })
        .ok_or_else(|| page("The request that the app sent ahead is over, or is another app's."))
}
