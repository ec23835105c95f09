//! What anybody on the internet can see: the edge and what stands behind it.

use std::collections::BTreeMap;
use std::io;
use std::time::Duration;

use futures_util::future::join_all;
use reqwest::Method;
use reqwest::header::{
    ACCESS_CONTROL_REQUEST_HEADERS, ACCESS_CONTROL_REQUEST_METHOD, AUTHORIZATION, HeaderName,
    ORIGIN,
};
use token_core::{Clock as _, Seconds, SystemClock, Timestamp};
use tokio::net::TcpStream;
use tokio::time::timeout;
use url::Url;

use access::{Crossing, Guard};
use target::{Asked, Target};
use tls::Spoken;
use web::Seen;

use super::DoctorArguments;
use super::check::Check;
use super::finding::{Finding, Outcome, Problem};
use super::place::Place;

mod access;
mod documents;
mod grade;
mod handshake;
mod target;
mod tls;
mod weak_suites;
mod web;

/// For a connection that is only opened.
const LIMIT: Duration = Duration::from_secs(4);
const REDIS_PORT: u16 = 6379;
/// Nobody's: the origin of a web page that asks.
const ANY_PAGE: &str = "https://doctor.example";
const UNREACHABLE: &str = "a host cannot be reached: see `hosts`";
const NO_EDGE: &str = "the single process has no edge: it is plain http on this computer";

/// What the outside told for checks of the inside.
#[derive(Default)]
pub(crate) struct Heard {
    /// What the `Date` header said, and what our clock said when it came.
    pub(crate) date: Option<Timestamp>,
    /// Whether somebody answers at Redis's port of the issuer's host.
    pub(crate) redis_port: Option<bool>,
}

/// A host and port of the gateway.
type Address = (String, u16);

/// Every check of this side that is asked for.
pub(crate) async fn examine(
    arguments: &DoctorArguments,
    place: &Place,
) -> Result<(Vec<Finding>, Heard), reqwest::Error> {
    let wanted = Check::all()
        .iter()
        .copied()
        .filter(|own| arguments.wants(*own));
    let wanted: Vec<_> = wanted.filter(|own| *own >= Check::Hosts).collect();
    let listens = arguments.wants(Check::Clock) || arguments.wants(Check::RedisExposure);
    if arguments.inside_only || (wanted.is_empty() && !listens) {
        return Ok((Vec::new(), Heard::default()));
    }
    let same = |outcome: &Outcome| {
        let findings = wanted.iter().map(|check| Finding {
            check: *check,
            outcome: outcome.clone(),
        });
        findings.collect()
    };
    let Some((issuer, services)) = &place.names else {
        let unknown = Outcome::skipped("BASE_DOMAIN is not set here, or refused");
        return Ok((same(&unknown), Heard::default()));
    };
    let target = Target::new(issuer.clone(), services)?;
    let reached = reach(&target).await;
    let all_reached = reached.values().all(Result::is_ok);
    let origin = page(place.origins.as_deref());
    let spoken =
        if all_reached && !target.is_single_process() && wanted.iter().any(|own| of_tls(*own)) {
            shake_all(&reached).await
        } else {
            Vec::new()
        };
    let mut findings = Vec::new();
    for check in wanted {
        let outcome = if check == Check::Hosts {
            hosts(&reached)
        } else if !all_reached {
            Outcome::skipped(UNREACHABLE)
        } else if target.is_single_process() && check < Check::SecurityHeaders {
            Outcome::skipped(NO_EDGE)
        } else {
            look(check, &target, &spoken, &origin).await
        };
        findings.push(Finding { check, outcome });
    }
    let heard = if all_reached {
        hear(&target).await
    } else {
        Heard::default()
    };
    Ok((findings, heard))
}

fn of_tls(check: Check) -> bool {
    matches!(
        check,
        Check::Certificate | Check::TlsVersions | Check::TlsCiphers | Check::TlsGrade
    )
}

async fn look(check: Check, target: &Target, spoken: &[Spoken], origin: &str) -> Outcome {
    match check {
        Check::Certificate => tls::certificate(spoken, SystemClock.now()),
        Check::TlsVersions => tls::versions(spoken),
        Check::TlsCiphers => tls::ciphers(spoken),
        Check::TlsGrade => {
            let told = hsts(target).await;
            grade::grade(spoken, |host| told.get(host).copied())
        }
        Check::HttpRedirect => web::http_redirect(&plain_pages(target).await),
        Check::SecurityHeaders => web::security_headers(&pages(target).await),
        Check::Ready => access::ready(&target.get(&target.issuer.endpoint("/ready")).await),
        Check::IssuerMetadata => {
            let found = fetch(target, documents::of_issuer(target)).await;
            documents::issuer_metadata(&found, &target.issuer)
        }
        Check::ResourceMetadata => {
            let mut found = Vec::new();
            for (resource, urls) in documents::of_services(target) {
                found.push((resource, fetch(target, urls).await));
            }
            documents::resource_metadata(&found, &target.issuer)
        }
        Check::PublicKeys => {
            let urls = ["/jwks", "/.well-known/jwks.json"].map(|path| target.issuer.endpoint(path));
            documents::public_keys(&fetch(target, urls.into()).await)
        }
        Check::Challenge => access::challenge(&guards(target).await),
        Check::Cors => {
            let private = target.issuer.endpoint("/authorize");
            let private = target.ask(Method::GET, &private, &[(ORIGIN, origin)]).await;
            access::cors(&crossings(target, origin).await, &private, origin)
        }
        Check::InternalPaths => access::internal_paths(&fetch(target, internal(target)).await),
        _ => Outcome::skipped("it is no check of the outside"),
    }
}

/// Whether each host has an address at which somebody answers.
async fn reach(target: &Target) -> BTreeMap<Address, io::Result<()>> {
    let origins = target.origins();
    let addresses = origins.iter().filter_map(|origin| host_and_port(origin));
    // At once: each that is silent takes its time.
    let connecting = addresses.map(|(host, port)| async move {
        let connected = connect(&host, port).await;
        ((host, port), connected)
    });
    join_all(connecting).await.into_iter().collect()
}

fn host_and_port(origin: &str) -> Option<Address> {
    let url = Url::parse(origin).ok()?;
    Some((url.host_str()?.to_owned(), url.port_or_known_default()?))
}

async fn connect(host: &str, port: u16) -> io::Result<()> {
    let connecting = timeout(LIMIT, TcpStream::connect((host, port)));
    let connected = connecting.await.map_err(|_| io::ErrorKind::TimedOut)?;
    connected.map(|_| ())
}

fn hosts(reached: &BTreeMap<Address, io::Result<()>>) -> Outcome {
    let problems = reached.iter().filter_map(|((host, port), connected)| {
        let error = connected.as_ref().err()?;
        let mend = "point its name at this machine (A, AAAA) and open its port; then just up";
        Some(Problem::fail(format!("{host}:{port}: {error}"), mend))
    });
    let names: Vec<_> = reached.keys().map(|(host, _)| host.as_str()).collect();
    Outcome::of(problems.collect(), names.join(", "))
}

async fn shake_all(reached: &BTreeMap<Address, io::Result<()>>) -> Vec<Spoken> {
    join_all(reached.keys().map(|(host, port)| tls::observe(host, *port))).await
}

/// The first page that `MCP_CORS_ORIGINS` allows; any, where it allows any.
fn page(origins: Option<&str>) -> String {
    let first = origins.and_then(|list| list.split(',').map(str::trim).find(|own| !own.is_empty()));
    first
        .filter(|own| *own != "*")
        .unwrap_or(ANY_PAGE)
        .to_owned()
}

async fn fetch(target: &Target, urls: Vec<String>) -> Vec<(String, Asked)> {
    let mut found = Vec::new();
    for url in urls {
        let asked = target.get(&url).await;
        found.push((url, asked));
    }
    found
}

/// One page of each host, over plain http.
async fn plain_pages(target: &Target) -> Vec<Seen> {
    let mut pages = Vec::new();
    for origin in target.origins() {
        let url = format!("{}/mcp?doctor=1", origin.replacen("https://", "http://", 1));
        let asked = target.get(&url).await;
        pages.push(Seen { url, asked });
    }
    pages
}

/// For how long each host tells browsers to use https.
async fn hsts(target: &Target) -> BTreeMap<String, Seconds> {
    let mut told = BTreeMap::new();
    for origin in target.origins() {
        let asked = target.get(&format!("{origin}/nothing/here")).await;
        let age = asked.ok().and_then(|answer| web::hsts_age(&answer));
        told.extend(host_and_port(&origin).map(|(host, _)| host).zip(age));
    }
    told
}

/// One of each kind of answer: a page, a document, an error, a challenge, and what is not there.
async fn pages(target: &Target) -> Vec<Seen> {
    let issuer = &target.issuer;
    let mut urls = vec![
        issuer.endpoint("/"),
        issuer.endpoint("/jwks"),
        issuer.endpoint("/authorize?client_id=doctor"),
    ];
    for service in &target.services {
        urls.push(service.resource.metadata_url());
        urls.push(service.resource.as_str().to_owned());
    }
    urls.extend(
        target
            .origins()
            .into_iter()
            .map(|origin| format!("{origin}/nothing/here")),
    );
    let found = fetch(target, urls).await.into_iter();
    found.map(|(url, asked)| Seen { url, asked }).collect()
}

async fn guards(target: &Target) -> Vec<Guard> {
    let mut guards = Vec::new();
    for service in &target.services {
        let url = service.resource.as_str();
        guards.push(Guard {
            resource: service.resource.clone(),
            without: target.ask(Method::POST, url, &[]).await,
            made_up: target
                .ask(
                    Method::GET,
                    url,
                    &[(AUTHORIZATION, "Bearer made-up-by-the-doctor")],
                )
                .await,
        });
    }
    guards
}

async fn crossings(target: &Target, origin: &str) -> Vec<Crossing> {
    let services = target.services.iter();
    let mut urls: Vec<String> = services
        .map(|own| own.resource.as_str().to_owned())
        .collect();
    urls.extend(["/token", "/register"].map(|path| target.issuer.endpoint(path)));
    let preflight: [(HeaderName, &str); 3] = [
        (ORIGIN, origin),
        (ACCESS_CONTROL_REQUEST_METHOD, "POST"),
        (ACCESS_CONTROL_REQUEST_HEADERS, "authorization,content-type"),
    ];
    let mut crossings = Vec::new();
    for url in urls {
        let preflight = target.ask(Method::OPTIONS, &url, &preflight).await;
        // Without a body, so that nothing is registered and nothing is issued.
        let request = target.ask(Method::POST, &url, &[(ORIGIN, origin)]).await;
        crossings.push(Crossing {
            url,
            preflight,
            request,
        });
    }
    crossings
}

/// The verifier's and the operator's addresses, on each host.
fn internal(target: &Target) -> Vec<String> {
    let mut paths = vec![
        "/metrics".to_owned(),
        "/assertion-jwks".to_owned(),
        "/api/rawdata".to_owned(),
    ];
    paths.extend(
        target
            .services
            .iter()
            .map(|service| format!("/verify/{}", service.name)),
    );
    let origins = target.origins().into_iter();
    origins
        .flat_map(|origin| paths.iter().map(move |path| format!("{origin}{path}")))
        .collect()
}

async fn hear(target: &Target) -> Heard {
    let date = target.get(&target.issuer.endpoint("/health")).await.ok();
    let date = date.and_then(|answer| answer.one("date"));
    let date = date.and_then(|text| httpdate::parse_http_date(&text).ok());
    let date = date.and_then(|at| at.duration_since(std::time::UNIX_EPOCH).ok());
    let host = host_and_port(target.issuer.as_str()).map(|(host, _)| host);
    let redis_port = match host {
        Some(host) if !target.is_single_process() => Some(connect(&host, REDIS_PORT).await.is_ok()),
        _ => None,
    };
    Heard {
        date: date.map(|since| Timestamp(since.as_secs())),
        redis_port,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_page_that_asks_is_one_that_may() {
        assert_eq!(page(None), ANY_PAGE);
        assert_eq!(page(Some("*")), ANY_PAGE);
        assert_eq!(
            page(Some(" https://a.example, https://b.example")),
            "https://a.example"
        );
    }
}
