//! Names to addresses: the second of the guard's three places.

use std::future::Future;
use std::io;
use std::net::{IpAddr, SocketAddr};
use std::pin::Pin;
use std::sync::Arc;

use reqwest::dns::{Addrs, Name, Resolve, Resolving};

use crate::destination::Reach;
use crate::error::EgressError;

/// The answer of a [`Resolver`], still to come.
pub type Lookup<'a> = Pin<Box<dyn Future<Output = io::Result<Vec<IpAddr>>> + Send + 'a>>;

/// Finds all addresses of a name. A trait so that a test can play a hostile name server.
pub trait Resolver: Send + Sync {
    /// All addresses of `name`, in the order in which they should be tried.
    fn lookup<'a>(&'a self, name: &'a str) -> Lookup<'a>;
}

/// The operating system's resolver (`getaddrinfo`).
#[derive(Clone, Copy, Debug, Default)]
pub struct SystemResolver;

impl Resolver for SystemResolver {
    fn lookup<'a>(&'a self, name: &'a str) -> Lookup<'a> {
        Box::pin(async move {
            let addresses = tokio::net::lookup_host((name, 0)).await?;
            Ok(addresses.map(|address| address.ip()).collect())
        })
    }
}

/// What reqwest connects by: answers checked addresses only, and none at all when one is bad.
pub(crate) struct GuardedResolver {
    pub(crate) resolver: Arc<dyn Resolver>,
    pub(crate) reach: Reach,
}

impl Resolve for GuardedResolver {
    fn resolve(&self, name: Name) -> Resolving {
        let resolver = Arc::clone(&self.resolver);
        let reach = self.reach;
        Box::pin(async move {
            let addresses = resolver
                .lookup(name.as_str())
                .await
                .map_err(|_| Unusable::Unresolved)?;
            if addresses.is_empty() {
                return Err(Unusable::Unresolved.into());
            }
            for address in &addresses {
                reach.check(*address).map_err(Unusable::Refused)?;
            }
            // Port 0 is replaced by the URL's own.
            let addresses = addresses.into_iter().map(|ip| SocketAddr::new(ip, 0));
            Ok(Box::new(addresses) as Addrs)
        })
    }
}

/// Why a name cannot be used; found again in the chain of sources of reqwest's error.
#[derive(Clone, Copy, Debug, thiserror::Error)]
pub(crate) enum Unusable {
    #[error("the name has no address")]
    Unresolved,
    #[error("the name has an address that is refused")]
    Refused(crate::error::Refusal),
}

impl Unusable {
    /// The resolver's verdict, if that is what made the request fail.
    pub(crate) fn of(error: &reqwest::Error, redirects: u8) -> Option<EgressError> {
        let mut source = std::error::Error::source(error);
        while let Some(cause) = source {
            if let Some(unusable) = cause.downcast_ref::<Self>() {
                return Some(match *unusable {
                    Self::Unresolved => EgressError::Unresolved,
                    Self::Refused(refusal) => EgressError::Refused { refusal, redirects },
                });
            }
            source = cause.source();
        }
        None
    }
}
