//! X.509 (RFC 5280): a CA that vouches for the verifier's names and for nothing else.

use rcgen::{
    BasicConstraints, CertificateParams, DnType, ExtendedKeyUsagePurpose, GeneralSubtree, IsCa,
    Issuer, KeyPair, KeyUsagePurpose, NameConstraints,
};
use thiserror::Error;
use token_core::keys::{KeyError, PrivatePem, SigningKey, generate_p256_pem};
use token_core::{Seconds, Timestamp};
use x509_parser::certificate::X509Certificate;
use x509_parser::extensions::GeneralName;
use x509_parser::pem::Pem;

use super::Certificate;

/// What the verifier is called: on Traefik's network, and by a probe in its own container.
const NAMES: [&str; 2] = ["forward-auth", "localhost"];
const NAME_OF_CA: &str = "MCP OAuth Gateway, between Traefik and the verifier";
/// Clocks differ.
const BEFOREHAND: u64 = 3600;

/// Why there is no certificate.
#[derive(Debug, Error)]
pub(crate) enum NotCertified {
    #[error("the key is not usable")]
    Key(#[from] KeyError),
    #[error("the key is not usable")]
    KeyPair(#[source] rcgen::Error),
    #[error("it holds no certificate that can be read")]
    Unreadable,
    #[error("the certificate belongs to another key")]
    NoPair,
    #[error("it cannot be signed")]
    NotSigned(#[source] rcgen::Error),
}

/// A certificate and its key.
pub(super) struct Certified {
    /// The certificate.
    pub(super) pem: String,
    pub(super) since: Timestamp,
    pub(super) until: Timestamp,
    key: KeyPair,
    kid: String,
}

impl Certified {
    /// A new CA.
    pub(super) fn ca(now: Timestamp, life: Seconds) -> Result<Self, NotCertified> {
        let key = new_key()?;
        let params = of_ca(now, now.plus(life));
        let certificate = params.self_signed(&key).map_err(NotCertified::NotSigned)?;
        Self::of(key, certificate.pem())
    }

    /// A new key for the verifier, certified by this CA for no longer than it lives itself.
    pub(super) fn certify_verifier(
        &self,
        now: Timestamp,
        life: Seconds,
    ) -> Result<Self, NotCertified> {
        let key = new_key()?;
        let names = NAMES.map(str::to_owned);
        let params = CertificateParams::new(names).map_err(NotCertified::NotSigned)?;
        let mut params = between(params, now, now.plus(life).min(self.until));
        params.distinguished_name.push(DnType::CommonName, NAMES[0]);
        params.use_authority_key_identifier_extension = true;
        params.key_usages = vec![KeyUsagePurpose::DigitalSignature];
        params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
        let ca = of_ca(self.since, self.until);
        let issuer = Issuer::from_params(&ca, &self.key);
        let certificate = params.signed_by(&key, &issuer);
        let certificate = certificate.map_err(NotCertified::NotSigned)?;
        Self::of(key, certificate.pem())
    }

    /// From files: each may hold more, the first of its kind counts.
    pub(super) fn read(key: &str, certificate: &str) -> Result<Self, NotCertified> {
        let key = KeyPair::from_pem(key).map_err(NotCertified::KeyPair)?;
        let begin = certificate.find("-----BEGIN CERTIFICATE-----");
        let certificate = begin.and_then(|begin| certificate.get(begin..));
        Self::of(key, certificate.ok_or(NotCertified::Unreadable)?.to_owned())
    }

    fn of(key: KeyPair, pem: String) -> Result<Self, NotCertified> {
        let (since, until) = with_parsed(&pem, |certificate| {
            let public = certificate.public_key().subject_public_key.data.as_ref();
            let pair = public == key.public_key_raw();
            let validity = certificate.validity();
            let [since, until] = [validity.not_before, validity.not_after]
                .map(|time| Timestamp(time.timestamp().try_into().unwrap_or(0)));
            pair.then_some((since, until)).ok_or(NotCertified::NoPair)
        })??;
        let private = PrivatePem::new(key.serialize_pem());
        let kid = SigningKey::from_pkcs8_pem(private.as_bytes())?
            .kid()
            .to_owned();
        Ok(Self {
            pem,
            since,
            until,
            key,
            kid,
        })
    }

    /// Whether `ca` signed it, for the verifier's names.
    pub(super) fn is_of(&self, ca: &Self) -> bool {
        let answer = with_parsed(&ca.pem, |ca| {
            with_parsed(&self.pem, |own| {
                own.verify_signature(Some(ca.public_key())).is_ok() && has_names(own)
            })
        });
        matches!(answer, Ok(Ok(true)))
    }

    /// Its key, to be written.
    pub(super) fn key_pem(&self) -> PrivatePem {
        PrivatePem::new(self.key.serialize_pem())
    }

    /// What may be told of it.
    pub(super) fn told(&self, purpose: &'static str, made: bool) -> Certificate {
        Certificate {
            purpose,
            kid: self.kid.clone(),
            since: self.since,
            until: self.until,
            made,
        }
    }
}

/// P-256, which every TLS library knows.
fn new_key() -> Result<KeyPair, NotCertified> {
    KeyPair::from_pem(&generate_p256_pem()?).map_err(NotCertified::KeyPair)
}

fn of_ca(since: Timestamp, until: Timestamp) -> CertificateParams {
    let mut params = between(CertificateParams::default(), since, until);
    params.distinguished_name = rcgen::DistinguishedName::new();
    params
        .distinguished_name
        .push(DnType::CommonName, NAME_OF_CA);
    params.is_ca = IsCa::Ca(BasicConstraints::Constrained(0));
    params.key_usages = vec![KeyUsagePurpose::KeyCertSign];
    // Whoever has its key can be the verifier and no other host.
    let names = NAMES.map(|name| GeneralSubtree::DnsName(name.to_owned()));
    params.name_constraints = Some(NameConstraints {
        permitted_subtrees: names.to_vec(),
        excluded_subtrees: Vec::new(),
    });
    params
}

fn between(mut params: CertificateParams, since: Timestamp, until: Timestamp) -> CertificateParams {
    let at = |seconds| rcgen::date_time_ymd(1970, 1, 1) + std::time::Duration::from_secs(seconds);
    params.not_before = at(since.0.saturating_sub(BEFOREHAND));
    params.not_after = at(until.0);
    params
}

fn has_names(certificate: &X509Certificate<'_>) -> bool {
    let names = certificate.subject_alternative_name().ok().flatten();
    names.is_some_and(|names| {
        let has = |name| {
            names
                .value
                .general_names
                .contains(&GeneralName::DNSName(name))
        };
        NAMES.into_iter().all(has)
    })
}

fn with_parsed<T>(
    pem: &str,
    look: impl FnOnce(&X509Certificate<'_>) -> T,
) -> Result<T, NotCertified> {
    let first = Pem::iter_from_buffer(pem.as_bytes()).next();
    let block = first.and_then(Result::ok).ok_or(NotCertified::Unreadable)?;
    let certificate = block.parse_x509().map_err(|_| NotCertified::Unreadable)?;
    Ok(look(&certificate))
}
