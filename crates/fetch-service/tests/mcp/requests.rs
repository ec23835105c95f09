//! What a site hears of us.

use std::sync::{Arc, Mutex};

use actix_web::HttpResponse;
use serde_json::json;

use crate::support::{Service, Site};

/// The headers that came with `/robots.txt` and with the page.
async fn heard(settings: &[(&str, &str)]) -> Vec<Vec<(String, String)>> {
    let heard = Arc::new(Mutex::new(Vec::new()));
    let hearing = Arc::clone(&heard);
    let site = Site::answering(move |request, _| {
        let headers = request
            .headers()
            .iter()
            .map(|(name, value)| (name.as_str().to_owned(), value.to_str().unwrap().to_owned()));
        let mut headers: Vec<_> = headers.filter(|(name, _)| name != "host").collect();
        headers.sort();
        hearing.lock().unwrap().push(headers);
        HttpResponse::Ok().content_type("text/plain").body("")
    });
    let service = Service::opened_with(&site.url, settings);
    service.fetch(json!({ "url": site.url })).await;
    std::mem::take(&mut *heard.lock().unwrap())
}

#[actix_web::test]
async fn we_say_who_we_are_and_that_we_prefer_markdown() {
    let version = env!("CARGO_PKG_VERSION");
    for (setting, contact) in [
        (None, "https://auth.example.com"),
        (
            Some("https://example.com/about?x=1"),
            "https://example.com/about?x=1",
        ),
        (Some("mailto:web@example.com"), "mailto:web@example.com"),
    ] {
        let settings: Vec<_> = setting
            .map(|url| ("FETCH_CONTACT_URL", url))
            .into_iter()
            .collect();
        let heard = heard(&settings).await;
        assert_eq!(heard.len(), 2);
        let who = format!("mcp-fetch/{version} (+{contact})");
        for headers in &heard {
            assert_eq!(headers.len(), 3, "{headers:?}");
            let value = |name: &str| {
                let header = headers.iter().find(|(given, _)| given == name);
                header.unwrap().1.as_str()
            };
            assert_eq!(value("user-agent"), who);
            assert_eq!(value("accept-encoding"), "gzip, br, zstd");
        }
        let accept = &heard[1]
            .iter()
            .find(|(name, _)| name == "accept")
            .unwrap()
            .1;
        assert!(
            accept.starts_with("text/markdown, text/html;q=0.9, "),
            "{accept}"
        );
    }
}
