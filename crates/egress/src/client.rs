//! The client: one GET, its redirects and its limits.

use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http::header::{
    ACCEPT, ACCEPT_ENCODING, CONTENT_ENCODING, CONTENT_LENGTH, LOCATION, USER_AGENT,
};
use http::{HeaderMap, HeaderValue, Request, Response, StatusCode, Version};
use http_body_util::Empty;
use hyper::body::Incoming;
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::capture_connection;
use hyper_util::rt::{TokioExecutor, TokioTimer};
use url::Url;

use crate::body;
use crate::connector::GuardedConnector;
use crate::decoder::{self, Coding};
use crate::destination::Destination;
use crate::error::{BuildError, EgressError, Refusal, Rule, TimeLimit};
use crate::failure;
use crate::limits::Limits;
use crate::meter::Meter;
use crate::policy::EgressPolicy;
use crate::resolver::{Resolver, SystemResolver};
use crate::tls;
use crate::validators::Validators;

/// Headers in one response; browsers take more, servers hardly send them.
const HEADERS: usize = 256;
/// The least that hyper takes as its limit for the head of a response.
const LEAST_HEAD: usize = 8 * 1024;
/// How long a connection waits for the next request to its host.
const KEPT: Duration = Duration::from_secs(10);
/// Waiting connections per host.
const KEPT_PER_HOST: usize = 4;

/// A response, whatever its status.
#[derive(Clone, Debug)]
pub struct Fetched {
    /// The URL that answered, after redirects.
    pub final_url: Url,
    /// Its status; never a redirect that could have been followed.
    pub status: StatusCode,
    /// The protocol that it came by.
    pub version: Version,
    /// Its headers, without `Content-Encoding` and `Content-Length`, which describe the body as it
    /// came.
    pub headers: HeaderMap,
    /// The body, decompressed.
    pub body: Bytes,
    /// The body was longer than one of its limits and is cut there.
    pub truncated: bool,
    /// Bytes of the body as they came, before decompression.
    pub wire_bytes: usize,
    /// What led here, in order.
    pub redirects: Vec<Redirect>,
}

/// A redirect that was followed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Redirect {
    /// The URL that redirected.
    pub url: Url,
    /// How: 301 and 308 are for good.
    pub status: StatusCode,
    /// Its headers, which say how long it may be kept.
    pub headers: HeaderMap,
}

/// Fetches URLs that somebody else chose. Cheap to share by reference; one for a whole service.
///
/// It sends `User-Agent`, `Accept`, `Accept-Encoding` and [`Validators`] and nothing else: there is
/// no credential, no cookie and no referrer that could travel from one origin to another.
pub struct EgressClient {
    policy: EgressPolicy,
    limits: Limits,
    user_agent: HeaderValue,
    http: Client<GuardedConnector, Empty<Bytes>>,
}

/// How a URL is asked for, at every hop.
#[derive(Clone, Copy)]
pub struct Ask<'a> {
    /// The `Accept` header.
    pub accept: &'a str,
    /// With these, the status is 304 where nothing has changed.
    pub validators: Option<&'a Validators>,
    /// Somebody else's leave, beside the guard's.
    pub permission: Option<&'a dyn Permission>,
    /// Counts what comes.
    pub meter: Option<&'a Meter>,
}

impl<'a> Ask<'a> {
    /// Without conditions, without asking anybody, uncounted.
    #[must_use]
    pub fn accepting(accept: &'a str) -> Self {
        Self {
            accept,
            validators: None,
            permission: None,
            meter: None,
        }
    }
}

/// Whether a URL may be asked for, still to come.
pub type Asking<'a> = Pin<Box<dyn Future<Output = Result<(), EgressError>> + Send + 'a>>;

/// Is asked before every request, redirects included, once the guard has let the URL pass. An error
/// ends the fetch; [`EgressError::NotPermitted`] is there for it.
pub trait Permission: Send + Sync {
    /// Whether `url` may be asked for.
    fn ask<'a>(&'a self, url: &'a Url) -> Asking<'a>;
}

impl EgressClient {
    /// A client with the system's resolver. Each pair that the operator opened is logged.
    ///
    /// # Errors
    /// No CA certificates, or a `user_agent` that no header can carry.
    pub fn new(policy: EgressPolicy, limits: Limits, user_agent: &str) -> Result<Self, BuildError> {
        Self::with_resolver(policy, limits, user_agent, Arc::new(SystemResolver))
    }

    /// A client with another resolver.
    ///
    /// # Errors
    /// As [`Self::new`].
    pub fn with_resolver(
        policy: EgressPolicy,
        limits: Limits,
        user_agent: &str,
        resolver: Arc<dyn Resolver>,
    ) -> Result<Self, BuildError> {
        for pair in policy.opened() {
            tracing::warn!(%pair, "egress opened to a host by EGRESS_ALLOW_HOSTS");
        }
        let tls = tls::connector()?;
        let connector = GuardedConnector::new(policy.clone(), resolver, tls, limits.connect);
        let http = Client::builder(TokioExecutor::new())
            .timer(TokioTimer::new())
            .pool_timer(TokioTimer::new())
            .pool_idle_timeout(KEPT)
            .pool_max_idle_per_host(KEPT_PER_HOST)
            .http1_max_headers(HEADERS)
            .http1_max_buf_size(limits.header_bytes.max(LEAST_HEAD))
            .http2_max_header_list_size(u32::try_from(limits.header_bytes).unwrap_or(u32::MAX))
            .build(connector);
        Ok(Self {
            policy,
            limits,
            user_agent: HeaderValue::from_str(user_agent)?,
            http,
        })
    }

    /// The same client (its connections, too) with other limits of time, redirects and body. Those
    /// of [`Limits::connect`] and of the head's size stay what they were.
    #[must_use]
    pub fn limited(&self, limits: Limits) -> Self {
        Self {
            policy: self.policy.clone(),
            limits,
            user_agent: self.user_agent.clone(),
            http: self.http.clone(),
        }
    }

    /// Fetches `url` with this `Accept` header. Any status is a success here.
    ///
    /// # Errors
    /// Nothing was fetched. A refusal is the caller's to audit.
    pub async fn get(&self, url: &str, accept: &str) -> Result<Fetched, EgressError> {
        self.fetch(url, &Ask::accepting(accept)).await
    }

    /// Fetches `url` as `ask` says.
    ///
    /// # Errors
    /// As [`Self::get`].
    pub async fn fetch(&self, url: &str, ask: &Ask<'_>) -> Result<Fetched, EgressError> {
        let followed = tokio::time::timeout(self.limits.total, self.follow(url, ask)).await;
        followed.unwrap_or(Err(EgressError::Timeout(TimeLimit::Total)))
    }

    async fn follow(&self, url: &str, ask: &Ask<'_>) -> Result<Fetched, EgressError> {
        let mut redirects = Vec::new();
        let mut url = Url::parse(url).map_err(|_| refused(Rule::Url, 0, None))?;
        loop {
            let followed = u8::try_from(redirects.len()).unwrap_or(u8::MAX);
            let response = self.hop(&url, ask, followed).await?;
            let Some(location) = location(&response) else {
                return self.read(url, response, redirects, ask.meter).await;
            };
            if followed == self.limits.redirects {
                return Err(EgressError::TooManyRedirects(followed));
            }
            let next = target(&url, location);
            redirects.push(Redirect {
                url,
                status: response.status(),
                headers: response.headers().clone(),
            });
            url = next.ok_or_else(|| refused(Rule::Url, followed.saturating_add(1), None))?;
        }
    }

    /// One request, checked like the first.
    async fn hop(
        &self,
        url: &Url,
        ask: &Ask<'_>,
        redirects: u8,
    ) -> Result<Response<Incoming>, EgressError> {
        let refused = |rule| refused(rule, redirects, Some(url));
        Destination::of(url, &self.policy).map_err(refused)?;
        if let Some(permission) = ask.permission {
            permission.ask(url).await?;
        }
        let request = self.request(url, ask).ok_or_else(|| refused(Rule::Url))?;
        let response = self.send(request).await.map_err(|fault| match fault {
            failure::Fault::Refused(rule) => refused(rule),
            failure::Fault::Other(error) => error,
        })?;
        let headers = response.headers().iter();
        let header_bytes: usize = headers
            .map(|(name, value)| name.as_str().len() + value.len())
            .sum();
        if header_bytes > self.limits.header_bytes {
            return Err(EgressError::HeadersTooLarge(self.limits.header_bytes));
        }
        Ok(response)
    }

    fn request(&self, url: &Url, ask: &Ask<'_>) -> Option<Request<Empty<Bytes>>> {
        let mut request = Request::get(url.as_str())
            .header(USER_AGENT, &self.user_agent)
            .header(ACCEPT, ask.accept)
            .header(ACCEPT_ENCODING, decoder::ACCEPT_ENCODING)
            .body(Empty::new())
            .ok()?;
        if let Some(validators) = ask.validators {
            validators.condition(url, request.headers_mut());
        }
        Some(request)
    }

    /// The head of the response. The connector has its own limit of time; the one for the first
    /// byte begins when the connection is there.
    async fn send(
        &self,
        mut request: Request<Empty<Bytes>>,
    ) -> Result<Response<Incoming>, failure::Fault> {
        let mut connection = capture_connection(&mut request);
        let late = async {
            drop(connection.wait_for_connection_metadata().await);
            tokio::time::sleep(self.limits.first_byte).await;
        };
        tokio::select! {
            biased;
            response = self.http.request(request) => {
                response.map_err(|error| failure::of(&error, &self.limits))
            }
            () = late => Err(EgressError::Timeout(TimeLimit::FirstByte).into()),
        }
    }

    async fn read(
        &self,
        final_url: Url,
        response: Response<Incoming>,
        redirects: Vec<Redirect>,
        meter: Option<&Meter>,
    ) -> Result<Fetched, EgressError> {
        let (mut head, incoming) = response.into_parts();
        let coding = Coding::of(&head.headers).ok_or(EgressError::Encoding)?;
        let body = body::read(incoming, coding, &self.limits, meter).await?;
        head.headers.remove(CONTENT_ENCODING);
        head.headers.remove(CONTENT_LENGTH);
        Ok(Fetched {
            final_url,
            status: head.status,
            version: head.version,
            headers: head.headers,
            body: body.bytes,
            truncated: body.truncated,
            wire_bytes: body.wire_bytes,
            redirects,
        })
    }
}

fn refused(rule: Rule, redirects: u8, url: Option<&Url>) -> EgressError {
    let host = url.and_then(Url::host_str).unwrap_or_default().to_owned();
    EgressError::Refused(Refusal {
        rule,
        redirects,
        host,
    })
}

/// What a redirect names as its target; `None` for a response that is none.
fn location(response: &Response<Incoming>) -> Option<&HeaderValue> {
    if !matches!(response.status().as_u16(), 301 | 302 | 303 | 307 | 308) {
        return None;
    }
    response.headers().get(LOCATION)
}

fn target(url: &Url, location: &HeaderValue) -> Option<Url> {
    let location = std::str::from_utf8(location.as_bytes()).ok()?;
    url.join(location).ok()
}
