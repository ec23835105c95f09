//! What anybody on the internet can see: the edge and what stands behind it.

use std::collections::BTreeMap;
use std::io;
use std::time::Duration;

use futures_util::future::join_all;
use reqwest::Method;
use reqwest::header::ORIGIN;
use token_core::{Clock as _, SystemClock, Timestamp};
use tokio::net::TcpStream;
use tokio::time::timeout;
use url::Url;

use asking::fetch;
use target::Target;
use tls::Spoken;

use super::DoctorArguments;
use super::check::Check;
use super::finding::{Finding, Outcome, Problem, Verdict};
use super::place::{Names, Place};
use super::settings;
use super::store::Reading;

mod access;
mod asking;
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
pub(crate) const UNNAMED: &str = "BASE_DOMAIN is not set here";
const NO_EDGE: &str = "the single process has no edge: it is plain http on this computer";

/// What the outside told for checks of the inside.
#[derive(Default)]
pub(crate) struct Heard {
    /// What the `Date` header said, and what our clock said when it came.
    pub(crate) date: Option<Reading>,
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
    let (issuer, services) = match &place.names {
        Names::Known(issuer, services) => (issuer, services),
        other => return Ok((nobody_to_ask(&wanted, other), Heard::default())),
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
    let hosts = hosts(&reached);
    let mut findings = Vec::new();
    // Whatever is asked for: what the rest was skipped for is told.
    if !wanted.contains(&Check::Hosts) && hosts.verdict() != Verdict::Ok {
        findings.push(Finding {
            check: Check::Hosts,
            outcome: hosts.clone(),
        });
    }
    for check in wanted {
        let outcome = if check == Check::Hosts {
            hosts.clone()
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

/// Every check that is asked for, where it is not known who the gateway is.
fn nobody_to_ask(wanted: &[Check], names: &Names) -> Vec<Finding> {
    let (hosts, others) = match names {
        Names::Refused(lines) => (
            settings::refused(lines),
            "the gateway's names are refused: see `hosts`",
        ),
        _ => (Outcome::skipped(UNNAMED), UNNAMED),
    };
    let mut findings = Vec::new();
    if wanted.contains(&Check::Hosts) || hosts.verdict() == Verdict::Fail {
        findings.push(Finding {
            check: Check::Hosts,
            outcome: hosts,
        });
    }
    let rest = wanted.iter().filter(|check| **check != Check::Hosts);
    findings.extend(rest.map(|check| Finding {
        check: *check,
        outcome: Outcome::skipped(others),
    }));
    findings
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
            let told = asking::hsts(target).await;
            grade::grade(spoken, |host| told.get(host).copied())
        }
        Check::HttpRedirect => web::http_redirect(&asking::plain_pages(target).await),
        Check::SecurityHeaders => web::security_headers(&asking::pages(target).await),
        Check::Ready => access::ready(&target.get(&target.issuer.endpoint("/ready")).await),
        Check::IssuerMetadata => {
            let found = fetch(target, documents::of_issuer(target)).await;
            documents::issuer_metadata(&found, &target.issuer)
        }
        Check::ResourceMetadata => {
            let found = asking::resource_documents(target).await;
            documents::resource_metadata(&found, &target.issuer)
        }
        Check::PublicKeys => {
            let urls = ["/jwks", "/.well-known/jwks.json"].map(|path| target.issuer.endpoint(path));
            documents::public_keys(&fetch(target, urls.into()).await)
        }
        Check::Challenge => access::challenge(&asking::guards(target).await),
        Check::Cors => {
            let private = target.issuer.endpoint("/authorize");
            let private = target.ask(Method::GET, &private, &[(ORIGIN, origin)]).await;
            access::cors(&asking::crossings(target, origin).await, &private, origin)
        }
        Check::InternalPaths => {
            access::internal_paths(&fetch(target, asking::internal(target)).await)
        }
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

async fn hear(target: &Target) -> Heard {
    let answer = target.get(&target.issuer.endpoint("/health")).await.ok();
    let ours = SystemClock.now();
    let date = answer.and_then(|answer| answer.one("date"));
    let date = date.and_then(|text| httpdate::parse_http_date(&text).ok());
    let date = date.and_then(|at| at.duration_since(std::time::UNIX_EPOCH).ok());
    let host = host_and_port(target.issuer.as_str()).map(|(host, _)| host);
    let redis_port = match host {
        Some(host) if !target.is_single_process() => Some(connect(&host, REDIS_PORT).await.is_ok()),
        _ => None,
    };
    Heard {
        date: date.map(|since| Reading {
            theirs: Timestamp(since.as_secs()),
            ours,
        }),
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
