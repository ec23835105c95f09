//! End to end: Traefik with the verifier, against the same Traefik with a static nginx as its
//! verifier on the same transport; and nginx as another edge, for the record.

use super::{Plan, Subject, interleaved};
use crate::Outcome;
use crate::fleet::{given_headers, stored};
use crate::mint::Minted;
use crate::nginx::Nginx;
use crate::report::{Goal, Report};
use crate::system::{DOMAIN, Options, SERVICE, System};
use crate::tools::Cores;
use crate::traefik::{Edge, Traefik};
use crate::wrk::Question;

const CONNECTIONS: u32 = 32;

/// Plain HTTP between Traefik and the verifier.
pub fn run(plan: &Plan, report: &mut Report) -> Outcome<()> {
    let system = System::start(&Options::default())?;
    let verifier = system.verifier(Cores::All)?;
    let token = stored(&system, "bench")?;
    let headers = given_headers(&verifier, &token)?;
    let directory = system.directory.path();
    let upstream = Nginx::upstream(Cores::All, directory)?;
    let constant = Nginx::verifier(&headers, Cores::All, directory)?;

    let edges = [
        ("ours", Some(format!("http://{}", verifier.address))),
        ("static", Some(format!("http://{}", constant.address))),
        ("open", None),
    ];
    let edges = edges.map(|(name, verifier)| Edge {
        name: name.to_owned(),
        verifier,
    });
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
    for (https, kind) in [(false, "HTTP"), (true, "HTTPS")] {
        let ours = subject("ours", https, &verifier.server)?;
        let control = subject("static", https, &constant.server)?;
        let comparison = interleaved(plan, CONNECTIONS, Cores::All, (&ours, &control))?;
        let name = format!("through Traefik, {kind} edge, HTTP verifier, against a static nginx");
        report.add(comparison.figure(&name, Goal::AtLeast(0.97)));
    }
    let ours = subject("ours", true, &verifier.server)?;
    let open = subject("open", true, &verifier.server)?;
    let comparison = interleaved(plan, CONNECTIONS, Cores::All, (&ours, &open))?;
    let name = "through Traefik, HTTPS edge, against the same without ForwardAuth";
    report.add(comparison.figure(name, Goal::Recorded));

    let (to_us, to_static) = (
        Nginx::edge("nginx-edge", verifier.address, upstream.address, directory)?,
        Nginx::edge(
            "nginx-static",
            constant.address,
            upstream.address,
            directory,
        )?,
    );
    let subject = |edge: &'_ Nginx, verifier| Subject {
        question: question(format!("http://{}/mcp", edge.address), &token),
        servers: vec![("verifier", verifier), ("service", &upstream.server)],
    };
    let ours = subject(&to_us, &verifier.server);
    let control = subject(&to_static, &constant.server);
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
