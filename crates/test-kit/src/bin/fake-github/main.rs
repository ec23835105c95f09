//! A stand-in that speaks the part of GitHub that a login uses: authorize, access token, user.
//! It is as strict and as odd as GitHub's documentation says, so that a client that passes here
//! passes there: errors of the token endpoint are `200`, the API refuses a request without a
//! `User-Agent`, a code works once.
//!
//! Nobody types anything: whoever comes to `/login/oauth/authorize` is signed in as the user set
//! by `FAKE_GITHUB_USER` or by `POST /_control`.

mod api;
mod authorize;
mod state;
mod token;

use std::sync::Mutex;

use actix_web::body::MessageBody;
use actix_web::dev::{ServiceRequest, ServiceResponse};
use actix_web::middleware::{Next, from_fn};
use actix_web::{App, Error, HttpResponse, HttpServer, web};

use crate::state::{Control, State};

type Shared = web::Data<Mutex<State>>;

/// The lock of the state; a handler that panicked while it held it ends the stand-in's use.
fn lock(state: &Mutex<State>) -> Result<std::sync::MutexGuard<'_, State>, Error> {
    state
        .lock()
        .map_err(|_| actix_web::error::ErrorInternalServerError("poisoned"))
}

/// `POST /_control`: changes who is signed in and how GitHub behaves; absent members stay.
async fn control(state: Shared, change: web::Json<Control>) -> Result<HttpResponse, Error> {
    lock(&state)?.apply(change.into_inner());
    Ok(HttpResponse::NoContent().finish())
}

/// `GET /_health`: up, even while GitHub pretends to be down.
async fn health() -> HttpResponse {
    HttpResponse::Ok().body("ok")
}

/// `GET /_calls`: how often GitHub was asked for anything.
async fn calls(state: Shared) -> Result<HttpResponse, Error> {
    Ok(HttpResponse::Ok().json(lock(&state)?.calls))
}

/// Counts; and on a bad day everything but the control surface is a `503` page.
async fn github(
    state: Shared,
    request: ServiceRequest,
    next: Next<impl MessageBody + 'static>,
) -> Result<ServiceResponse<impl MessageBody>, Error> {
    let is_control = request.path().starts_with("/_");
    let down = {
        let mut state = lock(&state)?;
        state.calls += u64::from(!is_control);
        state.down && !is_control
    };
    if down {
        let page = HttpResponse::ServiceUnavailable().body("<h1>Unicorn!</h1>");
        return Ok(request.into_response(page).map_into_right_body());
    }
    Ok(next.call(request).await?.map_into_left_body())
}

#[actix_web::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let state = web::Data::new(Mutex::new(State::from_environment()?));
    let listen = state::setting("FAKE_GITHUB_LISTEN")?;
    HttpServer::new(move || {
        App::new()
            .app_data(state.clone())
            .wrap(from_fn(github))
            .route("/_control", web::post().to(control))
            .route("/_health", web::get().to(health))
            .route("/_calls", web::get().to(calls))
            .route(
                "/login/oauth/authorize",
                web::get().to(authorize::authorize),
            )
            .route(
                "/login/oauth/access_token",
                web::post().to(token::access_token),
            )
            .route("/user", web::get().to(api::user))
            .route("/api/v3/user", web::get().to(api::user))
    })
    .workers(1)
    .bind(listen)?
    .run()
    .await?;
    Ok(())
}
