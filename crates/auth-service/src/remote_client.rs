//! Metadata documents and keys of clients over the guarded HTTP client: https, public addresses, no
//! redirects, small, and soon over (draft-ietf-oauth-client-id-metadata-document sections 5 and 6).

use std::time::Duration;

use async_trait::async_trait;
use egress::{BuildError, EgressClient, EgressError, EgressPolicy, Fetched, Limits};
use token_core::{Issuer, Services, Timestamp};
use tokio::sync::Semaphore;
use url::Url;

use crate::flows::remote::{Remote, RemoteAnswer, RemoteFault};

/// Anybody can make us fetch: this many at once, and no more.
const AT_ONCE: usize = 32;

/// Fetches through `egress`.
pub struct GuardedRemote {
    client: EgressClient,
    room: Semaphore,
}

impl GuardedRemote {
    /// A client that never asks the gateway's own hosts.
    pub fn new(issuer: &Issuer, services: &Services) -> Result<Self, BuildError> {
        let issuer = Url::parse(issuer.as_str()).ok();
        let own = issuer.and_then(|url| url.host_str().map(str::to_owned));
        let services = services.iter().map(|one| one.resource.host().to_owned());
        let policy = EgressPolicy::strict().refuse_own_hosts(services.chain(own));
        let limits = Limits {
            connect: Duration::from_secs(3),
            idle: Duration::from_secs(3),
            total: Duration::from_secs(5),
            redirects: 0,
            header_bytes: 16 * 1024,
            body_bytes: 64 * 1024,
        };
        Ok(Self {
            client: EgressClient::new(policy, limits, "mcp-oauth-gateway")?,
            room: Semaphore::new(AT_ONCE),
        })
    }
}

#[async_trait]
impl Remote for GuardedRemote {
    async fn get(&self, url: &str) -> Result<RemoteAnswer, RemoteFault> {
        let _place = self
            .room
            .try_acquire()
            .map_err(|_| RemoteFault::Unreachable)?;
        match self.client.get(url, "application/json").await {
            Ok(fetched) => Ok(answer(&fetched)),
            Err(EgressError::Refused { .. }) => Err(RemoteFault::Refused(
                "its address is not one that this gateway fetches from",
            )),
            Err(EgressError::TooManyRedirects(_)) => {
                Err(RemoteFault::Refused("its address redirects"))
            }
            Err(error) => {
                tracing::info!(%error, "a client's document or keys could not be fetched");
                Err(RemoteFault::Unreachable)
            }
        }
    }
}

fn answer(fetched: &Fetched) -> RemoteAnswer {
    let header = |name| fetched.headers.get(name)?.to_str().ok().map(str::to_owned);
    RemoteAnswer {
        status: fetched.status.as_u16(),
        content_type: header("content-type"),
        cache_control: header("cache-control"),
        age: header("age").and_then(|age| age.parse().ok()),
        expires: header("expires").and_then(|date| seconds(&date)),
        body: (!fetched.truncated).then(|| fetched.body.to_vec()),
    }
}

/// An HTTP date (RFC 9110 section 5.6.7).
fn seconds(date: &str) -> Option<Timestamp> {
    let date = httpdate::parse_http_date(date).ok()?;
    let since = date.duration_since(std::time::UNIX_EPOCH).ok()?;
    Some(Timestamp(since.as_secs()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn remote() -> GuardedRemote {
        let issuer = Issuer::parse("https://auth.example.com").unwrap();
        let services = Services::parse("fetch", "example.com").unwrap();
        GuardedRemote::new(&issuer, &services).unwrap()
    }

    #[tokio::test]
    async fn c6_neither_this_network_nor_the_gateway_itself_is_asked() {
        for url in [
            "https://127.0.0.1/client.json",
            "https://169.254.169.254/client.json",
            "https://[::1]/client.json",
            "https://10.0.0.1/client.json",
            "https://auth.example.com/client.json",
            "https://fetch.example.com/client.json",
            "https://93.184.216.34:6379/client.json",
        ] {
            let fault = remote().get(url).await.err();
            assert!(
                matches!(fault, Some(RemoteFault::Refused(_))),
                "{url}: {fault:?}"
            );
        }
    }

    #[test]
    fn an_http_date_is_read() {
        assert_eq!(
            seconds("Sun, 06 Nov 1994 08:49:37 GMT"),
            Some(Timestamp(784_111_777))
        );
        assert_eq!(seconds("0"), None);
    }
}
