//! The stand-in for a collector of traces as a process of its own, on OTLP's port. Whatever it is
//! told on its command line is for the real one.

use std::sync::{Arc, Mutex};

use actix_web::{App, HttpServer};
use test_kit::collector::{SeenSpan, routes};

#[actix_web::main]
async fn main() -> std::io::Result<()> {
    let shelf: Arc<Mutex<Vec<SeenSpan>>> = Arc::default();
    HttpServer::new(move || App::new().configure(|app| routes(app, &shelf)))
        .workers(1)
        .bind("0.0.0.0:4318")?
        .run()
        .await
}
