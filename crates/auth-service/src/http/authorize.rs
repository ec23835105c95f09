//! `GET /authorize` (RFC 6749 section 3.1): checks the request and shows the consent page.

use actix_web::http::StatusCode;
use actix_web::http::header::{HOST, LOCATION};
use actix_web::http::uri::Authority;
use actix_web::{HttpRequest, HttpResponse, web};
use token_core::ClientId;
use token_core::client::Client;
use token_core::resource::host_without_port;
use token_core::store::ConsentRequest;

use super::error::HttpFailure;
use super::pages::{ConsentPage, ScopeInWords, Trouble};
use super::{browser, cookies, response, witness};
use crate::flows::authorization_request::{self, AuthorizeError, Untrusted};
use crate::flows::client_metadata_document::vouching_host;
use crate::flows::remote::RemoteFault;
use crate::flows::{Context, OAuthFailure, Parameters, consent, pushed_authorization_request};

pub(super) async fn get(
    request: HttpRequest,
    context: web::Data<Context>,
) -> Result<HttpResponse, HttpFailure> {
    let asked_host = asked_host(&request);
    if let Some(to_issuer) = to_the_issuer(&request, &context, asked_host.as_deref()) {
        return Ok(to_issuer);
    }
    let parameters = Parameters::parse(request.query_string().as_bytes());
    let parameters = pushed_authorization_request::resolved(&context, parameters)
        .await
        .map_err(|error| failure(&context, error))?;
    witness::note(&request, |seen| {
        let named = parameters.single("client_id").ok().flatten();
        seen.client_id = named.and_then(|id| ClientId::parse(id).ok());
    });
    let (client, wanted) =
        authorization_request::check(&context, &parameters, asked_host.as_deref())
            .await
            .map_err(|error| failure(&context, error))?;
    ask(
        &request,
        &context,
        &client,
        &ConsentRequest::Redirect(wanted),
    )
}

/// Shows the consent page to this browser.
pub(super) fn ask(
    request: &HttpRequest,
    context: &Context,
    client: &Client,
    wanted: &ConsentRequest,
) -> Result<HttpResponse, HttpFailure> {
    let issuer = &context.issuer;
    let held = browser::held_or_new(request, context)?;
    let (ticket, flow) = consent::ticket(context, wanted, &held)
        .map_err(|failure| HttpFailure::page_for(&failure))?;
    witness::note(request, |seen| {
        seen.flow = Some(flow);
        seen.client(client);
    });
    let page = ConsentPage {
        client_name: browser::name(Some(client)),
        name_from: vouching_host(&client.client_id),
        return_to: browser::return_to(context, wanted),
        redirect_uri: browser::redirect_uri(context, wanted),
        service_name: browser::service_name(context, wanted.resource()),
        service_url: wanted.resource().to_string(),
        scopes: wanted
            .scope()
            .iter()
            .map(|scope| ScopeInWords::of(scope.as_str()))
            .collect(),
        sign_in: browser::sign_in_with(context),
        request: ticket,
    };
    let mut answer = response::page(StatusCode::OK, &page)?;
    // Renewed with each form, so that none outlives its cookie.
    let lifetime = context.lifetimes.session;
    let cookie = cookies::set(issuer, cookies::CONSENT, held.expose(), lifetime);
    answer
        .add_cookie(&cookie)
        .map_err(|error| HttpFailure::internal(&error))?;
    Ok(answer)
}

fn failure(context: &Context, error: AuthorizeError) -> HttpFailure {
    match error {
        AuthorizeError::Untrusted(Untrusted::UnknownClient) => {
            HttpFailure::page(Trouble::UnknownClient)
        }
        AuthorizeError::Untrusted(Untrusted::RedirectNotRegistered(client)) => {
            let client_name = browser::name(Some(&client));
            HttpFailure::page(Trouble::RedirectNotRegistered { client_name })
        }
        AuthorizeError::Untrusted(Untrusted::Document(RemoteFault::Unreachable)) => {
            HttpFailure::page(Trouble::DocumentUnavailable)
        }
        AuthorizeError::Untrusted(Untrusted::Document(fault)) => {
            let reason =
                format!("The app keeps its description at an address of its own: {fault}.");
            HttpFailure::page(Trouble::BadRequest { reason })
        }
        AuthorizeError::Untrusted(Untrusted::BadRequest(reason)) => {
            HttpFailure::page(Trouble::BadRequest {
                reason: reason.to_owned(),
            })
        }
        AuthorizeError::Refused(redirect, failure) => {
            browser::refused(context, &redirect, &failure)
        }
        AuthorizeError::Store(error) => HttpFailure::page_for(&OAuthFailure::from(error)),
    }
}

/// The authority that the browser asked: `Host`, or `:authority` in HTTP/2.
fn asked_host(request: &HttpRequest) -> Option<String> {
    let header = request
        .headers()
        .get(HOST)
        .and_then(|value| value.to_str().ok());
    header
        .or_else(|| request.uri().authority().map(Authority::as_str))
        .map(str::to_ascii_lowercase)
}

/// On an MCP host (where clients of 2025-03-26 ask) the browser is sent to the issuer, its query
/// unchanged. Where that names no resource, the host's is added: the issuer cannot know any more
/// which host was asked.
fn to_the_issuer(
    request: &HttpRequest,
    context: &Context,
    asked_host: Option<&str>,
) -> Option<HttpResponse> {
    let host = host_without_port(asked_host?);
    let is_service = context
        .services
        .iter()
        .any(|service| service.resource.host() == host);
    if !is_service || host == host_without_port(context.issuer.authority()) {
        return None;
    }
    let query = request.query_string();
    let mut url = format!("{}?{query}", context.issuer.endpoint("/authorize"));
    let asked = Parameters::parse(query.as_bytes());
    if let (Ok(None), Some(resource)) = (asked.resource(), context.services.implied(Some(host))) {
        let mut added = url::form_urlencoded::Serializer::new(String::new());
        url.push('&');
        url.push_str(&added.append_pair("resource", resource.as_str()).finish());
    }
    Some(
        HttpResponse::Found()
            .insert_header((LOCATION, url))
            .finish(),
    )
}
