//! What Traefik's own API tells: routers, middlewares, services.

use std::collections::BTreeMap;
use std::time::Duration;

use reqwest::{Client, StatusCode};
use serde::Deserialize;
use serde::de::DeserializeOwned;
use url::Url;

use super::answer::read_whole;

const LIMIT: Duration = Duration::from_secs(5);
/// More than a thousand routers take.
const BYTES_LIMIT: usize = 4 * 1024 * 1024;
/// The service that leads to the verifier (`traefik/dynamic/gateway.yml`).
const VERIFIER: &str = "forward-auth@file";

/// A router (`/api/http/routers`).
#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Router {
    pub(super) name: String,
    pub(super) provider: String,
    #[serde(default)]
    pub(super) entry_points: Vec<String>,
    #[serde(default)]
    pub(super) rule: String,
    #[serde(default)]
    pub(super) service: String,
    #[serde(default)]
    pub(super) middlewares: Vec<String>,
    #[serde(default)]
    pub(super) status: String,
}

/// A middleware (`/api/http/middlewares`).
#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Middleware {
    pub(super) name: String,
    chain: Option<Chain>,
    pub(super) forward_auth: Option<ForwardAuth>,
    basic_auth: Option<Present>,
    digest_auth: Option<Present>,
}

/// What is in it is not looked at.
#[derive(Debug, Clone, Deserialize)]
struct Present {}

#[derive(Debug, Clone, Deserialize)]
struct Chain {
    #[serde(default)]
    middlewares: Vec<String>,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct ForwardAuth {
    #[serde(default)]
    pub(super) address: String,
    #[serde(default)]
    pub(super) trust_forward_header: bool,
    #[serde(default)]
    pub(super) auth_response_headers: Vec<String>,
}

impl Middleware {
    /// Whether it lets in only who signs in.
    pub(super) fn authenticates(&self) -> bool {
        self.forward_auth.is_some() || self.basic_auth.is_some() || self.digest_auth.is_some()
    }
}

/// A service (`/api/http/services`).
#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Service {
    name: String,
    load_balancer: Option<LoadBalancer>,
}

#[derive(Debug, Clone, Deserialize)]
struct LoadBalancer {
    #[serde(default)]
    servers: Vec<Server>,
}

#[derive(Debug, Clone, Deserialize)]
struct Server {
    #[serde(default)]
    url: String,
}

/// What Traefik routes.
#[derive(Debug, Clone)]
pub(crate) struct Routes {
    pub(super) routers: Vec<Router>,
    pub(super) tcp_routers: Vec<Router>,
    middlewares: BTreeMap<String, Middleware>,
    services: Vec<Service>,
}

impl Routes {
    /// Asks Traefik's API, whose address is that before `/api`. Its errors hold nothing of the
    /// address, which may have a password in it.
    pub(crate) async fn ask(api: &Url) -> Result<Self, String> {
        app_shell::tls::install_ring();
        let http = Client::builder()
            .no_proxy()
            .redirect(reqwest::redirect::Policy::none())
            .timeout(LIMIT)
            .build()
            .map_err(|error| app_shell::error_chain(&error))?;
        Ok(Self::of(
            list(&http, api, "http/routers").await?,
            list(&http, api, "tcp/routers").await?,
            list(&http, api, "http/middlewares").await?,
            list(&http, api, "http/services").await?,
        ))
    }

    pub(super) fn of(
        routers: Vec<Router>,
        tcp_routers: Vec<Router>,
        middlewares: Vec<Middleware>,
        services: Vec<Service>,
    ) -> Self {
        let named = middlewares.into_iter().map(|own| (own.name.clone(), own));
        Self {
            routers,
            tcp_routers,
            middlewares: named.collect(),
            services,
        }
    }

    /// What stands before a router, chains unfolded.
    pub(super) fn before<'a>(&'a self, router: &'a Router) -> Vec<&'a Middleware> {
        const DEEPEST: u8 = 8;
        let used = router.middlewares.iter();
        used.flat_map(|name| self.flat(name, &router.provider, DEEPEST))
            .collect()
    }

    /// A middleware and, for a chain, all that it consists of. A chain within itself ends.
    fn flat<'a>(&'a self, name: &str, provider: &str, depth: u8) -> Vec<&'a Middleware> {
        let name = qualified(name, provider);
        let Some(own) = self.middlewares.get(&name).filter(|_| depth > 0) else {
            return Vec::new();
        };
        // A part is looked for where the chain is.
        let (_, provider) = own.name.rsplit_once('@').unwrap_or(("", provider));
        let parts = own.chain.iter().flat_map(|chain| &chain.middlewares);
        let parts = parts.flat_map(|part| self.flat(part, provider, depth - 1));
        std::iter::once(own).chain(parts).collect()
    }

    /// The hosts at which the verifier is.
    pub(super) fn verifiers(&self) -> Vec<String> {
        let own = self.services.iter().filter(|own| own.name == VERIFIER);
        let servers = own
            .filter_map(|own| own.load_balancer.as_ref())
            .flat_map(|balancer| &balancer.servers);
        let urls = servers.filter_map(|server| Url::parse(&server.url).ok());
        urls.filter_map(|url| url.host_str().map(str::to_owned))
            .collect()
    }
}

async fn list<T: DeserializeOwned>(http: &Client, api: &Url, what: &str) -> Result<Vec<T>, String> {
    let base = api.as_str().trim_end_matches('/');
    let asking = http.get(format!("{base}/api/{what}?per_page=1000"));
    let answer = read_whole(asking, BYTES_LIMIT).await?;
    if answer.status != StatusCode::OK {
        return Err(format!("/api/{what} answers {}", answer.status));
    }
    serde_json::from_str(&answer.body).map_err(|_| format!("/api/{what} is not as expected"))
}

/// A name with its provider, as the API writes it.
pub(super) fn qualified(name: &str, provider: &str) -> String {
    if name.contains('@') {
        name.to_owned()
    } else {
        format!("{name}@{provider}")
    }
}

#[cfg(test)]
mod tests {
    use std::io::{Read as _, Write as _};
    use std::net::TcpListener;
    use std::thread;

    use super::*;

    /// An API that says this to whoever asks, until he leaves.
    fn api(head: &'static str, endless: bool) -> Url {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        thread::spawn(move || {
            for stream in listener.incoming() {
                let mut stream = stream.unwrap();
                let _ = stream.read(&mut [0; 4096]);
                let mut written = stream.write_all(head.as_bytes());
                while endless && written.is_ok() {
                    written = stream.write_all(&[b' '; 4096]);
                }
            }
        });
        Url::parse(&format!("http://me:pass-word@127.0.0.1:{port}")).unwrap()
    }

    #[tokio::test]
    async fn who_is_no_api_is_believed_in_nothing_and_no_password_is_shown() {
        let empty = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\nConnection: close\r\n\r\n[]";
        assert!(Routes::ask(&api(empty, false)).await.is_ok());
        let moved =
            "HTTP/1.1 302 Found\r\nLocation: http://127.0.0.1:1/\r\nContent-Length: 0\r\n\r\n";
        for (head, endless, expected) in [
            (moved, false, "/api/http/routers answers 302 Found"),
            (
                "HTTP/1.1 200 OK\r\n\r\n",
                true,
                "an answer of more than 4096 KiB",
            ),
            (
                "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}",
                false,
                "/api/http/routers is not as expected",
            ),
            ("no http", false, "error sending request"),
        ] {
            let error = Routes::ask(&api(head, endless)).await.unwrap_err();
            assert!(error.starts_with(expected), "{error}");
            assert!(
                !error.contains("pass-word") && !error.contains("127.0.0.1:1/"),
                "{error}"
            );
        }
    }
}
