//! `POST /login/oauth/access_token`: a code for a token. Errors are `200`, as GitHub's are.

use actix_web::http::header::ACCEPT;
use actix_web::{Error, HttpRequest, HttpResponse, web};
use serde::Deserialize;

use crate::state::Grant;
use crate::{Shared, lock};

#[derive(Debug, Deserialize)]
pub(crate) struct Form {
    client_id: Option<String>,
    client_secret: Option<String>,
    code: Option<String>,
    redirect_uri: Option<String>,
    code_verifier: Option<String>,
}

pub(crate) async fn access_token(
    state: Shared,
    request: HttpRequest,
    form: web::Form<Form>,
) -> Result<HttpResponse, Error> {
    let form = form.into_inner();
    let mut state = lock(&state)?;
    if form.client_id.as_ref() != Some(&state.app.client_id)
        || form.client_secret.as_ref() != Some(&state.app.client_secret)
    {
        return Ok(error(&request, "incorrect_client_credentials"));
    }
    let Some(grant) = form.code.as_ref().and_then(|code| state.codes.remove(code)) else {
        return Ok(error(&request, "bad_verification_code"));
    };
    if form
        .redirect_uri
        .as_ref()
        .is_some_and(|uri| *uri != grant.redirect_uri)
    {
        return Ok(error(&request, "redirect_uri_mismatch"));
    }
    if !verifier_answers(&grant, form.code_verifier.as_deref()) {
        return Ok(error(&request, "bad_verification_code"));
    }
    let token = format!("gho_{}", test_kit::random::hex(18));
    let answer = [
        ("access_token", token.as_str()),
        ("scope", grant.scope.as_str()),
        ("token_type", "bearer"),
    ];
    let response = respond(&request, &answer);
    state.tokens.insert(token.clone(), grant.user);
    Ok(response)
}

/// RFC 7636 section 4.6, for S256 alone; without a challenge there is nothing to answer.
fn verifier_answers(grant: &Grant, verifier: Option<&str>) -> bool {
    grant.code_challenge.as_ref().is_none_or(|challenge| {
        verifier.is_some_and(|verifier| test_kit::random::s256(verifier) == *challenge)
    })
}

fn error(request: &HttpRequest, code: &str) -> HttpResponse {
    let description = match code {
        "incorrect_client_credentials" => {
            "The client_id and/or client_secret passed are incorrect."
        }
        "redirect_uri_mismatch" => {
            "The redirect_uri MUST match the registered callback URL for this application."
        }
        _ => "The code passed is incorrect or expired.",
    };
    let uri = format!("/apps/troubleshooting-oauth-app-access-token-request-errors/#{code}");
    respond(
        request,
        &[
            ("error", code),
            ("error_description", description),
            ("error_uri", uri.as_str()),
        ],
    )
}

/// JSON for those who ask for it, otherwise GitHub's default: a form.
fn respond(request: &HttpRequest, members: &[(&str, &str)]) -> HttpResponse {
    let accept = request
        .headers()
        .get(ACCEPT)
        .and_then(|value| value.to_str().ok());
    if accept.is_some_and(|accept| accept.contains("json")) {
        let members: std::collections::BTreeMap<_, _> = members.iter().copied().collect();
        HttpResponse::Ok().json(members)
    } else {
        let form = url::form_urlencoded::Serializer::new(String::new())
            .extend_pairs(members)
            .finish();
        HttpResponse::Ok()
            .content_type("application/x-www-form-urlencoded; charset=utf-8")
            .body(form)
    }
}
