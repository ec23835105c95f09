//! What is asked of the hosts, so many at a time: what is silent takes its whole time, and there
//! may be many hosts.

use std::collections::BTreeMap;

use futures_util::stream::{self, StreamExt as _};
use reqwest::Method;
use reqwest::header::{
    ACCESS_CONTROL_REQUEST_HEADERS, ACCESS_CONTROL_REQUEST_METHOD, AUTHORIZATION, HeaderName,
    ORIGIN,
};
use token_core::resource::Service;
use token_core::{ResourceId, Seconds};

use super::access::{Crossing, Guard};
use super::documents::{self, Document};
use super::host_and_port;
use super::target::{Asked, Target};
use super::web::{self, Seen};

/// Far below what the edge takes for a flood.
const AT_A_TIME: usize = 8;

/// What came of each, in their order.
pub(super) async fn at_once<T>(asking: impl Iterator<Item = impl Future<Output = T>>) -> Vec<T> {
    stream::iter(asking).buffered(AT_A_TIME).collect().await
}

pub(super) async fn fetch(target: &Target, urls: Vec<String>) -> Vec<(String, Asked)> {
    let asking = urls.into_iter().map(|url| async move {
        let asked = target.get(&url).await;
        (url, asked)
    });
    at_once(asking).await
}

async fn see(target: &Target, urls: Vec<String>) -> Vec<Seen> {
    let found = fetch(target, urls).await.into_iter();
    found.map(|(url, asked)| Seen { url, asked }).collect()
}

/// One page of each host, over plain http.
pub(super) async fn plain_pages(target: &Target) -> Vec<Seen> {
    let origins = target.origins().into_iter();
    let plain = origins.map(|origin| origin.replacen("https://", "http://", 1));
    let urls = plain.map(|origin| format!("{origin}/mcp?doctor=1"));
    see(target, urls.collect()).await
}

/// For how long each host tells browsers to use https.
pub(super) async fn hsts(target: &Target) -> BTreeMap<String, Seconds> {
    let nowhere = nowhere(target).collect();
    let mut told = BTreeMap::new();
    for (url, asked) in fetch(target, nowhere).await {
        let age = asked.ok().and_then(|answer| web::hsts_age(&answer));
        told.extend(host_and_port(&url).map(|(host, _)| host).zip(age));
    }
    told
}

/// Where nothing is, on each host.
fn nowhere(target: &Target) -> impl Iterator<Item = String> {
    let origins = target.origins().into_iter();
    origins.map(|origin| format!("{origin}/nothing/here"))
}

/// One of each kind of answer: a page, a document, an error, a challenge, and what is not there.
pub(super) async fn pages(target: &Target) -> Vec<Seen> {
    let issuer = &target.issuer;
    let mut urls = vec![
        issuer.endpoint("/"),
        issuer.endpoint("/jwks"),
        issuer.endpoint("/authorize?client_id=doctor"),
    ];
    for service in &target.services {
        urls.push(service.resource.metadata_url());
        urls.push(service.resource.as_str().to_owned());
    }
    urls.extend(nowhere(target));
    see(target, urls).await
}

/// The documents of each service.
pub(super) async fn resource_documents(target: &Target) -> Vec<(ResourceId, Vec<Document>)> {
    let forms = documents::of_services(target);
    let urls = forms.iter().flat_map(|(_, urls)| urls.clone()).collect();
    let mut found = fetch(target, urls).await.into_iter();
    let forms = forms.into_iter();
    forms
        .map(|(resource, urls)| (resource, found.by_ref().take(urls.len()).collect()))
        .collect()
}

pub(super) async fn guards(target: &Target) -> Vec<Guard> {
    at_once(target.services.iter().map(|own| guard(target, own))).await
}

async fn guard(target: &Target, service: &Service) -> Guard {
    let url = service.resource.as_str();
    let made_up = [(AUTHORIZATION, "Bearer made-up-by-the-doctor")];
    Guard {
        resource: service.resource.clone(),
        without: target.ask(Method::POST, url, &[]).await,
        made_up: target.ask(Method::GET, url, &made_up).await,
    }
}

pub(super) async fn crossings(target: &Target, origin: &str) -> Vec<Crossing> {
    let services = target.services.iter();
    let mut urls: Vec<String> = services
        .map(|own| own.resource.as_str().to_owned())
        .collect();
    urls.extend(["/token", "/register"].map(|path| target.issuer.endpoint(path)));
    at_once(urls.into_iter().map(|url| crossing(target, url, origin))).await
}

async fn crossing(target: &Target, url: String, origin: &str) -> Crossing {
    let preflight: [(HeaderName, &str); 3] = [
        (ORIGIN, origin),
        (ACCESS_CONTROL_REQUEST_METHOD, "POST"),
        (ACCESS_CONTROL_REQUEST_HEADERS, "authorization,content-type"),
    ];
    let preflight = target.ask(Method::OPTIONS, &url, &preflight).await;
    // Without a body, so that nothing is registered and nothing is issued.
    let request = target.ask(Method::POST, &url, &[(ORIGIN, origin)]).await;
    Crossing {
        url,
        preflight,
        request,
    }
}

/// The verifier's and the operator's addresses, on each host; but for those that an MCP server has
/// for its own.
pub(super) fn internal(target: &Target) -> Vec<String> {
    let mut paths = vec![
        "/metrics".to_owned(),
        "/assertion-jwks".to_owned(),
        "/api/rawdata".to_owned(),
    ];
    let services = target.services.iter();
    paths.extend(services.map(|service| format!("/verify/{}", service.name)));
    let mut urls = Vec::new();
    for origin in target.origins() {
        let is_an_mcp_servers = |path: &str| {
            let mut services = target.services.iter();
            services.any(|own| {
                let resource = &own.resource;
                resource.as_str().strip_prefix(&origin) == Some(resource.path())
                    && resource.covers_path(path)
            })
        };
        let own = paths.iter().filter(|path| !is_an_mcp_servers(path));
        urls.extend(own.map(|path| format!("{origin}{path}")));
    }
    urls
}

#[cfg(test)]
mod tests {
    use std::cell::Cell;

    use token_core::{Issuer, Services};
    use tokio::task::yield_now;

    use super::*;

    #[tokio::test]
    async fn so_many_are_asked_at_a_time_and_no_more() {
        let (now, most) = (Cell::new(0), Cell::new(0));
        let silent = (0..40).map(|number| {
            let (now, most) = (&now, &most);
            async move {
                now.set(now.get() + 1);
                most.set(most.get().max(now.get()));
                yield_now().await;
                now.set(now.get() - 1);
                number
            }
        });
        assert!(at_once(silent).await.into_iter().eq(0..40));
        assert_eq!(most.get(), AT_A_TIME);
    }

    #[test]
    fn what_is_an_mcp_servers_own_is_not_for_the_inside() {
        let issuer = Issuer::parse("https://auth.example.com").unwrap();
        let list = "fetch,a=https://a.example.com/api,b=https://b.example.com";
        let services = Services::parse(list, "example.com").unwrap();
        let urls = internal(&Target::new(issuer, &services).unwrap());
        for (url, is_asked) in [
            ("https://auth.example.com/verify/fetch", true),
            ("https://fetch.example.com/verify/a", true),
            ("https://a.example.com/metrics", true),
            ("https://a.example.com/api/rawdata", false),
            ("https://b.example.com/metrics", false),
        ] {
            assert_eq!(urls.iter().any(|own| own == url), is_asked, "{url}");
        }
    }
}
