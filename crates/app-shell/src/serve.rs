//! HTTP services from their first to their last request.

use std::io;
use std::net::TcpListener;
use std::sync::Arc;
use std::time::Duration;

use actix_http::Request;
use actix_service::{IntoServiceFactory as _, ServiceFactoryExt as _};
use actix_web::dev::{AppConfig, Server, ServerHandle, ServiceFactory, ServiceResponse};
use actix_web::http::ConnectionType;
use actix_web::web::{self, ServiceConfig};
use actix_web::{App, HttpResponse, HttpServer, Route, guard};
use serde_json::json;
use tokio::task::{JoinError, JoinSet};

use crate::metrics::RequestCount;
use crate::tls::Tls;

mod http2;
mod https;
mod life;

pub(crate) use life::Life;

/// Longer than Traefik's 90 s of idle upstream connections: were it shorter, Traefik would now and
/// then send a request into a connection that this side is closing.
const KEEP_ALIVE: Duration = Duration::from_mins(2);
/// For a request's head to arrive (slow-loris).
const REQUEST_HEAD_LIMIT: Duration = Duration::from_secs(10);
/// Between saying that it leaves and closing: whoever asks again within it is told, and loses
/// nothing.
const NOTICE: Duration = Duration::from_secs(1);
/// For requests in flight to end once it closes. Container stop periods are longer.
const GRACE_SECONDS: u64 = 20;

/// Adds a service's routes to each worker's application.
pub type Routes = Arc<dyn Fn(&mut ServiceConfig) + Send + Sync>;

/// One HTTP service: its routes, and the listeners that it answers on.
pub struct HttpService {
    /// For log lines and errors.
    pub name: &'static str,
    /// From [`crate::listener::bind`].
    pub listeners: Vec<TcpListener>,
    /// With it the listeners speak HTTPS, HTTP/2 or HTTP/1.1; without it plain HTTP/1.1.
    pub tls: Option<Tls>,
    /// A path that none of them takes is answered by 404 and a few bytes of JSON.
    pub routes: Routes,
    /// Worker threads; anything outside 1 to 512 counts as the nearest of these.
    pub workers: usize,
    /// Counts the answers.
    pub requests: Option<RequestCount>,
}

/// Answers requests until `stop` resolves or a service fails, and returns when all have ended.
///
/// Stopped, it says for a second that it leaves (`/ready` is 503, an answer over HTTP/1.1 closes
/// its connection, HTTP/2 connections get GOAWAY); then no more connections are accepted, and
/// requests in flight get 20 s to end.
///
/// # Errors
/// A service could not start, or ended unasked. The text names it.
pub async fn serve(services: Vec<HttpService>, stop: impl Future<Output = ()>) -> io::Result<()> {
    let life = Life::new();
    let mut running = JoinSet::new();
    let mut handles = Vec::new();
    for service in services {
        let name = service.name;
        let server = start(service, &life).map_err(|error| failed(name, &error))?;
        handles.push(server.handle());
        running.spawn(async move {
            server
                .await
                .map(|()| name)
                .map_err(|error| failed(name, &error))
        });
    }
    let mut outcome = Ok(());
    tokio::select! {
        () = stop => {
            tracing::info!("stopping");
            life.leave();
            tokio::time::sleep(NOTICE).await;
        }
        Some(ended) = running.join_next() => outcome = Err(ended_unasked(ended)),
    }
    life.close();
    handles.iter().for_each(stop_gracefully);
    while let Some(ended) = running.join_next().await {
        outcome = outcome.and(ended.map_err(io::Error::other).flatten().map(|_| ()));
    }
    outcome
}

fn start(mut service: HttpService, life: &Life) -> io::Result<Server> {
    let scheme = if service.tls.is_some() {
        "https"
    } else {
        "http"
    };
    for listener in &service.listeners {
        let address = listener.local_addr()?;
        tracing::info!(service = service.name, scheme, %address, "listening");
    }
    match service.tls.take() {
        Some(tls) => https::start(service, tls, life),
        None => start_plain(service, life),
    }
}

fn start_plain(service: HttpService, life: &Life) -> io::Result<Server> {
    let (routes, requests, life) = (service.routes, service.requests, life.clone());
    let server = HttpServer::new(move || app(&routes, requests.clone(), &life))
        .workers(service.workers.clamp(1, 512))
        .disable_signals()
        // A client that goes away ends the work that is done for it.
        .h1_allow_half_closed(false)
        .keep_alive(KEEP_ALIVE)
        .client_request_timeout(REQUEST_HEAD_LIMIT)
        .shutdown_timeout(GRACE_SECONDS);
    Ok(service
        .listeners
        .into_iter()
        .try_fold(server, HttpServer::listen)?
        .run())
}

/// One worker's application. What is done for each answer is done here and not in a middleware,
/// which would cost an allocation.
fn app(
    routes: &Routes,
    requests: Option<RequestCount>,
    life: &Life,
) -> impl ServiceFactory<
    Request,
    Config = AppConfig,
    Response = ServiceResponse,
    Error = actix_web::Error,
    InitError = (),
> + use<> {
    let (answers, failures, life) = (requests.clone(), requests, life.clone());
    App::new()
        .app_data(life.clone())
        .default_service(web::to(not_found))
        .configure(|config| routes(config))
        .into_factory()
        .map(move |mut answer: ServiceResponse| {
            if let Some(count) = &answers {
                count.add(answer.status());
            }
            if life.is_leaving() {
                let head = answer.response_mut().head_mut();
                head.set_connection_type(ConnectionType::Close);
            }
            answer
        })
        .map_err(move |error: actix_web::Error| {
            if let Some(count) = &failures {
                count.add(error.as_response_error().status_code());
            }
            error
        })
}

/// A route for `GET` and `HEAD`: what can be read can be asked about (RFC 9110 section 9.1).
pub fn get_or_head() -> Route {
    web::route().guard(guard::Any(guard::Get()).or(guard::Head()))
}

async fn not_found() -> HttpResponse {
    HttpResponse::NotFound().json(json!({ "error": "not_found" }))
}

fn stop_gracefully(handle: &ServerHandle) {
    // The command is sent by the call; the end itself is awaited at the server.
    drop(handle.stop(true));
}

fn ended_unasked(ended: Result<io::Result<&'static str>, JoinError>) -> io::Error {
    match ended.map_err(io::Error::other).flatten() {
        Ok(name) => io::Error::other(format!("{name}: ended without being asked to")),
        Err(error) => error,
    }
}

fn failed(name: &str, error: &io::Error) -> io::Error {
    io::Error::new(error.kind(), format!("{name}: {error}"))
}

#[cfg(test)]
mod tests;
