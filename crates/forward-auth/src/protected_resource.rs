//! Protected resource metadata (RFC 9728): which service a well-known address belongs to, and its
//! document.

use serde::Serialize;
use token_core::resource::{METADATA_PREFIX, Service, host_without_port};
use token_core::scope::MCP;
use token_core::{Issuer, ResourceId, ServiceName, Services};

/// The metadata document (RFC 9728 section 2). `offline_access` is never in it.
#[derive(Debug, Serialize)]
pub struct ProtectedResourceMetadata {
    resource: ResourceId,
    authorization_servers: [Issuer; 1],
    scopes_supported: [&'static str; 1],
    bearer_methods_supported: [&'static str; 1],
    resource_name: ServiceName,
}

impl ProtectedResourceMetadata {
    fn of(service: Service, issuer: &Issuer) -> Self {
        Self {
            resource: service.resource,
            authorization_servers: [issuer.clone()],
            scopes_supported: [MCP],
            bearer_methods_supported: ["header"],
            resource_name: service.name,
        }
    }
}

/// The document at `path` of the host with this authority: the path form (RFC 9728 section 3.1),
/// or the root form where the host has one service.
pub fn find(
    services: &Services,
    issuer: &Issuer,
    authority: &str,
    path: &str,
) -> Option<ProtectedResourceMetadata> {
    let suffix = path.strip_prefix(METADATA_PREFIX)?;
    let suffix = suffix.strip_suffix('/').unwrap_or(suffix);
    let host = host_without_port(authority);
    let mut on_host: Vec<_> = services
        .iter()
        .filter(|service| service.resource.host().eq_ignore_ascii_case(host))
        .collect();
    let at = match on_host
        .iter()
        .position(|service| service.resource.path() == suffix)
    {
        Some(at) => at,
        None if suffix.is_empty() && on_host.len() == 1 => 0,
        None => return None,
    };
    Some(ProtectedResourceMetadata::of(
        on_host.swap_remove(at),
        issuer,
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn resource_at(list: &str, authority: &str, path: &str) -> Option<String> {
        let services = Services::parse(list, "example.com").unwrap();
        let issuer = Issuer::parse("https://auth.example.com").unwrap();
        find(&services, &issuer, authority, path).map(|found| found.resource.to_string())
    }

    #[test]
    fn the_path_form_and_the_root_form_of_a_host_with_one_service() {
        for (authority, path) in [
            (
                "fetch.example.com",
                "/.well-known/oauth-protected-resource/mcp",
            ),
            (
                "fetch.example.com",
                "/.well-known/oauth-protected-resource/mcp/",
            ),
            (
                "FETCH.example.com:443",
                "/.well-known/oauth-protected-resource",
            ),
        ] {
            let found = resource_at("fetch,echo", authority, path);
            assert_eq!(
                found.unwrap(),
                "https://fetch.example.com/mcp",
                "{authority}{path}"
            );
        }
        for (authority, path) in [
            (
                "fetch.example.com",
                "/.well-known/oauth-protected-resource/other",
            ),
            ("auth.example.com", "/.well-known/oauth-protected-resource"),
            ("fetch.example.com", "/mcp"),
        ] {
            assert!(
                resource_at("fetch,echo", authority, path).is_none(),
                "{authority}{path}"
            );
        }
    }

    #[test]
    fn the_root_form_of_a_host_with_two_services_would_be_ambiguous() {
        let list = "a=https://x.example.com/a,b=https://x.example.com/b";
        let root = "/.well-known/oauth-protected-resource";
        assert!(resource_at(list, "x.example.com", root).is_none());
        let b = resource_at(list, "x.example.com", &format!("{root}/b"));
        assert_eq!(b.unwrap(), "https://x.example.com/b");
    }
}
