//! Redirect URIs: what may be registered, and when one that is asked for matches
//! (RFC 6749 section 3.1.2, RFC 8252 sections 7 and 8.4, RFC 9700 section 4.1).

use std::fmt;

use serde::{Deserialize, Serialize, Serializer};
use url::Url;

use crate::text::InvalidText;

/// Schemes that browsers run or read locally instead of handing to an application.
const REFUSED_SCHEMES: [&str; 12] = [
    "javascript",
    "data",
    "file",
    "vbscript",
    "blob",
    "about",
    "filesystem",
    "ftp",
    "mailto",
    "view-source",
    "ws",
    "wss",
];
const MAX_BYTES: usize = 2048;

/// A redirect URI that may be registered: https; http on loopback; or a private-use scheme. It
/// has no fragment and no user information. It keeps, and compares by, the original text.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Deserialize)]
#[serde(try_from = "String")]
pub struct RedirectUri {
    text: String,
    target: Target,
}

/// Where a browser goes when it is sent to a redirect URI.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Target {
    /// A web site: its host, with the port when it is not 443.
    Web(String),
    /// This computer (RFC 8252 section 7.3), with what must match besides the port.
    Loopback {
        /// `v4` and the name `localhost` are one (Codex swaps them); `[::1]` is another.
        family: Loopback,
        /// Path and query as they are written, compared exactly. No path is `/`.
        path_and_query: String,
    },
    /// An application on this computer, by its private-use scheme (RFC 8252 section 7.1).
    App(String),
}

/// The two loopback interfaces.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Loopback {
    /// `127.0.0.1` and `localhost`.
    V4,
    /// `[::1]`.
    V6,
}

impl Loopback {
    /// Of a host and perhaps a port, by the host as it is written: a browser takes `127.1` and
    /// `0177.0.0.1` for `127.0.0.1`, other programs for other addresses.
    fn of(authority: &str) -> Option<Self> {
        let host = match authority.rsplit_once(':') {
            Some((host, port)) if port.bytes().all(|b| b.is_ascii_digit()) => host,
            _ => authority,
        };
        match host {
            "127.0.0.1" => Some(Self::V4),
            "[::1]" => Some(Self::V6),
            host => host.eq_ignore_ascii_case("localhost").then_some(Self::V4),
        }
    }
}

impl RedirectUri {
    /// Takes a URI that may be registered.
    pub fn parse(text: impl Into<String>) -> Result<Self, InvalidText> {
        let text = text.into();
        let invalid = InvalidText {
            what: "redirect URI",
            expected: "https, http on localhost, 127.0.0.1 or [::1], or a private-use scheme; \
                       without fragment, user information and `*`",
        };
        match Target::of(&text) {
            Some(target) => Ok(Self { text, target }),
            None => Err(invalid),
        }
    }

    /// The URI as it was registered.
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// Where it leads.
    pub fn target(&self) -> &Target {
        &self.target
    }

    /// Whether the registered URI `self` admits `requested`: exactly equal, or on loopback equal
    /// in all but the port (RFC 8252 section 7.3).
    pub fn admits(&self, requested: &RedirectUri) -> bool {
        match (&self.target, &requested.target) {
            (Target::Loopback { .. }, Target::Loopback { .. }) => self.target == requested.target,
            _ => self.text == requested.text,
        }
    }
}

impl Target {
    fn of(text: &str) -> Option<Self> {
        // A `*` compares as itself here; whoever registers one means a pattern, and there are none.
        let printable = |b: u8| (0x21..=0x7E).contains(&b) && !b"*\"<>\\^`{|}".contains(&b);
        if text.len() > MAX_BYTES || !text.bytes().all(printable) || text.contains('#') {
            return None;
        }
        let url = Url::parse(text).ok()?;
        let scheme = url.scheme();
        if REFUSED_SCHEMES.contains(&scheme)
            || !url.username().is_empty()
            || url.password().is_some()
        {
            return None;
        }
        if !matches!(scheme, "https" | "http") {
            return Self::private_use(scheme, text);
        }
        // What a reader sees must be what the browser does: no scheme without its "//", and no "@"
        // before the path even when it is empty.
        let rest = text.get(scheme.len()..)?.strip_prefix("://")?;
        let (authority, path_and_query) =
            rest.split_at(rest.find(['/', '?']).unwrap_or(rest.len()));
        if authority.is_empty() || authority.contains('@') {
            return None;
        }
        if scheme == "https" {
            let host = url.host_str()?;
            return Some(Self::Web(match url.port() {
                Some(port) => format!("{host}:{port}"),
                None => host.to_owned(),
            }));
        }
        let slash = if path_and_query.starts_with('/') {
            ""
        } else {
            "/"
        };
        Some(Self::Loopback {
            family: Loopback::of(authority)?,
            path_and_query: format!("{slash}{path_and_query}"),
        })
    }

    fn private_use(scheme: &str, text: &str) -> Option<Self> {
        // More than the bare scheme, so that the application is told something.
        (text.len() > scheme.len() + 1).then(|| Self::App(scheme.to_owned()))
    }
}

impl fmt::Display for RedirectUri {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

impl TryFrom<String> for RedirectUri {
    type Error = InvalidText;
    fn try_from(text: String) -> Result<Self, Self::Error> {
        Self::parse(text)
    }
}

impl Serialize for RedirectUri {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.text)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn uri(text: &str) -> RedirectUri {
        RedirectUri::parse(text).unwrap()
    }

    #[test]
    fn what_may_be_registered() {
        for good in [
            "https://claude.ai/api/mcp/auth_callback",
            "https://vscode.dev/redirect",
            "http://localhost/callback",
            "http://127.0.0.1:33418/",
            "http://[::1]:8080/cb?x=1",
            "cursor://anysphere.cursor-mcp/oauth/callback",
            "com.example.app:/oauth",
        ] {
            assert!(RedirectUri::parse(good).is_ok(), "{good}");
        }
        for bad in [
            "javascript:alert(1)",
            "JavaScript:alert(1)",
            "data:text/html,x",
            "file:///etc/passwd",
            "vbscript:x",
            "blob:https://x/y",
            "ws://example.com/cb",
            "mailto:a@b.example",
            "http://example.com/cb",
            "http://localhost.evil.com/cb",
            "http://127.0.0.1.evil.com/cb",
            "http://localhost@evil.com/cb",
            "https://user:pw@example.com/cb",
            "https://@example.com/cb",
            "https://example.com/cb#fragment",
            "https://example.com/cb#",
            "https://",
            "https:example.com",
            "https:///example.com",
            "http://127.0.0.2/cb",
            "http://127.1/cb",
            "http://0177.0.0.1/cb",
            "http://127.0.0.1./cb",
            "http://%6cocalhost/cb",
            "http://[0:0:0:0:0:0:0:1]/cb",
            " https://example.com/cb",
            "https://example.com/\r\nX: y",
            "https://exämple.com/cb",
            "https://*.example.com/cb",
            "https://example.com/*",
            "cursor:",
            "/relative",
            "",
        ] {
            assert!(RedirectUri::parse(bad).is_err(), "{bad}");
        }
        assert!(RedirectUri::parse(format!("https://a.b/{}", "x".repeat(2048))).is_err());
    }

    #[test]
    fn loopback_matches_any_port_and_nothing_else_loosely() {
        let registered = uri("http://localhost/callback");
        for same in [
            "http://localhost:53219/callback",
            "http://127.0.0.1:1/callback",
        ] {
            assert!(registered.admits(&uri(same)), "{same}");
        }
        for other in [
            "http://localhost:1/callback/",
            "http://localhost:1/other",
            "http://localhost:1/callback?x=1",
            "http://localhost:1/x/../callback",
            "http://localhost:1/./callback",
            "http://[::1]:1/callback",
            "https://localhost/callback",
        ] {
            assert!(!registered.admits(&uri(other)), "{other}");
        }
    }

    #[test]
    fn everything_else_compares_exactly() {
        let registered = uri("https://a.example/cb");
        assert!(registered.admits(&uri("https://a.example/cb")));
        for other in [
            "https://a.example/cb/",
            "https://A.example/cb",
            "https://a.example:443/cb",
            "https://a.example/cb?x",
            "https://a.example/./cb",
        ] {
            assert!(!registered.admits(&uri(other)), "{other}");
        }
        assert!(!uri("cursor://a/b").admits(&uri("cursor://a/b/c")));
    }

    #[test]
    fn the_target_names_what_the_person_is_shown() {
        assert_eq!(
            uri("https://a.example:8443/cb").target(),
            &Target::Web("a.example:8443".into())
        );
        assert_eq!(uri("cursor://x/y").target(), &Target::App("cursor".into()));
        assert!(matches!(
            uri("http://[::1]/").target(),
            Target::Loopback { .. }
        ));
    }
}
