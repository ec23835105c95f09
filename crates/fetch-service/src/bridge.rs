//! From actix-web (http 0.2) to rmcp's service (http 1) and back.

use actix_web::http::Method;
use actix_web::{HttpMessage as _, HttpRequest, HttpResponse, HttpResponseBuilder, web};
use app_shell::traces;
use bytes::Bytes;
use http_body_util::combinators::BoxBody;
use http_body_util::{BodyDataStream, BodyExt, Full};
use rmcp::model::{ClientJsonRpcMessage, ClientNotification, ErrorCode};
use rmcp::transport::streamable_http_server::StreamableHttpService;
use rmcp::transport::streamable_http_server::session::never::NeverSessionManager;
use serde_json::json;
use token_core::assertion::Identity;

use crate::batch;
use crate::calls::Calls;
use crate::server::FetchServer;

/// The MCP transport; one for all workers.
pub(crate) type McpService = StreamableHttpService<FetchServer, NeverSessionManager>;

/// What it answers.
pub(crate) type McpResponse = http::Response<BoxBody<Bytes, std::convert::Infallible>>;

/// Answers one request of an identified person.
pub(crate) async fn answer(
    service: &McpService,
    calls: &Calls,
    identity: Identity,
    request: &HttpRequest,
    body: web::Bytes,
) -> HttpResponse {
    if request.method() == Method::POST && request.content_type() == "application/json" {
        let heard = |message| cancel(calls, &identity, message);
        if batch::is_one(&body) {
            return batch::answer(service, &identity, request, &body, heard).await;
        }
        match serde_json::from_slice(&body) {
            Ok(message) => heard(message),
            Err(error) => return malformed(&error),
        }
    }
    match to_http1(identity, request, body) {
        Ok(request) => from_http1(service.handle(request).await).await,
        Err(_) => HttpResponse::BadRequest().finish(),
    }
}

/// Another call of the same person and client may be meant.
fn cancel(calls: &Calls, identity: &Identity, message: ClientJsonRpcMessage) {
    if let ClientJsonRpcMessage::Notification(message) = message
        && let ClientNotification::CancelledNotification(cancelled) = message.notification
        && let Some(id) = cancelled.params.request_id
    {
        calls.cancel(identity, &id);
    }
}

/// JSON-RPC's own errors (2.0 section 5.1) for a body that is no message; rmcp would call it an
/// unsupported media type.
pub(crate) fn malformed(error: &serde_json::Error) -> HttpResponse {
    if error.is_data() {
        invalid("not a JSON-RPC message")
    } else {
        refused(ErrorCode::PARSE_ERROR, "not JSON")
    }
}

/// JSON that is not what is taken here.
pub(crate) fn invalid(message: &str) -> HttpResponse {
    refused(ErrorCode::INVALID_REQUEST, message)
}

fn refused(code: ErrorCode, message: &str) -> HttpResponse {
    let error = json!({ "jsonrpc": "2.0", "error": { "code": code, "message": message } });
    HttpResponse::BadRequest().json(error)
}

pub(crate) fn to_http1(
    identity: Identity,
    request: &HttpRequest,
    body: web::Bytes,
) -> http::Result<http::Request<Full<Bytes>>> {
    let mut builder = http::Request::builder()
        .method(request.method().as_str())
        .uri(request.uri().to_string());
    for (name, value) in request.headers() {
        builder = builder.header(name.as_str(), value.as_bytes());
    }
    // The tool finds both in the request's parts: it runs in a task of its own.
    let builder = builder.extension(identity).extension(traces::here());
    builder.body(Full::new(body))
}

pub(crate) async fn from_http1(response: McpResponse) -> HttpResponse {
    let (head, body) = response.into_parts();
    let mut builder = builder(head.status);
    for (name, value) in &head.headers {
        builder.append_header((name.as_str(), value.as_bytes()));
    }
    // A body whose length is known is sent whole; an event stream as it comes.
    if http_body::Body::size_hint(&body).exact().is_none() {
        return builder.streaming(BodyDataStream::new(body));
    }
    match body.collect().await {
        Ok(whole) => builder.body(whole.to_bytes()),
        Err(never) => match never {},
    }
}

fn builder(status: http::StatusCode) -> HttpResponseBuilder {
    let status = actix_web::http::StatusCode::from_u16(status.as_u16());
    HttpResponse::build(status.unwrap_or(actix_web::http::StatusCode::INTERNAL_SERVER_ERROR))
}
