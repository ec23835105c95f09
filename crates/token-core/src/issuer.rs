//! The issuer identifier (RFC 8414 section 2): one exact string everywhere.

use url::Url;

use crate::text::text_newtype;

text_newtype!(
    /// The authorization server's issuer identifier, byte for byte as metadata, `iss` claims and
    /// `iss` parameters carry it: an http(s) origin without a trailing slash.
    Issuer,
    "issuer",
    "an https origin (or http on loopback) without path, query or trailing slash",
    |text| Url::parse(text).is_ok_and(|url| {
        matches!(url.scheme(), "https" | "http")
            && url.origin().ascii_serialization() == text
    })
);

impl Issuer {
    /// An endpoint of the issuer; `path` begins with a slash.
    pub fn endpoint(&self, path: &str) -> String {
        format!("{}{path}", self.as_str())
    }

    /// Whether it is served over plain HTTP, which is for loopback only. Cookies then go without
    /// `Secure` and the `__Host-` prefix, which some clients' jars drop there.
    pub fn is_plain_http(&self) -> bool {
        self.as_str().starts_with("http://")
    }

    /// The authority (host and port) of the issuer.
    pub fn authority(&self) -> &str {
        self.as_str()
            .split_once("://")
            .map_or("", |(_, authority)| authority)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_bare_origin_is_an_issuer() {
        for good in [
            "https://auth.example.com",
            "http://localhost:8080",
            "https://a.b:8443",
        ] {
            assert_eq!(Issuer::parse(good).unwrap().as_str(), good);
        }
        for bad in [
            "https://auth.example.com/",
            "https://auth.example.com/x",
            "https://AUTH.example.com",
            "https://auth.example.com:443",
            "ftp://auth.example.com",
            "auth.example.com",
            "",
        ] {
            assert!(Issuer::parse(bad).is_err(), "{bad}");
        }
    }
}
