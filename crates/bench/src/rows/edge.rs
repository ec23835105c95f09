//! End to end: Traefik with the verifier, against the same Traefik with a static nginx as its
//! verifier on the same transport; and nginx as another edge, for the record.

use std::path::Path;

use test_kit::process::free_address;

use super::{Plan, Subject, interleaved};
use crate::Outcome;
use crate::certificate::Certificate;
use crate::fleet::{given_headers, stored};
use crate::mint::Minted;
use crate::nginx::Nginx;
use crate::report::{Goal, Report};
use crate::system::{self, DOMAIN, Options, SERVICE, System};
use crate::tools::Cores;
use crate::traefik::{Edge, Traefik, Verifier};
use crate::wrk::Question;

const CONNECTIONS: u32 = 32;

/// Plain HTTP, and HTTPS with HTTP/2, between Traefik and the verifier.
pub fn run(plan: &Plan, report: &mut Report) -> Outcome<()> {
    let system = System::start(&Options::default())?;
    let directory = system.directory.path();
    let certificate = Certificate::new("IP:127.0.0.1", system.path("verifier-tls"))?;
    let https_address = free_address();
    let settings = [
        (
            "VERIFIER_TLS_DIR",
            certificate.directory.display().to_string(),
        ),
        ("TLS_LISTEN_ADDRESS", https_address.to_string()),
    ];
    let settings = settings.map(|(name, value)| (name.to_owned(), value));
    let verifier = system.verifier_with(Cores::All, &settings, &system.redis)?;
    let token = stored(&system, "bench")?;
    let headers = given_headers(&verifier, &token)?;
    let upstream = Nginx::upstream(directory)?;
    let over_http = Nginx::verifier(&headers, None, directory)?;
    let over_https = Nginx::verifier(&headers, Some(&certificate), directory)?;

    let edge = |name: &str, address, certificate: Option<&Certificate>| Edge {
        name: name.to_owned(),
        verifier: Some(Verifier {
            address,
            certificate: certificate.cloned(),
        }),
    };
    let edges = [
        edge("ours-http", verifier.address, None),
        edge("static-http", over_http.address, None),
        edge("ours-https", https_address, Some(&certificate)),
        edge("static-https", over_https.address, Some(&certificate)),
        Edge {
            name: "open".to_owned(),
            verifier: None,
        },
    ];
    let traefik = Traefik::start(&edges, upstream.address, directory)?;
    let subject = |edge: &str, https, verifier| -> Outcome<Subject<'_>> {
        Ok(Subject {
            question: question(traefik.url(edge, https)?, &token),
            servers: vec![
                ("edge", &traefik.server),
                ("verifier", verifier),
                ("service", &upstream.server),
            ],
        })
    };
    for (transport, constant) in [("http", &over_http), ("https", &over_https)] {
        for (https, kind) in [(false, "HTTP"), (true, "HTTPS")] {
            let ours = subject(&format!("ours-{transport}"), https, &verifier.server)?;
            let control = subject(&format!("static-{transport}"), https, &constant.server)?;
            let comparison = interleaved(plan, CONNECTIONS, Cores::All, (&ours, &control))?;
            let name = format!(
                "through Traefik, {kind} edge, {transport} verifier, against a static nginx"
            );
            report.add(comparison.figure(&name, Goal::AtLeast(0.97)));
        }
    }
    let ours = subject("ours-https", true, &verifier.server)?;
    let open = subject("open", true, &verifier.server)?;
    let comparison = interleaved(plan, CONNECTIONS, Cores::All, (&ours, &open))?;
    let name = "through Traefik, HTTPS edge, https verifier, against no ForwardAuth at all";
    report.add(comparison.figure(name, Goal::Recorded));

    let behind = Behind {
        verifier: &verifier,
        constant: &over_http,
        upstream: &upstream,
        token: &token,
    };
    through_nginx(plan, report, &behind, directory)
}

/// What stands behind an edge.
struct Behind<'a> {
    verifier: &'a system::Verifier,
    constant: &'a Nginx,
    upstream: &'a Nginx,
    token: &'a Minted,
}

fn through_nginx(
    plan: &Plan,
    report: &mut Report,
    behind: &Behind<'_>,
    directory: &Path,
) -> Outcome<()> {
    let upstream = behind.upstream.address;
    let (to_us, to_constant) = (
        Nginx::edge("nginx-edge", behind.verifier.address, upstream, directory)?,
        Nginx::edge("nginx-static", behind.constant.address, upstream, directory)?,
    );
    let ours = Subject {
        question: question(format!("http://{}/mcp", to_us.address), behind.token),
        servers: vec![
            ("edge", &to_us.server),
            ("verifier", &behind.verifier.server),
            ("service", &behind.upstream.server),
        ],
    };
    let control = Subject {
        question: question(format!("http://{}/mcp", to_constant.address), behind.token),
        servers: vec![
            ("edge", &to_constant.server),
            ("verifier", &behind.constant.server),
            ("service", &behind.upstream.server),
        ],
    };
    let comparison = interleaved(plan, CONNECTIONS, Cores::All, (&ours, &control))?;
    let name = "through nginx's auth_request, against a static nginx";
    report.add(comparison.figure(name, Goal::Recorded));
    Ok(())
}

fn question(url: String, token: &Minted) -> Question {
    let headers = [
        ("Host", format!("{SERVICE}.{DOMAIN}")),
        ("User-Agent", "mcp-client/1.0".to_owned()),
        ("Authorization", format!("Bearer {}", token.text)),
        ("Mcp-Protocol-Version", "2025-06-18".to_owned()),
    ];
    let headers = headers.map(|(name, value)| (name.to_owned(), value));
    Question {
        url,
        headers: headers.to_vec(),
    }
}
