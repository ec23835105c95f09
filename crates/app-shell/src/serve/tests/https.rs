//! HTTPS: what is agreed on, what a handler sees of HTTP/2, and what a client gets.

use std::fs;
use std::sync::Arc;

use actix_web::web;
use actix_web::{HttpRequest, HttpResponse};
use http_body_util::{BodyExt as _, Full};
use hyper::client::conn::http2::SendRequest;
use prometheus::{Registry, TextEncoder};
use rcgen::{Certificate, CertifiedKey, generate_simple_self_signed};
use rustls::ClientConfig;
use tempfile::TempDir;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::task::JoinHandle;

use super::{Running, start_with};
use crate::serve::Routes;
use crate::tls::{FollowedCertificate, Tls, install_ring};

type Body = Full<bytes::Bytes>;
type Sender = SendRequest<Body>;

/// A client's side.
pub(super) mod connect {
    use std::net::SocketAddr;
    use std::sync::Arc;

    use hyper_util::rt::{TokioExecutor, TokioIo};
    use rustls::pki_types::ServerName;
    use rustls::{ClientConfig, RootCertStore};
    use tokio::net::TcpStream;
    use tokio_rustls::TlsConnector;
    use tokio_rustls::client::TlsStream;

    use super::{Body, Certificate, JoinHandle, Sender};

    pub(super) fn trusting(certificate: &Certificate) -> ClientConfig {
        super::install_ring();
        let mut roots = RootCertStore::empty();
        roots.add(certificate.der().clone()).unwrap();
        ClientConfig::builder()
            .with_root_certificates(roots)
            .with_no_client_auth()
    }

    pub(super) async fn tls(
        address: SocketAddr,
        mut config: ClientConfig,
        protocols: &[&[u8]],
    ) -> std::io::Result<TlsStream<TcpStream>> {
        config.alpn_protocols = protocols.iter().map(|name| name.to_vec()).collect();
        let name = ServerName::try_from("localhost").unwrap();
        let stream = TcpStream::connect(address).await?;
        TlsConnector::from(Arc::new(config))
            .connect(name, stream)
            .await
    }

    pub(super) async fn http2(
        stream: TlsStream<TcpStream>,
    ) -> (Sender, JoinHandle<hyper::Result<()>>) {
        assert_eq!(stream.get_ref().1.alpn_protocol(), Some(&b"h2"[..]));
        let io = TokioIo::new(stream);
        let handshake = hyper::client::conn::http2::handshake(TokioExecutor::new(), io);
        let (sender, connection) = handshake.await.unwrap();
        (sender, actix_web::rt::spawn(connection))
    }

    pub(in super::super) fn get(path: &str) -> http::Request<Body> {
        let uri = format!("https://verifier.test{path}");
        http::Request::get(uri).body(Body::default()).unwrap()
    }
}

/// A server with a certificate of its own.
pub(super) struct World {
    pub(super) running: Running,
    registry: Registry,
    client: ClientConfig,
    directory: TempDir,
}

fn write(directory: &TempDir, pair: &CertifiedKey<rcgen::KeyPair>) {
    let path = directory.path();
    fs::write(path.join("tls.crt"), pair.cert.pem()).unwrap();
    fs::write(path.join("tls.key"), pair.signing_key.serialize_pem()).unwrap();
}

fn localhost() -> CertifiedKey<rcgen::KeyPair> {
    generate_simple_self_signed(["localhost".to_owned()]).unwrap()
}

impl World {
    pub(super) fn start(routes: Routes) -> Self {
        let directory = tempfile::tempdir().unwrap();
        let pair = localhost();
        write(&directory, &pair);
        let certificate = FollowedCertificate::open(directory.path().to_owned()).unwrap();
        let registry = Registry::new();
        let tls = Tls::new(&certificate, &registry).unwrap();
        certificate.follow();
        Self {
            running: start_with(routes, Some(tls)),
            registry,
            client: connect::trusting(&pair.cert),
            directory,
        }
    }

    pub(super) async fn http2(&self) -> (Sender, JoinHandle<hyper::Result<()>>) {
        let stream = connect::tls(self.running.address, self.client.clone(), &[b"h2"]);
        connect::http2(stream.await.unwrap()).await
    }

    fn figures(&self) -> String {
        let figures = self.registry.gather();
        TextEncoder::new().encode_to_string(&figures).unwrap()
    }
}

/// Answers what it was asked.
fn mirror() -> Routes {
    Arc::new(|config| {
        let answer = |request: HttpRequest, body: web::Bytes| async move {
            let host = request
                .headers()
                .get("host")
                .map(|host| host.to_str().unwrap());
            let twice: Vec<_> = request.headers().get_all("x-twice").collect();
            let line = format!("{} {} {host:?} {twice:?}", request.method(), request.uri());
            HttpResponse::Ok()
                .insert_header(("x-asked", line))
                .append_header(("x-many", "one"))
                .append_header(("x-many", "two"))
                .body(body)
        };
        config.default_service(web::to(answer));
    })
}

#[actix_web::test]
async fn a_handler_sees_http2_as_it_sees_http1() {
    let world = World::start(mirror());
    let (mut sender, _connection) = world.http2().await;
    let mut request = connect::get("/verify/fetch?a=b%20c");
    *request.method_mut() = http::Method::POST;
    *request.body_mut() = Body::from("a body");
    request
        .headers_mut()
        .append("x-twice", "1".parse().unwrap());
    request
        .headers_mut()
        .append("x-twice", "2".parse().unwrap());
    let answer = sender.send_request(request).await.unwrap();
    assert_eq!(answer.status(), 200);
    assert_eq!(
        answer.headers()["x-asked"],
        r#"POST /verify/fetch?a=b%20c Some("verifier.test") ["1", "2"]"#
    );
    let many: Vec<_> = answer.headers().get_all("x-many").iter().collect();
    assert_eq!(many, ["one", "two"]);
    assert_eq!(answer.headers()["content-length"], "6");
    let body = answer.into_body().collect().await.unwrap().to_bytes();
    assert_eq!(body, "a body");
    world.running.end().await;
}

#[actix_web::test]
async fn an_answer_to_head_has_the_length_and_no_body() {
    let world = World::start(Arc::new(|config| {
        config.route(
            "/",
            web::head().to(|| async { HttpResponse::Ok().body("four") }),
        );
    }));
    let (mut sender, _connection) = world.http2().await;
    let mut request = connect::get("/");
    *request.method_mut() = http::Method::HEAD;
    let answer = sender.send_request(request).await.unwrap();
    assert_eq!(answer.headers()["content-length"], "4");
    let body = answer.into_body().collect().await.unwrap().to_bytes();
    assert!(body.is_empty());
    world.running.end().await;
}

#[actix_web::test]
async fn who_does_not_ask_for_http2_gets_http1_and_each_connection_is_counted() {
    let world = World::start(mirror());
    let address = world.running.address;
    for protocols in [&[][..], &[&b"http/1.1"[..]]] {
        let stream = connect::tls(address, world.client.clone(), protocols);
        let mut stream = stream.await.unwrap();
        let request = b"GET / HTTP/1.1\r\nHost: test\r\nConnection: close\r\n\r\n";
        stream.write_all(request).await.unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).await.unwrap();
        assert!(answer.starts_with("HTTP/1.1 200"), "{answer}");
    }
    let (mut sender, _connection) = world.http2().await;
    for _ in 0..3 {
        sender.send_request(connect::get("/")).await.unwrap();
    }
    let stranger = connect::trusting(&localhost().cert);
    assert!(connect::tls(address, stranger, &[b"h2"]).await.is_err());
    for line in [
        r#"gateway_tls_connections_total{protocol="http/1.1"} 2"#,
        r#"gateway_tls_connections_total{protocol="h2"} 1"#,
        r#"gateway_tls_connections_total{protocol="none"} 1"#,
    ] {
        // The server may learn of a client's refusal after the client.
        while !world.figures().contains(line) {
            tokio::time::sleep(std::time::Duration::from_millis(10)).await;
        }
    }
    world.running.end().await;
}

#[actix_web::test]
async fn a_renewed_certificate_is_shown_to_new_connections_and_the_old_ones_stay() {
    let world = World::start(mirror());
    let address = world.running.address;
    let (mut sender, _connection) = world.http2().await;
    let renewed = localhost();
    let client = connect::trusting(&renewed.cert);
    assert!(
        connect::tls(address, client.clone(), &[b"h2"])
            .await
            .is_err()
    );
    write(&world.directory, &renewed);
    while connect::tls(address, client.clone(), &[b"h2"])
        .await
        .is_err()
    {
        let answer = sender.send_request(connect::get("/")).await.unwrap();
        assert_eq!(answer.status(), 200);
        tokio::time::sleep(std::time::Duration::from_millis(50)).await;
    }
    let answer = sender.send_request(connect::get("/")).await.unwrap();
    assert_eq!(answer.status(), 200);
    world.running.end().await;
}

#[actix_web::test]
async fn a_connection_that_asks_nothing_is_closed() {
    let world = World::start(mirror());
    let address = world.running.address;
    // Before the handshake, and after it.
    let mut plain = tokio::net::TcpStream::connect(address).await.unwrap();
    let stream = connect::tls(address, world.client.clone(), &[b"h2"]);
    let mut stream = stream.await.unwrap();
    let (mut one, mut other) = (Vec::new(), Vec::new());
    // An error ends it as well.
    let (_, _) = tokio::join!(plain.read_to_end(&mut one), stream.read_to_end(&mut other));
    world.running.end().await;
}
