//! An internal document, such as a key set, that is polled and kept.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use reqwest::{Client, StatusCode, Url, redirect};
use tokio::sync::{Notify, watch};
use tokio::task::AbortHandle;
use tokio::time::{sleep, timeout};

use crate::error_chain::error_chain;
use crate::tls;

/// For one answer, from connecting to its last byte.
const ANSWER_LIMIT: Duration = Duration::from_secs(2);
/// The least time between two requests, and the time between those before the first success.
const PAUSE: Duration = Duration::from_secs(1);
const BYTES_LIMIT: usize = 64 * 1024;

/// The last good version of the document at one URL, parsed. Polling ends when it is dropped.
#[derive(Debug)]
pub struct RemoteDocument<T> {
    current: watch::Receiver<Option<Arc<T>>>,
    version: Arc<AtomicU64>,
    last_good_asked_at: Arc<Mutex<Option<Instant>>>,
    early: Arc<Notify>,
    poller: AbortHandle,
}

/// Why an answer is no good. Its text is logged, so it never holds the document.
#[derive(Debug, thiserror::Error)]
enum FetchError {
    #[error("no answer")]
    Request(#[source] reqwest::Error),
    #[error("no complete answer within 2 s")]
    Slow,
    #[error("answered {0}, not 200")]
    Status(StatusCode),
    #[error("longer than 64 KiB")]
    TooLong,
    #[error("not the expected document: {0}")]
    Parse(String),
}

impl<T: Send + Sync + 'static> RemoteDocument<T> {
    /// Polls `url` from now on: each second until the first success, then after each `every` (at
    /// least a second). Follows no redirect, uses no proxy and reads at most 64 KiB.
    ///
    /// `parse` makes a value of the body, or says what is wrong with it without repeating it.
    /// Needs a running runtime, and belongs to it.
    ///
    /// # Errors
    /// The HTTP client cannot be built: for an `https` URL, the certificates that the machine (or
    /// `SSL_CERT_FILE`) trusts cannot be read.
    pub fn start(
        url: Url,
        every: Duration,
        parse: impl Fn(&[u8]) -> Result<T, String> + Send + Sync + 'static,
    ) -> Result<Arc<Self>, reqwest::Error> {
        let client = client_for(&url)?;
        let (publish, current) = watch::channel(None);
        let early = Arc::new(Notify::new());
        let version = Arc::new(AtomicU64::new(0));
        let last_good_asked_at = Arc::default();
        let poller = Poller {
            client,
            url,
            every,
            parse,
            publish,
            version: Arc::clone(&version),
            last_good_asked_at: Arc::clone(&last_good_asked_at),
            early: Arc::clone(&early),
        };
        let poller = tokio::spawn(poller.run()).abort_handle();
        Ok(Arc::new(Self {
            current,
            version,
            last_good_asked_at,
            early,
            poller,
        }))
    }

    /// The last good version; none before the first success. Never waits.
    pub fn current(&self) -> Option<Arc<T>> {
        self.current.borrow().clone()
    }

    /// Grows after the document has changed, and stays while it is fetched again as it was.
    pub fn version(&self) -> u64 {
        self.version.load(Ordering::Acquire)
    }

    /// When the request was made that was last answered with the document, changed or not; none
    /// before the first success.
    pub fn last_good_asked_at(&self) -> Option<Instant> {
        *held(&self.last_good_asked_at)
    }

    /// Asks for an early refresh, for instance when a token names a key that is not in
    /// [`RemoteDocument::current`]. Returns at once; at most one request a second is made.
    pub fn refresh_soon(&self) {
        self.early.notify_one();
    }
}

impl<T> Drop for RemoteDocument<T> {
    fn drop(&mut self) {
        self.poller.abort();
    }
}

struct Poller<T, P> {
    client: Client,
    url: Url,
    every: Duration,
    parse: P,
    publish: watch::Sender<Option<Arc<T>>>,
    version: Arc<AtomicU64>,
    last_good_asked_at: Arc<Mutex<Option<Instant>>>,
    early: Arc<Notify>,
}

impl<T, P: Fn(&[u8]) -> Result<T, String>> Poller<T, P> {
    async fn run(self) {
        let mut was_good = None;
        let mut published = None;
        loop {
            let asked_at = Instant::now();
            let outcome = timeout(ANSWER_LIMIT, self.fetch()).await;
            let outcome = outcome.unwrap_or(Err(FetchError::Slow));
            let outcome = outcome.and_then(|body| self.news(body, &mut published));
            let is_good = outcome.is_ok();
            if was_good != Some(is_good) {
                self.log(outcome.as_ref().err());
            }
            was_good = Some(is_good);
            if let Ok(Some(document)) = outcome {
                self.publish.send_replace(Some(Arc::new(document)));
                self.version.fetch_add(1, Ordering::Release);
            }
            if is_good {
                *held(&self.last_good_asked_at) = Some(asked_at);
            }
            sleep(PAUSE).await;
            if self.publish.borrow().is_some() {
                // A timeout is the regular refresh, an answer the early one.
                let _ = timeout(self.every.saturating_sub(PAUSE), self.early.notified()).await;
            }
        }
    }

    /// The document, where it is not the one that is published already.
    fn news(
        &self,
        body: Vec<u8>,
        published: &mut Option<Vec<u8>>,
    ) -> Result<Option<T>, FetchError> {
        if published.as_ref() == Some(&body) {
            return Ok(None);
        }
        let document = (self.parse)(&body).map_err(FetchError::Parse)?;
        *published = Some(body);
        Ok(Some(document))
    }

    async fn fetch(&self) -> Result<Vec<u8>, FetchError> {
        let request = self.client.get(self.url.clone()).send();
        let mut response = request.await.map_err(FetchError::from_request)?;
        if response.status() != StatusCode::OK {
            return Err(FetchError::Status(response.status()));
        }
        let mut body = Vec::new();
        while let Some(chunk) = response.chunk().await.map_err(FetchError::from_request)? {
            if body.len() + chunk.len() > BYTES_LIMIT {
                return Err(FetchError::TooLong);
            }
            body.extend_from_slice(&chunk);
        }
        Ok(body)
    }

    fn log(&self, error: Option<&FetchError>) {
        // Host and path only: userinfo and query may hold a secret.
        let host = self.url.host_str();
        let path = self.url.path();
        match error {
            None => tracing::info!(host, path, "document is up to date"),
            Some(error) => {
                let error = error_chain(error);
                tracing::warn!(host, path, error, "cannot refresh the document");
            }
        }
    }
}

fn held<T>(value: &Mutex<T>) -> MutexGuard<'_, T> {
    // Nothing is half done under this lock.
    value.lock().unwrap_or_else(PoisonError::into_inner)
}

impl FetchError {
    fn from_request(error: reqwest::Error) -> Self {
        Self::Request(error.without_url())
    }
}

pub(crate) fn client_for(url: &Url) -> Result<Client, reqwest::Error> {
    tls::install_ring();
    let client = Client::builder()
        .no_proxy()
        .redirect(redirect::Policy::none());
    // An image built from scratch has no certificates to load, and plain http needs none.
    let client = if url.scheme() == "http" {
        client.tls_certs_only([])
    } else {
        client
    };
    client.build()
}

#[cfg(test)]
mod tests;
