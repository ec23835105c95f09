//! One letter for the TLS of a host, by the rules of SSL Labs' rating guide (2009r).
//!
//! The guide's score is 80 or more, an A, wherever the key is of 2048 bits and no cipher is below
//! 128; what makes the difference then are the rules that cap it, and these are what is looked at.
//! Of TLS 1.2 ciphers without forward secrecy it asks whether browsers of its own would get one;
//! here one that can be had is enough for a B.

use std::fmt;

use token_core::Seconds;
use x509_parser::parse_x509_certificate;
use x509_parser::prelude::X509Certificate;
use x509_parser::public_key::PublicKey;

use super::handshake::Shaken;
use super::tls::{Spoken, TLS_OPTIONS, of_hosts, unseen};
use super::weak_suites::Weakness;
use crate::doctor::finding::{Outcome, Problem};

/// RSA below this is a B.
const RSA_BITS: usize = 2048;
/// And below this an F.
const RSA_LEAST_BITS: usize = 1024;
/// Half a year: what an A+ wants of HSTS.
const HSTS: Seconds = Seconds(15_768_000);
/// RSA and ECDSA with SHA-1 (RFC 3279 sections 2.2.1 and 2.2.3).
const SHA1: [&str; 2] = ["1.2.840.113549.1.1.5", "1.2.840.10045.4.1"];
const CERTIFICATE: &str = "have it issued anew: docs/runbooks/certificates.md";

/// The order is that of weight.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Grade {
    APlus,
    A,
    AMinus,
    B,
    C,
    F,
    /// The certificate is not trusted, so that the rest says little.
    T,
}

impl fmt::Display for Grade {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::APlus => "A+",
            Self::A => "A",
            Self::AMinus => "A-",
            Self::B => "B",
            Self::C => "C",
            Self::F => "F",
            Self::T => "T",
        })
    }
}

/// A rule that caps the grade: what for, and the mend.
struct Cap {
    grade: Grade,
    because: String,
    mend: &'static str,
}

/// The grade of each host. `hsts`: for how long each, by its name, tells browsers to use https.
pub(crate) fn grade(all: &[Spoken], hsts: impl Fn(&str) -> Option<Seconds>) -> Outcome {
    let problems = all.iter().filter_map(|spoken| {
        let shaken = spoken.shaken().ok()?;
        let worst = caps(spoken, shaken, hsts(&spoken.host))
            .into_iter()
            .max_by_key(|cap| cap.grade)?;
        let found = format!("{}: {}, for {}", spoken.host, worst.grade, worst.because);
        Some(if worst.grade < Grade::B {
            Problem::warn(found, worst.mend)
        } else {
            Problem::fail(found, worst.mend)
        })
    });
    let best = Grade::APlus;
    let mut seen =
        format!("{best} at every host, by the rules of SSL Labs' guide that cap a grade");
    if unseen(all, |spoken| spoken.weak.is_err()) {
        seen.push_str("; whether weak ciphers are refused could not be seen");
    }
    if unseen(all, Spoken::hides_legacy) {
        seen.push_str("; whether 1.0 and 1.1 are refused could not be seen");
    }
    of_hosts(all, problems.collect(), seen)
}

fn caps(spoken: &Spoken, shaken: &Shaken, hsts: Option<Seconds>) -> Vec<Cap> {
    let mut caps = Vec::new();
    let mut cap = |grade, because: String, mend| {
        caps.push(Cap {
            grade,
            because,
            mend,
        });
    };
    if shaken.trusted.is_err() {
        let because = "a certificate that is not trusted".to_owned();
        cap(Grade::T, because, CERTIFICATE);
    }
    for (grade, because) in of_certificate(shaken) {
        cap(grade, because, CERTIFICATE);
    }
    for suite in spoken.weak.iter().flatten() {
        let grade = match suite.weakness {
            Weakness::NoForwardSecrecy => Grade::B,
            Weakness::Broken => Grade::C,
            Weakness::None => Grade::F,
        };
        cap(grade, suite.name.to_owned(), TLS_OPTIONS);
    }
    for (version, taken) in &spoken.legacy {
        if *taken == Ok(true) {
            cap(Grade::B, version.name.to_owned(), TLS_OPTIONS);
        }
    }
    if spoken.modern.is_err() {
        cap(Grade::AMinus, "no TLS 1.3".to_owned(), TLS_OPTIONS);
    }
    if hsts.is_none_or(|age| age < HSTS) {
        let because = "no HSTS of half a year".to_owned();
        let mend = "git checkout traefik/dynamic/edge.yml, then just up";
        cap(Grade::A, because, mend);
    }
    caps
}

/// What the certificates of the chain have that is too weak. A root signs itself, and nobody looks
/// at that signature.
fn of_certificate(shaken: &Shaken) -> Vec<(Grade, String)> {
    let mut weak = Vec::new();
    for der in &shaken.chain {
        let Ok((_, certificate)) = parse_x509_certificate(der) else {
            continue;
        };
        match rsa_bits(&certificate) {
            Some(bits) if bits < RSA_LEAST_BITS => {
                weak.push((Grade::F, format!("an RSA key of {bits} bits")));
            }
            Some(bits) if bits < RSA_BITS => {
                weak.push((Grade::B, format!("an RSA key of {bits} bits")));
            }
            _ => {}
        }
        let signed_with = certificate.signature_algorithm.algorithm.to_id_string();
        let is_root = certificate.issuer() == certificate.subject();
        if !is_root && SHA1.contains(&signed_with.as_str()) {
            weak.push((
                Grade::F,
                "a certificate that is signed with SHA-1".to_owned(),
            ));
        }
    }
    weak
}

fn rsa_bits(certificate: &X509Certificate<'_>) -> Option<usize> {
    match certificate.public_key().parsed() {
        Ok(PublicKey::RSA(key)) => Some(key.key_size()),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use x509_parser::pem::parse_x509_pem;

    use super::*;
    use crate::doctor::finding::Verdict;
    use crate::doctor::outside::handshake::{TLS_1_0, TLS_1_1};
    use crate::doctor::outside::tls::tests::good;
    use crate::doctor::outside::weak_suites;

    fn graded(spoken: Spoken, hsts: Option<u64>) -> (Verdict, String) {
        let outcome = grade(&[spoken], |_| hsts.map(Seconds));
        let text = match &outcome {
            Outcome::Ok(seen) => seen.clone(),
            Outcome::Wrong(problems) => problems[0].found().to_owned(),
            Outcome::Skipped(why) => why.clone(),
        };
        (outcome.verdict(), text)
    }

    fn with_weak(weakness: Weakness) -> Spoken {
        Spoken {
            weak: Ok(weak_suites::of(weakness).take(1).collect()),
            ..good()
        }
    }

    /// Of 1,024 bits, signed with SHA-1 by somebody else; made by OpenSSL.
    const WEAK: &str = include_str!("weak-certificate.pem");

    #[test]
    fn a_weak_key_and_a_weak_signature_are_seen() {
        let mut shaken = good().modern.unwrap();
        assert_eq!(of_certificate(&shaken), []);
        shaken.chain = vec![parse_x509_pem(WEAK.as_bytes()).unwrap().1.contents];
        let found = of_certificate(&shaken).into_iter();
        let grades: Vec<_> = found.map(|(grade, _)| grade).collect();
        assert_eq!(grades, [Grade::B, Grade::F]);
    }

    #[test]
    fn a_grade_says_what_it_did_not_see() {
        let year = Some(31_536_000);
        let silent = Spoken {
            weak: Err("no answer".to_owned()),
            legacy: vec![(TLS_1_0, Err("no answer".to_owned()))],
            ..good()
        };
        let (_, text) = graded(silent, year);
        for what in ["weak ciphers", "1.0 and 1.1"] {
            let said = format!("whether {what} are refused could not be seen");
            assert!(text.contains(&said), "{text}");
        }
        let (_, text) = graded(good(), year);
        assert!(!text.contains("could not be seen"), "{text}");
    }

    #[test]
    fn the_worst_rule_decides() {
        let year = Some(31_536_000);
        let (verdict, text) = graded(good(), year);
        assert_eq!((verdict, text.starts_with("A+ ")), (Verdict::Ok, true));
        let old = Spoken {
            legacy: vec![(TLS_1_0, Ok(false)), (TLS_1_1, Ok(true))],
            ..good()
        };
        let mut foreign = good();
        for shaken in [&mut foreign.modern, &mut foreign.tls12] {
            shaken.as_mut().unwrap().trusted = Err("UnknownIssuer".to_owned());
        }
        let without = Spoken {
            modern: Err("refused".to_owned()),
            ..good()
        };
        for (spoken, hsts, verdict, grade) in [
            (good(), Some(60), Verdict::Warn, "A"),
            (good(), None, Verdict::Warn, "A"),
            (without, year, Verdict::Warn, "A-"),
            (old, None, Verdict::Fail, "B"),
            (
                with_weak(Weakness::NoForwardSecrecy),
                year,
                Verdict::Fail,
                "B",
            ),
            (with_weak(Weakness::Broken), year, Verdict::Fail, "C"),
            (with_weak(Weakness::None), year, Verdict::Fail, "F"),
            (foreign, None, Verdict::Fail, "T"),
        ] {
            let (found, text) = graded(spoken, hsts);
            assert_eq!(found, verdict, "{text}");
            assert!(
                text.contains(&format!(": {grade}, for ")),
                "{grade}: {text}"
            );
        }
    }
}
