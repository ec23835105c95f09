//! What Traefik does for a request, without Traefik: finds the process behind a public name and
//! says who asked for what.

use std::net::SocketAddr;

use url::Url;

/// Public host names and the loopback listeners behind them.
#[derive(Debug, Clone)]
pub struct Edge {
    /// The domain that all public names are below.
    pub domain: String,
    /// Where auth-service listens.
    pub auth_service: SocketAddr,
    /// Where forward-auth listens.
    pub forward_auth: SocketAddr,
}

impl Edge {
    /// The issuer.
    pub fn issuer(&self) -> String {
        format!("https://auth.{}", self.domain)
    }

    /// The resource of an MCP service.
    pub fn resource(&self, service: &str) -> String {
        format!("https://{service}.{}/mcp", self.domain)
    }

    /// The request that reaches the service when the public URL is asked for. URLs outside the
    /// domain (the stand-in for GitHub) are asked for as they are.
    pub fn route(
        &self,
        http: &reqwest::Client,
        method: reqwest::Method,
        url: &Url,
    ) -> reqwest::RequestBuilder {
        let host = url.host_str().unwrap_or_default();
        let Some(name) = host.strip_suffix(&format!(".{}", self.domain)) else {
            return http.request(method, url.clone());
        };
        let metadata = url
            .path()
            .starts_with("/.well-known/oauth-protected-resource");
        let to = if name != "auth" && metadata {
            self.forward_auth
        } else {
            self.auth_service
        };
        let mut behind = url.clone();
        behind.set_scheme("http").expect("http");
        behind
            .set_host(Some(&to.ip().to_string()))
            .expect("an address");
        behind.set_port(Some(to.port())).expect("a port");
        http.request(method, behind)
            .header("Host", host)
            .header("X-Forwarded-Host", host)
            .header("X-Forwarded-Proto", "https")
            .header("X-Forwarded-For", "203.0.113.9")
    }

    /// The question that Traefik's `ForwardAuth` asks about `POST` on the MCP URL of a service.
    pub fn verify(&self, http: &reqwest::Client, service: &str) -> reqwest::RequestBuilder {
        http.get(format!("http://{}/verify/{service}", self.forward_auth))
            .header("X-Forwarded-Method", "POST")
            .header("X-Forwarded-Proto", "https")
            .header("X-Forwarded-Host", format!("{service}.{}", self.domain))
            .header("X-Forwarded-Uri", "/mcp")
            .header("X-Forwarded-For", "203.0.113.9")
    }
}
