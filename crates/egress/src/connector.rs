//! The guard's own connector: resolves a name once, checks every address of the answer, and
//! connects to a checked one or to none. What it is given it judges anew, so that whoever calls it
//! goes through the whole guard.

use std::future::Future;
use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use futures_util::StreamExt;
use futures_util::stream::FuturesUnordered;
use http::Uri;
use rustls::pki_types::ServerName;
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;
use url::{Host, Url};

use crate::connection::Connection;
use crate::destination::{CheckedAddress, Destination, Reach};
use crate::error::Rule;
use crate::policy::EgressPolicy;
use crate::proxy;
use crate::resolver::Resolver;

/// How long one address has to itself before the next is tried beside it (RFC 8305 section 5).
const HEAD_START: Duration = Duration::from_millis(250);
/// Addresses tried; all are checked. A name with thousands must not make us knock at each.
const ADDRESSES_TRIED: usize = 8;

/// Why there is no connection; found again in the sources of the HTTP client's error.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum ConnectFault {
    #[error(transparent)]
    Refused(#[from] Rule),
    #[error("the name has no address")]
    Unresolved,
    #[error("no address could be connected to")]
    Unreachable,
    #[error("TLS did not come about")]
    Tls,
    #[error("the time limit for connecting passed")]
    Timeout,
}

/// Makes connections for the HTTP client. Cheap to clone.
#[derive(Clone)]
pub(crate) struct GuardedConnector(Arc<Guard>);

struct Guard {
    policy: EgressPolicy,
    resolver: Arc<dyn Resolver>,
    tls: TlsConnector,
    limit: Duration,
}

impl GuardedConnector {
    pub(crate) fn new(
        policy: EgressPolicy,
        resolver: Arc<dyn Resolver>,
        tls: TlsConnector,
        limit: Duration,
    ) -> Self {
        Self(Arc::new(Guard {
            policy,
            resolver,
            tls,
            limit,
        }))
    }
}

impl tower_service::Service<Uri> for GuardedConnector {
    type Response = Connection;
    type Error = ConnectFault;
    type Future = Pin<Box<dyn Future<Output = Result<Connection, ConnectFault>> + Send>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), ConnectFault>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, uri: Uri) -> Self::Future {
        let guard = Arc::clone(&self.0);
        Box::pin(async move {
            let connecting = tokio::time::timeout(guard.limit, guard.connect(&uri));
            connecting.await.unwrap_or(Err(ConnectFault::Timeout))
        })
    }
}

impl Guard {
    async fn connect(&self, uri: &Uri) -> Result<Connection, ConnectFault> {
        let url = Url::parse(&uri.to_string()).map_err(|_| Rule::Url)?;
        let destination = Destination::of(&url, &self.policy)?;
        let addresses = self.addresses(&destination).await?;
        let stream = self.stream(&destination, &addresses).await;
        let stream = stream.map_err(|_| ConnectFault::Unreachable)?;
        if !destination.tls {
            return Ok(Connection::plain(stream));
        }
        let name = server_name(&destination.host).ok_or(ConnectFault::Tls)?;
        let secured = self.tls.connect(name, stream).await;
        secured
            .map(Connection::secured)
            .map_err(|_| ConnectFault::Tls)
    }

    async fn addresses(
        &self,
        destination: &Destination,
    ) -> Result<Vec<CheckedAddress>, ConnectFault> {
        let answer = match &destination.host {
            Host::Domain(name) => self.resolver.lookup(name).await,
            Host::Ipv4(v4) => Ok(vec![(*v4).into()]),
            Host::Ipv6(v6) => Ok(vec![(*v6).into()]),
        };
        let answer = answer.map_err(|_| ConnectFault::Unresolved)?;
        if answer.is_empty() {
            return Err(ConnectFault::Unresolved);
        }
        Ok(destination.admit_all(&answer)?)
    }

    async fn stream(
        &self,
        destination: &Destination,
        addresses: &[CheckedAddress],
    ) -> io::Result<TcpStream> {
        match (self.policy.proxy(), destination.reach) {
            (Some(proxy), Reach::Public) => proxy::tunnel(proxy, addresses).await,
            // What the operator opened is near, and not the proxy's business.
            _ => race(addresses).await,
        }
    }
}

/// The first of the addresses that answers, each with a head start over the next (RFC 8305).
async fn race(addresses: &[CheckedAddress]) -> io::Result<TcpStream> {
    let mut waiting = addresses.iter().take(ADDRESSES_TRIED);
    let mut attempts = FuturesUnordered::new();
    let mut outcome = Err(io::ErrorKind::NotConnected.into());
    loop {
        match waiting.next() {
            Some(address) => attempts.push(TcpStream::connect(address.socket())),
            None if attempts.is_empty() => return outcome,
            None => {}
        }
        tokio::select! {
            Some(attempt) = attempts.next() => match attempt {
                Ok(stream) => {
                    stream.set_nodelay(true)?;
                    return Ok(stream);
                }
                Err(error) => outcome = Err(error),
            },
            () = tokio::time::sleep(HEAD_START) => {}
        }
    }
}

fn server_name(host: &Host<String>) -> Option<ServerName<'static>> {
    match host {
        Host::Domain(name) => ServerName::try_from(name.trim_end_matches('.').to_owned()).ok(),
        Host::Ipv4(v4) => Some(ServerName::IpAddress(std::net::IpAddr::from(*v4).into())),
        Host::Ipv6(v6) => Some(ServerName::IpAddress(std::net::IpAddr::from(*v6).into())),
    }
}
