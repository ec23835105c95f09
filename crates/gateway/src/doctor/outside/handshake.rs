//! TLS as it is spoken. What rustls can speak it asks with rustls; the versions and ciphers that
//! rustls refuses to speak it offers in a `ClientHello` of its own, and looks only whether the
//! server takes it: nothing is ever sent over such a connection.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::crypto::{CryptoProvider, ring};
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::{
    ClientConfig, DigitallySignedStruct, Error, ProtocolVersion, SignatureScheme,
    SupportedProtocolVersion,
};
use rustls_platform_verifier::Verifier;
use token_core::{Entropy, SystemEntropy};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::time::timeout;
use tokio_rustls::TlsConnector;

use super::weak_suites::{self, WeakSuite, Weakness};

const LIMIT: Duration = Duration::from_secs(6);

/// A version that rustls does not speak.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Legacy {
    pub(crate) name: &'static str,
    /// As in `ClientHello.client_version` (RFC 5246 section 7.4.1.2).
    code: u16,
}

pub(crate) const TLS_1_0: Legacy = Legacy {
    name: "TLS 1.0",
    code: 0x0301,
};
pub(crate) const TLS_1_1: Legacy = Legacy {
    name: "TLS 1.1",
    code: 0x0302,
};
const TLS_1_2: u16 = 0x0303;

/// What servers of that time spoke: CBC with SHA-1, with and without forward secrecy.
const OLD_SUITES: [u16; 7] = [0xc009, 0xc00a, 0xc013, 0xc014, 0x002f, 0x0035, 0x000a];

/// What a handshake with rustls came to.
#[derive(Debug, Clone)]
pub(crate) struct Shaken {
    pub(crate) suite: String,
    /// The chain as it was sent, its end first, in DER.
    pub(crate) chain: Vec<Vec<u8>>,
    /// What this machine's trust says of it.
    pub(crate) trusted: Result<(), String>,
}

/// The chain that a server sends and what is thought of it; every chain is let through.
#[derive(Debug)]
struct Witness {
    judge: Verifier,
    seen: Mutex<Option<Seen>>,
}

/// The chain, and what this machine's trust says of it.
type Seen = (Vec<Vec<u8>>, Result<(), String>);

impl ServerCertVerifier for Witness {
    fn verify_server_cert(
        &self,
        end: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        name: &ServerName<'_>,
        ocsp: &[u8],
        now: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        let judged = self
            .judge
            .verify_server_cert(end, intermediates, name, ocsp, now);
        let judged = judged.map(|_| ()).map_err(|error| error.to_string());
        let chain = std::iter::once(end).chain(intermediates);
        let chain = chain.map(|certificate| certificate.to_vec()).collect();
        *self.seen.lock().unwrap_or_else(PoisonError::into_inner) = Some((chain, judged));
        Ok(ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        self.judge
            .verify_tls12_signature(message, certificate, signature)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        self.judge
            .verify_tls13_signature(message, certificate, signature)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.judge.supported_verify_schemes()
    }
}

/// Shakes hands in exactly this version.
pub(crate) async fn shake(
    host: &str,
    port: u16,
    version: &'static SupportedProtocolVersion,
) -> Result<Shaken, String> {
    let provider: Arc<CryptoProvider> = Arc::new(ring::default_provider());
    let said = |error: Error| error.to_string();
    let witness = Arc::new(Witness {
        judge: Verifier::new(Arc::clone(&provider)).map_err(said)?,
        seen: Mutex::default(),
    });
    let config = ClientConfig::builder_with_provider(provider)
        .with_protocol_versions(&[version])
        .map_err(said)?
        .dangerous()
        .with_custom_certificate_verifier(Arc::clone(&witness) as _)
        .with_no_client_auth();
    let name = ServerName::try_from(host.to_owned()).map_err(|_| "no host name".to_owned())?;
    let connecting = async {
        let plain = TcpStream::connect((host, port)).await?;
        TlsConnector::from(Arc::new(config))
            .connect(name, plain)
            .await
    };
    let stream = timeout(LIMIT, connecting).await;
    let stream = stream.map_err(|_| "no handshake within 6 s".to_owned())?;
    let stream = stream.map_err(|error| error.to_string())?;
    let (_, connection) = stream.get_ref();
    let suite = connection.negotiated_cipher_suite();
    let seen = witness
        .seen
        .lock()
        .unwrap_or_else(PoisonError::into_inner)
        .take();
    let (chain, trusted) = seen.ok_or("no certificate was sent")?;
    Ok(Shaken {
        suite: suite
            .map(|suite| format!("{:?}", suite.suite()))
            .unwrap_or_default(),
        chain,
        trusted,
    })
}

/// Whether the server takes a version that rustls does not speak.
pub(crate) async fn takes_version(host: &str, port: u16, version: Legacy) -> Result<bool, String> {
    let answer = offer(host, port, version.code, &OLD_SUITES).await?;
    Ok(answer.is_some_and(|(taken, _)| taken == version.code))
}

/// What the server takes of the weak ciphers with TLS 1.2: one for each kind of weakness.
pub(crate) async fn takes_weak_suites(
    host: &str,
    port: u16,
) -> Result<Vec<&'static WeakSuite>, String> {
    let mut taken = Vec::new();
    for weakness in Weakness::ALL {
        let codes: Vec<_> = weak_suites::of(weakness).map(|own| own.code).collect();
        let chosen = offer(host, port, TLS_1_2, &codes).await?;
        let named =
            chosen.and_then(|(_, code)| weak_suites::of(weakness).find(|own| own.code == code));
        taken.extend(named);
    }
    Ok(taken)
}

/// Offers a version and ciphers: what the server chose of them, or `None` where it refuses.
async fn offer(
    host: &str,
    port: u16,
    version: u16,
    suites: &[u16],
) -> Result<Option<(u16, u16)>, String> {
    let mut random = [0_u8; 32];
    SystemEntropy::new()
        .fill(&mut random)
        .map_err(|error| error.to_string())?;
    let hello = client_hello(host, version, suites, &random);
    let asking = async {
        let mut stream = TcpStream::connect((host, port)).await?;
        stream.write_all(&hello).await?;
        let mut answer = Vec::new();
        // A ServerHello without its extensions is well below this; an end is an answer too.
        let mut buffer = [0_u8; 512];
        while answer.len() < 128 && chosen(&answer).is_none() {
            match stream.read(&mut buffer).await {
                Ok(0) | Err(_) => break,
                Ok(read) => answer.extend_from_slice(buffer.get(..read).unwrap_or_default()),
            }
        }
        Ok::<_, std::io::Error>(answer)
    };
    let answer = timeout(LIMIT, asking).await;
    let answer = answer.map_err(|_| "no answer within 6 s".to_owned())?;
    Ok(chosen(&answer.map_err(|error| error.to_string())?))
}

/// Version and cipher of a `ServerHello` (RFC 5246 section 7.4.1.3); `None` for an alert, for
/// something else, and for too little.
fn chosen(answer: &[u8]) -> Option<(u16, u16)> {
    let short = |at: usize| {
        let bytes = answer.get(at..at + 2)?;
        Some(u16::from_be_bytes(bytes.try_into().ok()?))
    };
    // A record of the handshake, and in it a ServerHello.
    if (answer.first(), answer.get(5)) != (Some(&22), Some(&2)) {
        return None;
    }
    let version = short(9)?;
    let session = usize::from(*answer.get(43)?);
    Some((version, short(44 + session)?))
}

/// RFC 5246 section 7.4.1.2, with the extensions that servers want: the name, curves and signature
/// algorithms.
fn client_hello(host: &str, version: u16, suites: &[u16], random: &[u8; 32]) -> Vec<u8> {
    let name = host.as_bytes();
    let server_name = [&[0_u8][..], &with_length(name)].concat();
    let extensions = [
        extension(0, &with_length(&server_name)),
        // x25519, P-256, P-384
        extension(10, &with_length(&shorts(&[0x001d, 0x0017, 0x0018]))),
        // uncompressed points
        extension(11, &[1, 0]),
        // ECDSA and RSA, with SHA-256 and SHA-1, and RSA-PSS
        extension(
            13,
            &with_length(&shorts(&[0x0403, 0x0401, 0x0804, 0x0203, 0x0201])),
        ),
        // no renegotiation has been (RFC 5746)
        extension(0xff01, &[0]),
    ]
    .concat();
    let body = [
        &version.to_be_bytes()[..],
        random,
        // no session
        &[0],
        &with_length(&shorts(suites)),
        // no compression
        &[1, 0],
        &with_length(&extensions),
    ]
    .concat();
    let length = u32::try_from(body.len()).unwrap_or(u32::MAX).to_be_bytes();
    let [_, length @ ..] = length;
    let handshake = [&[1_u8][..], &length, &body].concat();
    [&[22, 3, 1][..], &with_length(&handshake)].concat()
}

fn extension(kind: u16, data: &[u8]) -> Vec<u8> {
    [&kind.to_be_bytes()[..], &with_length(data)].concat()
}

fn shorts(values: &[u16]) -> Vec<u8> {
    values
        .iter()
        .flat_map(|value| value.to_be_bytes())
        .collect()
}

/// The bytes behind their number, in two bytes.
fn with_length(bytes: &[u8]) -> Vec<u8> {
    let length = u16::try_from(bytes.len()).unwrap_or(u16::MAX);
    [&length.to_be_bytes()[..], bytes].concat()
}

/// How a version is called.
pub(crate) fn name_of(version: &SupportedProtocolVersion) -> &'static str {
    match version.version {
        ProtocolVersion::TLSv1_3 => "TLS 1.3",
        _ => "TLS 1.2",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_server_hello_is_read_and_an_alert_is_none() {
        let mut hello = vec![22, 3, 1, 0, 49, 2, 0, 0, 45, 3, 1];
        hello.extend([7; 32]);
        hello.extend([0, 0xc0, 0x09, 0]);
        assert_eq!(chosen(&hello), Some((0x0301, 0xc009)));
        for cut in 0..46 {
            assert_eq!(chosen(&hello[..cut]), None, "{cut}");
        }
        assert_eq!(chosen(&[21, 3, 1, 0, 2, 2, 70]), None);
        assert_eq!(chosen(b"HTTP/1.1 400 Bad Request\r\n"), None);
    }

    #[test]
    fn a_client_hello_has_the_lengths_that_it_says() {
        let hello = client_hello("auth.example.com", 0x0301, &OLD_SUITES, &[1; 32]);
        let record = usize::from(u16::from_be_bytes([hello[3], hello[4]]));
        assert_eq!(record, hello.len() - 5);
        let handshake = u32::from_be_bytes([0, hello[6], hello[7], hello[8]]);
        assert_eq!(handshake as usize, hello.len() - 9);
        assert!(hello.windows(16).any(|part| part == b"auth.example.com"));
    }
}
