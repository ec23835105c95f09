//! Protected resources: the MCP services, their identifiers (RFC 8707, RFC 9728 section 1.2) and
//! the rules by which a requested `resource` is matched to one.

use std::collections::BTreeMap;

use thiserror::Error;
use url::Url;

use crate::text::{InvalidText, text_newtype};

text_newtype!(
    /// A service's name in configuration, in verify addresses and on the consent page.
    ServiceName,
    "service name",
    "1 to 63 lower-case letters, digits and hyphens, as in a host name",
    |text| (1..=63).contains(&text.len())
        && text.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-')
        && !text.starts_with('-')
        && !text.ends_with('-')
);

text_newtype!(
    /// A resource identifier (RFC 8707 section 2): the URL that a person types into the client,
    /// and the `aud` of its tokens, byte for byte.
    ResourceId,
    "resource identifier",
    "an absolute http(s) URL with a lower-case host, without query, fragment, user information \
     and trailing slash",
    |text| canonical(text).as_deref() == Some(text)
);

/// Scheme and host in lower case, default port and one trailing slash gone, and nothing else
/// forgiven; `None` when the text is not an http(s) URL, or has user information, a query, or a
/// fragment, which RFC 8707 section 2 forbids.
fn canonical(text: &str) -> Option<String> {
    let (scheme, rest) = text.split_once("://")?;
    let (authority, path) = rest.split_at(rest.find('/').unwrap_or(rest.len()));
    let scheme = scheme.to_ascii_lowercase();
    let authority = authority.to_ascii_lowercase();
    let port = match scheme.as_str() {
        "https" => ":443",
        "http" => ":80",
        _ => return None,
    };
    let authority = authority.strip_suffix(port).unwrap_or(&authority);
    let path = path.strip_suffix('/').unwrap_or(path);
    let plain = format!("{scheme}://{authority}{path}");
    // A parser forgives more: dot segments, backslashes, other spellings of a host.
    let parsed = Url::parse(&plain).ok()?;
    let unchanged = parsed.as_str() == plain || parsed.as_str().strip_suffix('/') == Some(&plain);
    let unchanged = unchanged && !authority.contains('@');
    (unchanged && parsed.query().is_none() && parsed.fragment().is_none()).then_some(plain)
}

impl ResourceId {
    /// Host, with the port when it is not the scheme's own: what a `Host` header carries.
    pub fn authority(&self) -> &str {
        let rest = self.as_str().split_once("://").map_or("", |(_, rest)| rest);
        rest.split('/').next().unwrap_or_default()
    }

    /// The host alone, without a port.
    pub fn host(&self) -> &str {
        host_without_port(self.authority())
    }

    /// The path; empty for a resource at the root of its host.
    pub fn path(&self) -> &str {
        let rest = self.as_str().split_once("://").map_or("", |(_, rest)| rest);
        rest.find('/')
            .and_then(|at| rest.get(at..))
            .unwrap_or_default()
    }

    /// Whether a request path is this resource's or below it: `/mcp`, `/mcp/`, `/mcp/x`, never
    /// `/mcpx`. A path that climbs (`..`, plain or encoded) is nobody's.
    pub fn covers_path(&self, path: &str) -> bool {
        let below = path
            .strip_prefix(self.path())
            .is_some_and(|rest| rest.is_empty() || rest.starts_with('/'));
        below && !path.split('/').any(is_dot_segment)
    }

    /// Where its metadata is (RFC 9728 section 3.1): the well-known segment goes between host and
    /// path.
    pub fn metadata_url(&self) -> String {
        let origin = self
            .as_str()
            .strip_suffix(self.path())
            .unwrap_or(self.as_str());
        format!("{origin}{METADATA_PREFIX}{}", self.path())
    }
}

/// RFC 3986 section 6.2.2.3: `.` and `..`, as they are or percent-encoded.
fn is_dot_segment(segment: &str) -> bool {
    after_dot(segment)
        .is_some_and(|rest| rest.is_empty() || after_dot(rest).is_some_and(str::is_empty))
}

fn after_dot(text: &str) -> Option<&str> {
    let mut spellings = [".", "%2e", "%2E"].into_iter();
    spellings.find_map(|dot| text.strip_prefix(dot))
}

/// A host without its port and its root dot. An IPv6 literal keeps its brackets.
pub fn host_without_port(authority: &str) -> &str {
    let host = match authority.rsplit_once(':') {
        Some((host, port)) if port.bytes().all(|b| b.is_ascii_digit()) => host,
        _ => authority,
    };
    host.strip_suffix('.').unwrap_or(host)
}

/// The well-known path of protected resource metadata (RFC 9728 section 3).
pub const METADATA_PREFIX: &str = "/.well-known/oauth-protected-resource";

/// One MCP service behind the gateway.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Service {
    /// Its name.
    pub name: ServiceName,
    /// Its resource identifier.
    pub resource: ResourceId,
}

/// The services of one gateway. Never empty.
#[derive(Debug, Clone)]
pub struct Services(BTreeMap<ServiceName, ResourceId>);

/// Why `MCP_SERVICES` was not accepted.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum ServicesError {
    /// Nothing is listed.
    #[error("no service is listed")]
    Empty,
    /// An entry's name or URL is wrong.
    #[error("entry {entry:?}: {source}")]
    Entry {
        /// The entry as it was written.
        entry: String,
        /// What is wrong with it.
        #[source]
        source: InvalidText,
    },
    /// Two entries share a name or a URL.
    #[error("{0:?} is listed twice")]
    Duplicate(String),
}

impl Services {
    /// Reads `NAME` and `NAME=URL` entries, comma-separated; a bare NAME is
    /// `https://NAME.BASE_DOMAIN/mcp`.
    pub fn parse(list: &str, base_domain: &str) -> Result<Self, ServicesError> {
        let mut services = BTreeMap::new();
        for entry in list
            .split(',')
            .map(str::trim)
            .filter(|entry| !entry.is_empty())
        {
            let (name, url) = match entry.split_once('=') {
                Some((name, url)) => (name.trim(), url.trim().to_owned()),
                None => (entry, format!("https://{entry}.{base_domain}/mcp")),
            };
            let wrong = |source| ServicesError::Entry {
                entry: entry.to_owned(),
                source,
            };
            let name = ServiceName::parse(name).map_err(wrong)?;
            let resource = ResourceId::parse(url).map_err(wrong)?;
            if services.values().any(|other| *other == resource) {
                return Err(ServicesError::Duplicate(resource.to_string()));
            }
            if services.insert(name.clone(), resource).is_some() {
                return Err(ServicesError::Duplicate(name.to_string()));
            }
        }
        if services.is_empty() {
            Err(ServicesError::Empty)
        } else {
            Ok(Self(services))
        }
    }

    /// A gateway with one service.
    pub fn one(name: ServiceName, resource: ResourceId) -> Self {
        Self(BTreeMap::from([(name, resource)]))
    }

    /// Every service, in the order of names.
    pub fn iter(&self) -> impl Iterator<Item = Service> + '_ {
        self.0.iter().map(|(name, resource)| Service {
            name: name.clone(),
            resource: resource.clone(),
        })
    }

    /// The resource of a service.
    pub fn resource(&self, name: &str) -> Option<&ResourceId> {
        self.0
            .iter()
            .find(|(own, _)| own.as_str() == name)
            .map(|(_, resource)| resource)
    }

    /// The name of a resource.
    pub fn name(&self, resource: &ResourceId) -> Option<&ServiceName> {
        self.0
            .iter()
            .find(|(_, own)| *own == resource)
            .map(|(name, _)| name)
    }

    /// The configured resource that a request's `resource` means: compared with scheme and host
    /// in lower case and one trailing slash removed (RFC 8707; MCP authorization).
    pub fn requested(&self, resource: &str) -> Option<&ResourceId> {
        let named = |wanted: &str| self.0.values().find(|own| own.as_str() == wanted);
        // As the metadata spells it, which needs no parser.
        named(resource).or_else(|| named(&canonical(resource)?))
    }

    /// The resource meant by a request that names none, as clients of 2025-03-26 do: the service
    /// of the host that was asked, or the only one.
    pub fn implied(&self, asked_host: Option<&str>) -> Option<&ResourceId> {
        let mut on_host = self.0.values().filter(|own| {
            asked_host.is_some_and(|host| {
                own.authority().eq_ignore_ascii_case(host) || own.host().eq_ignore_ascii_case(host)
            })
        });
        match (on_host.next(), on_host.next()) {
            (Some(only), None) => Some(only),
            _ => self.only(),
        }
    }

    fn only(&self) -> Option<&ResourceId> {
        let mut all = self.0.values();
        match (all.next(), all.next()) {
            (Some(only), None) => Some(only),
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_and_urls_make_services() {
        let services =
            Services::parse("fetch, echo=https://tools.example.com/echo", "example.com").unwrap();
        assert_eq!(
            services.resource("fetch").unwrap().as_str(),
            "https://fetch.example.com/mcp"
        );
        let echo = services.resource("echo").unwrap();
        assert_eq!((echo.host(), echo.path()), ("tools.example.com", "/echo"));
        assert_eq!(
            echo.metadata_url(),
            "https://tools.example.com/.well-known/oauth-protected-resource/echo"
        );
    }

    #[test]
    fn a_wrong_list_is_refused_with_its_entry() {
        for (list, word) in [
            ("", "no service"),
            ("Fetch", "Fetch"),
            ("a=ftp://x/y", "ftp"),
            ("a=https://x/y/", "y/"),
            ("a=https://X/y", "X/y"),
            ("a=https://x/y?z", "z"),
            ("a,a", "twice"),
            ("a=https://x/y,b=https://x/y", "twice"),
        ] {
            let error = Services::parse(list, "example.com")
                .unwrap_err()
                .to_string();
            assert!(error.contains(word), "{list}: {error}");
        }
    }

    #[test]
    fn a_requested_resource_is_normalised_and_the_configured_one_comes_back() {
        let services = Services::parse("fetch", "example.com").unwrap();
        for text in [
            "https://fetch.example.com/mcp",
            "https://fetch.example.com/mcp/",
            "HTTPS://FETCH.Example.com/mcp",
            "https://fetch.example.com:443/mcp",
        ] {
            assert_eq!(
                services.requested(text).unwrap().as_str(),
                "https://fetch.example.com/mcp",
                "{text}"
            );
        }
        for text in [
            "https://fetch.example.com",
            "https://fetch.example.com/mcp//",
            "https://fetch.example.com/MCP",
            "http://fetch.example.com/mcp",
            "https://evil.example.com/mcp",
            "https://fetch.example.com/mcp#x",
            "https://fetch.example.com/mcp?x",
            "https://fetch.example.com/x/../mcp",
            "https://fetch.example.com/./mcp",
            "https://fetch.example.com/%6dcp",
            "https://fetch.example.com\\mcp",
            "https://fetch.example.com/m\tcp",
            " https://fetch.example.com/mcp",
            "https:fetch.example.com/mcp",
            "https://fetch.example%2ecom/mcp",
            "https://x@fetch.example.com/mcp",
            "https://fetch.example.com:443:443/mcp",
            "mcp",
        ] {
            assert!(services.requested(text).is_none(), "{text}");
        }
    }

    #[test]
    fn an_absent_resource_is_the_hosts_or_the_only_one() {
        let two = Services::parse("a,b", "example.com").unwrap();
        assert_eq!(
            two.implied(Some("b.example.com")).unwrap().host(),
            "b.example.com"
        );
        assert!(two.implied(Some("auth.example.com")).is_none());
        assert!(two.implied(None).is_none());
        let one = Services::parse("a", "example.com").unwrap();
        assert!(one.implied(None).is_some());
    }

    #[test]
    fn a_path_is_covered_at_whole_segments_only() {
        let resource = ResourceId::parse("http://localhost:8080/mcp").unwrap();
        assert_eq!(
            (resource.authority(), resource.host()),
            ("localhost:8080", "localhost")
        );
        for path in ["/mcp", "/mcp/", "/mcp/x"] {
            assert!(resource.covers_path(path), "{path}");
        }
        for path in [
            "/mcpx",
            "/",
            "",
            "/x/mcp",
            "/mcp/../admin",
            "/mcp/%2E%2e/admin",
            "/mcp/.",
        ] {
            assert!(!resource.covers_path(path), "{path}");
        }
    }
}
