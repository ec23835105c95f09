//! `GET /login/oauth/authorize`: the person is signed in and has approved (or, by control, denied).

use actix_web::error::ErrorBadRequest;
use actix_web::http::header::LOCATION;
use actix_web::{Error, HttpResponse, web};
use serde::Deserialize;
use url::Url;

use crate::state::Grant;
use crate::{Shared, lock};

#[derive(Debug, Deserialize)]
pub(crate) struct Query {
    client_id: Option<String>,
    redirect_uri: Option<String>,
    state: Option<String>,
    scope: Option<String>,
    code_challenge: Option<String>,
    code_challenge_method: Option<String>,
}

pub(crate) async fn authorize(
    state: Shared,
    query: web::Query<Query>,
) -> Result<HttpResponse, Error> {
    let query = query.into_inner();
    let mut state = lock(&state)?;
    if query.client_id.as_deref() != Some(state.app.client_id.as_str()) {
        return Ok(HttpResponse::NotFound().body("This is not the web page you are looking for."));
    }
    // GitHub lets it be absent; a login without it is open to CSRF, so this stand-in does not.
    let Some(client_state) = query.state else {
        return Ok(HttpResponse::BadRequest().body("state is missing"));
    };
    let home = state.app.callback_url.clone();
    let mut back = match query.redirect_uri.as_deref() {
        None => home,
        Some(given) if is_below(&home, given) => given.parse().map_err(ErrorBadRequest)?,
        Some(_) => {
            return Ok(redirect(&with_error(
                home,
                "redirect_uri_mismatch",
                &client_state,
            )));
        }
    };
    if state.deny {
        return Ok(redirect(&with_error(back, "access_denied", &client_state)));
    }
    // "The code_challenge_method parameter must be S256" wherever a challenge is sent.
    if query.code_challenge.is_some() && query.code_challenge_method.as_deref() != Some("S256") {
        return Ok(HttpResponse::BadRequest().body("code_challenge_method must be S256"));
    }
    let code = test_kit::random::hex(10);
    let grant = Grant {
        user: state.user.clone(),
        redirect_uri: query.redirect_uri.unwrap_or_else(|| back.to_string()),
        scope: query.scope.unwrap_or_default(),
        code_challenge: query.code_challenge,
    };
    state.codes.insert(code.clone(), grant);
    back.query_pairs_mut()
        .append_pair("code", &code)
        .append_pair("state", &client_state);
    Ok(redirect(&back))
}

/// GitHub's rule: host and port of the registered callback, and its path or one below it.
fn is_below(home: &Url, given: &str) -> bool {
    Url::parse(given).is_ok_and(|url| {
        let directory = format!("{}/", home.path().trim_end_matches('/'));
        url.origin() == home.origin()
            && (url.path() == home.path() || url.path().starts_with(&directory))
    })
}

fn with_error(mut back: Url, error: &str, client_state: &str) -> Url {
    let description = match error {
        "access_denied" => "The user has denied your application access.",
        _ => "The redirect_uri MUST match the registered callback URL for this application.",
    };
    back.query_pairs_mut()
        .append_pair("error", error)
        .append_pair("error_description", description)
        .append_pair(
            "error_uri",
            "/apps/troubleshooting-authorization-request-errors",
        )
        .append_pair("state", client_state);
    back
}

fn redirect(to: &Url) -> HttpResponse {
    HttpResponse::Found()
        .insert_header((LOCATION, to.as_str()))
        .finish()
}
