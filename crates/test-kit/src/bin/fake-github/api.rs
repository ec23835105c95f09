//! `GET /user`: who the bearer of a token is. `/api/v3` before it is GitHub Enterprise's form.

use actix_web::http::header::{AUTHORIZATION, USER_AGENT};
use actix_web::{Error, HttpRequest, HttpResponse};
use serde_json::json;

use crate::{Shared, lock};

pub(crate) async fn user(state: Shared, request: HttpRequest) -> Result<HttpResponse, Error> {
    // The API turns away whoever does not say who he is.
    if !request.headers().contains_key(USER_AGENT) {
        return Ok(HttpResponse::Forbidden().body(
            "Request forbidden by administrative rules. \
             Please make sure your request has a User-Agent header",
        ));
    }
    let authorization = request
        .headers()
        .get(AUTHORIZATION)
        .and_then(|value| value.to_str().ok());
    let Some(authorization) = authorization else {
        return Ok(unauthorized("Requires authentication"));
    };
    let token = authorization
        .strip_prefix("Bearer ")
        .or(authorization.strip_prefix("token "));
    let state = lock(&state)?;
    let Some(user) = token.and_then(|token| state.tokens.get(token)) else {
        return Ok(unauthorized("Bad credentials"));
    };
    Ok(HttpResponse::Ok().json(json!({
        "login": user.login,
        "id": user.id,
        "node_id": format!("U_{}", user.id),
        "avatar_url": format!("https://avatars.githubusercontent.com/u/{}?v=4", user.id),
        "type": "User",
        "site_admin": false,
        "name": format!("Person {}", user.login),
        "company": null,
        "email": format!("{}@example.org", user.login),
        "created_at": "2011-01-25T18:44:36Z",
    })))
}

fn unauthorized(message: &str) -> HttpResponse {
    HttpResponse::Unauthorized().json(json!({
        "message": message,
        "documentation_url": "https://docs.github.com/rest",
        "status": "401",
    }))
}
