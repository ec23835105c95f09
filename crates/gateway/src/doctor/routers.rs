//! Routers that lead to an MCP server past the verifier, as Traefik's API tells of them; as far as
//! labels tell, where Traefik is not asked.

use std::collections::BTreeMap;
use std::error::Error;
use std::time::Duration;

use actix_web::http::header::HeaderName;
use forward_auth::pass::IDENTITY_HEADERS;
use reqwest::Client;
use serde::Deserialize;
use serde::de::DeserializeOwned;
use url::Url;

use super::compose::Project;
use super::finding::{Outcome, Problem};

const LIMIT: Duration = Duration::from_secs(5);
const MEND: &str = "give it traefik.http.routers.NAME.middlewares: protect-NAME@file; then just up";
const GUARD: &str = "git checkout traefik/dynamic/gateway.yml, then just up";
/// They are no MCP servers, and answer everybody.
const PUBLIC: [&str; 2] = ["auth-service@file", "forward-auth@file"];

/// A router (`/api/http/routers`).
#[derive(Debug, Clone, Deserialize)]
struct Router {
    name: String,
    provider: String,
    #[serde(default)]
    rule: String,
    #[serde(default)]
    service: String,
    #[serde(default)]
    middlewares: Vec<String>,
    #[serde(default)]
    status: String,
}

/// A middleware (`/api/http/middlewares`).
#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Middleware {
    name: String,
    chain: Option<Chain>,
    forward_auth: Option<ForwardAuth>,
}

#[derive(Debug, Clone, Deserialize)]
struct Chain {
    #[serde(default)]
    middlewares: Vec<String>,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "camelCase")]
struct ForwardAuth {
    #[serde(default)]
    address: String,
    #[serde(default)]
    trust_forward_header: bool,
    #[serde(default)]
    auth_response_headers: Vec<String>,
}

/// What Traefik routes.
#[derive(Debug, Clone)]
pub(crate) struct Routes {
    routers: Vec<Router>,
    middlewares: BTreeMap<String, Middleware>,
}

impl Routes {
    /// Asks Traefik's API, whose address is that before `/api`.
    pub(crate) async fn ask(api: &Url) -> Result<Self, Box<dyn Error>> {
        app_shell::tls::install_ring();
        let http = Client::builder().no_proxy().timeout(LIMIT).build()?;
        let routers = list(&http, api, "routers").await?;
        let middlewares: Vec<Middleware> = list(&http, api, "middlewares").await?;
        let named = middlewares.into_iter().map(|own| (own.name.clone(), own));
        Ok(Self {
            routers,
            middlewares: named.collect(),
        })
    }

    /// A middleware and, for a chain, all that it consists of. A chain within itself ends.
    fn flat<'a>(&'a self, name: &str, provider: &str, depth: u8) -> Vec<&'a Middleware> {
        let name = qualified(name, provider);
        let Some(own) = self.middlewares.get(&name).filter(|_| depth > 0) else {
            return Vec::new();
        };
        // A part is looked for where the chain is.
        let (_, provider) = own.name.rsplit_once('@').unwrap_or(("", provider));
        let parts = own.chain.iter().flat_map(|chain| &chain.middlewares);
        let parts = parts.flat_map(|part| self.flat(part, provider, depth - 1));
        std::iter::once(own).chain(parts).collect()
    }
}

async fn list<T: DeserializeOwned>(
    http: &Client,
    api: &Url,
    what: &str,
) -> Result<Vec<T>, Box<dyn Error>> {
    let base = api.as_str().trim_end_matches('/');
    let url = format!("{base}/api/http/{what}?per_page=1000");
    let answer = http.get(url).send().await?.error_for_status()?;
    Ok(answer.json().await?)
}

fn qualified(name: &str, provider: &str) -> String {
    if name.contains('@') {
        name.to_owned()
    } else {
        format!("{name}@{provider}")
    }
}

pub(crate) fn routes(routes: &Routes) -> Outcome {
    const DEEPEST: u8 = 8;
    let mut problems = Vec::new();
    let mut guarded = 0;
    for router in routes
        .routers
        .iter()
        .filter(|own| own.provider != "internal")
    {
        let service = qualified(&router.service, &router.provider);
        if router.status != "enabled" {
            let found = format!("{} is {}", router.name, router.status);
            problems.push(Problem::fail(found, "just logs traefik"));
        } else if PUBLIC.contains(&service.as_str()) || service.ends_with("@internal") {
            // Not an MCP server.
        } else {
            let used = router.middlewares.iter();
            let used = used.flat_map(|name| routes.flat(name, &router.provider, DEEPEST));
            let guard = used.into_iter().find_map(|own| own.forward_auth.as_ref());
            guarded += usize::from(guard.is_some());
            let found = match guard {
                None if matches_nothing(&router.rule) => None,
                None => Some((format!("no verifier stands before {}", router.rule), MEND)),
                Some(guard) => weakness(guard).map(|found| (found, GUARD)),
            };
            problems.extend(
                found.map(|(found, mend)| Problem::fail(format!("{}: {found}", router.name), mend)),
            );
        }
    }
    Outcome::of(
        problems,
        format!("{guarded} lead to MCP servers, each through the verifier"),
    )
}

/// The rule of a container without one of its own (`docker-compose.yml`).
fn matches_nothing(rule: &str) -> bool {
    rule == "!PathPrefix(`/`)"
}

/// What lets a guard be talked round.
fn weakness(guard: &ForwardAuth) -> Option<String> {
    if !guard.address.contains("/verify/") {
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

/// As far as labels tell.
pub(crate) fn labels(project: Option<&Project>) -> Outcome {
    let Some(project) = project else {
        return Outcome::skipped("give --traefik-api, or --compose for what labels tell");
    };
    let routers = project.unguarded_routers().into_iter();
    let problems = routers
        .map(|router| Problem::fail(format!("{router} has no middleware, and so no guard"), MEND));
    Outcome::of(
        problems.collect(),
        "every router of a label has a middleware; --traefik-api tells more",
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::doctor::finding::Verdict;
    use serde_json::{Value, json};

    fn verdict(router: &Value, guard: &Value) -> Verdict {
        let chain = json!({ "name": "protect-x@file", "chain": { "middlewares": ["mcp-auth-x"] } });
        let guard = json!({ "name": "mcp-auth-x@file", "forwardAuth": guard });
        let middlewares: Vec<Middleware> = serde_json::from_value(json!([chain, guard])).unwrap();
        let whole = Routes {
            routers: vec![serde_json::from_value(router.clone()).unwrap()],
            middlewares: middlewares
                .into_iter()
                .map(|own| (own.name.clone(), own))
                .collect(),
        };
        routes(&whole).verdict()
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
}
