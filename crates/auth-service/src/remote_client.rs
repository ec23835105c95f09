//! Metadata documents and keys of clients over the guarded HTTP client: https, public addresses, no
//! redirects, small, and soon over (draft-ietf-oauth-client-id-metadata-document sections 5 and 6).

mod room;

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use egress::{
    AddressClass, BuildError, EgressClient, EgressError, EgressPolicy, Fetched, HostPort, Limits,
    Refusal,
};
use token_core::audit::{AuditEvent, AuditSink};
use token_core::{Issuer, Services, Timestamp};
use url::Url;

use self::room::Room;
use crate::flows::remote::{Remote, RemoteAnswer, RemoteFault};

/// Fetches through `egress`.
pub struct GuardedRemote {
    client: EgressClient,
    /// Anybody can make us fetch.
    room: Room,
    audit: Arc<dyn AuditSink>,
}

impl GuardedRemote {
    /// A client that never asks the gateway's own hosts, through the operator's proxy if there is
    /// one.
    pub fn new(
        issuer: &Issuer,
        services: &Services,
        proxy: Option<HostPort>,
        audit: Arc<dyn AuditSink>,
    ) -> Result<Self, BuildError> {
        let issuer = Url::parse(issuer.as_str()).ok();
        let own = issuer.and_then(|url| url.host_str().map(str::to_owned));
        let services = services.iter().map(|one| one.resource.host().to_owned());
        let policy = EgressPolicy::strict()
            .refuse_own_hosts(services.chain(own))
            .through_proxy(proxy);
        let limits = Limits {
            connect: Duration::from_secs(3),
            first_byte: Duration::from_secs(3),
            idle: Duration::from_secs(3),
            total: Duration::from_secs(5),
            redirects: 0,
            header_bytes: 16 * 1024,
            wire_bytes: 64 * 1024,
            body_bytes: 64 * 1024,
        };
        Ok(Self {
            client: EgressClient::new(policy, limits, "mcp-oauth-gateway")?,
            room: Room::new(),
            audit,
        })
    }
}

#[async_trait]
impl Remote for GuardedRemote {
    async fn get(&self, url: &str) -> Result<RemoteAnswer, RemoteFault> {
        let place = self.room.place(url).await.ok_or(RemoteFault::Unreachable)?;
        let fetched = self.client.get(url, "application/json").await;
        place.note(fetched.is_ok());
        match fetched {
            Ok(fetched) => Ok(answer(&fetched)),
            Err(EgressError::Refused(refusal)) => {
                self.audit.record(&refused(refusal));
                Err(RemoteFault::Refused(
                    "its address is not one that this gateway fetches from",
                ))
            }
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

/// Whoever sent the address has not proved yet who he is.
fn refused(refusal: Refusal) -> AuditEvent {
    AuditEvent::EgressRefused {
        asked_by: None,
        rule: refusal.rule.name(),
        address_class: refusal.rule.address_class().map(AddressClass::name),
        host: refusal.host,
        redirects: refusal.redirects,
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
    use token_core::audit::MemoryAudit;

    use super::*;

    fn remote(audit: &Arc<MemoryAudit>) -> GuardedRemote {
        let issuer = Issuer::parse("https://auth.example.com").unwrap();
        let services = Services::parse("fetch", "example.com").unwrap();
        GuardedRemote::new(&issuer, &services, None, Arc::clone(audit) as _).unwrap()
    }

    #[tokio::test]
    async fn c6_neither_this_network_nor_the_gateway_itself_is_asked() {
        let audit = Arc::new(MemoryAudit::default());
        let remote = remote(&audit);
        for (host, rule, address_class) in [
            ("127.0.0.1", "address", Some("loopback")),
            ("169.254.169.254", "address", Some("metadata")),
            ("[::1]", "address", Some("loopback")),
            ("10.0.0.1", "address", Some("private")),
            ("auth.example.com", "own-host", None),
            ("fetch.example.com", "own-host", None),
            ("93.184.216.34:6379", "port", None),
        ] {
            let fault = remote.get(&format!("https://{host}/client.json")).await;
            let fault = fault.err();
            assert!(
                matches!(fault, Some(RemoteFault::Refused(_))),
                "{host}: {fault:?}"
            );
            let event = AuditEvent::EgressRefused {
                asked_by: None,
                host: host.trim_end_matches(":6379").to_owned(),
                rule,
                address_class,
                redirects: 0,
            };
            assert_eq!(audit.events().last(), Some(&event));
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
