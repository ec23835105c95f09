//! What Docker Compose runs, as `docker compose config --format json` says it: variables filled
//! in, overrides laid over, anchors resolved, by Compose itself.

use std::collections::BTreeMap;
use std::error::Error;
use std::fs;
use std::io::{self, Read as _};
use std::path::Path;

use serde::Deserialize;

use super::finding::{Outcome, Problem};

/// The resolved project, as far as it is looked at.
#[derive(Debug, Deserialize)]
pub(crate) struct Project {
    services: BTreeMap<String, Service>,
}

#[derive(Debug, Default, Deserialize)]
struct Service {
    #[serde(default)]
    image: String,
    #[serde(default)]
    logging: Logging,
    #[serde(default)]
    ports: Vec<Port>,
    #[serde(default)]
    labels: BTreeMap<String, String>,
}

#[derive(Debug, Default, Deserialize)]
struct Logging {
    driver: Option<String>,
    #[serde(default)]
    options: BTreeMap<String, String>,
}

#[derive(Debug, Deserialize)]
struct Port {
    target: u16,
    #[serde(default)]
    published: Option<String>,
    #[serde(default)]
    host_ip: Option<String>,
}

impl Port {
    fn is_on_loopback(&self) -> bool {
        let ip = self.host_ip.as_deref().and_then(|ip| ip.parse().ok());
        ip.is_some_and(|ip: std::net::IpAddr| ip.is_loopback())
    }
}

impl Project {
    /// Reads the file, or standard input for `-`.
    pub(crate) fn read(path: &Path) -> Result<Self, Box<dyn Error>> {
        let mut text = String::new();
        let read = if path == Path::new("-") {
            io::stdin().read_to_string(&mut text).map(|_| ())
        } else {
            fs::read_to_string(path).map(|found| text = found)
        };
        let mend = "give what `docker compose config --format json` prints";
        read.map_err(|error| format!("--compose {}: {error}; {mend}", path.display()))?;
        // The parser's own text would quote the file, and so a secret in it.
        serde_json::from_str(&text).map_err(|error| {
            let (line, column) = (error.line(), error.column());
            let path = path.display();
            format!("--compose {path}: not as expected at {line}:{column}; {mend}").into()
        })
    }

    /// Where Redis can be reached from beyond this machine.
    pub(crate) fn published_by_redis(&self) -> Vec<String> {
        let redis = self.services.iter().filter(|(name, service)| {
            let image = service.image.rsplit('/').next().unwrap_or_default();
            *name == "redis" || image.starts_with("redis:") || image.starts_with("valkey:")
        });
        let ports = redis.flat_map(|(_, service)| &service.ports);
        let beyond = ports.filter(|port| !port.is_on_loopback());
        beyond
            .map(|port| {
                let ip = port.host_ip.as_deref().unwrap_or("0.0.0.0");
                let published = port.published.clone();
                format!(
                    "{ip}:{}",
                    published.unwrap_or_else(|| port.target.to_string())
                )
            })
            .collect()
    }

    /// Routers of containers' labels that name no guard: `CONTAINER: ROUTER`.
    pub(crate) fn unguarded_routers(&self) -> Vec<String> {
        let mut found = Vec::new();
        for (name, service) in &self.services {
            for label in service.labels.keys() {
                let parts: Vec<_> = label.splitn(5, '.').collect();
                let ["traefik", kind, "routers", router, "rule"] = parts.as_slice() else {
                    continue;
                };
                let used = format!("traefik.{kind}.routers.{router}.middlewares");
                let mut used = service.labels.get(&used).into_iter();
                let is_guarded = *kind == "http"
                    && used.any(|list| list.split(',').any(|own| is_guard(own.trim())));
                if !is_guarded {
                    found.push(format!("{name}: {router}"));
                }
            }
        }
        found
    }

    fn unbounded_logs(&self) -> Vec<&str> {
        let services = self.services.iter();
        let unbounded = services.filter(|(_, service)| {
            let driver = service.logging.driver.as_deref();
            // `local` rotates by itself, and so do the others or whoever keeps them.
            matches!(driver, None | Some("json-file"))
                && !service.logging.options.contains_key("max-size")
        });
        unbounded.map(|(name, _)| name.as_str()).collect()
    }
}

/// Whether this is what `traefik/dynamic/gateway.yml` calls the guard of a service.
fn is_guard(middleware: &str) -> bool {
    let own = middleware.strip_suffix("@file").unwrap_or_default();
    let name = own.strip_prefix("protect-");
    let name = name.or_else(|| own.strip_prefix("mcp-auth-"));
    name.is_some_and(|name| !name.is_empty())
}

pub(crate) fn log_rotation(project: Option<&Project>) -> Outcome {
    let Some(project) = project else {
        return Outcome::skipped(
            "give --compose, what `docker compose config --format json` prints",
        );
    };
    let unbounded = project.unbounded_logs();
    let problem = (!unbounded.is_empty()).then(|| {
        Problem::warn(
            format!("the log grows without bound: {}", unbounded.join(", ")),
            "`logging: *logging` for it in docker-compose.yml; then just up",
        )
    });
    let count = project.services.len();
    Outcome::of(
        problem.into_iter().collect(),
        format!("bounded for all {count} containers"),
    )
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;
    use crate::doctor::finding::Verdict;
    use serde_json::{Value, json};

    pub(crate) fn project(services: &Value) -> Project {
        serde_json::from_value(json!({ "name": "x", "services": services })).unwrap()
    }

    #[test]
    fn a_published_redis_is_seen() {
        let of = |port: Value| {
            project(&json!({ "redis": { "image": "redis:7-alpine", "ports": [port] } }))
                .published_by_redis()
        };
        let port =
            json!({ "mode": "ingress", "target": 6379, "published": "6379", "protocol": "tcp" });
        assert_eq!(of(port), ["0.0.0.0:6379"]);
        let local = json!({ "host_ip": "127.0.0.1", "target": 6379, "published": "6379" });
        assert!(of(local).is_empty());
    }

    #[test]
    fn a_log_without_bound_is_seen() {
        let bounded =
            json!({ "logging": { "driver": "json-file", "options": { "max-size": "10m" } } });
        let of = |logging: Value| {
            let both = project(&json!({ "a": bounded, "b": { "logging": logging } }));
            log_rotation(Some(&both)).verdict()
        };
        assert_eq!(of(json!({ "driver": "local" })), Verdict::Ok);
        assert_eq!(of(json!({ "driver": "json-file" })), Verdict::Warn);
        assert_eq!(
            log_rotation(Some(&project(&json!({ "a": {} })))).verdict(),
            Verdict::Warn
        );
    }

    #[test]
    fn a_router_without_a_guard_is_seen() {
        let rule = ("traefik.http.routers.raw.rule", "Host(`x`)");
        let guard = ("traefik.http.routers.raw.middlewares", "protect-x@file");
        let of = |labels: &[(&str, &str)]| {
            let labels: BTreeMap<_, _> = labels.iter().copied().collect();
            project(&json!({ "x": { "labels": labels } })).unguarded_routers()
        };
        assert_eq!(of(&[rule]), ["x: raw"]);
        assert!(of(&[rule, guard]).is_empty());
        for other in ["mcp-cors@file", "protect-x@docker", "protect-@file", ""] {
            let other = ("traefik.http.routers.raw.middlewares", other);
            assert_eq!(of(&[rule, other]), ["x: raw"], "{other:?}");
        }
        let both = "mcp-cors@file, mcp-auth-x@file";
        assert!(of(&[rule, ("traefik.http.routers.raw.middlewares", both)]).is_empty());
        let tcp = ("traefik.tcp.routers.db.rule", "HostSNI(`*`)");
        assert_eq!(of(&[tcp]), ["x: db"]);
    }
}
