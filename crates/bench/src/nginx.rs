//! nginx: the service behind the edge, the constant verifier, and an edge of its own.

use std::fmt::Write as _;
use std::net::SocketAddr;
use std::path::Path;

use test_kit::process::free_address;

use crate::Outcome;
use crate::certificate::Certificate;
use crate::server::Server;
use crate::system::{DOMAIN, SERVICE, listens};
use crate::tools::{Cores, tool};

/// A running nginx of one process.
#[derive(Debug)]
pub struct Nginx {
    /// Its process.
    pub server: Server,
    /// Where it listens.
    pub address: SocketAddr,
}

/// What one nginx is to do.
#[derive(Default)]
struct Site<'a> {
    /// What it may pass requests on to.
    upstreams: String,
    /// What it does with a request.
    location: String,
    certificate: Option<&'a Certificate>,
}

impl Nginx {
    /// Answers everything by 200 and two bytes: an MCP server that takes no time.
    pub fn upstream(directory: &Path) -> Outcome<Self> {
        let site = Site {
            location: "return 200 ok;".to_owned(),
            ..Site::default()
        };
        Self::start("upstream", &site, directory)
    }

    /// Answers everything by an empty 200 with these headers: a verifier that takes no time. With a
    /// certificate it speaks HTTPS, as ours does: HTTP/2, TLS 1.3.
    pub fn verifier(
        headers: &[(String, String)],
        certificate: Option<&Certificate>,
        directory: &Path,
    ) -> Outcome<Self> {
        let mut location = String::new();
        for (name, value) in headers {
            writeln!(location, "add_header {name} \"{value}\";")?;
        }
        location.push_str("return 200 \"\";");
        let site = Site {
            location,
            certificate,
            ..Site::default()
        };
        let name = match certificate {
            None => "static-verifier",
            Some(_) => "static-verifier-https",
        };
        Self::start(name, &site, directory)
    }

    /// An edge that asks a verifier by `auth_request` and passes on to `upstream`.
    pub fn edge(
        name: &str,
        verifier: SocketAddr,
        upstream_address: SocketAddr,
        directory: &Path,
    ) -> Outcome<Self> {
        let identity = ["x-user-id", "x-user-name", "x-client-id", "x-auth-scope"];
        let mut location = "auth_request /verify;\n".to_owned();
        for header in identity.iter().chain(&["x-auth-assertion"]) {
            let variable = header.replace('-', "_");
            writeln!(
                location,
                "auth_request_set ${variable} $upstream_http_{variable};\n\
                 proxy_set_header {header} ${variable};"
            )?;
        }
        write!(
            location,
            "proxy_set_header Authorization \"\";
             proxy_set_header Connection \"\";
             proxy_http_version 1.1;
             proxy_pass http://upstream;
             }}
             location = /verify {{
             internal;
             proxy_pass http://verifier/verify/{SERVICE};
             proxy_pass_request_body off;
             proxy_http_version 1.1;
             proxy_set_header Connection \"\";
             proxy_set_header Content-Length \"\";
             proxy_set_header X-Forwarded-Method $request_method;
             proxy_set_header X-Forwarded-Proto https;
             proxy_set_header X-Forwarded-Host {SERVICE}.{DOMAIN};
             proxy_set_header X-Forwarded-Uri $request_uri;"
        )?;
        let upstream = |name, address| {
            let kept = "keepalive 64; keepalive_requests 1000000000;";
            format!("upstream {name} {{ server {address}; {kept} }}\n")
        };
        let site = Site {
            upstreams: upstream("verifier", verifier) + &upstream("upstream", upstream_address),
            location,
            certificate: None,
        };
        Self::start(name, &site, directory)
    }

    fn start(name: &str, site: &Site<'_>, directory: &Path) -> Outcome<Self> {
        let address = free_address();
        let home = directory.join(name);
        std::fs::create_dir_all(&home)?;
        let place = home.display();
        let tls = match site.certificate {
            None => ";".to_owned(),
            Some(own) => format!(
                " ssl http2; ssl_protocols TLSv1.3; ssl_certificate {}; ssl_certificate_key {};",
                own.chain().display(),
                own.key().display()
            ),
        };
        let Site {
            upstreams,
            location,
            ..
        } = site;
        // One process, so that its processor time is one process's.
        let text = format!(
            "daemon off; master_process off; worker_processes 1;
             pid {place}/pid; error_log {place}/error.log;
             events {{ worker_connections 8192; }}
             http {{
             access_log off; server_tokens off; default_type text/plain;
             keepalive_requests 1000000000; keepalive_timeout 600s;
             client_body_temp_path {place}/body; proxy_temp_path {place}/proxy;
             fastcgi_temp_path {place}/fastcgi; uwsgi_temp_path {place}/uwsgi;
             scgi_temp_path {place}/scgi;
             {upstreams}
             server {{ listen {address} backlog=4096{tls} location / {{
             {location}
             }} }} }}\n"
        );
        let file = home.join("nginx.conf");
        std::fs::write(&file, text)?;
        let mut command = tool("nginx", Cores::All)?;
        command.arg("-e").arg(home.join("error.log"));
        command.arg("-p").arg(&home).arg("-c").arg(&file);
        let mut server = Server::start(name, command, directory)?;
        server.wait_until("listens", || listens(address))?;
        Ok(Self { server, address })
    }
}
