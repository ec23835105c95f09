//! Routers that lead to an MCP server past the verifier, as Traefik's API tells of them; as far as
//! labels tell, where Traefik is not asked.

use actix_web::http::header::HeaderName;
use forward_auth::bearer::IDENTITY_HEADERS;
use token_core::Services;
use url::Url;

use super::compose::Project;
use super::finding::{Outcome, Problem};
use super::traefik::{ForwardAuth, Middleware, Router, Routes, qualified};

const MEND: &str = "give it traefik.http.routers.NAME.middlewares: protect-NAME@file; then just up";
const GUARD: &str = "git checkout traefik/dynamic/gateway.yml, then just up";
const LOGS: &str = "just logs traefik";
const TCP: &str = "make it a router of http with protect-NAME@file, or take it away; then just up";
const OWN_API: &str =
    "take the router away, or give it basicAuth and allow only whom you know; then just up";
/// They are no MCP servers, and answer everybody.
const PUBLIC: [&str; 2] = ["auth-service@file", "forward-auth@file"];
/// Traefik's own, which show or change every route.
const POWERFUL: [&str; 3] = ["api@internal", "dashboard@internal", "rest@internal"];
/// Traefik's own entry point, on the loopback of its container as shipped.
const OWN_ENTRY_POINT: &str = "traefik";

/// `services`: what the gateway guards, where that is known.
pub(crate) fn routes(all: &Routes, services: Option<&Services>) -> Outcome {
    let mut problems = Vec::new();
    let mut guarded = 0;
    let verifier = Verifier {
        hosts: all.verifiers(),
        services,
    };
    for router in configured(&all.routers) {
        let service = qualified(&router.service, &router.provider);
        let found = if router.status != "enabled" {
            Some((format!("it is {}", router.status), LOGS))
        } else if PUBLIC.contains(&service.as_str()) {
            None
        } else if service.ends_with("@internal") {
            open_to_all(all, router, &service).map(|found| (found, OWN_API))
        } else {
            let mut used = all.before(router).into_iter();
            let guard = used.find_map(|own| own.forward_auth.as_ref());
            guarded += usize::from(guard.is_some());
            match guard {
                None if matches_nothing(&router.rule) => None,
                None => Some((format!("no verifier stands before {}", router.rule), MEND)),
                Some(guard) => verifier.weakness(guard).map(|found| (found, GUARD)),
            }
        };
        problems.extend(
            found.map(|(found, mend)| Problem::fail(format!("{}: {found}", router.name), mend)),
        );
    }
    problems.extend(configured(&all.tcp_routers).map(|router| {
        let found = format!(
            "{}: {} goes past every guard (tcp)",
            router.name, router.rule
        );
        Problem::fail(found, TCP)
    }));
    Outcome::of(
        problems,
        format!("{guarded} lead to MCP servers, each through the verifier"),
    )
}

/// Those that are not Traefik's own.
fn configured(routers: &[Router]) -> impl Iterator<Item = &Router> {
    routers.iter().filter(|own| own.provider != "internal")
}

/// A way to Traefik's own API for who has not signed in.
fn open_to_all(all: &Routes, router: &Router, service: &str) -> Option<String> {
    if !POWERFUL.contains(&service) {
        return None;
    }
    let mut entries = router.entry_points.iter();
    let entry = entries.find(|entry| *entry != OWN_ENTRY_POINT)?;
    let mut before = all.before(router).into_iter();
    let is_guarded = before.any(Middleware::authenticates);
    (!is_guarded).then(|| format!("{service} is open to everybody at the entry point {entry}"))
}

/// The rule of a container without one of its own (`docker-compose.yml`).
fn matches_nothing(rule: &str) -> bool {
    rule == "!PathPrefix(`/`)"
}

/// Where the verifier is, and for what.
struct Verifier<'a> {
    hosts: Vec<String>,
    services: Option<&'a Services>,
}

impl Verifier<'_> {
    /// Whether this is `/verify/NAME` at the verifier.
    fn is_at(&self, address: &str) -> bool {
        let Ok(url) = Url::parse(address) else {
            return false;
        };
        let host = url.host_str().unwrap_or_default();
        let name = url.path().strip_prefix("/verify/").unwrap_or_default();
        let is_service = match self.services {
            Some(services) => services.resource(name).is_some(),
            None => !name.is_empty() && !name.contains('/'),
        };
        is_service && url.query().is_none() && self.hosts.iter().any(|own| own == host)
    }

    /// What lets a guard be talked round.
    fn weakness(&self, guard: &ForwardAuth) -> Option<String> {
        if !self.is_at(&guard.address) {
            return Some(format!("its guard is {}, not the verifier", guard.address));
        }
        if guard.trust_forward_header {
            return Some("trustForwardHeader: a client can name another host".to_owned());
        }
        let strips = |name: &str| {
            let mut headers = guard.auth_response_headers.iter();
            headers.any(|own| own.eq_ignore_ascii_case(name))
        };
        let identity = IDENTITY_HEADERS;
        let identity = identity.iter().map(HeaderName::as_str);
        let left: Vec<_> = identity
            .chain(["authorization"])
            .filter(|name| !strips(name))
            .collect();
        (!left.is_empty()).then(|| format!("a client's own {} reach the server", left.join(", ")))
    }
}

/// As far as labels tell.
pub(crate) fn labels(project: Option<&Project>) -> Outcome {
    let Some(project) = project else {
        return Outcome::skipped("give --traefik-api, or --compose for what labels tell");
    };
    let routers = project.unguarded_routers().into_iter();
    let problems = routers
        .map(|router| Problem::fail(format!("{router} has no guard (protect-NAME@file)"), MEND));
    Outcome::of(
        problems.collect(),
        "every router of a label names a guard; --traefik-api tells more",
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::doctor::finding::Verdict;
    use serde::de::DeserializeOwned;
    use serde_json::{Value, json};

    fn parsed<T: DeserializeOwned>(value: Value) -> T {
        serde_json::from_value(value).unwrap()
    }

    fn whole(router: &Value, tcp: Value, guard: &Value) -> Routes {
        let chain = json!({ "name": "protect-x@file", "chain": { "middlewares": ["mcp-auth-x"] } });
        let guard = json!({ "name": "mcp-auth-x@file", "forwardAuth": guard });
        let basic = json!({ "name": "basic@file", "basicAuth": { "users": ["me:x"] } });
        let headers = json!({ "name": "headers@file", "headers": { "frameDeny": true } });
        let servers = json!({ "servers": [{ "url": "http://forward-auth:8000" }] });
        Routes::of(
            vec![parsed(router.clone())],
            parsed(tcp),
            parsed(json!([chain, guard, basic, headers])),
            parsed(json!([{ "name": "forward-auth@file", "loadBalancer": servers }])),
        )
    }

    fn verdict(router: &Value, guard: &Value) -> Verdict {
        let services = Services::parse("x,y", "example.com").unwrap();
        let all = whole(router, json!([]), guard);
        let known = routes(&all, Some(&services)).verdict();
        assert_eq!(known, routes(&all, None).verdict());
        known
    }

    #[test]
    fn a_server_without_the_verifier_is_found() {
        let headers = [
            "X-User-Id",
            "X-User-Name",
            "X-Client-Id",
            "X-Auth-Scope",
            "X-Auth-Assertion",
        ];
        let headers = [&headers[..], &["Authorization"]].concat();
        let address = "https://forward-auth:8443/verify/x";
        let guard = json!({ "address": address, "authResponseHeaders": headers });
        let router = json!({
            "name": "x@docker", "provider": "docker", "service": "x", "status": "enabled",
            "rule": "Host(`x`)", "middlewares": ["protect-x@file"],
        });
        assert_eq!(verdict(&router, &guard), Verdict::Ok);
        for (name, value) in [
            ("middlewares", json!([])),
            ("middlewares", json!(["protect-y@file"])),
            ("status", json!("disabled")),
        ] {
            let mut bad = router.clone();
            bad[name] = value;
            assert_eq!(verdict(&bad, &guard), Verdict::Fail, "{name}");
        }
        for (name, value) in [
            ("address", json!("http://elsewhere/")),
            ("address", json!("https://elsewhere/verify/x")),
            ("address", json!("https://forward-auth:8443/x/verify/x")),
            ("address", json!("https://forward-auth:8443/verify/")),
            ("trustForwardHeader", json!(true)),
            ("authResponseHeaders", json!(["X-User-Id"])),
        ] {
            let mut bad = guard.clone();
            bad[name] = value;
            assert_eq!(verdict(&router, &bad), Verdict::Fail, "{name}");
        }
        for (name, value) in [
            ("service", "auth-service@file"),
            ("rule", "!PathPrefix(`/`)"),
        ] {
            let mut open = router.clone();
            open[name] = json!(value);
            open["middlewares"] = json!([]);
            assert_eq!(verdict(&open, &guard), Verdict::Ok, "{name}");
        }
    }

    #[test]
    fn a_guard_for_a_service_that_there_is_not_is_none() {
        let verifier = |services| Verifier {
            hosts: vec!["forward-auth".to_owned()],
            services,
        };
        let services = Services::parse("fetch", "example.com").unwrap();
        let address = |name: &str| format!("https://forward-auth:8443/verify/{name}");
        assert!(verifier(Some(&services)).is_at(&address("fetch")));
        assert!(!verifier(Some(&services)).is_at(&address("other")));
        assert!(verifier(None).is_at(&address("other")));
    }

    #[test]
    fn traefiks_own_api_is_for_who_signs_in() {
        let of = |service: &str, entry: &str, middlewares: &[&str]| {
            let router = json!({
                "name": "api@file", "provider": "file", "service": service, "rule": "Host(`x`)",
                "status": "enabled", "entryPoints": [entry], "middlewares": middlewares,
            });
            verdict(&router, &json!({}))
        };
        assert_eq!(of("api@internal", "websecure", &[]), Verdict::Fail);
        assert_eq!(
            of("dashboard@internal", "websecure", &["headers"]),
            Verdict::Fail
        );
        assert_eq!(of("api@internal", "websecure", &["basic"]), Verdict::Ok);
        assert_eq!(of("api@internal", "traefik", &[]), Verdict::Ok);
        assert_eq!(of("noop@internal", "websecure", &[]), Verdict::Ok);
    }

    #[test]
    fn a_router_of_tcp_goes_past_every_guard() {
        let router = json!({
            "name": "a@file", "provider": "file", "service": "auth-service", "status": "enabled",
        });
        let tcp = json!([{
            "name": "raw@docker", "provider": "docker", "service": "x", "status": "enabled",
            "rule": "HostSNI(`*`)", "entryPoints": ["websecure"],
        }]);
        let of = |tcp| routes(&whole(&router, tcp, &json!({})), None).verdict();
        assert_eq!(of(json!([])), Verdict::Ok);
        assert_eq!(of(tcp), Verdict::Fail);
    }
}
