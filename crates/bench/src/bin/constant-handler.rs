//! The control: a bare actix-web handler that answers a constant 200 with given headers.
//!
//! `constant-handler ADDRESS NAME VALUE [NAME VALUE…]`. It has as many workers as it finds
//! processors, as our services do.

use std::process::ExitCode;
use std::thread::available_parallelism;

use actix_web::http::header::{HeaderName, HeaderValue};
use actix_web::{App, HttpResponse, HttpServer, web};

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    match actix_web::rt::System::new().block_on(serve(arguments)) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            // Nothing is left to be told but the exit code.
            let _ = std::io::Write::write_fmt(&mut std::io::stderr(), format_args!("{error}\n"));
            ExitCode::FAILURE
        }
    }
}

async fn serve(arguments: Vec<String>) -> bench::Outcome<()> {
    let (address, pairs) = arguments.split_first().ok_or("no address")?;
    let mut headers = Vec::new();
    for pair in pairs.chunks_exact(2) {
        if let [name, value] = pair {
            let name = HeaderName::from_bytes(name.as_bytes())?;
            headers.push((name, HeaderValue::from_str(value)?));
        }
    }
    let server = HttpServer::new(move || {
        App::new()
            .app_data(web::Data::new(headers.clone()))
            .service(web::resource("/verify/{name}").to(answer))
    });
    let workers = available_parallelism().map_or(1, usize::from);
    Ok(server.workers(workers).bind(address)?.run().await?)
}

async fn answer(headers: web::Data<Vec<(HeaderName, HeaderValue)>>) -> HttpResponse {
    let mut answer = HttpResponse::Ok();
    for (name, value) in headers.iter() {
        answer.insert_header((name.clone(), value.clone()));
    }
    answer.finish()
}
