//! What asks whether a response has changed (RFC 9110 section 13.1).

use http::header::{ETAG, IF_MODIFIED_SINCE, IF_NONE_MATCH, LAST_MODIFIED};
use http::{HeaderMap, HeaderValue};
use url::Url;

use crate::client::Fetched;

/// The validators of one response. They are the only headers that a caller can add to a request,
/// and they go to the URL that gave them and to no other: not along a redirect, not to another
/// origin.
#[derive(Clone, Debug)]
pub struct Validators {
    url: Url,
    etag: Option<HeaderValue>,
    last_modified: Option<HeaderValue>,
}

impl Validators {
    /// Those of a response, if it has any.
    #[must_use]
    pub fn of(fetched: &Fetched) -> Option<Self> {
        let etag = fetched.headers.get(ETAG).cloned();
        let last_modified = fetched.headers.get(LAST_MODIFIED).cloned();
        (etag.is_some() || last_modified.is_some()).then(|| Self {
            url: fetched.final_url.clone(),
            etag,
            last_modified,
        })
    }

    /// Adds the conditions to a request for `url`, if these are its validators.
    pub(crate) fn condition(&self, url: &Url, headers: &mut HeaderMap) {
        if *url != self.url {
            return;
        }
        let conditions = [
            (IF_NONE_MATCH, &self.etag),
            (IF_MODIFIED_SINCE, &self.last_modified),
        ];
        for (name, value) in conditions {
            if let Some(value) = value {
                headers.insert(name, value.clone());
            }
        }
    }
}
