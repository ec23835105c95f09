//! Batches of JSON-RPC messages (JSON-RPC 2.0 section 6). MCP 2025-03-26 alone has them, and has
//! every server receive them ("Batching"). Each message is answered as if it had come by itself, so
//! each call pays its quota; one that is no message spoils the batch before anything is done.

use actix_web::http::header::HeaderMap;
use actix_web::web::Bytes;
use actix_web::{HttpRequest, HttpResponse};
use futures_util::future::try_join_all;
use http::StatusCode;
use http_body_util::{BodyExt as _, Full};
use rmcp::model::{ClientJsonRpcMessage, ClientRequest};
use serde::Deserialize as _;
use serde_json::Value;
use token_core::assertion::Identity;

use crate::bridge::{McpResponse, McpService, from_http1, invalid, malformed, to_http1};

/// Messages in one batch.
const LONGEST: usize = 16;
/// The version that has them. A request without this header is of it, since it had no such header.
const VERSION_HEADER: &str = "mcp-protocol-version";
const VERSION: &[u8] = b"2025-03-26";

/// A message of a batch, which has an answer of its own or none.
struct Message {
    parsed: ClientJsonRpcMessage,
    json: Bytes,
}

/// A batch that is not taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
enum BatchError {
    #[error("only MCP 2025-03-26 has batches: send each message by itself")]
    Version,
    #[error("a batch has 1 to {LONGEST} messages")]
    Length,
    #[error("a message of the batch is not a JSON-RPC request or notification")]
    NoMessage,
    #[error("initialize must not be part of a batch")]
    Initialize,
}

/// Whether the body is an array, and so no single message.
pub(crate) fn is_one(body: &[u8]) -> bool {
    body.trim_ascii_start().starts_with(b"[")
}

/// Answers all messages of `body`, which is JSON: 202 where none of them has an answer.
pub(crate) async fn answer(
    service: &McpService,
    identity: &Identity,
    request: &HttpRequest,
    body: &[u8],
    heard: impl Fn(ClientJsonRpcMessage),
) -> HttpResponse {
    let messages = match serde_json::from_slice(body) {
        Ok(messages) => messages,
        Err(error) => return malformed(&error),
    };
    let messages = match checked(request.headers(), messages) {
        Ok(messages) => messages,
        Err(error) => return invalid(&error.to_string()),
    };
    let answers = messages.into_iter().map(async |Message { parsed, json }| {
        heard(parsed);
        let Ok(request) = to_http1(identity.clone(), request, json) else {
            return Err(HttpResponse::BadRequest().finish());
        };
        value(service.handle(request).await).await
    });
    match try_join_all(answers).await {
        Ok(answers) => {
            let answers: Vec<Value> = answers.into_iter().flatten().collect();
            if answers.is_empty() {
                HttpResponse::Accepted().finish()
            } else {
                HttpResponse::Ok().json(answers)
            }
        }
        Err(response) => response,
    }
}

fn checked(headers: &HeaderMap, messages: Vec<Value>) -> Result<Vec<Message>, BatchError> {
    let mut versions = headers.get_all(VERSION_HEADER);
    if versions.any(|version| version.as_bytes() != VERSION) {
        return Err(BatchError::Version);
    }
    if !(1..=LONGEST).contains(&messages.len()) {
        return Err(BatchError::Length);
    }
    messages.into_iter().map(message).collect()
}

fn message(mut json: Value) -> Result<Message, BatchError> {
    // Progress is told on a stream, and here all answers are one object of JSON.
    if let Some(meta) = json
        .pointer_mut("/params/_meta")
        .and_then(Value::as_object_mut)
    {
        meta.remove("progressToken");
    }
    let parsed = ClientJsonRpcMessage::deserialize(&json).map_err(|_| BatchError::NoMessage)?;
    match &parsed {
        ClientJsonRpcMessage::Request(request)
            if matches!(request.request, ClientRequest::InitializeRequest(_)) =>
        {
            Err(BatchError::Initialize)
        }
        ClientJsonRpcMessage::Request(_) | ClientJsonRpcMessage::Notification(_) => Ok(Message {
            parsed,
            json: json.to_string().into(),
        }),
        _ => Err(BatchError::NoMessage),
    }
}

/// The message of an answer, where it is one. What is none refuses the HTTP request, and would
/// refuse it with each of the others.
async fn value(response: McpResponse) -> Result<Option<Value>, HttpResponse> {
    if response.status() == StatusCode::ACCEPTED {
        return Ok(None);
    }
    let (head, body) = response.into_parts();
    let body = match body.collect().await {
        Ok(whole) => whole.to_bytes(),
        Err(never) => match never {},
    };
    match serde_json::from_slice(&body) {
        Ok(Value::Object(message)) => Ok(Some(Value::Object(message))),
        _ => Err(from_http1(http::Response::from_parts(head, Full::new(body).boxed())).await),
    }
}
