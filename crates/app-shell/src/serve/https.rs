//! A listener for HTTPS: HTTP/2, and HTTP/1.1 for who asks for nothing better.

use std::io;
use std::mem;
use std::rc::Rc;

use actix_http::HttpService as Http;
use actix_service::{ServiceFactory as _, map_config};
use actix_web::dev::{AppConfig, Server, Service, fn_factory, fn_service};
use tokio::net::TcpStream;
use tokio::time::timeout;
use tokio_rustls::TlsAcceptor;
use tokio_rustls::server::TlsStream;

use super::{GRACE_SECONDS, HttpService, KEEP_ALIVE, Life, REQUEST_HEAD_LIMIT, Routes, app, http2};
use crate::metrics::RequestCount;
use crate::tls::Tls;

/// What the workers share.
#[derive(Clone)]
struct Shared {
    routes: Routes,
    requests: Option<RequestCount>,
    tls: Tls,
    life: Life,
}

/// Starts the workers, and accepts connections.
pub(super) fn start(mut service: HttpService, tls: Tls, life: &Life) -> io::Result<Server> {
    let server = Server::build()
        .workers(service.workers.clamp(1, 512))
        .disable_signals()
        .shutdown_timeout(GRACE_SECONDS);
    let listeners = mem::take(&mut service.listeners);
    let shared = Shared {
        routes: service.routes,
        requests: service.requests,
        tls,
        life: life.clone(),
    };
    let server = listeners.into_iter().try_fold(server, |server, listener| {
        let shared = shared.clone();
        server.listen(service.name, listener, move || {
            let shared = shared.clone();
            fn_factory(move || worker(shared.clone()))
        })
    });
    Ok(server?.run())
}

/// One worker: from a connection to its end, whose reasons are its client's to know.
async fn worker(
    shared: Shared,
) -> Result<impl Service<TcpStream, Response = (), Error = ()> + use<>, ()> {
    let Shared {
        routes,
        requests,
        tls,
        life,
    } = shared;
    let app = || app(&routes, requests.clone(), &life);
    let closing = life.clone();
    let http1 = Http::build()
        .keep_alive(KEEP_ALIVE)
        .client_request_timeout(REQUEST_HEAD_LIMIT)
        .h1_allow_half_closed(false)
        .graceful_shutdown_signal(move || {
            let life = closing.clone();
            async move { life.closing().await }
        })
        .h1(map_config(app(), |()| AppConfig::default()));
    let http1 = Rc::new(http1.new_service(()).await?);
    let http2 = Rc::new(app().new_service(AppConfig::default()).await?);
    let acceptor = TlsAcceptor::from(tls.config());
    Ok(fn_service(move |socket: TcpStream| {
        let (acceptor, tls, life) = (acceptor.clone(), tls.clone(), life.clone());
        let (http1, http2) = (Rc::clone(&http1), Rc::clone(&http2));
        async move {
            let stream = handshake(&acceptor, socket).await;
            tls.count(stream.as_ref());
            let stream = stream.ok_or(())?;
            if stream.get_ref().1.alpn_protocol() == Some(b"h2") {
                http2::serve(stream, http2, &life).await;
                return Ok(());
            }
            let peer = stream.get_ref().0.peer_addr().ok();
            http1.call((stream, peer)).await.map_err(|_| ())
        }
    }))
}

async fn handshake(acceptor: &TlsAcceptor, socket: TcpStream) -> Option<TlsStream<TcpStream>> {
    // Answers are small and wait for nothing; a socket that refuses this is a little slower.
    let _ = socket.set_nodelay(true);
    let stream = timeout(REQUEST_HEAD_LIMIT, acceptor.accept(socket)).await;
    stream.ok().and_then(Result::ok)
}
