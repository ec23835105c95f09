//! The authorization request (OAuth 2.1 section 4.1.1; RFC 6749 section 4.1.1; RFC 7636 section
//! 4.3; RFC 8707 section 2): from raw parameters to a request that a person can be asked about.
//!
//! Until client and redirect URI are known to belong together nothing may be redirected, so that
//! nobody can use us as an open redirector (RFC 9700 section 4.11). [`TrustedRedirect`] is the
//! proof, and the only thing that an error can be redirected with.

use token_core::client::{Client, GrantType};
use token_core::oauth_error::OAuthErrorCode;
use token_core::pkce::CodeChallenge;
use token_core::store::{AuthorizationRequest, StoreError};
use token_core::{ClientId, RedirectUri, ResourceId, Scopes};

use super::clients::{FindError, find};
use super::grant_types::may_use;
use super::remote::RemoteFault;
use super::{Context, OAuthFailure, Parameters};

/// A redirect URI that is known to be the client's, and the `state` to give back.
#[derive(Debug, Clone)]
pub struct TrustedRedirect {
    redirect_uri: RedirectUri,
    state: Option<String>,
}

impl TrustedRedirect {
    /// Where to go.
    pub fn redirect_uri(&self) -> &RedirectUri {
        &self.redirect_uri
    }

    /// The client's `state`, byte for byte.
    pub fn state(&self) -> Option<&str> {
        self.state.as_deref()
    }
}

impl From<&AuthorizationRequest> for TrustedRedirect {
    /// A request that was stored or sealed was checked before.
    fn from(request: &AuthorizationRequest) -> Self {
        Self {
            redirect_uri: request.redirect_uri.clone(),
            state: request.state.clone(),
        }
    }
}

/// Why a request is shown to the person as a page and goes nowhere.
#[derive(Debug, Clone)]
pub enum Untrusted {
    /// `client_id` is missing, ill-formed or not registered.
    UnknownClient,
    /// `redirect_uri` is not one of the client's.
    RedirectNotRegistered(Box<Client>),
    /// `client_id` is the address of a metadata document that cannot be had or is not good.
    Document(RemoteFault),
    /// `client_id` or `redirect_uri` is repeated or missing.
    BadRequest(&'static str),
}

/// What became of a request that was refused.
#[derive(Debug)]
pub enum AuthorizeError {
    /// A page, no redirect.
    Untrusted(Untrusted),
    /// A redirect to the client with the error.
    Refused(TrustedRedirect, OAuthFailure),
    /// The store cannot be asked: a page.
    Store(StoreError),
}

impl From<FindError> for AuthorizeError {
    fn from(error: FindError) -> Self {
        match error {
            FindError::Store(error) => Self::Store(error),
            FindError::Document(fault) => Self::Untrusted(Untrusted::Document(fault)),
        }
    }
}

/// Checks a request. `asked_host` is the authority that the browser asked, for clients that name
/// no resource.
pub async fn check(
    context: &Context,
    parameters: &Parameters,
    asked_host: Option<&str>,
) -> Result<(Client, AuthorizationRequest), AuthorizeError> {
    let client = known_client(context, parameters).await?;
    let request = check_for(context, &client, parameters, asked_host)?;
    Ok((client, request))
}

/// The same for a client that is known already.
pub(super) fn check_for(
    context: &Context,
    client: &Client,
    parameters: &Parameters,
    asked_host: Option<&str>,
) -> Result<AuthorizationRequest, AuthorizeError> {
    let redirect = trusted_redirect(client, parameters)?;
    // A client whose grants begin otherwise has no business here (RFC 6749 section 4.1.2.1).
    let checked = may_use(client, GrantType::AuthorizationCode)
        .and_then(|()| checked(context, parameters, &redirect, asked_host));
    match checked {
        Ok((code_challenge, resource, scope)) => Ok(AuthorizationRequest {
            client_id: client.client_id.clone(),
            redirect_uri: redirect.redirect_uri,
            state: redirect.state,
            code_challenge,
            resource,
            scope,
        }),
        Err(failure) => Err(AuthorizeError::Refused(redirect, failure)),
    }
}

async fn known_client(
    context: &Context,
    parameters: &Parameters,
) -> Result<Client, AuthorizeError> {
    let unknown = || AuthorizeError::Untrusted(Untrusted::UnknownClient);
    let client_id = single_or_page(parameters, "client_id")?.ok_or_else(unknown)?;
    let client_id = ClientId::parse(client_id).map_err(|_| unknown())?;
    find(context, &client_id).await?.ok_or_else(unknown)
}

fn trusted_redirect(
    client: &Client,
    parameters: &Parameters,
) -> Result<TrustedRedirect, AuthorizeError> {
    let redirect_uri = match (
        single_or_page(parameters, "redirect_uri")?,
        &*client.redirect_uris,
    ) {
        (Some(requested), _) => RedirectUri::parse(requested)
            .ok()
            .filter(|requested| client.admits_redirect(requested))
            .ok_or_else(|| {
                let client = Box::new(client.clone());
                AuthorizeError::Untrusted(Untrusted::RedirectNotRegistered(client))
            })?,
        // RFC 6749 section 3.1.2.3: it may be left out where only one is registered.
        (None, [only]) => only.clone(),
        (None, _) => {
            let reason =
                "The request names no redirect_uri, and the app did not register exactly one.";
            return Err(AuthorizeError::Untrusted(Untrusted::BadRequest(reason)));
        }
    };
    let state = parameters.first("state").map(str::to_owned);
    Ok(TrustedRedirect {
        redirect_uri,
        state,
    })
}

fn single_or_page<'a>(
    parameters: &'a Parameters,
    name: &'static str,
) -> Result<Option<&'a str>, AuthorizeError> {
    let reason = "The request repeats client_id or redirect_uri.";
    let page = |_| AuthorizeError::Untrusted(Untrusted::BadRequest(reason));
    parameters.single(name).map_err(page)
}

fn checked(
    context: &Context,
    parameters: &Parameters,
    redirect: &TrustedRedirect,
    asked_host: Option<&str>,
) -> Result<(CodeChallenge, ResourceId, Scopes), OAuthFailure> {
    const MAX_STATE_BYTES: usize = 2048;
    if parameters
        .single("state")?
        .is_some_and(|state| state.len() > MAX_STATE_BYTES)
    {
        return Err(OAuthFailure::invalid_request(
            "state is longer than 2048 bytes",
        ));
    }
    if parameters.required("response_type", "response_type is missing")? != "code" {
        let code = OAuthErrorCode::UnsupportedResponseType;
        return Err(OAuthFailure::new(code, "response_type must be code"));
    }
    if parameters
        .single("response_mode")?
        .is_some_and(|mode| mode != "query")
    {
        return Err(OAuthFailure::invalid_request("response_mode must be query"));
    }
    let code_challenge = code_challenge(parameters)?;
    let resource = resource(context, parameters, asked_host)?;
    let scope = Scopes::from_request(parameters.single("scope")?);
    tracing::debug!(client_redirect = ?redirect.redirect_uri.target(), "authorization request");
    Ok((code_challenge, resource, scope))
}

/// PKCE is mandatory, and S256 the only method (OAuth 2.1 section 4.1.1; RFC 7636 section 4.3,
/// where an absent method means `plain`).
fn code_challenge(parameters: &Parameters) -> Result<CodeChallenge, OAuthFailure> {
    let missing = "code_challenge is missing: PKCE is required";
    let challenge = parameters.required("code_challenge", missing)?;
    if parameters.single("code_challenge_method")? != Some("S256") {
        return Err(OAuthFailure::invalid_request(
            "code_challenge_method must be S256",
        ));
    }
    CodeChallenge::parse(challenge)
        .map_err(|_| OAuthFailure::invalid_request("code_challenge is not an S256 challenge"))
}

pub(super) fn resource(
    context: &Context,
    parameters: &Parameters,
    asked_host: Option<&str>,
) -> Result<ResourceId, OAuthFailure> {
    let invalid = |description| OAuthFailure::new(OAuthErrorCode::InvalidTarget, description);
    match parameters.resource() {
        Err(_) => Err(invalid(
            "a token is for one resource, but several are named",
        )),
        Ok(Some(requested)) => context
            .services
            .requested(requested)
            .cloned()
            .ok_or_else(|| invalid("the resource is not a service of this gateway")),
        Ok(None) => context
            .services
            .implied(asked_host)
            .cloned()
            .ok_or_else(|| invalid("resource is missing, and this gateway has several services")),
    }
}
