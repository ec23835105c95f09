//! What a browser is shown: flow values as a page's plain words.

use actix_web::http::header::ORIGIN;
use actix_web::{HttpRequest, web};
use token_core::client::Client;
use token_core::oauth_error::OAuthErrorCode;
use token_core::redirect_uri::Target;
use token_core::secret::BrowserBinding;
use token_core::store::ConsentRequest;

use super::cookies;
use super::error::HttpFailure;
use super::pages::{ReturnLink, ReturnTo, SignInWith, Trouble};
use crate::flows::authorization_request::TrustedRedirect;
use crate::flows::authorization_response::{error_url, is_out_of_band};
use crate::flows::clients::{FindError, find};
use crate::flows::return_path::ReturnPath;
use crate::flows::sign_in::{SignInError, not_admitted};
use crate::flows::{Context, OAuthFailure, Parameters};
use crate::identity::IdentityProvider;
use token_core::{ClaimedName, ResourceId};

/// The form that a page of ours posts. A form of another origin is refused: on plain-http
/// loopback every local server shares our cookies.
pub(super) fn own_form(
    request: &HttpRequest,
    context: &Context,
    body: Result<web::Bytes, actix_web::Error>,
) -> Result<Parameters, HttpFailure> {
    let ours = context.issuer.as_str().as_bytes();
    if request
        .headers()
        .get_all(ORIGIN)
        .any(|origin| origin.as_bytes() != ours)
    {
        return Err(HttpFailure::page(Trouble::Expired));
    }
    let too_large = |_| {
        let reason = "The form is larger than 64 KiB.".to_owned();
        HttpFailure::page(Trouble::BadRequest { reason })
    };
    body.map(|body| Parameters::parse(&body)).map_err(too_large)
}

/// The browser that a form is to be bound to.
pub(super) fn held_or_new(
    request: &HttpRequest,
    context: &Context,
) -> Result<BrowserBinding, HttpFailure> {
    match cookies::browser(request, &context.issuer, cookies::CONSENT) {
        Some(held) => Ok(held),
        None => BrowserBinding::generate(context.entropy.as_ref())
            .map_err(|error| HttpFailure::internal(&error)),
    }
}

/// A parameter of a person's request, which may stand once (RFC 6749 section 3.1): of two, each
/// reader could take another.
pub(super) fn once<'a>(
    parameters: &'a Parameters,
    name: &'static str,
) -> Result<Option<&'a str>, HttpFailure> {
    parameters.single(name).map_err(|_| {
        let reason = "The request repeats a parameter.".to_owned();
        HttpFailure::page(Trouble::BadRequest { reason })
    })
}

/// Where the browser returns to, as the consent page names it.
pub(super) fn return_to(context: &Context, request: &ConsentRequest) -> ReturnTo {
    let ConsentRequest::Redirect(request) = request else {
        return ReturnTo::Device;
    };
    if is_out_of_band(&context.issuer, &TrustedRedirect::from(request)) {
        return ReturnTo::CodeToCopy;
    }
    match request.redirect_uri.target() {
        Target::Web(host) => ReturnTo::Host(host.clone()),
        Target::App(scheme) => ReturnTo::App {
            scheme: scheme.clone(),
        },
        Target::Loopback { .. } => {
            let uri = request.redirect_uri.as_str();
            let rest = uri.split_once("://").map_or("", |(_, rest)| rest);
            let host = rest.split(['/', '?']).next().unwrap_or_default();
            ReturnTo::ThisComputer {
                host: host.to_owned(),
            }
        }
    }
}

/// The redirect URI in full, for the consent page: whoever knows it can tell it from a like one.
pub(super) fn redirect_uri(context: &Context, request: &ConsentRequest) -> Option<String> {
    let ConsentRequest::Redirect(request) = request else {
        return None;
    };
    let out_of_band = is_out_of_band(&context.issuer, &TrustedRedirect::from(request));
    (!out_of_band).then(|| request.redirect_uri.to_string())
}

/// Who asks the person to sign in.
pub(super) fn sign_in_with(context: &Context) -> SignInWith {
    match context.identity {
        IdentityProvider::Upstream(_) => SignInWith::GitHub,
        IdentityProvider::Local(_) => SignInWith::Local,
    }
}

/// A service's name for a page; empty where there is none any more.
pub(super) fn service_name(context: &Context, resource: &ResourceId) -> String {
    let name = context.services.name(resource);
    name.map(ToString::to_string).unwrap_or_default()
}

/// The client's name for a page; the client may have been deleted since.
pub(super) async fn client_name(
    context: &Context,
    request: &ConsentRequest,
) -> Result<ClaimedName, HttpFailure> {
    match find(context, request.client_id()).await {
        Ok(client) => Ok(name(client.as_ref())),
        Err(FindError::Document(_)) => Ok(name(None)),
        Err(FindError::Store(error)) => Err(HttpFailure::page_for(&OAuthFailure::from(error))),
    }
}

/// The name that a client gives itself.
pub(super) fn name(client: Option<&Client>) -> ClaimedName {
    ClaimedName::new(client.and_then(|client| client.client_name.as_deref()))
}

/// Back to the client with a refusal.
pub(super) fn refused(
    context: &Context,
    redirect: &TrustedRedirect,
    failure: &OAuthFailure,
) -> HttpFailure {
    if let Some(source) = &failure.source {
        tracing::error!(
            cause = app_shell::error_chain(source.as_ref()),
            "an error went back"
        );
    }
    HttpFailure::Redirect {
        url: error_url(&context.issuer, redirect, failure),
        error: failure.code,
        description: failure.description,
    }
}

/// The same wherever the answer goes. A device hears nothing: it waits on, and the person may type
/// its code again.
pub(super) fn not_given(
    context: &Context,
    back: &ReturnPath,
    failure: &OAuthFailure,
) -> HttpFailure {
    match (back, failure.code) {
        (ReturnPath::Redirect(redirect), _) => refused(context, redirect, failure),
        (ReturnPath::Device, OAuthErrorCode::AccessDenied | OAuthErrorCode::ExpiredToken) => {
            HttpFailure::page(Trouble::DeviceNotConnected)
        }
        (ReturnPath::Device, OAuthErrorCode::UnauthorizedClient) => {
            let reason = "The app no longer connects devices here. It got no access.".to_owned();
            HttpFailure::page(Trouble::BadRequest { reason })
        }
        (ReturnPath::Device, _) => HttpFailure::page_for(failure),
    }
}

/// A sign-in that cannot go on, as a page or a redirect.
pub(super) fn sign_in_failure(
    context: &Context,
    client_name: ClaimedName,
    error: &SignInError,
) -> HttpFailure {
    match error {
        SignInError::UnknownState => HttpFailure::page(Trouble::Expired),
        SignInError::Refused(back, failure) => not_given(context, back, failure),
        SignInError::Failed(failure) => HttpFailure::page_for(failure),
        SignInError::NotAdmitted(back, person) => {
            let login = person.username.as_str().to_owned();
            let trouble = Trouble::NotAdmitted { login };
            let ReturnPath::Redirect(redirect) = &**back else {
                return HttpFailure::page(trouble);
            };
            let href = error_url(&context.issuer, redirect, &not_admitted());
            HttpFailure::page_with_return(trouble, ReturnLink { client_name, href })
        }
    }
}
