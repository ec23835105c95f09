//! `POST /token` (RFC 6749 section 3.2): authenticates the client and dispatches on `grant_type`.

use actix_web::http::StatusCode;
use actix_web::http::header::AUTHORIZATION;
use actix_web::{HttpRequest, HttpResponse, web};
use serde::Serialize;
use token_core::oauth_error::OAuthErrorCode;
use token_core::secret::RefreshToken;

use super::error::HttpFailure;
use super::{response, witness};
use crate::flows::client_authentication::{AuthenticatedClient, authenticate, is_plainly_public};
use crate::flows::errands::{self, Patience};
use crate::flows::issue::TokenResponse;
use crate::flows::{
    Context, OAuthFailure, Parameters, client_credentials_grant, code_grant, device_grant,
    jwt_bearer_grant, refresh_grant,
};

/// RFC 6749 section 5.1.
#[derive(Serialize)]
struct Body<'a> {
    access_token: &'a str,
    token_type: &'static str,
    expires_in: u64,
    #[serde(skip_serializing_if = "Option::is_none")]
    refresh_token: Option<&'a str>,
    scope: String,
}

pub(super) async fn post(
    request: HttpRequest,
    body: Result<web::Bytes, actix_web::Error>,
    context: web::Data<Context>,
) -> Result<HttpResponse, HttpFailure> {
    let form = form(&request, body)?;
    witness::note(&request, |seen| seen.token_request(&form));
    let client = async {
        let client = authenticated(&context, &request, &form, Patience::None).await?;
        witness::note(&request, |seen| seen.client(client.client()));
        Ok(client)
    };
    let is_public = !request.headers().contains_key(AUTHORIZATION) && is_plainly_public(&form);
    let tokens = granted(&context, client, is_public, &form).await?;
    Ok(answer(&tokens))
}

async fn granted(
    context: &Context,
    client: impl Future<Output = Result<AuthenticatedClient, OAuthFailure>>,
    is_public: bool,
    form: &Parameters,
) -> Result<TokenResponse, OAuthFailure> {
    // Where there are two questions to the store, neither waits for the other.
    match form.required("grant_type", "grant_type is missing") {
        Ok(refresh_grant::GRANT_TYPE) => {
            let (client, presented) = tokio::join!(client, refresh_grant::look_up(context, form));
            refresh_grant::refresh(context, &client?, form, presented?).await
        }
        Ok(code_grant::GRANT_TYPE) => {
            let consumed = code_grant::consume(context, form);
            let (client, consumed) = if is_public {
                let (client, consumed) = tokio::join!(client, consumed);
                (client?, consumed?)
            } else {
                // Where the client cannot be checked now, the code must stay for later.
                (client.await?, consumed.await?)
            };
            code_grant::redeem(context, &client, form, consumed).await
        }
        other => by_client(context, &client.await?, form, other?).await,
    }
}

/// Grants of which the client must be known first.
async fn by_client(
    context: &Context,
    client: &AuthenticatedClient,
    form: &Parameters,
    grant_type: &str,
) -> Result<TokenResponse, OAuthFailure> {
    match grant_type {
        client_credentials_grant::GRANT_TYPE => {
            client_credentials_grant::issue(context, client, form).await
        }
        device_grant::GRANT_TYPE => device_grant::poll(context, client, form).await,
        jwt_bearer_grant::GRANT_TYPE => jwt_bearer_grant::issue(context, client, form).await,
        _ => Err(OAuthFailure::new(
            OAuthErrorCode::UnsupportedGrantType,
            "grant_type is not one that the metadata lists",
        )),
    }
}

/// The form of a request to the token or revocation endpoint.
pub(super) fn form(
    request: &HttpRequest,
    body: Result<web::Bytes, actix_web::Error>,
) -> Result<Parameters, OAuthFailure> {
    let body = body.map_err(|_| OAuthFailure::invalid_request("the body is larger than 64 KiB"))?;
    let form_encoded = "application/x-www-form-urlencoded";
    let content_type = request
        .headers()
        .get("content-type")
        .and_then(|value| value.to_str().ok());
    let content_type = content_type
        .and_then(|value| value.split(';').next())
        .map(str::trim);
    if content_type.is_some_and(|value| value.eq_ignore_ascii_case(form_encoded)) {
        Ok(Parameters::parse(&body))
    } else {
        let description = "the body must be application/x-www-form-urlencoded";
        Err(OAuthFailure::invalid_request(description))
    }
}

/// The client that a request to the token or revocation endpoint comes from.
pub(super) async fn authenticated(
    context: &web::Data<Context>,
    request: &HttpRequest,
    form: &Parameters,
    patience: Patience,
) -> Result<AuthenticatedClient, OAuthFailure> {
    let mut headers = request.headers().get_all(AUTHORIZATION);
    let header = match (headers.next(), headers.next()) {
        (None, _) => None,
        (Some(header), None) => Some(header.to_str().map_err(|_| {
            OAuthFailure::invalid_request("the Authorization header is not visible ASCII")
        })?),
        _ => {
            return Err(OAuthFailure::invalid_request(
                "the Authorization header is repeated",
            ));
        }
    };
    let client = authenticate(context, header, form, patience).await;
    run_errands(context);
    client
}

/// What the request left to be fetched is fetched behind its back.
fn run_errands(context: &web::Data<Context>) {
    for errand in errands::take(context) {
        let context = context.clone();
        actix_web::rt::spawn(async move { errand.run(&context).await });
    }
}

fn answer(tokens: &TokenResponse) -> HttpResponse {
    let body = Body {
        access_token: tokens.access_token.expose(),
        token_type: "Bearer",
        expires_in: tokens.expires_in.0,
        refresh_token: tokens.refresh_token.as_ref().map(RefreshToken::expose),
        scope: tokens.scope.to_string(),
    };
    response::json(StatusCode::OK, &body)
}
