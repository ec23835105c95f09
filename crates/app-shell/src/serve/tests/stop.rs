//! A stop: who is told, who is served to the end, and who is closed.

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{SocketAddr, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use actix_web::{HttpResponse, web};
use tokio::sync::Notify;
use tokio::task::{JoinSet, spawn_blocking};

use super::https::{World, connect};
use super::{exchange, start};
use crate::health::{self, AlwaysReady};
use crate::serve::Routes;

/// Takes a little time, so that a stop finds requests in flight.
fn busy() -> Routes {
    Arc::new(|config| {
        let answer = || async {
            tokio::time::sleep(Duration::from_millis(5)).await;
            HttpResponse::Ok().body("done")
        };
        config.route("/", web::get().to(answer));
    })
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

#[actix_web::test]
async fn whoever_is_to_stop_says_first_that_it_is_not_ready() {
    let running = start(Arc::new(|config| {
        health::routes(config, Arc::new(AlwaysReady));
    }));
    let address = running.address;
    let asked = Arc::new(AtomicUsize::new(0));
    let count = Arc::clone(&asked);
    let probe = spawn_blocking(move || {
        loop {
            let answer = exchange(address, "/ready", "close");
            count.fetch_add(1, Ordering::Relaxed);
            if !answer.starts_with("HTTP/1.1 200") {
                return answer;
            }
        }
    });
    while asked.load(Ordering::Relaxed) == 0 {
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
    running.stop.send(()).unwrap();
    let answer = probe.await.unwrap();
    assert!(answer.starts_with("HTTP/1.1 503"), "{answer}");
    assert!(answer.contains("asked to stop"), "{answer}");
    running.served.await.unwrap().unwrap();
}

/// Asks on one connection, one request after the other, until an answer says that it closes.
fn ask_until_told(address: SocketAddr, answered: &AtomicUsize) {
    let mut stream = TcpStream::connect(address).unwrap();
    let mut reader = BufReader::new(stream.try_clone().unwrap());
    loop {
        write!(stream, "GET / HTTP/1.1\r\nHost: test\r\n\r\n").unwrap();
        let mut head = String::new();
        while !head.ends_with("\r\n\r\n") {
            let read = reader.read_line(&mut head).unwrap();
            assert!(read > 0, "closed instead of an answer, after {head:?}");
        }
        assert!(head.starts_with("HTTP/1.1 204"), "{head}");
        answered.fetch_add(1, Ordering::Relaxed);
        if head.contains("connection: close") {
            return;
        }
    }
}

#[actix_web::test]
async fn busy_keep_alive_connections_are_told_before_they_are_closed() {
    // It answers at once: most connections are between two requests when the stop comes.
    let running = start(Arc::new(|config| {
        config.route("/", web::get().to(HttpResponse::NoContent));
    }));
    let address = running.address;
    let answered = Arc::new(AtomicUsize::new(0));
    let mut clients = JoinSet::new();
    for _ in 0..16 {
        let answered = Arc::clone(&answered);
        clients.spawn_blocking(move || ask_until_told(address, &answered));
    }
    while answered.load(Ordering::Relaxed) < 200 {
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
    running.stop.send(()).unwrap();
    while let Some(client) = clients.join_next().await {
        client.unwrap();
    }
    running.served.await.unwrap().unwrap();
}

#[actix_web::test]
async fn a_busy_http2_connection_is_told_before_it_is_closed_and_loses_no_request() {
    let world = World::start(busy());
    let (sender, connection) = world.http2().await;
    let answered = Arc::new(AtomicUsize::new(0));
    let mut clients = JoinSet::new();
    for _ in 0..8 {
        let (mut sender, answered) = (sender.clone(), Arc::clone(&answered));
        clients.spawn_local(async move {
            loop {
                let request = connect::get("/");
                match sender.send_request(request).await {
                    Ok(answer) => assert_eq!(answer.status(), 200),
                    // It was told, and so did not send.
                    Err(error) => return assert!(error.is_canceled(), "{error:?}"),
                }
                answered.fetch_add(1, Ordering::Relaxed);
            }
        });
    }
    drop(sender);
    while answered.load(Ordering::Relaxed) < 100 {
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
    let running = world.running;
    running.stop.send(()).unwrap();
    while let Some(client) = clients.join_next().await {
        client.unwrap();
    }
    connection.await.unwrap().unwrap();
    running.served.await.unwrap().unwrap();
}
