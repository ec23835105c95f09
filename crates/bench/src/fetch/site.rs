//! Pages on loopback: articles without end, one of any size, a deep one, and the corpus.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::net::{SocketAddr, TcpListener};
use std::path::Path;
use std::sync::Arc;

use actix_web::web::Bytes;
use actix_web::{App, HttpRequest, HttpResponse, HttpServer, web};

use crate::Outcome;

/// Bytes of the article that load is made with.
pub const ARTICLE: usize = 50_000;
/// How deep the deep page nests.
pub const LEVELS: usize = 100_000;

/// A server of pages, on a thread of this process; both sides ask the same one.
#[derive(Debug)]
pub struct Site {
    /// Where it is.
    pub address: SocketAddr,
    /// The paths of the corpus.
    pub corpus: Vec<String>,
}

impl Site {
    /// Serves articles and the HTML pages of this directory.
    pub fn start(corpus: &Path) -> Outcome<Self> {
        let pages = Arc::new(read(corpus)?);
        let paths = pages.keys().cloned().collect();
        let listener = TcpListener::bind("127.0.0.1:0")?;
        let address = listener.local_addr()?;
        let article_page = Bytes::from(article(ARTICLE));
        std::thread::spawn(move || {
            actix_web::rt::System::new().block_on(async move {
                let server = HttpServer::new(move || {
                    let (pages, page) = (Arc::clone(&pages), article_page.clone());
                    let answer = move |request: HttpRequest| {
                        std::future::ready(answer(&request, &pages, &page))
                    };
                    App::new().default_service(web::to(answer))
                });
                let server = server.workers(1).disable_signals().listen(listener);
                match server {
                    Ok(server) => server.run().await,
                    Err(error) => Err(error),
                }
            })
        });
        Ok(Self {
            address,
            corpus: paths,
        })
    }

    /// The URL of a path.
    pub fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.address)
    }
}

fn answer(
    request: &HttpRequest,
    pages: &BTreeMap<String, Bytes>,
    article_page: &Bytes,
) -> HttpResponse {
    let path = request.path();
    let number = |prefix| path.strip_prefix(prefix)?.split('/').next()?.parse().ok();
    let page = if path.starts_with("/article/") {
        article_page.clone()
    } else if let Some(size) = number("/size/") {
        article(size).into()
    } else if path.starts_with("/deep/") {
        deep().into()
    } else if let Some(page) = pages.get(path) {
        page.clone()
    } else {
        return HttpResponse::NotFound().finish();
    };
    HttpResponse::Ok()
        .content_type("text/html; charset=utf-8")
        .body(page)
}

/// The HTML files of a directory, by their paths here.
fn read(directory: &Path) -> Outcome<BTreeMap<String, Bytes>> {
    let files = std::fs::read_dir(directory)
        .map_err(|error| format!("no corpus in {}: {error}", directory.display()))?;
    let mut pages = BTreeMap::new();
    for file in files {
        let path = file?.path();
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        if name.ends_with(".html") {
            pages.insert(format!("/corpus/{name}"), std::fs::read(&path)?.into());
        }
    }
    Ok(pages)
}

/// An article of about so many bytes, with what articles have.
fn article(size: usize) -> String {
    let mut page = "<!doctype html><html lang=en><head><title>An article</title></head><body>\
                    <nav><a href=/>Home</a> <a href=/all>All</a></nav><main><article>\
                    <h1>An article</h1>"
        .to_owned();
    let mut number = 0;
    while page.len() < size {
        number += 1;
        // Writing into a String cannot fail.
        let _ = write!(
            page,
            "<h2>Section {number}</h2><p>The <em>first</em> paragraph of section {number} says, \
             in a few more words than it needs, what the <a href=\"/section/{number}\">section</a> \
             is about, so that it counts as text and not as a menu, with commas, and full stops. \
             A second sentence follows the first one, as in any article that people read.</p>\
             <ul><li>one thing<li>another, with <code>code</code></ul>\
             <pre><code class=language-rust>fn section() -> u32 {{ {number} }}</code></pre>"
        );
    }
    page.push_str("</article></main><footer>About us</footer></body></html>");
    page
}

fn deep() -> String {
    format!("<p>Start</p>{}End", "<div>".repeat(LEVELS))
}
