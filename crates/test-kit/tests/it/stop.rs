//! The verifier is told to stop (SIGTERM) while it is asked as fast as it answers.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use bytes::Bytes;
use http::Request;
use http_body_util::{BodyExt as _, Empty};
use hyper::client::conn::{http1, http2};
use hyper_util::rt::{TokioExecutor, TokioIo};
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, ServerName};
use rustls::{ClientConfig, RootCertStore};
use test_kit::stack::Stack;
use tokio::net::TcpStream;
use tokio::task::JoinSet;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;

const KEEP_ALIVE_CLIENTS: usize = 16;
const HTTP2_CONNECTIONS: usize = 2;
const STREAMS_EACH: usize = 16;

/// The question that Traefik asks, for a request that may pass.
fn question(scheme: &str, token: &str) -> Request<Empty<Bytes>> {
    Request::get(format!("{scheme}://localhost/verify/fetch"))
        .header("Host", "localhost")
        .header("Authorization", format!("Bearer {token}"))
        .header("X-Forwarded-Method", "POST")
        .header("X-Forwarded-Proto", "https")
        .header("X-Forwarded-Host", "fetch.gateway.test")
        .header("X-Forwarded-Uri", "/mcp")
        .header("X-Forwarded-For", "203.0.113.9")
        .body(Empty::new())
        .unwrap()
}

async fn https(address: SocketAddr, ca: &str) -> TlsStream<TcpStream> {
    let mut roots = RootCertStore::empty();
    let ca = CertificateDer::from_pem_slice(ca.as_bytes()).unwrap();
    roots.add(ca).unwrap();
    let mut config = ClientConfig::builder()
        .with_root_certificates(roots)
        .with_no_client_auth();
    config.alpn_protocols = vec![b"h2".to_vec()];
    let stream = TcpStream::connect(address).await.unwrap();
    TlsConnector::from(Arc::new(config))
        .connect(ServerName::try_from("localhost").unwrap(), stream)
        .await
        .unwrap()
}

/// Asks on one connection until an answer says that it closes.
async fn keep_alive(address: SocketAddr, token: String, answered: Arc<AtomicUsize>) {
    let stream = TcpStream::connect(address).await.unwrap();
    let (mut sender, connection) = http1::handshake(TokioIo::new(stream)).await.unwrap();
    let connection = tokio::spawn(connection);
    loop {
        let answer = sender.send_request(question("http", &token)).await.unwrap();
        assert_eq!(answer.status(), 200);
        let closes = answer
            .headers()
            .get("connection")
            .is_some_and(|it| it == "close");
        answer.into_body().collect().await.unwrap();
        answered.fetch_add(1, Ordering::Relaxed);
        if closes {
            return connection.await.unwrap().unwrap();
        }
        sender.ready().await.unwrap();
    }
}

/// Asks on one stream after the other until the connection takes no more.
async fn streams(
    mut sender: http2::SendRequest<Empty<Bytes>>,
    token: String,
    answered: Arc<AtomicUsize>,
) {
    loop {
        match sender.send_request(question("https", &token)).await {
            Ok(answer) => assert_eq!(answer.status(), 200),
            // It was told, and so did not send; or what it sent meanwhile was not looked at, which
            // is as good (RFC 9113 section 6.8: it may be sent again elsewhere).
            Err(error) => {
                let told =
                    error.is_canceled() || format!("{error:?}").contains("GoAway(b\"\", NO_ERROR");
                return assert!(told, "{error:?}");
            }
        }
        answered.fetch_add(1, Ordering::Relaxed);
    }
}

#[actix_web::test]
async fn a_verifier_that_gets_sigterm_under_load_answers_every_request() {
    let mut stack = Stack::start().await;
    let mut client = stack.client("fetch").await;
    let token = stack.tokens(&mut client).await.access;
    let (by_http1, by_http2) = (Arc::default(), Arc::default());
    let mut clients = JoinSet::new();
    for _ in 0..KEEP_ALIVE_CLIENTS {
        let to = stack.edge.forward_auth;
        clients.spawn(keep_alive(to, token.clone(), Arc::clone(&by_http1)));
    }
    let mut connections = Vec::new();
    for _ in 0..HTTP2_CONNECTIONS {
        let stream = TokioIo::new(https(stack.verifier_https, &stack.internal_ca()).await);
        let handshake = http2::handshake(TokioExecutor::new(), stream).await;
        let (sender, connection) = handshake.unwrap();
        connections.push(tokio::spawn(connection));
        for _ in 0..STREAMS_EACH {
            clients.spawn(streams(
                sender.clone(),
                token.clone(),
                Arc::clone(&by_http2),
            ));
        }
    }
    let answered = |count: &AtomicUsize| count.load(Ordering::Relaxed);
    while answered(&by_http1).min(answered(&by_http2)) < 300 {
        assert!(clients.try_join_next().is_none(), "nobody was told yet");
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    stack.verifiers[0].signal("TERM");
    while let Some(ended) = clients.join_next().await {
        ended.unwrap();
    }
    for connection in connections {
        connection.await.unwrap().unwrap();
    }
    assert!(stack.verifiers[0].ended().await.success());
}
