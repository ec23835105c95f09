//! What a client keeps at an address of its own: its metadata document and its keys. How they are
//! fetched is the caller's to give; how long they are good is said here (RFC 9111 section 4.2).

use async_trait::async_trait;
use token_core::{Seconds, Timestamp};

/// The least and the most that an answer is kept for, and what holds where it does not say.
const LEAST: u64 = 60;
const MOST: u64 = 86_400;
const UNSAID: u64 = 3600;

/// Fetches what a client chose the address of: guarded, over https, without following redirects.
#[async_trait]
pub trait Remote: Send + Sync {
    /// One GET. Any status but a redirect is an answer.
    async fn get(&self, url: &str) -> Result<RemoteAnswer, RemoteFault>;
}

/// An answer, as far as it is looked at.
#[derive(Debug, Clone, Default)]
pub struct RemoteAnswer {
    /// The HTTP status.
    pub status: u16,
    /// `Content-Type`
    pub content_type: Option<String>,
    /// `Cache-Control`
    pub cache_control: Option<String>,
    /// `Age`, in seconds.
    pub age: Option<u64>,
    /// `Expires`
    pub expires: Option<Timestamp>,
    /// The body; `None` when it is larger than anything that is read.
    pub body: Option<Vec<u8>>,
}

/// Why there is nothing to work with.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum RemoteFault {
    /// It cannot be had now: an outage of theirs. What was fetched before still holds.
    #[error("it cannot be fetched now")]
    Unreachable,
    /// It is not what it must be, for the reason that is given, in words for its author.
    #[error("{0}")]
    Refused(&'static str),
}

impl RemoteAnswer {
    /// The JSON text of an answer that is one.
    pub(super) fn json(&self, max_bytes: usize) -> Result<&[u8], RemoteFault> {
        match self.status {
            200 => {}
            404 | 410 => return Err(RemoteFault::Refused("there is nothing at its address")),
            _ => return Err(RemoteFault::Unreachable),
        }
        let media_type = self.content_type.as_deref().unwrap_or_default();
        let media_type = media_type.split(';').next().unwrap_or_default().trim();
        let media_type = media_type.to_ascii_lowercase();
        if media_type != "application/json" && !media_type.ends_with("+json") {
            return Err(RemoteFault::Refused("it is not served as application/json"));
        }
        match &self.body {
            Some(body) if body.len() <= max_bytes => Ok(body),
            _ => Err(RemoteFault::Refused("it is too large")),
        }
    }

    /// How long it is fresh, within bounds.
    pub(super) fn lifetime(&self, now: Timestamp) -> Seconds {
        let directives = self.cache_control.as_deref().unwrap_or_default();
        let directives: Vec<_> = directives
            .split(',')
            .map(|one| one.trim().to_ascii_lowercase())
            .collect();
        let has = |name: &str| directives.iter().any(|one| one == name);
        let max_age = directives
            .iter()
            .find_map(|one| one.strip_prefix("max-age=")?.trim_matches('"').parse().ok());
        let said: u64 = if has("no-store") || has("no-cache") {
            0
        } else if let Some(max_age) = max_age {
            u64::saturating_sub(max_age, self.age.unwrap_or(0))
        } else {
            self.expires.map_or(UNSAID, |at| at.remaining(now).0)
        };
        Seconds(said.clamp(LEAST, MOST))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn headers_say_how_long_an_answer_is_fresh_within_bounds() {
        let now = Timestamp(1_000_000);
        let of = |cache_control: &str, age, expires: Option<u64>| {
            let answer = RemoteAnswer {
                cache_control: Some(cache_control.to_owned()),
                age,
                expires: expires.map(Timestamp),
                ..RemoteAnswer::default()
            };
            answer.lifetime(now).0
        };
        for (cache_control, age, expires, seconds) in [
            ("max-age=600", None, None, 600),
            ("public, Max-Age=\"600\"", Some(100), Some(1_009_999), 500),
            ("max-age=600", Some(1000), None, 60),
            ("max-age=1", None, None, 60),
            ("max-age=99999999", None, None, 86_400),
            ("max-age=600, no-cache", None, None, 60),
            ("no-store", None, Some(1_009_999), 60),
            ("", None, Some(1_000_300), 300),
            ("", None, Some(1), 60),
            ("", None, None, 3600),
        ] {
            assert_eq!(of(cache_control, age, expires), seconds, "{cache_control}");
        }
    }

    #[test]
    fn only_a_json_answer_of_200_within_its_size_is_read() {
        let answer = |status, content_type: &str, body: Option<&[u8]>| RemoteAnswer {
            status,
            content_type: Some(content_type.to_owned()),
            body: body.map(<[u8]>::to_vec),
            ..RemoteAnswer::default()
        };
        let json = "application/json; charset=utf-8";
        assert!(answer(200, json, Some(b"{}")).json(2).is_ok());
        assert!(
            answer(200, "application/cimd+json", Some(b"{}"))
                .json(2)
                .is_ok()
        );
        let refused = |answer: RemoteAnswer| matches!(answer.json(2), Err(RemoteFault::Refused(_)));
        assert!(refused(answer(404, json, Some(b"{}"))));
        assert!(refused(answer(200, "text/html", Some(b"{}"))));
        assert!(refused(answer(200, json, Some(b"{ }"))));
        assert!(refused(answer(200, json, None)));
        for status in [201, 302, 403, 429, 500, 503] {
            let fault = answer(status, json, Some(b"{}")).json(2).err();
            assert_eq!(fault, Some(RemoteFault::Unreachable), "{status}");
        }
    }
}
