//! How pages are fetched: what the operator decides of manners, memory and quotas.

use app_shell::settings::Settings;
use url::Url;

use crate::quota::Limits;

const CACHE_MB: u64 = 64;
/// One page of the largest size must fit into each of the parts.
const LEAST_CACHE_MB: u64 = 48;
const LIMITS: Limits = Limits {
    requests_per_minute: 120,
    bytes_per_minute: 200 << 20,
    at_a_time: 16,
};

/// How pages are fetched.
#[derive(Debug, Clone)]
pub(crate) struct Fetching {
    /// Whether `robots.txt` is heard for what no person asked for.
    pub(crate) obeys_robots: bool,
    /// Whom a site's operator can turn to, in the `User-Agent`; the issuer where it is not set.
    pub(crate) contact: Option<Url>,
    /// For pages and what was made of them, in bytes.
    pub(crate) memory: u64,
    pub(crate) quota: Limits,
}

impl Fetching {
    pub(super) fn from_settings(settings: &mut Settings) -> Self {
        let obeys_robots = settings.parse_with("FETCH_ROBOTS", |text| match text {
            "obey" => Ok(true),
            "ignore" => Ok(false),
            _ => Err("expected `obey` or `ignore`"),
        });
        let contact = settings.parse_with("FETCH_CONTACT_URL", parse_contact);
        let memory = settings.parse_with("FETCH_CACHE_MB", parse_memory);
        let mut positive = |name, default: u64| {
            let parsed = settings.parse_with(name, |text| match text.parse() {
                Ok(number @ 1..=1_000_000) => Ok(number),
                _ => Err("expected a whole number from 1 to 1000000"),
            });
            parsed.unwrap_or(default)
        };
        let calls = positive("FETCH_CALLS_PER_MINUTE", LIMITS.requests_per_minute.into());
        let megabytes = positive("FETCH_MB_PER_MINUTE", LIMITS.bytes_per_minute >> 20);
        let at_a_time = positive("FETCH_CALLS_AT_A_TIME", LIMITS.at_a_time.into());
        Self {
            obeys_robots: obeys_robots.unwrap_or(true),
            contact,
            memory: memory.unwrap_or(CACHE_MB) << 20,
            quota: Limits {
                requests_per_minute: u32::try_from(calls).unwrap_or(u32::MAX),
                bytes_per_minute: megabytes << 20,
                at_a_time: u32::try_from(at_a_time).unwrap_or(u32::MAX),
            },
        }
    }
}

fn parse_contact(text: &str) -> Result<Url, &'static str> {
    let wrong =
        "expected a URL such as https://example.com/about-our-fetcher or mailto:web@example.com";
    let url = Url::parse(text).map_err(|_| wrong)?;
    // It stands in brackets, in a header.
    let fits = url.as_str().is_ascii() && !url.as_str().contains(['(', ')']);
    let known = matches!(url.scheme(), "https" | "http" | "mailto");
    (fits && known).then_some(url).ok_or(wrong)
}

fn parse_memory(text: &str) -> Result<u64, String> {
    match text.parse() {
        Ok(megabytes) if (LEAST_CACHE_MB..=1 << 20).contains(&megabytes) => Ok(megabytes),
        _ => Err(format!(
            "expected a whole number of megabytes from {LEAST_CACHE_MB} on"
        )),
    }
}
