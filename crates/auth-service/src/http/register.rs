//! `POST /register` (RFC 7591 section 3), and the answer that management gives too (RFC 7592
//! section 3).

use actix_web::http::StatusCode;
use actix_web::{HttpRequest, HttpResponse, web};
use serde::Serialize;
use serde_json::Value;
use token_core::RedirectUri;
use token_core::client::{
    ApplicationType, ClientAuthenticationMethod, ClientCredential, ClientKeys, GrantType,
};
use token_core::secret::ClientSecret;

use super::error::HttpFailure;
use super::{response, witness};
use crate::flows::registration::{Registered, register};
use crate::flows::{Context, OAuthFailure};

/// RFC 7591 section 3.2.1: the effective metadata, without nulls and empty strings.
#[derive(Serialize)]
struct Body<'a> {
    client_id: &'a str,
    client_id_issued_at: u64,
    #[serde(skip_serializing_if = "Option::is_none")]
    client_secret: Option<&'a str>,
    /// Required where there is a secret; 0: it does not expire.
    #[serde(skip_serializing_if = "Option::is_none")]
    client_secret_expires_at: Option<u64>,
    redirect_uris: &'a [RedirectUri],
    token_endpoint_auth_method: ClientAuthenticationMethod,
    grant_types: &'a [GrantType],
    response_types: &'static [&'static str],
    application_type: ApplicationType,
    #[serde(skip_serializing_if = "Option::is_none")]
    client_name: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    scope: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    jwks: Option<Value>,
    #[serde(skip_serializing_if = "Option::is_none")]
    jwks_uri: Option<&'a str>,
    registration_client_uri: String,
    registration_access_token: &'a str,
}

pub(super) async fn post(
    request: HttpRequest,
    body: Result<web::Bytes, actix_web::Error>,
    context: web::Data<Context>,
) -> Result<HttpResponse, HttpFailure> {
    let body = body.map_err(|_| OAuthFailure::invalid_request("the body is larger than 64 KiB"))?;
    let registered = register(&context, &body).await?;
    witness::note(&request, |seen| seen.client(&registered.client));
    answer(&context, StatusCode::CREATED, &registered)
}

/// The client information response.
pub(super) fn answer(
    context: &Context,
    status: StatusCode,
    registered: &Registered,
) -> Result<HttpResponse, HttpFailure> {
    let Registered {
        client,
        secret,
        token,
    } = registered;
    let (jwks, jwks_uri) = match &client.credential {
        ClientCredential::PrivateKeyJwt {
            keys: ClientKeys::Jwks(json),
        } => (
            Some(serde_json::from_str(json).map_err(|error| HttpFailure::internal(&error))?),
            None,
        ),
        ClientCredential::PrivateKeyJwt {
            keys: ClientKeys::JwksUri(uri),
        } => (None, Some(uri.as_str())),
        _ => (None, None),
    };
    let path = format!("/register/{}", client.client_id);
    let body = Body {
        client_id: client.client_id.as_str(),
        client_id_issued_at: client.issued_at.0,
        client_secret: secret.as_ref().map(ClientSecret::expose),
        client_secret_expires_at: secret.as_ref().map(|_| 0),
        redirect_uris: &client.redirect_uris,
        token_endpoint_auth_method: client.credential.method(),
        grant_types: &client.grant_types,
        response_types: if client.grant_types.contains(&GrantType::AuthorizationCode) {
            &["code"]
        } else {
            &[]
        },
        application_type: client.application_type,
        client_name: client.client_name.as_deref(),
        scope: client.scope.as_deref(),
        jwks,
        jwks_uri,
        registration_client_uri: context.issuer.endpoint(&path),
        registration_access_token: token.expose(),
    };
    Ok(response::json(status, &body))
}
