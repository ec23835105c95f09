//! Certificates, versions and ciphers.

use rustls::version::{TLS12, TLS13};
use token_core::{Seconds, Timestamp};
use x509_parser::parse_x509_certificate;

use super::handshake::{
    Legacy, Shaken, TLS_1_0, TLS_1_1, name_of, shake, takes_version, takes_weak_suites,
};
use super::weak_suites::WeakSuite;
use crate::doctor::finding::{Outcome, Problem};
use crate::operator::when::length;

const DAY: u64 = 86_400;
/// Let's Encrypt's certificates are renewed 30 days before their end.
const NOT_RENEWED: Seconds = Seconds(14 * DAY);
pub(crate) const TLS_OPTIONS: &str = "git checkout traefik/dynamic/edge.yml, then just up";

/// What a host's TLS came to.
#[derive(Debug, Clone)]
pub(crate) struct Spoken {
    pub(crate) host: String,
    pub(crate) modern: Result<Shaken, String>,
    pub(crate) tls12: Result<Shaken, String>,
    /// Whether each of the old versions is taken.
    pub(crate) legacy: Vec<(Legacy, Result<bool, String>)>,
    /// What it takes of the weak ciphers, one for each kind of weakness.
    pub(crate) weak: Result<Vec<&'static WeakSuite>, String>,
}

/// Shakes hands with a host in every way.
pub(crate) async fn observe(host: &str, port: u16) -> Spoken {
    let mut legacy = Vec::new();
    for version in [TLS_1_0, TLS_1_1] {
        legacy.push((version, takes_version(host, port, version).await));
    }
    Spoken {
        host: host.to_owned(),
        modern: shake(host, port, &TLS13).await,
        tls12: shake(host, port, &TLS12).await,
        legacy,
        weak: takes_weak_suites(host, port).await,
    }
}

impl Spoken {
    pub(crate) fn shaken(&self) -> Result<&Shaken, &String> {
        self.modern.as_ref().or(self.tls12.as_ref())
    }

    /// Whether it could not be seen which of the old versions it takes.
    pub(crate) fn hides_legacy(&self) -> bool {
        self.legacy.iter().any(|(_, taken)| taken.is_err())
    }
}

pub(crate) fn certificate(hosts: &[Spoken], now: Timestamp) -> Outcome {
    let mut problems = Vec::new();
    let mut least: Option<Seconds> = None;
    for spoken in hosts {
        let host = &spoken.host;
        let logs =
            "docs/runbooks/certificates.md finds the cause in the log of Traefik, and has the mend";
        let shaken = match spoken.shaken() {
            Ok(shaken) => shaken,
            Err(error) => {
                let found = format!("{host}: no TLS: {error}");
                problems.push(Problem::fail(found, logs));
                continue;
            }
        };
        if let Err(error) = &shaken.trusted {
            problems.push(Problem::fail(format!("{host}: {error}"), logs));
            continue;
        }
        let Some(until) = ends(shaken) else {
            problems.push(Problem::fail(
                format!("{host}: a certificate that cannot be read"),
                logs,
            ));
            continue;
        };
        let left = until.remaining(now);
        if left < NOT_RENEWED {
            let found = format!("{host}: ends in {}, and was not renewed", length(left));
            problems.push(Problem::warn(found, logs));
        }
        least = Some(least.map_or(left, |least| least.min(left)));
    }
    let seen = least.map_or_else(String::new, |left| {
        format!(
            "every host's is trusted and names it; {} left at least",
            length(left)
        )
    });
    Outcome::of(problems, seen)
}

/// When the certificate at the end of the chain is over.
fn ends(shaken: &Shaken) -> Option<Timestamp> {
    let (_, certificate) = parse_x509_certificate(shaken.chain.first()?).ok()?;
    let until = certificate.validity().not_after.timestamp();
    u64::try_from(until).ok().map(Timestamp)
}

pub(crate) fn versions(hosts: &[Spoken]) -> Outcome {
    let mut problems = Vec::new();
    for spoken in hosts.iter().filter(|spoken| spoken.shaken().is_ok()) {
        let host = &spoken.host;
        for (version, taken) in &spoken.legacy {
            if *taken == Ok(true) {
                let found = format!("{host}: {} is taken", version.name);
                problems.push(Problem::fail(found, TLS_OPTIONS));
            }
        }
        for (version, shaken) in [(&TLS12, &spoken.tls12), (&TLS13, &spoken.modern)] {
            if let Err(error) = shaken {
                let found = format!("{host}: no {}: {error}", name_of(version));
                problems.push(Problem::warn(found, TLS_OPTIONS));
            }
        }
    }
    let seen = if unseen(hosts, Spoken::hides_legacy) {
        "1.2 and 1.3; whether 1.0 and 1.1 are refused could not be seen"
    } else {
        "1.2 and 1.3 are offered, 1.0 and 1.1 are refused"
    };
    of_hosts(hosts, problems, seen.to_owned())
}

pub(crate) fn ciphers(hosts: &[Spoken]) -> Outcome {
    let unseen = unseen(hosts, |spoken| spoken.weak.is_err());
    let problems = hosts.iter().flat_map(|spoken| {
        let taken = spoken.weak.iter().flatten();
        taken.map(|suite| {
            let found = format!("{}: {} is taken", spoken.host, suite.name);
            Problem::fail(found, TLS_OPTIONS)
        })
    });
    let chosen = hosts.iter().find_map(|spoken| spoken.shaken().ok());
    let chosen = chosen.map_or("nothing", |shaken| &shaken.suite);
    let seen = if unseen {
        format!("{chosen} with us; whether weak ones are refused could not be seen")
    } else {
        format!("{chosen} with us; weak ones are refused")
    };
    of_hosts(hosts, problems.collect(), seen)
}

/// Whether a host that speaks TLS did not show this.
pub(crate) fn unseen(hosts: &[Spoken], hides: impl Fn(&Spoken) -> bool) -> bool {
    let mut speak = hosts.iter().filter(|spoken| spoken.shaken().is_ok());
    speak.any(hides)
}

/// Where no host speaks TLS at all, the certificate's check says so.
pub(crate) fn of_hosts(hosts: &[Spoken], problems: Vec<Problem>, seen: String) -> Outcome {
    if hosts.iter().all(|spoken| spoken.shaken().is_err()) {
        return Outcome::skipped("no host speaks TLS");
    }
    Outcome::of(problems, seen)
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;
    use crate::doctor::finding::Verdict;
    use crate::doctor::outside::weak_suites::{self, Weakness};
    use rcgen::{CertificateParams, KeyPair};
    use std::time::Duration;

    pub(crate) const NOW: Timestamp = Timestamp(1_800_000_000);

    fn shaken(days: u64, trusted: Result<(), String>) -> Shaken {
        let mut params = CertificateParams::new(vec!["auth.example.com".to_owned()]).unwrap();
        let until = std::time::UNIX_EPOCH + Duration::from_secs(NOW.0 + days * DAY);
        params.not_after = until.into();
        let key = KeyPair::generate().unwrap();
        let chain = vec![params.self_signed(&key).unwrap().der().to_vec()];
        let suite = "TLS13_AES_256_GCM_SHA384".to_owned();
        Shaken {
            suite,
            chain,
            trusted,
        }
    }

    pub(crate) fn good() -> Spoken {
        Spoken {
            host: "auth.example.com".to_owned(),
            modern: Ok(shaken(60, Ok(()))),
            tls12: Ok(shaken(60, Ok(()))),
            legacy: vec![(TLS_1_0, Ok(false)), (TLS_1_1, Ok(false))],
            weak: Ok(Vec::new()),
        }
    }

    #[test]
    fn what_could_not_be_seen_is_not_called_refused() {
        let said = |outcome: Outcome| match outcome {
            Outcome::Ok(seen) => seen,
            other => panic!("{other:?}"),
        };
        let silent = Spoken {
            weak: Err("no answer".to_owned()),
            legacy: vec![(TLS_1_0, Err("no answer".to_owned()))],
            ..good()
        };
        let hosts = [good(), silent];
        for text in [said(ciphers(&hosts)), said(versions(&hosts))] {
            assert!(text.ends_with("could not be seen"), "{text}");
        }
        assert!(said(ciphers(&[good()])).ends_with("weak ones are refused"));
    }

    fn verdicts(spoken: Spoken) -> [Verdict; 3] {
        let hosts = [good(), spoken];
        [certificate(&hosts, NOW), versions(&hosts), ciphers(&hosts)].map(|own| own.verdict())
    }

    #[test]
    fn each_fault_is_told_by_its_own_check() {
        use Verdict::{Fail, Ok as Fine, Warn};
        assert_eq!(verdicts(good()), [Fine, Fine, Fine]);
        let unknown = Err("UnknownIssuer".to_owned());
        for (spoken, expected) in [
            (
                Spoken {
                    modern: Ok(shaken(60, unknown)),
                    ..good()
                },
                [Fail, Fine, Fine],
            ),
            (
                Spoken {
                    modern: Ok(shaken(13, Ok(()))),
                    ..good()
                },
                [Warn, Fine, Fine],
            ),
            (
                Spoken {
                    legacy: vec![(TLS_1_0, Ok(true))],
                    ..good()
                },
                [Fine, Fail, Fine],
            ),
            (
                Spoken {
                    tls12: Err("refused".to_owned()),
                    ..good()
                },
                [Fine, Warn, Fine],
            ),
            (
                Spoken {
                    weak: Ok(weak_suites::of(Weakness::Broken).take(1).collect()),
                    ..good()
                },
                [Fine, Fine, Fail],
            ),
        ] {
            assert_eq!(verdicts(spoken.clone()), expected, "{spoken:?}");
        }
    }
}
