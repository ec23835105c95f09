//! What holds for every answer: redirects from http, security headers.

use app_shell::security_headers;
use reqwest::StatusCode;
use token_core::Seconds;

use super::target::{Answer, Asked};
use crate::doctor::finding::{Outcome, Problem};

const EDGE: &str = "git checkout traefik/dynamic/edge.yml, then just up";
const ENTRY_POINT: &str = "git checkout docker-compose.yml, then just up";
/// A year: what browsers and hstspreload.org ask for.
const HSTS: Seconds = Seconds(31_536_000);
const REFERRER: &str = "referrer-policy";
const POLICY: &str = "content-security-policy";

/// An answer, and where it came from.
pub(crate) struct Seen {
    pub(crate) url: String,
    pub(crate) asked: Asked,
}

/// `http://` addresses, each with what it answered.
pub(crate) fn http_redirect(pages: &[Seen]) -> Outcome {
    let problems = pages.iter().filter_map(|page| {
        let (url, secure) = (&page.url, page.url.replacen("http://", "https://", 1));
        let answer = match &page.asked {
            Ok(answer) => answer,
            Err(error) => {
                let found =
                    format!("{url}: {error}; Let's Encrypt's HTTP challenge comes there too");
                return Some(Problem::warn(found, "open port 80, and just up"));
            }
        };
        let location = answer.one("location");
        match answer.status {
            StatusCode::MOVED_PERMANENTLY | StatusCode::PERMANENT_REDIRECT
                if location.as_ref() == Some(&secure) =>
            {
                None
            }
            StatusCode::FOUND | StatusCode::SEE_OTHER | StatusCode::TEMPORARY_REDIRECT
                if location.as_ref() == Some(&secure) =>
            {
                let found = format!("{url} redirects for this once only ({})", answer.status);
                Some(Problem::warn(found, ENTRY_POINT))
            }
            status => {
                let found = format!("{url} answers {status} and does not redirect to https");
                Some(Problem::fail(found, ENTRY_POINT))
            }
        }
    });
    Outcome::of(problems.collect(), "every host, for good")
}

/// Each kind of answer must have each header, once.
pub(crate) fn security_headers(pages: &[Seen]) -> Outcome {
    let answered = pages
        .iter()
        .filter_map(|page| Some((&page.url, page.asked.as_ref().ok()?)));
    let mut missing: Vec<(String, Vec<&str>)> = Vec::new();
    let mut kinds = 0;
    for (url, answer) in answered {
        kinds += 1;
        for fault in faults(answer, url.starts_with("https://")) {
            match missing.iter_mut().find(|(own, _)| *own == fault) {
                Some((_, urls)) => urls.push(url),
                None => missing.push((fault, vec![url])),
            }
        }
    }
    if kinds == 0 {
        return Outcome::skipped("nothing answered");
    }
    let problems = missing.into_iter().map(|(fault, urls)| {
        let first = urls.first().copied().unwrap_or_default();
        let more = urls.len().saturating_sub(1);
        let beside = if more == 0 {
            String::new()
        } else {
            format!(" and {more} more")
        };
        Problem::fail(format!("{fault} at {first}{beside}"), EDGE)
    });
    Outcome::of(
        problems.collect(),
        format!("all of them, on {kinds} kinds of answers"),
    )
}

fn faults(answer: &Answer, is_https: bool) -> Vec<String> {
    let mut faults = Vec::new();
    for (name, wanted) in security_headers::HEADERS {
        match answer.all(name).as_slice() {
            [] => faults.push(format!("no {name}")),
            [value] if is_as_good(name, value, wanted) => {}
            [value] => faults.push(format!("{name} is {value}")),
            _ => faults.push(format!("{name} comes more than once")),
        }
    }
    if is_https {
        match answer.all("strict-transport-security").as_slice() {
            [value] if holds_a_year(value) => {}
            [value] => faults.push(format!("strict-transport-security is {value}")),
            [] => faults.push("no strict-transport-security".to_owned()),
            _ => faults.push("strict-transport-security comes more than once".to_owned()),
        }
    }
    for name in ["server", "x-powered-by"] {
        if let Some(value) = answer.one(name) {
            faults.push(format!("{name} tells {value}"));
        }
    }
    faults
}

fn is_as_good(name: &str, value: &str, wanted: &str) -> bool {
    match name {
        // More directives may follow.
        POLICY => wanted
            .split("; ")
            .all(|directive| value.split(';').any(|own| own.trim() == directive)),
        REFERRER => value == wanted || value == "no-referrer",
        _ => value.eq_ignore_ascii_case(wanted),
    }
}

/// `preload` is the operator's to leave out (docs/production.md).
fn holds_a_year(value: &str) -> bool {
    let age = directives(value).find_map(|own| max_age(&own));
    age.is_some_and(|age| age >= HSTS) && directives(value).any(|own| own == "includesubdomains")
}

/// What an answer says of HSTS, if it says it once.
pub(crate) fn hsts_age(answer: &Answer) -> Option<Seconds> {
    let value = answer.one("strict-transport-security")?;
    directives(&value).find_map(|own| max_age(&own))
}

/// RFC 6797 section 6.1.
fn directives(value: &str) -> impl Iterator<Item = String> {
    value.split(';').map(|own| own.trim().to_ascii_lowercase())
}

fn max_age(directive: &str) -> Option<Seconds> {
    let age = directive.strip_prefix("max-age=")?;
    age.trim_matches('"').parse().ok().map(Seconds)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::doctor::finding::Verdict;
    use crate::doctor::outside::target::tests::answer;

    const HSTS: (&str, &str) = (
        "strict-transport-security",
        "max-age=31536000; includeSubDomains; preload",
    );

    fn with(changed: &[(&'static str, &str)]) -> Outcome {
        let mut headers = security_headers::HEADERS.to_vec();
        headers.push(HSTS);
        for (name, value) in changed {
            headers.retain(|(own, _)| own != name);
            if !value.is_empty() {
                headers.push((name, value));
            }
        }
        let asked = Ok(answer(200, &headers, ""));
        let url = "https://auth.example.com/".to_owned();
        security_headers(&[Seen { url, asked }])
    }

    #[test]
    fn each_header_that_is_weaker_is_told() {
        assert_eq!(with(&[]).verdict(), Verdict::Ok);
        for good in [
            (
                "strict-transport-security",
                "max-age=63072000; includeSubDomains",
            ),
            ("referrer-policy", "no-referrer"),
            (
                "content-security-policy",
                "frame-ancestors 'none'; default-src 'self'; base-uri 'none'; object-src 'none'; img-src 'self'",
            ),
        ] {
            assert_eq!(with(&[good]).verdict(), Verdict::Ok, "{good:?}");
        }
        for bad in [
            ("strict-transport-security", ""),
            ("strict-transport-security", "max-age=60; includeSubDomains"),
            ("strict-transport-security", "max-age=31536000"),
            ("x-content-type-options", ""),
            ("x-frame-options", "SAMEORIGIN"),
            ("referrer-policy", "unsafe-url"),
            ("content-security-policy", "default-src *"),
            ("server", "nginx/1.0"),
        ] {
            assert_eq!(with(&[bad]).verdict(), Verdict::Fail, "{bad:?}");
        }
    }

    #[test]
    fn a_redirect_is_permanent_and_to_the_same_address() {
        let of = |status, location: &str| {
            let headers: &[_] = if location.is_empty() {
                &[]
            } else {
                &[("location", location)]
            };
            let url = "http://auth.example.com/x".to_owned();
            let asked = Ok(answer(status, headers, ""));
            http_redirect(&[Seen { url, asked }]).verdict()
        };
        assert_eq!(of(301, "https://auth.example.com/x"), Verdict::Ok);
        assert_eq!(of(308, "https://auth.example.com/x"), Verdict::Ok);
        assert_eq!(of(302, "https://auth.example.com/x"), Verdict::Warn);
        assert_eq!(of(301, "https://elsewhere.example/x"), Verdict::Fail);
        assert_eq!(of(200, ""), Verdict::Fail);
    }
}
