use std::io::{Read as _, Write as _};
use std::net::{SocketAddr, TcpStream};
use std::sync::Arc;

use actix_web::{HttpResponse, web};
use tokio::sync::{Notify, oneshot};
use tokio::task::{JoinHandle, spawn_blocking};

use super::{HttpService, Routes, serve};
use crate::listener::bind;

struct Running {
    address: SocketAddr,
    stop: oneshot::Sender<()>,
    served: JoinHandle<std::io::Result<()>>,
}

fn start(routes: Routes) -> Running {
    let listener = bind("LISTEN_ADDRESS", "127.0.0.1:0".parse().unwrap()).unwrap();
    let address = listener.local_addr().unwrap();
    let service = HttpService {
        name: "test",
        listeners: vec![listener],
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
    running.stop.send(()).unwrap();
    running.served.await.unwrap().unwrap();
}

#[actix_web::test]
async fn a_stop_lets_a_request_in_flight_end() {
    let entered = Arc::new(Notify::new());
    let release = Arc::new(Notify::new());
    let handler = {
        let (entered, release) = (Arc::clone(&entered), Arc::clone(&release));
        move || {
            let (entered, release) = (Arc::clone(&entered), Arc::clone(&release));
            async move {
                entered.notify_one();
                release.notified().await;
                HttpResponse::Ok().body("done")
            }
        }
    };
    let running = start(Arc::new(move |config| {
        config.route("/slow", web::get().to(handler.clone()));
    }));
    let address = running.address;
    let answer = spawn_blocking(move || exchange(address, "/slow", "close"));
    entered.notified().await;
    running.stop.send(()).unwrap();
    spawn_blocking(move || while TcpStream::connect(address).is_ok() {})
        .await
        .unwrap();
    release.notify_one();
    let answer = answer.await.unwrap();
    assert!(answer.starts_with("HTTP/1.1 200 OK\r\n"), "{answer}");
    assert!(answer.ends_with("done"), "{answer}");
    running.served.await.unwrap().unwrap();
}

#[actix_web::test]
async fn a_stop_closes_an_idle_connection() {
    let running = start(Arc::new(|config| {
        config.route("/", web::get().to(HttpResponse::NoContent));
    }));
    let address = running.address;
    let mut idle = spawn_blocking(move || {
        let mut stream = TcpStream::connect(address).unwrap();
        write!(stream, "GET / HTTP/1.1\r\nHost: test\r\n\r\n").unwrap();
        let mut start = [0; 12];
        stream.read_exact(&mut start).unwrap();
        assert_eq!(&start, b"HTTP/1.1 204");
        stream
    })
    .await
    .unwrap();
    running.stop.send(()).unwrap();
    running.served.await.unwrap().unwrap();
    assert!(idle.read_to_end(&mut Vec::new()).is_ok());
}
