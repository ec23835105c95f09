//! Servers on every address of the namespace at once. They count every connection before a byte
//! of it is read, and the kernel counts every attempt to make one, to whatever port.

use std::convert::Infallible;
use std::net::{IpAddr, SocketAddr};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use bytes::Bytes;
use http::{Request, Response};
use http_body_util::Full;
use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper_util::rt::{TokioExecutor, TokioIo};
use hyper_util::server::conn::auto;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpListener, TcpStream};
use tokio_rustls::TlsAcceptor;

use crate::dns::NameServer;
use crate::tls::Certificates;

/// Where the servers listen; the kernel's count covers the rest.
const PORTS: [u16; 8] = [80, 443, 8080, 8443, 22, 25, 6379, 11211];
/// The first byte of a TLS handshake (RFC 8446 section 5.1).
const HANDSHAKE: u8 = 22;

/// The internet of the test.
#[derive(Clone)]
pub(crate) struct Internet {
    pub(crate) names: NameServer,
    visits: Arc<Mutex<Vec<SocketAddr>>>,
    attempts_before: usize,
}

impl Internet {
    pub(crate) async fn start(names: NameServer, certificates: &Certificates) -> Self {
        let internet = Self {
            names,
            visits: Arc::default(),
            attempts_before: attempts(),
        };
        for port in PORTS {
            let listener = TcpListener::bind(("::", port)).await.unwrap();
            let visits = Arc::clone(&internet.visits);
            let tls = certificates.acceptor();
            tokio::spawn(async move {
                while let Ok((stream, _)) = listener.accept().await {
                    let visited = stream.local_addr().unwrap();
                    let visited = SocketAddr::new(visited.ip().to_canonical(), port);
                    visits.lock().unwrap().push(visited);
                    tokio::spawn(serve(stream, visited.ip(), tls.clone()));
                }
            });
        }
        internet
    }

    /// Every connection so far, by the address that it was made to; waits until there are as many
    /// as the kernel says were tried.
    pub(crate) async fn visits(&self) -> Vec<SocketAddr> {
        let tried = || attempts() - self.attempts_before;
        let visits = || self.visits.lock().unwrap().clone();
        for _ in 0..500 {
            if visits().len() == tried() {
                break;
            }
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        let visits = visits();
        assert_eq!(visits.len(), tried(), "not all attempts came: {visits:?}");
        visits
    }
}

/// `ActiveOpens` of RFC 4022, for this namespace.
fn attempts() -> usize {
    let counters = std::fs::read_to_string("/proc/net/snmp").unwrap();
    let mut tcp = counters.lines().filter(|line| line.starts_with("Tcp:"));
    let (names, values) = (tcp.next().unwrap(), tcp.next().unwrap());
    let mut columns = names.split(' ').zip(values.split(' '));
    let (_, value) = columns.find(|(name, _)| *name == "ActiveOpens").unwrap();
    value.parse().unwrap()
}

async fn serve(stream: TcpStream, visited: IpAddr, tls: TlsAcceptor) {
    let mut first = [0];
    if stream.peek(&mut first).await.is_ok_and(|count| count == 0) {
        return;
    }
    if first == [HANDSHAKE] {
        if let Ok(stream) = tls.accept(stream).await {
            answer_all(stream, visited).await;
        }
    } else {
        answer_all(stream, visited).await;
    }
}

async fn answer_all(stream: impl AsyncRead + AsyncWrite + Send + Unpin + 'static, visited: IpAddr) {
    let service = service_fn(move |request| {
        std::future::ready(Ok::<_, Infallible>(answer(&request, visited)))
    });
    let server = auto::Builder::new(TokioExecutor::new());
    let _ = server.serve_connection(TokioIo::new(stream), service).await;
}

/// `/to?URL` redirects there, `/count/N?URL` after N more redirects; `/headers/N` has a header of N
/// bytes; everything else is a page.
fn answer(request: &Request<Incoming>, visited: IpAddr) -> Response<Full<Bytes>> {
    let uri = request.uri();
    let mut words = uri.path().trim_start_matches('/').split('/');
    let (kind, number) = (words.next(), words.next());
    let number = number.and_then(|number| number.parse::<usize>().ok());
    let target = uri.query().unwrap_or_default().replace("%23", "#");
    let response = match (kind, number) {
        (Some("to"), _) | (Some("count"), Some(0)) => redirect(&target),
        (Some("count"), Some(number)) => redirect(&format!("/count/{}?{target}", number - 1)),
        (Some("headers"), Some(number)) => Response::builder().header("x-long", "x".repeat(number)),
        _ => Response::builder(),
    };
    let response = if request.version() == http::Version::HTTP_2 {
        response
    } else {
        response.header("connection", "close")
    };
    let page = Full::from(format!("page at {visited}"));
    response.body(page).unwrap()
}

fn redirect(target: &str) -> http::response::Builder {
    Response::builder().status(302).header("location", target)
}
