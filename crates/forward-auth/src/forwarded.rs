//! What a request says, as the edge forwards it: the only headers that a decision looks at.

use token_core::resource::host_without_port;

/// The longest `Authorization` header that is looked at, in bytes.
const MAX_AUTHORIZATION_BYTES: usize = token_core::jose::MAX_TOKEN_BYTES + 16;

/// The parts of a forwarded request that a decision needs.
#[derive(Debug, Clone, Copy)]
pub struct ForwardedRequest<'a> {
    /// What was presented as a token.
    pub presented: Presented<'a>,
    /// `X-Forwarded-Host`, as the client sent it: any case, a port, a trailing dot.
    pub host: Option<&'a str>,
    /// `X-Forwarded-Uri`: path and query.
    pub uri: Option<&'a str>,
    /// `X-Forwarded-Method`: the client's method. Each of them needs a token.
    pub method: Option<&'a str>,
    /// The address that the edge saw: the last of `X-Forwarded-For`.
    pub address: Option<&'a str>,
}

/// What the `Authorization` headers of a request present (RFC 6750 section 2.1).
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Presented<'a> {
    /// No header, or one of another scheme.
    Nothing,
    /// One `Bearer` token.
    Token(&'a str),
    /// A header that cannot be a token: repeated, too long, not ASCII, or empty.
    IllFormed,
}

impl std::fmt::Debug for Presented<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Nothing => "Nothing",
            Self::Token(_) => "Token([redacted])",
            Self::IllFormed => "IllFormed",
        })
    }
}

impl<'a> Presented<'a> {
    /// Reads the values of all `Authorization` headers of a request. The scheme's case does not
    /// matter (RFC 9110 section 11.1).
    pub fn of(mut values: impl Iterator<Item = &'a [u8]>) -> Self {
        let Some(value) = values.next() else {
            return Self::Nothing;
        };
        if values.next().is_some() || value.len() > MAX_AUTHORIZATION_BYTES {
            return Self::IllFormed;
        }
        let Ok(value) = std::str::from_utf8(value) else {
            return Self::IllFormed;
        };
        let (scheme, rest) = value.split_once(' ').unwrap_or((value, ""));
        if !scheme.eq_ignore_ascii_case("bearer") {
            return Self::Nothing;
        }
        match rest.trim_matches(' ') {
            token if !token.is_empty() && is_visible(token) => Self::Token(token),
            _ => Self::IllFormed,
        }
    }
}

/// Whether each byte is visible ASCII. It looks at all of them, which the compiler can do many at a
/// time.
fn is_visible(token: &str) -> bool {
    token
        .bytes()
        .fold(true, |so_far, byte| so_far & byte.is_ascii_graphic())
}

impl ForwardedRequest<'_> {
    /// The path without its query.
    pub fn path(&self) -> Option<&str> {
        self.uri.map(|uri| uri.split('?').next().unwrap_or(uri))
    }

    /// Whether the forwarded host is `host`, port and trailing dot aside.
    pub fn is_for_host(&self, host: &str) -> bool {
        self.host
            .is_some_and(|given| host_without_port(given).eq_ignore_ascii_case(host))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn presented<'a>(values: &[&'a str]) -> Presented<'a> {
        Presented::of(values.iter().map(|value| value.as_bytes()))
    }

    #[test]
    fn exactly_one_bearer_token() {
        assert_eq!(presented(&["Bearer abc"]), Presented::Token("abc"));
        assert_eq!(presented(&["bearer  abc "]), Presented::Token("abc"));
        assert_eq!(presented(&[]), Presented::Nothing);
        assert_eq!(presented(&["Basic abc"]), Presented::Nothing);
        for ill in [
            &["Bearer"][..],
            &["Bearer "],
            &["Bearer a b"],
            &["Bearer a", "Bearer a"],
        ] {
            assert_eq!(presented(ill), Presented::IllFormed, "{ill:?}");
        }
        let long = format!("Bearer {}", "a".repeat(MAX_AUTHORIZATION_BYTES));
        assert_eq!(presented(&[&long]), Presented::IllFormed);
        assert_eq!(
            Presented::of([&b"Bearer \xff"[..]].into_iter()),
            Presented::IllFormed
        );
        assert!(!format!("{:?}", Presented::Token("secret")).contains("secret"));
    }

    #[test]
    fn hosts_are_compared_without_case_port_and_root_dot() {
        let request = |host| ForwardedRequest {
            presented: Presented::Nothing,
            host: Some(host),
            uri: Some("/mcp?x=1"),
            method: Some("POST"),
            address: None,
        };
        for host in [
            "fetch.gw.test",
            "FETCH.gw.test:8443",
            "fetch.gw.test.",
            "fetch.gw.test.:1",
        ] {
            assert!(request(host).is_for_host("fetch.gw.test"), "{host}");
        }
        for host in ["evil.test", "fetch.gw.test.evil.test", "xfetch.gw.test", ""] {
            assert!(!request(host).is_for_host("fetch.gw.test"), "{host}");
        }
        assert_eq!(request("a").path(), Some("/mcp"));
    }
}
