//! An answer over HTTP, read whole and within a bound.

use reqwest::header::HeaderMap;
use reqwest::{RequestBuilder, StatusCode};

/// An answer, read whole.
#[derive(Debug, Clone)]
pub(crate) struct Answer {
    pub(crate) status: StatusCode,
    pub(crate) headers: HeaderMap,
    pub(crate) body: String,
}

impl Answer {
    /// Every value of a header, as text.
    pub(crate) fn all(&self, name: &str) -> Vec<String> {
        let values = self.headers.get_all(name).iter();
        values
            .map(|value| String::from_utf8_lossy(value.as_bytes()).into_owned())
            .collect()
    }

    /// The value of a header that comes once.
    pub(crate) fn one(&self, name: &str) -> Option<String> {
        match self.all(name).as_slice() {
            [only] => Some(only.clone()),
            _ => None,
        }
    }
}

/// What came of a request: an answer, or why there is none.
pub(crate) type Asked = Result<Answer, String>;

/// Sends it and reads the answer; one of more than `limit` bytes is none. An error says nothing of
/// the address.
pub(crate) async fn read_whole(request: RequestBuilder, limit: usize) -> Asked {
    let failed = |error: reqwest::Error| app_shell::error_chain(&error.without_url());
    let mut response = request.send().await.map_err(failed)?;
    let mut body = Vec::new();
    while let Some(part) = response.chunk().await.map_err(failed)? {
        if body.len() + part.len() > limit {
            return Err(format!("an answer of more than {} KiB", limit / 1024));
        }
        body.extend_from_slice(&part);
    }
    Ok(Answer {
        status: response.status(),
        headers: response.headers().clone(),
        body: String::from_utf8_lossy(&body).into_owned(),
    })
}
