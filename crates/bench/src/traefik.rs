//! The real Traefik with the shipped `ForwardAuth` options: one process, an entry point for each
//! verifier and each kind of edge, so that what is compared shares everything else.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::path::Path;
use std::process::Command;

use serde_json::{Value, json};
use test_kit::process::free_address;

use crate::Outcome;
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
    /// The verifier's address, such as `http://127.0.0.1:8000`; `None` asks nobody.
    pub verifier: Option<String>,
}

/// Of an entry point's two, one is plain HTTP and one TLS.
const KINDS: [&str; 2] = ["http", "https"];

impl Traefik {
    /// Starts it with these edges before `upstream`.
    pub fn start(edges: &[Edge], upstream: SocketAddr, directory: &Path) -> Outcome<Self> {
        let home = directory.join("traefik-files");
        std::fs::create_dir_all(&home)?;
        certificate(&home)?;
        // JSON is YAML, and Traefik goes by the ending.
        let dynamic = home.join("dynamic.yml");
        std::fs::write(
            &dynamic,
            dynamic_configuration(edges, upstream, &home).to_string(),
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
        server.wait_until("listens", || {
            addresses
                .values()
                .all(|(http, https)| listens(*http) && listens(*https))
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

fn dynamic_configuration(edges: &[Edge], upstream: SocketAddr, home: &Path) -> Value {
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
            "certFile": home.join("edge.pem"),
            "keyFile": home.join("edge.key"),
        } } } },
    })
}

/// As `traefik/dynamic/gateway.yml` has it.
fn forward_auth(verifier: &str) -> Value {
    json!({ "forwardAuth": {
        "address": format!("{verifier}/verify/{SERVICE}"),
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
    } })
}

/// A certificate as Let's Encrypt's are by the shipped `keytype`: P-256.
fn certificate(home: &Path) -> Outcome<()> {
    let mut command: Command = tool("openssl", Cores::All)?;
    let output = command
        .args([
            "req",
            "-x509",
            "-newkey",
            "ec",
            "-pkeyopt",
            "ec_paramgen_curve:P-256",
        ])
        .args(["-nodes", "-days", "2", "-subj", "/CN=edge"])
        .args(["-addext", &format!("subjectAltName=DNS:{SERVICE}.{DOMAIN}")])
        .arg("-keyout")
        .arg(home.join("edge.key"))
        .arg("-out")
        .arg(home.join("edge.pem"))
        .output()?;
    if output.status.success() {
        return Ok(());
    }
    Err(format!("openssl: {}", String::from_utf8_lossy(&output.stderr)).into())
}
