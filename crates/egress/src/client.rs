//! The client: one GET, its redirects, its limits, and the last of the guard's three places.

use std::sync::Arc;

use bytes::{Bytes, BytesMut};
use futures_util::StreamExt;
use http::header::{ACCEPT, CONTENT_ENCODING, LOCATION};
use http::{HeaderMap, StatusCode};
use url::Url;

use crate::destination::{Destination, Reach};
use crate::error::{BuildError, EgressError, Refusal};
use crate::limits::Limits;
use crate::policy::EgressPolicy;
use crate::resolver::{GuardedResolver, Resolver, SystemResolver, Unusable};

/// A response, whatever its status.
#[derive(Clone, Debug)]
pub struct Fetched {
    /// The URL that answered, after redirects.
    pub final_url: Url,
    /// Its status; never a redirect that could have been followed.
    pub status: StatusCode,
    /// Its headers.
    pub headers: HeaderMap,
    /// The body, decompressed.
    pub body: Bytes,
    /// The body was longer than [`Limits::body_bytes`] and is cut there.
    pub truncated: bool,
    /// How many redirects led here.
    pub redirects: u8,
}

/// Fetches URLs that somebody else chose. Cheap to share by reference; one for a whole service.
///
/// It sends `User-Agent`, `Accept` and `Accept-Encoding` and nothing else: there is no header, no
/// cookie and no referrer that could travel from one origin to another.
pub struct EgressClient {
    policy: EgressPolicy,
    limits: Limits,
    // Two clients, because a resolver is told the name but not the port, and a pair that the
    // operator opened must not open the host's other ports.
    public: reqwest::Client,
    opened: reqwest::Client,
}

impl EgressClient {
    /// A client with the system's resolver. Each pair that the operator opened is logged.
    pub fn new(policy: EgressPolicy, limits: Limits, user_agent: &str) -> Result<Self, BuildError> {
        Self::with_resolver(policy, limits, user_agent, &(Arc::new(SystemResolver) as _))
    }

    /// A client with another resolver.
    pub fn with_resolver(
        policy: EgressPolicy,
        limits: Limits,
        user_agent: &str,
        resolver: &Arc<dyn Resolver>,
    ) -> Result<Self, BuildError> {
        // A process that installed one already keeps it.
        let _ = rustls::crypto::ring::default_provider().install_default();
        for pair in policy.opened() {
            tracing::warn!(%pair, "egress opened to a host by EGRESS_ALLOW_HOSTS");
        }
        let header_bytes = u32::try_from(limits.header_bytes).unwrap_or(u32::MAX);
        let build = |reach| {
            let resolver = Arc::clone(resolver);
            reqwest::Client::builder()
                .user_agent(user_agent)
                .dns_resolver(GuardedResolver { resolver, reach })
                .redirect(reqwest::redirect::Policy::none())
                .no_proxy()
                .referer(false)
                .connect_timeout(limits.connect)
                .read_timeout(limits.idle)
                .http2_max_header_list_size(header_bytes)
                .build()
        };
        Ok(Self {
            public: build(Reach::Public)?,
            opened: build(Reach::Opened)?,
            policy,
            limits,
        })
    }

    /// Fetches `url` with this `Accept` header. Any status is a success here.
    ///
    /// A refusal is logged (rule and class; nothing of the URL but its host).
    pub async fn get(&self, url: &str, accept: &str) -> Result<Fetched, EgressError> {
        let followed = self.follow(url, accept);
        let outcome = tokio::time::timeout(self.limits.total, followed).await;
        outcome.unwrap_or(Err(EgressError::Timeout))
    }

    async fn follow(&self, url: &str, accept: &str) -> Result<Fetched, EgressError> {
        let mut redirects = 0;
        let mut next = Url::parse(url).map_err(|_| EgressError::Refused {
            refusal: Refusal::Url,
            redirects,
        })?;
        loop {
            let host = next.host_str().unwrap_or_default().to_owned();
            let hop = self.hop(next, accept, redirects).await;
            let (url, response) = hop.inspect_err(|error| audit(error, &host))?;
            let Some(location) = redirect_target(&url, &response) else {
                return self.read(url, response, redirects).await;
            };
            if redirects == self.limits.redirects {
                return Err(EgressError::TooManyRedirects(redirects));
            }
            redirects += 1;
            next = location;
        }
    }

    async fn hop(
        &self,
        url: Url,
        accept: &str,
        redirects: u8,
    ) -> Result<(Url, reqwest::Response), EgressError> {
        let refused = |refusal| EgressError::Refused { refusal, redirects };
        let Destination { url, reach } = Destination::check(url, &self.policy).map_err(refused)?;
        let client = match reach {
            Reach::Public => &self.public,
            Reach::Opened => &self.opened,
        };
        let request = client.get(url.clone()).header(ACCEPT, accept);
        let response = request
            .send()
            .await
            .map_err(|error| failure(&error, redirects))?;
        // Cannot happen as long as the two checks before it hold; costs nothing.
        let peer = response.remote_addr().ok_or(EgressError::Connect)?;
        reach.check(peer.ip()).map_err(refused)?;
        let header_bytes: usize = response
            .headers()
            .iter()
            .map(|(name, value)| name.as_str().len() + value.len())
            .sum();
        if header_bytes > self.limits.header_bytes {
            return Err(EgressError::HeadersTooLarge(self.limits.header_bytes));
        }
        Ok((url, response))
    }

    async fn read(
        &self,
        final_url: Url,
        response: reqwest::Response,
        redirects: u8,
    ) -> Result<Fetched, EgressError> {
        let status = response.status();
        let headers = response.headers().clone();
        // What was asked for has been decoded, and its header taken away.
        if headers
            .get(CONTENT_ENCODING)
            .is_some_and(|encoding| !encoding.as_bytes().eq_ignore_ascii_case(b"identity"))
        {
            return Err(EgressError::Encoding);
        }
        let limit = self.limits.body_bytes;
        let mut body = BytesMut::new();
        let mut truncated = false;
        let mut stream = response.bytes_stream();
        while let Some(chunk) = stream.next().await {
            let mut chunk = chunk.map_err(|error| failure(&error, redirects))?;
            let room = limit - body.len();
            truncated = chunk.len() > room;
            chunk.truncate(room);
            body.extend_from_slice(&chunk);
            if truncated {
                break;
            }
        }
        Ok(Fetched {
            final_url,
            status,
            headers,
            body: body.freeze(),
            truncated,
            redirects,
        })
    }
}

/// Where a redirect leads; `None` for a response that is no redirect or names no target.
fn redirect_target(url: &Url, response: &reqwest::Response) -> Option<Url> {
    if !matches!(response.status().as_u16(), 301 | 302 | 303 | 307 | 308) {
        return None;
    }
    let location = response.headers().get(LOCATION)?.to_str().ok()?;
    url.join(location).ok()
}

fn failure(error: &reqwest::Error, redirects: u8) -> EgressError {
    if let Some(verdict) = Unusable::of(error, redirects) {
        verdict
    } else if error.is_timeout() {
        EgressError::Timeout
    } else if error.is_connect() {
        EgressError::Connect
    } else {
        EgressError::Response
    }
}

fn audit(error: &EgressError, host: &str) {
    if let EgressError::Refused { refusal, redirects } = error {
        tracing::warn!(%refusal, redirects, host, "egress refused");
    }
}
