//! nginx: the service behind the edge, the constant verifier, and an edge of its own.

use std::fmt::Write as _;
use std::net::SocketAddr;
use std::path::Path;

use test_kit::process::free_address;

use crate::Outcome;
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

impl Nginx {
    /// Answers everything by 200 and two bytes: an MCP server that takes no time.
    pub fn upstream(cores: Cores, directory: &Path) -> Outcome<Self> {
        Self::start("upstream", cores, directory, "return 200 ok;")
    }

    /// Answers everything by an empty 200 with these headers: a verifier that takes no time.
    pub fn verifier(headers: &[(String, String)], cores: Cores, directory: &Path) -> Outcome<Self> {
        let mut location = String::new();
        for (name, value) in headers {
            writeln!(location, "add_header {name} \"{value}\";")?;
        }
        location.push_str("return 200 \"\";");
        Self::start("static-verifier", cores, directory, &location)
    }

    /// An edge that asks a verifier by `auth_request` and passes on to `upstream`.
    pub fn edge(
        name: &str,
        verifier: SocketAddr,
        upstream: SocketAddr,
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
        let servers = format!(
            "upstream verifier {{ server {verifier}; keepalive 64; keepalive_requests 1000000000; }}
             upstream upstream {{ server {upstream}; keepalive 64; keepalive_requests 1000000000; }}"
        );
        Self::start_with(name, Cores::All, directory, (&servers, &location))
    }

    fn start(name: &str, cores: Cores, directory: &Path, location: &str) -> Outcome<Self> {
        Self::start_with(name, cores, directory, ("", location))
    }

    fn start_with(
        name: &str,
        cores: Cores,
        directory: &Path,
        (servers, location): (&str, &str),
    ) -> Outcome<Self> {
        let address = free_address();
        let home = directory.join(name);
        std::fs::create_dir_all(&home)?;
        let place = home.display();
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
             {servers}
             server {{ listen {address} backlog=4096; location / {{
             {location}
             }} }} }}\n"
        );
        let file = home.join("nginx.conf");
        std::fs::write(&file, text)?;
        let mut command = tool("nginx", cores)?;
        command.arg("-e").arg(home.join("error.log"));
        command.arg("-p").arg(&home).arg("-c").arg(&file);
        let mut server = Server::start(name, command, directory)?;
        server.wait_until("listens", || listens(address))?;
        Ok(Self { server, address })
    }
}
