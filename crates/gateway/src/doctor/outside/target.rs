//! Who is asked: the hosts of the issuer and of the services, and what they answer.

use std::collections::BTreeSet;
use std::time::Duration;

use reqwest::header::HeaderName;
use reqwest::{Client, Method};
use token_core::resource::Service;
use token_core::{Issuer, Services};

use crate::doctor::answer::read_whole;
pub(crate) use crate::doctor::answer::{Answer, Asked};

/// For one answer, from connecting to its last byte.
const ANSWER_LIMIT: Duration = Duration::from_secs(8);
const CONNECT_LIMIT: Duration = Duration::from_secs(4);
/// More than any document of the gateway.
const BYTES_LIMIT: usize = 256 * 1024;

/// The gateway as the outside knows it.
pub(crate) struct Target {
    pub(crate) issuer: Issuer,
    pub(crate) services: Vec<Service>,
    http: Client,
}

impl Target {
    /// The client follows no redirect and verifies no certificate: that is a check of its own, and
    /// a bad one must not hide what else is wrong. No secret is ever sent.
    pub(crate) fn new(issuer: Issuer, services: &Services) -> Result<Self, reqwest::Error> {
        app_shell::tls::install_ring();
        let http = Client::builder()
            .user_agent(concat!(
                "mcp-oauth-gateway-doctor/",
                env!("CARGO_PKG_VERSION")
            ))
            .redirect(reqwest::redirect::Policy::none())
            .no_proxy()
            .connect_timeout(CONNECT_LIMIT)
            .timeout(ANSWER_LIMIT)
            .tls_danger_accept_invalid_certs(true)
            .build()?;
        Ok(Self {
            issuer,
            services: services.iter().collect(),
            http,
        })
    }

    /// Everything is on one plain-http origin of this computer: there is no edge.
    pub(crate) fn is_single_process(&self) -> bool {
        self.issuer.is_plain_http()
    }

    /// `https://HOST[:PORT]` of the issuer and of each service, each once.
    pub(crate) fn origins(&self) -> BTreeSet<String> {
        let services = self.services.iter().map(|service| {
            let resource = &service.resource;
            let origin = resource.as_str().strip_suffix(resource.path());
            origin.unwrap_or(resource.as_str()).to_owned()
        });
        services.chain([self.issuer.as_str().to_owned()]).collect()
    }

    pub(crate) async fn get(&self, url: &str) -> Asked {
        self.ask(Method::GET, url, &[]).await
    }

    pub(crate) async fn ask(
        &self,
        method: Method,
        url: &str,
        headers: &[(HeaderName, &str)],
    ) -> Asked {
        let mut request = self.http.request(method, url);
        for (name, value) in headers {
            request = request.header(name, *value);
        }
        read_whole(request, BYTES_LIMIT).await
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;
    use reqwest::StatusCode;
    use reqwest::header::{HeaderMap, HeaderValue};

    pub(crate) fn answer(status: u16, headers: &[(&'static str, &str)], body: &str) -> Answer {
        let mut map = HeaderMap::new();
        for (name, value) in headers {
            let value = HeaderValue::from_str(value).unwrap();
            map.append(HeaderName::from_static(name), value);
        }
        Answer {
            status: StatusCode::from_u16(status).unwrap(),
            headers: map,
            body: body.to_owned(),
        }
    }

    #[test]
    fn each_origin_is_asked_once() {
        let issuer = Issuer::parse("https://auth.example.com").unwrap();
        let list = "fetch,a=https://tools.example.com/a/mcp,b=https://tools.example.com/b/mcp";
        let services = Services::parse(list, "example.com").unwrap();
        let target = Target::new(issuer, &services).unwrap();
        let origins: Vec<_> = target.origins().into_iter().collect();
        let expected = [
            "https://auth.example.com",
            "https://fetch.example.com",
            "https://tools.example.com",
        ];
        assert_eq!(origins, expected);
    }
}
