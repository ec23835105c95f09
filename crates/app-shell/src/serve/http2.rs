//! HTTP/2 (RFC 9113) by hyper, in front of an actix application.
//!
//! actix-http's own cannot say GOAWAY, so that a stop would cut requests off, and it stands on
//! h2 0.3, which has an advisory without a mend (RUSTSEC-2026-0258).

use std::cell::Cell;
use std::future::pending;
use std::pin::{Pin, pin};
use std::rc::Rc;
use std::task::{Context, Poll};
use std::time::Duration;

use actix_http::body::{BodySize, BoxBody, MessageBody};
use actix_http::error::PayloadError;
use actix_http::header::{HOST, HeaderName, HeaderValue};
use actix_http::{Method, Payload, Request, Uri, Version};
use actix_service::Service;
use actix_web::HttpResponse;
use actix_web::dev::ServiceResponse;
use bytes::Bytes;
use futures_util::TryStreamExt as _;
use http_body_util::BodyDataStream;
use hyper::body::{Body, Frame, Incoming, SizeHint};
use hyper::server::conn::http2::Builder;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::net::TcpStream;
use tokio::time::{sleep, timeout};
use tokio_rustls::server::TlsStream;

use super::{GRACE_SECONDS, Life, REQUEST_HEAD_LIMIT};

/// An idle connection stays for as long as its client answers these.
const PING_EVERY: Duration = Duration::from_secs(30);
const PONG_LIMIT: Duration = Duration::from_secs(10);
/// Traefik lets 32 KiB of headers in, and tells of the path and the host besides.
const HEADERS_LIMIT: u32 = 64 * 1024;

/// Serves a connection to its end.
pub(super) async fn serve<S>(stream: TlsStream<TcpStream>, app: Rc<S>, life: &Life)
where
    S: Service<Request, Response = ServiceResponse, Error = actix_web::Error> + 'static,
{
    let peer = stream.get_ref().0.peer_addr().ok();
    let asked = Rc::new(Cell::new(false));
    let service = {
        let asked = Rc::clone(&asked);
        service_fn(move |request: http::Request<Incoming>| {
            asked.set(true);
            let head = request.method() == http::Method::HEAD;
            let answered = from_http1(request).map(|mut request| {
                request.head_mut().peer_addr = peer;
                app.call(request)
            });
            async move {
                let response: actix_http::Response<BoxBody> = match answered?.await {
                    Ok(response) => response.into(),
                    Err(error) => HttpResponse::from_error(error).into(),
                };
                into_http1(response, head)
            }
        })
    };
    let mut builder = Builder::new(Local);
    builder
        .timer(TokioTimer::new())
        .keep_alive_interval(PING_EVERY)
        .keep_alive_timeout(PONG_LIMIT)
        .max_header_list_size(HEADERS_LIMIT);
    let mut connection = pin!(builder.serve_connection(TokioIo::new(stream), service));
    let grace = tokio::select! {
        // What goes wrong on a connection is its client's to know.
        _ = connection.as_mut() => return,
        () = life.next_step() => Duration::from_secs(GRACE_SECONDS),
        () = nothing_asked(&asked) => REQUEST_HEAD_LIMIT,
    };
    connection.as_mut().graceful_shutdown();
    let _ = timeout(grace, connection).await;
}

/// Resolves when the time for a first request has passed without one (slow-loris).
async fn nothing_asked(asked: &Cell<bool>) {
    sleep(REQUEST_HEAD_LIMIT).await;
    if asked.get() {
        pending::<()>().await;
    }
}

/// The worker's own thread.
#[derive(Clone)]
struct Local;

impl<F: Future + 'static> hyper::rt::Executor<F> for Local {
    fn execute(&self, future: F) {
        actix_web::rt::spawn(async {
            future.await;
        });
    }
}

/// As the same request over HTTP/1.1 would be: what is asked for is the path, and the host is a
/// header (RFC 9113 section 8.3.1).
fn from_http1(request: http::Request<Incoming>) -> Result<Request, Unspeakable> {
    let (parts, body) = request.into_parts();
    let payload = if body.is_end_stream() {
        Payload::None
    } else {
        let chunks = BodyDataStream::new(body);
        let chunks = chunks.map_err(|error| PayloadError::Io(std::io::Error::other(error)));
        Payload::Stream {
            payload: Box::pin(chunks) as _,
        }
    };
    let mut request = Request::with_payload(payload);
    let head = request.head_mut();
    head.version = Version::HTTP_2;
    head.method = Method::from_bytes(parts.method.as_str().as_bytes()).or(Err(Unspeakable))?;
    let path = parts.uri.path_and_query().map_or("/", |path| path.as_str());
    head.uri = Uri::try_from(path).or(Err(Unspeakable))?;
    if let Some(authority) = parts.uri.authority() {
        let host = HeaderValue::from_str(authority.as_str()).or(Err(Unspeakable))?;
        head.headers.insert(HOST, host);
    }
    for (name, value) in &parts.headers {
        if name == http::header::HOST && head.headers.contains_key(HOST) {
            continue;
        }
        let name = HeaderName::from_bytes(name.as_str().as_bytes()).or(Err(Unspeakable))?;
        let value = HeaderValue::from_bytes(value.as_bytes()).or(Err(Unspeakable))?;
        head.headers.append(name, value);
    }
    Ok(request)
}

fn into_http1(
    response: actix_http::Response<BoxBody>,
    head_only: bool,
) -> Result<http::Response<Answer>, Unspeakable> {
    let (head, body) = response.into_parts();
    let mut builder = http::Response::builder().status(head.status().as_u16());
    for (name, value) in head.headers() {
        builder = builder.header(name.as_str(), value.as_bytes());
    }
    let body = if head_only {
        if let BodySize::Sized(length) = body.size() {
            builder = builder.header(http::header::CONTENT_LENGTH, length);
        }
        BoxBody::new(())
    } else {
        body
    };
    builder.body(Answer(body)).or(Err(Unspeakable))
}

/// What one of the two versions of `http` has and the other has not; their rules are the same.
#[derive(Debug, thiserror::Error)]
#[error("a message that cannot be said in both versions of the crate http")]
struct Unspeakable;

/// The body of an answer.
struct Answer(BoxBody);

impl Body for Answer {
    type Data = Bytes;
    type Error = Box<dyn std::error::Error + Send + Sync>;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Self::Error>>> {
        let chunk = self.0.as_pin_mut().poll_next(context);
        chunk.map(|chunk| chunk.map(|chunk| Ok(Frame::data(chunk.map_err(|e| e.to_string())?))))
    }

    fn is_end_stream(&self) -> bool {
        matches!(self.0.size(), BodySize::None | BodySize::Sized(0))
    }

    fn size_hint(&self) -> SizeHint {
        match self.0.size() {
            BodySize::None => SizeHint::with_exact(0),
            BodySize::Sized(length) => SizeHint::with_exact(length),
            BodySize::Stream => SizeHint::default(),
        }
    }
}
