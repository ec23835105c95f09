use std::collections::HashMap;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use actix_web::{HttpRequest, HttpResponse, web};
use reqwest::Url;
use tokio::time::sleep;

use super::{BYTES_LIMIT, RemoteDocument};
use crate::listener::bind;
use crate::serve::{HttpService, serve};

type Answer = (u16, Vec<u8>);

/// A server whose answers a test sets by path, and which counts the requests to each.
#[derive(Clone, Default)]
struct Origin {
    answers: Arc<Mutex<HashMap<String, Answer>>>,
    requests: Arc<Mutex<HashMap<String, usize>>>,
}

impl Origin {
    fn answer(&self, path: &str, status: u16, body: impl Into<Vec<u8>>) {
        self.answers
            .lock()
            .unwrap()
            .insert(path.to_owned(), (status, body.into()));
    }

    fn requests(&self, path: &str) -> usize {
        self.requests
            .lock()
            .unwrap()
            .get(path)
            .copied()
            .unwrap_or_default()
    }

    fn respond(&self, request: &HttpRequest) -> HttpResponse {
        let path = request.path().to_owned();
        let (status, body) = self.answers.lock().unwrap()[&path].clone();
        *self.requests.lock().unwrap().entry(path).or_default() += 1;
        HttpResponse::build(status.try_into().unwrap())
            .insert_header(("location", "/good"))
            .body(body)
    }

    fn start(&self) -> Url {
        let listener = bind("ORIGIN", "127.0.0.1:0".parse().unwrap()).unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let origin = self.clone();
        let routes = Arc::new(move |config: &mut web::ServiceConfig| {
            let origin = origin.clone();
            config.default_service(web::to(move |request: HttpRequest| {
                let answer = origin.respond(&request);
                async move { answer }
            }));
        });
        let service = HttpService {
            name: "origin",
            listeners: vec![listener],
            routes,
            workers: 1,
            tls: None,
            requests: None,
        };
        actix_web::rt::spawn(serve(vec![service], std::future::pending()));
        url.parse().unwrap()
    }
}

fn parse(body: &[u8]) -> Result<String, String> {
    let text = String::from_utf8_lossy(body).into_owned();
    if text.starts_with('{') {
        Ok(text)
    } else {
        Err("no object".to_owned())
    }
}

fn poll(base: &Url, path: &str) -> Arc<RemoteDocument<String>> {
    let every = Duration::from_hours(1);
    RemoteDocument::start(base.join(path).unwrap(), every, parse).unwrap()
}

async fn until(condition: impl Fn() -> bool) {
    while !condition() {
        sleep(Duration::from_millis(5)).await;
    }
}

#[actix_web::test]
async fn nothing_but_a_short_well_formed_200_is_taken() {
    let bad = ["/error", "/redirect", "/long", "/unparsable"];
    let origin = Origin::default();
    origin.answer("/good", 200, "{}");
    origin.answer("/error", 500, "{}");
    origin.answer("/redirect", 302, "{}");
    origin.answer("/long", 200, format!("{{{}", " ".repeat(BYTES_LIMIT)));
    origin.answer("/unparsable", 200, "[]");
    let base = origin.start();

    let documents = bad.map(|path| poll(&base, path));
    // A second request to a path is made only when the first answer was judged.
    until(|| bad.iter().all(|path| origin.requests(path) >= 2)).await;
    assert!(
        documents
            .iter()
            .all(|document| document.current().is_none())
    );
    assert_eq!(origin.requests("/good"), 0);

    // It goes on trying.
    origin.answer("/error", 200, "{}");
    until(|| documents[0].current().is_some()).await;
}

#[actix_web::test]
async fn the_last_good_version_outlives_a_failure() {
    let origin = Origin::default();
    origin.answer("/jwks", 200, "{1}");
    let base = origin.start();
    let document = poll(&base, "/jwks");
    until(|| document.current().is_some()).await;

    let asked_at = document.last_good_asked_at().unwrap();
    origin.answer("/jwks", 500, "");
    for requests in [2, 3] {
        document.refresh_soon();
        until(|| origin.requests("/jwks") == requests).await;
    }
    assert_eq!(document.current().unwrap().as_str(), "{1}");
    assert_eq!(document.last_good_asked_at(), Some(asked_at));

    origin.answer("/jwks", 200, "{2}");
    document.refresh_soon();
    until(|| document.current().unwrap().as_str() == "{2}").await;
    until(|| document.last_good_asked_at() > Some(asked_at)).await;
}
