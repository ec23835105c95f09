use std::io::{Read as _, Write as _};
use std::net::{SocketAddr, TcpStream};
use std::sync::Arc;

use tokio::sync::oneshot;
use tokio::task::{JoinHandle, spawn_blocking};

use super::{HttpService, Routes, serve};
use crate::listener::bind;
use crate::tls::Tls;

mod https;
mod stop;

struct Running {
    address: SocketAddr,
    stop: oneshot::Sender<()>,
    served: JoinHandle<std::io::Result<()>>,
}

impl Running {
    async fn end(self) {
        self.stop.send(()).unwrap();
        self.served.await.unwrap().unwrap();
    }
}

fn start(routes: Routes) -> Running {
    start_with(routes, None)
}

fn start_with(routes: Routes, tls: Option<Tls>) -> Running {
    let listener = bind("LISTEN_ADDRESS", "127.0.0.1:0".parse().unwrap()).unwrap();
    let address = listener.local_addr().unwrap();
    let service = HttpService {
        name: "test",
        listeners: vec![listener],
        tls,
        routes,
        workers: 1,
        requests: None,
    };
    let (stop, stopped) = oneshot::channel();
    let served = actix_web::rt::spawn(serve(vec![service], async {
        stopped.await.unwrap();
    }));
    Running {
        address,
        stop,
        served,
    }
}

/// Sends a request and reads until the other side closes.
fn exchange(address: SocketAddr, path: &str, connection: &str) -> String {
    let mut stream = TcpStream::connect(address).unwrap();
    write!(
        stream,
        "GET {path} HTTP/1.1\r\nHost: test\r\nConnection: {connection}\r\n\r\n"
    )
    .unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    answer
}

#[actix_web::test]
async fn a_path_that_nobody_takes_is_a_404_without_html() {
    let running = start(Arc::new(|_| {}));
    let answer = spawn_blocking(move || exchange(running.address, "/nowhere", "close"));
    let answer = answer.await.unwrap();
    assert!(answer.starts_with("HTTP/1.1 404 Not Found\r\n"), "{answer}");
    assert!(
        answer.contains("content-type: application/json\r\n"),
        "{answer}"
    );
    assert!(
        answer.ends_with("\r\n\r\n{\"error\":\"not_found\"}"),
        "{answer}"
    );
    running.end().await;
}
