//! What the operator decides.

mod fetching;

use std::path::PathBuf;

use app_shell::settings::Settings;
use egress::{EgressPolicy, HostPort};
use token_core::{Issuer, ResourceId, Services};
use url::Url;

use crate::pdf_process::PdfProcess;
pub(crate) use fetching::Fetching;

/// The settings that [`FetchConfig::of`] reads, whoever runs the service.
pub const SETTINGS: [&str; 10] = [
    "MCP_CORS_ORIGINS",
    "EGRESS_ALLOW_HOSTS",
    "EGRESS_ALLOW_PORTS",
    "EGRESS_PROXY",
    "FETCH_ROBOTS",
    "FETCH_CONTACT_URL",
    "FETCH_CACHE_MB",
    "FETCH_CALLS_PER_MINUTE",
    "FETCH_MB_PER_MINUTE",
    "FETCH_CALLS_AT_A_TIME",
];

/// The settings that [`FetchConfig::from_settings`] reads besides, as a process of its own.
pub const OWN_SETTINGS: [&str; 3] = ["BASE_DOMAIN", "MCP_SERVICES", "SERVICE_NAME"];

/// Which service this is, who vouches for its callers, and where it may go.
#[derive(Debug, Clone)]
pub struct FetchConfig {
    pub(crate) issuer: Issuer,
    pub(crate) resource: ResourceId,
    pub(crate) origins: AllowedOrigins,
    pub(crate) egress: EgressPolicy,
    pub(crate) fetching: Fetching,
    pub(crate) pdfs: PdfProcess,
}

/// Whose scripts may call, by the `Origin` header; a request without one passes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum AllowedOrigins {
    Any,
    /// Each with its port written out.
    These(Vec<String>),
}

impl FetchConfig {
    /// The service named by `SERVICE_NAME` (default `fetch`) among `MCP_SERVICES`, with the issuer
    /// at `https://auth.BASE_DOMAIN`. Faults are the settings' to report; `None` goes with one.
    pub fn from_settings(settings: &mut Settings) -> Option<Self> {
        let domain = settings.required("BASE_DOMAIN", "set it to the domain of the gateway");
        let name = settings
            .text("SERVICE_NAME")
            .unwrap_or_else(|| "fetch".to_owned());
        let list = settings
            .text("MCP_SERVICES")
            .unwrap_or_else(|| "fetch".to_owned());
        let domain = domain?;
        let services = Services::parse(&list, &domain)
            .map_err(|error| fault(settings, "MCP_SERVICES", &error.to_string()))
            .ok()?;
        let issuer = Issuer::parse(format!("https://auth.{domain}"))
            .map_err(|error| fault(settings, "BASE_DOMAIN", &error.to_string()))
            .ok()?;
        let Some(resource) = services.resource(&name) else {
            fault(
                settings,
                "SERVICE_NAME",
                "it is not an entry of MCP_SERVICES",
            );
            return None;
        };
        let hosts = services
            .iter()
            .map(|service| service.resource.host().to_owned());
        let config = Self::of(settings, issuer, resource.clone());
        Some(Self {
            egress: config.egress.refuse_own_hosts(hosts),
            ..config
        })
    }

    /// The service at `resource` behind `issuer`; the rest from [`SETTINGS`].
    pub fn of(settings: &mut Settings, issuer: Issuer, resource: ResourceId) -> Self {
        let origins = settings.parse_with("MCP_CORS_ORIGINS", AllowedOrigins::parse);
        let opened = settings.parse_with("EGRESS_ALLOW_HOSTS", EgressPolicy::parse_allow_hosts);
        let ports = settings.parse_with("EGRESS_ALLOW_PORTS", parse_ports);
        // Not quoted in a fault: whoever writes a password into it learns that it takes none.
        let proxy = settings.parse_secret_with("EGRESS_PROXY", HostPort::parse_proxy);
        let egress = EgressPolicy::strict()
            .through_proxy(proxy)
            .open(opened.unwrap_or_default())
            .open_ports(ports.unwrap_or_default())
            .refuse_own_hosts([host_of(issuer.as_str()), host_of(resource.as_str())]);
        Self {
            issuer,
            resource,
            origins: origins.unwrap_or(AllowedOrigins::Any),
            egress,
            fetching: Fetching::from_settings(settings),
            pdfs: PdfProcess::default(),
        }
    }
}

impl FetchConfig {
    /// PDFs are read by `program` (see [`crate::convert_pdf`]) where the running one cannot: a test.
    #[must_use]
    pub fn with_pdfs_read_by(self, program: PathBuf) -> Self {
        Self {
            pdfs: PdfProcess { program },
            ..self
        }
    }

    /// The operator's proxy, if there is one.
    pub fn proxy(&self) -> Option<&HostPort> {
        self.egress.proxy()
    }
}

impl AllowedOrigins {
    /// `*`, or comma-separated origins.
    fn parse(text: &str) -> Result<Self, String> {
        if text.trim() == "*" {
            return Ok(Self::Any);
        }
        let entries = text
            .split(',')
            .map(str::trim)
            .filter(|entry| !entry.is_empty());
        let origins: Result<Vec<String>, String> = entries.map(with_port).collect();
        origins.map(Self::These)
    }
}

/// An origin with its port, since rmcp takes one without for any port.
fn with_port(origin: &str) -> Result<String, String> {
    let wrong = || format!("{origin} is not an origin such as https://app.example.com");
    let url = Url::parse(origin).map_err(|_| wrong())?;
    let port = url.port_or_known_default().ok_or_else(wrong)?;
    let host = url.host_str().ok_or_else(wrong)?;
    if url.origin().ascii_serialization() == origin {
        Ok(format!("{}://{host}:{port}", url.scheme()))
    } else {
        Err(wrong())
    }
}

fn parse_ports(text: &str) -> Result<Vec<u16>, String> {
    text.split(',')
        .map(str::trim)
        .filter(|entry| !entry.is_empty())
        .map(|entry| entry.parse().map_err(|_| format!("{entry} is not a port")))
        .collect()
}

fn host_of(url: &str) -> String {
    Url::parse(url)
        .ok()
        .and_then(|url| url.host_str().map(ToOwned::to_owned))
        .unwrap_or_default()
}

fn fault(settings: &mut Settings, name: &str, problem: &str) {
    settings.fault(name, problem, "correct it");
}

#[cfg(test)]
mod tests {
    use app_shell::settings::Settings;

    use super::{AllowedOrigins, FetchConfig, OWN_SETTINGS, SETTINGS};

    fn read(pairs: &[(&str, &str)]) -> Result<FetchConfig, String> {
        let known = [&SETTINGS[..], &OWN_SETTINGS[..]].concat();
        let pairs = pairs.iter().map(|(name, value)| (*name, *value));
        let mut settings = Settings::from_pairs(&known, pairs);
        let config = FetchConfig::from_settings(&mut settings);
        let config = settings.finish_with(|| config);
        config.map_err(|error| error.to_string())
    }

    #[test]
    fn the_domain_is_enough() {
        let config = read(&[("BASE_DOMAIN", "example.com")]).unwrap();
        assert_eq!(config.issuer.as_str(), "https://auth.example.com");
        assert_eq!(config.resource.as_str(), "https://fetch.example.com/mcp");
        assert_eq!(config.origins, AllowedOrigins::Any);
        assert_eq!(config.egress.opened().count(), 0);
        let fetching = &config.fetching;
        assert!(fetching.obeys_robots && fetching.contact.is_none());
        assert_eq!((fetching.memory, fetching.quota.at_a_time), (64 << 20, 16));
        assert_eq!(fetching.quota.requests_per_minute, 120);
        assert_eq!(fetching.quota.bytes_per_minute, 200 << 20);
    }

    #[test]
    fn every_setting_is_heard() {
        let config = read(&[
            ("BASE_DOMAIN", "example.com"),
            (
                "MCP_SERVICES",
                "reader=https://tools.example.com/reader,fetch",
            ),
            ("SERVICE_NAME", "reader"),
            (
                "MCP_CORS_ORIGINS",
                "https://app.example.com, http://localhost:6274",
            ),
            ("EGRESS_ALLOW_HOSTS", "wiki.lan:8080"),
            ("EGRESS_PROXY", "http://proxy.lan:3128"),
            ("FETCH_ROBOTS", "ignore"),
            ("FETCH_CONTACT_URL", "mailto:web@example.com"),
            ("FETCH_CACHE_MB", "48"),
            ("FETCH_CALLS_PER_MINUTE", "1"),
            ("FETCH_MB_PER_MINUTE", "2"),
            ("FETCH_CALLS_AT_A_TIME", "3"),
        ])
        .unwrap();
        assert_eq!(config.resource.as_str(), "https://tools.example.com/reader");
        let origins = ["https://app.example.com:443", "http://localhost:6274"];
        let origins = origins.map(ToOwned::to_owned).to_vec();
        assert_eq!(config.origins, AllowedOrigins::These(origins));
        assert_eq!(config.egress.opened().count(), 1);
        assert_eq!(config.proxy().unwrap().to_string(), "proxy.lan:3128");
        let fetching = &config.fetching;
        assert!(!fetching.obeys_robots);
        let contact = fetching.contact.as_ref().unwrap();
        assert_eq!(contact.as_str(), "mailto:web@example.com");
        let quota = &fetching.quota;
        assert_eq!((fetching.memory, quota.requests_per_minute), (48 << 20, 1));
        assert_eq!((quota.bytes_per_minute, quota.at_a_time), (2 << 20, 3));
    }

    #[test]
    fn a_wrong_setting_is_named() {
        for (name, value) in [
            ("MCP_SERVICES", "Fetch"),
            ("SERVICE_NAME", "other"),
            ("MCP_CORS_ORIGINS", "app.example.com"),
            ("MCP_CORS_ORIGINS", "https://app.example.com/path"),
            ("EGRESS_ALLOW_HOSTS", "wiki.lan"),
            ("EGRESS_ALLOW_HOSTS", "169.254.169.254:80"),
            ("EGRESS_ALLOW_PORTS", "all"),
            ("EGRESS_PROXY", "http://user:secret@proxy.lan:3128"),
            ("FETCH_ROBOTS", "sometimes"),
            ("FETCH_CONTACT_URL", "example.com"),
            ("FETCH_CONTACT_URL", "https://example.com/(x)"),
            ("FETCH_CACHE_MB", "47"),
            ("FETCH_CALLS_PER_MINUTE", "0"),
            ("FETCH_MB_PER_MINUTE", "-1"),
            ("FETCH_CALLS_AT_A_TIME", "many"),
        ] {
            let error = read(&[("BASE_DOMAIN", "example.com"), (name, value)]).unwrap_err();
            assert!(error.contains(name), "{error}");
            assert!(!error.contains("secret"), "{error}");
        }
        assert!(read(&[]).unwrap_err().contains("BASE_DOMAIN"));
    }
}
