//! The real Traefik with the shipped `ForwardAuth` options: one process, an entry point for each
//! verifier and each kind of edge, so that what is compared shares everything else.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::path::Path;

use serde_json::{Value, json};
use test_kit::process::free_address;

use crate::Outcome;
use crate::answer::Connection;
use crate::certificate::Certificate;
use crate::server::Server;
use crate::system::{DOMAIN, SERVICE, listens};
use crate::tools::{Cores, tool};

/// A running Traefik.
#[derive(Debug)]
pub struct Traefik {
    /// Its process.
    pub server: Server,
    edges: BTreeMap<String, (SocketAddr, SocketAddr)>,
}

/// Whom an edge asks about each request.
#[derive(Debug, Clone)]
pub struct Edge {
    /// The name of its entry points.
    pub name: String,
    /// Who; `None` is nobody.
    pub verifier: Option<Verifier>,
}

/// A verifier as Traefik knows it.
#[derive(Debug, Clone)]
pub struct Verifier {
    /// Where it listens.
    pub address: SocketAddr,
    /// Its certificate, where it is asked over HTTPS: that is over HTTP/2 then.
    pub certificate: Option<Certificate>,
}

/// Of an entry point's two, one is plain HTTP and one TLS.
const KINDS: [&str; 2] = ["http", "https"];

impl Traefik {
    /// Starts it with these edges before `upstream`.
    pub fn start(edges: &[Edge], upstream: SocketAddr, directory: &Path) -> Outcome<Self> {
        let home = directory.join("traefik-files");
        std::fs::create_dir_all(&home)?;
        let certificate = Certificate::new(&format!("DNS:{SERVICE}.{DOMAIN}"), home.clone())?;
        // JSON is YAML, and Traefik goes by the ending.
        let dynamic = home.join("dynamic.yml");
        std::fs::write(
            &dynamic,
            dynamic_configuration(edges, upstream, &certificate).to_string(),
        )?;

        let mut command = tool("traefik", Cores::All)?;
        command
            .arg("--global.checknewversion=false")
            .arg("--global.sendanonymoususage=false")
            .arg("--log.level=ERROR")
            .arg(format!("--providers.file.filename={}", dynamic.display()));
        let mut addresses = BTreeMap::new();
        for edge in edges {
            let pair = (free_address(), free_address());
            for (kind, address) in KINDS.iter().zip([pair.0, pair.1]) {
                let name = format!("{}-{kind}", edge.name);
                command.arg(format!("--entrypoints.{name}.address={address}"));
            }
            addresses.insert(edge.name.clone(), pair);
        }
        let mut server = Server::start("traefik", command, directory)?;
        // It listens before it has read its routes, and answers 404 until then.
        server.wait_until("has its routes", || {
            addresses
                .values()
                .all(|(http, https)| routes(*http) && listens(*https))
        })?;
        Ok(Self {
            server,
            edges: addresses,
        })
    }

    /// The URL of the service behind an edge.
    pub fn url(&self, edge: &str, https: bool) -> Outcome<String> {
        let (plain, tls) = self.edges.get(edge).ok_or("no such edge")?;
        Ok(if https {
            format!("https://{tls}/mcp")
        } else {
            format!("http://{plain}/mcp")
        })
    }
}

/// Whether the service is known at this entry point; those of TLS are of the same file.
fn routes(http: SocketAddr) -> bool {
    let request = format!("GET /mcp HTTP/1.1\r\nHost: {SERVICE}.{DOMAIN}\r\n\r\n");
    let answer = Connection::to(http).and_then(|mut edge| edge.ask(request.as_bytes()));
    answer.is_ok_and(|answer| answer.status != 404)
}

fn dynamic_configuration(edges: &[Edge], upstream: SocketAddr, certificate: &Certificate) -> Value {
    let mut routers = serde_json::Map::new();
    let mut middlewares = serde_json::Map::new();
    for edge in edges {
        let name = &edge.name;
        let mut chain = Vec::new();
        if let Some(verifier) = &edge.verifier {
            chain.push(name.clone());
            middlewares.insert(name.clone(), forward_auth(verifier));
        }
        for kind in KINDS {
            let mut router = json!({
                "rule": format!("Host(`{SERVICE}.{DOMAIN}`) && (Path(`/mcp`) || PathPrefix(`/mcp/`))"),
                "entryPoints": [format!("{name}-{kind}")],
                "service": "upstream",
            });
            if let Some(router) = router.as_object_mut() {
                if !chain.is_empty() {
                    router.insert("middlewares".to_owned(), json!(chain));
                }
                if kind == "https" {
                    router.insert("tls".to_owned(), json!({}));
                }
            }
            routers.insert(format!("{name}-{kind}"), router);
        }
    }
    let mut http = json!({
        "routers": routers,
        "services": { "upstream": { "loadBalancer": {
            "servers": [{ "url": format!("http://{upstream}") }],
        } } },
    });
    if let (Some(http), false) = (http.as_object_mut(), middlewares.is_empty()) {
        http.insert("middlewares".to_owned(), middlewares.into());
    }
    json!({
        "http": http,
        "tls": { "stores": { "default": { "defaultCertificate": {
            "certFile": certificate.chain(),
            "keyFile": certificate.key(),
        } } } },
    })
}

/// As `traefik/dynamic/gateway.yml` has it.
fn forward_auth(verifier: &Verifier) -> Value {
    let scheme = match verifier.certificate {
        Some(_) => "https",
        None => "http",
    };
    let mut options = json!({
        "address": format!("{scheme}://{}/verify/{SERVICE}", verifier.address),
        "trustForwardHeader": false,
        "maxResponseBodySize": 16384,
        "authRequestHeaders": [
            "Authorization", "Origin", "User-Agent", "Mcp-Session-Id", "Mcp-Protocol-Version",
            "Mcp-Method", "Mcp-Name",
        ],
        "authResponseHeaders": [
            "X-User-Id", "X-User-Name", "X-Client-Id", "X-Auth-Scope", "X-Auth-Assertion",
            "Authorization",
        ],
    });
    if let (Some(options), Some(certificate)) = (options.as_object_mut(), &verifier.certificate) {
        options.insert("tls".to_owned(), json!({ "ca": certificate.chain() }));
    }
    json!({ "forwardAuth": options })
}
