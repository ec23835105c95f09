//! A certificate and its key, from a directory that is looked at again and again, so that a
//! renewal needs no restart.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Arc, PoisonError, RwLock};
use std::time::Duration;

use rustls::crypto::ring::default_provider;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::server::{ClientHello, ResolvesServerCert};
use rustls::sign::CertifiedKey;
use rustls::{ServerConfig, version};

use crate::error_chain;

/// How often the directory is looked at.
const EVERY: Duration = Duration::from_secs(2);

/// Why a certificate cannot be used. Each names the path; none shows what is in a file.
#[derive(Debug, thiserror::Error)]
pub enum CertificateError {
    /// A file cannot be read.
    #[error("cannot read {path}")]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// Why.
        #[source]
        source: io::Error,
    },
    /// A file does not hold what it should.
    #[error("{path} holds no {wanted} in PEM")]
    IllFormed {
        /// The file.
        path: PathBuf,
        /// What it should hold.
        wanted: &'static str,
    },
    /// Certificate and key are no pair.
    #[error("the certificate and the key in {path} cannot be used together")]
    NoPair {
        /// The directory.
        path: PathBuf,
        /// Why.
        #[source]
        source: rustls::Error,
    },
}

/// `tls.crt` (the chain, the server's own certificate first) and `tls.key` in a directory, as
/// Kubernetes names them too.
pub struct FollowedCertificate {
    directory: PathBuf,
    current: Arc<Current>,
    complaint: Option<Complaint>,
}

/// What is wrong, and whether it was said: a renewal writes two files, and who looks in between
/// sees no pair.
struct Complaint {
    text: String,
    said: bool,
}

impl FollowedCertificate {
    /// Reads the directory.
    ///
    /// # Errors
    /// There is no certificate, or no key that belongs to it.
    pub fn open(directory: PathBuf) -> Result<Self, CertificateError> {
        let pair = read(&directory)?;
        Ok(Self {
            directory,
            current: Arc::new(Current(RwLock::new(Arc::new(pair)))),
            complaint: None,
        })
    }

    /// TLS 1.3 for HTTP/2 and HTTP/1.1; each handshake takes the certificate of the moment.
    pub(super) fn server_config(&self) -> ServerConfig {
        super::install_ring();
        let mut config = ServerConfig::builder_with_protocol_versions(&[&version::TLS13])
            .with_no_client_auth()
            .with_cert_resolver(Arc::clone(&self.current) as _);
        config.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
        config
    }

    /// Looks every 2 s from now on. Needs a running runtime, and ends with it.
    pub fn follow(mut self) {
        tokio::spawn(async move {
            loop {
                tokio::time::sleep(EVERY).await;
                let looked = tokio::task::spawn_blocking(move || {
                    self.look();
                    self
                });
                self = match looked.await {
                    Ok(again) => again,
                    // Only when the runtime ends.
                    Err(_) => return,
                };
            }
        });
    }

    /// Looks once. A directory that is not in order leaves the certificate as it is.
    fn look(&mut self) {
        match read(&self.directory) {
            Ok(pair) => {
                if self
                    .complaint
                    .take()
                    .is_some_and(|complaint| complaint.said)
                {
                    tracing::info!(directory = %self.directory.display(), "the certificate is in order again");
                }
                if self.current.replace(pair) {
                    tracing::info!(directory = %self.directory.display(), "the certificate has changed");
                }
            }
            Err(error) => self.complain(error_chain(&error)),
        }
    }

    fn complain(&mut self, text: String) {
        match &mut self.complaint {
            Some(complaint) if complaint.text == text => {
                if !complaint.said {
                    let complaint = text;
                    tracing::error!(
                        complaint,
                        "the certificate cannot be read; the last good one stays"
                    );
                }
                complaint.said = true;
            }
            other => *other = Some(Complaint { text, said: false }),
        }
    }
}

/// The certificate of the moment.
#[derive(Debug)]
struct Current(RwLock<Arc<CertifiedKey>>);

impl Current {
    /// Whether it is another one.
    fn replace(&self, pair: CertifiedKey) -> bool {
        let mut current = self.0.write().unwrap_or_else(PoisonError::into_inner);
        let changed = current.cert != pair.cert;
        if changed {
            *current = Arc::new(pair);
        }
        changed
    }
}

impl ResolvesServerCert for Current {
    fn resolve(&self, _: ClientHello<'_>) -> Option<Arc<CertifiedKey>> {
        let current = self.0.read().unwrap_or_else(PoisonError::into_inner);
        Some(Arc::clone(&current))
    }
}

fn read(directory: &Path) -> Result<CertifiedKey, CertificateError> {
    let chain = content(directory, "tls.crt", "certificate", |pem| {
        let chain: Result<Vec<_>, _> = CertificateDer::pem_slice_iter(pem).collect();
        chain.ok().filter(|chain| !chain.is_empty())
    })?;
    let key = content(directory, "tls.key", "private key", |pem| {
        PrivateKeyDer::from_pem_slice(pem).ok()
    })?;
    CertifiedKey::from_der(chain, key, &default_provider()).map_err(|source| {
        CertificateError::NoPair {
            path: directory.to_owned(),
            source,
        }
    })
}

fn content<T>(
    directory: &Path,
    name: &str,
    wanted: &'static str,
    parse: impl FnOnce(&[u8]) -> Option<T>,
) -> Result<T, CertificateError> {
    let path = directory.join(name);
    match fs::read(&path) {
        Ok(pem) => parse(&pem).ok_or(CertificateError::IllFormed { path, wanted }),
        Err(source) => Err(CertificateError::Unreadable { path, source }),
    }
}

#[cfg(test)]
mod tests {
    use std::fs;

    use rcgen::{CertifiedKey, generate_simple_self_signed};

    use super::FollowedCertificate;

    fn certificate() -> CertifiedKey<rcgen::KeyPair> {
        generate_simple_self_signed(["localhost".to_owned()]).unwrap()
    }

    struct World {
        directory: tempfile::TempDir,
        followed: FollowedCertificate,
    }

    impl World {
        fn new() -> Self {
            let directory = tempfile::tempdir().unwrap();
            let first = certificate();
            fs::write(directory.path().join("tls.crt"), first.cert.pem()).unwrap();
            let key = first.signing_key.serialize_pem();
            fs::write(directory.path().join("tls.key"), key).unwrap();
            let followed = FollowedCertificate::open(directory.path().to_owned()).unwrap();
            Self {
                directory,
                followed,
            }
        }

        fn write(&self, name: &str, text: &str) {
            fs::write(self.directory.path().join(name), text).unwrap();
        }

        fn served(&mut self) -> Vec<u8> {
            self.followed.look();
            let current = self.followed.current.0.read().unwrap();
            current.cert[0].to_vec()
        }
    }

    #[test]
    fn a_renewal_is_served_once_both_files_are_there() {
        let mut world = World::new();
        let first = world.served();
        let second = certificate();
        world.write("tls.key", &second.signing_key.serialize_pem());
        assert_eq!(world.served(), first, "a key without its certificate");
        world.write("tls.crt", &second.cert.pem());
        assert_eq!(world.served(), second.cert.der().to_vec());
    }

    #[test]
    fn a_directory_that_is_not_in_order_leaves_the_last_good_certificate() {
        let mut world = World::new();
        let first = world.served();
        for (name, text) in [
            ("tls.crt", ""),
            ("tls.crt", "no PEM"),
            ("tls.key", "no PEM"),
        ] {
            world.write(name, text);
            assert_eq!(world.served(), first, "{name}: {text:?}");
        }
        fs::remove_file(world.directory.path().join("tls.key")).unwrap();
        assert_eq!(world.served(), first);
    }

    #[test]
    fn between_the_two_files_of_a_renewal_nothing_is_said_yet() {
        let mut world = World::new();
        let said = |world: &World| world.followed.complaint.as_ref().is_some_and(|it| it.said);
        world.write("tls.key", &certificate().signing_key.serialize_pem());
        world.served();
        assert!(!said(&world));
        world.served();
        assert!(said(&world));
    }

    #[test]
    fn what_is_wrong_is_named_with_its_path_and_shows_no_key() {
        let world = World::new();
        let open = || {
            let path = world.directory.path().to_owned();
            crate::error_chain(&FollowedCertificate::open(path).err().unwrap())
        };
        let secret = certificate().signing_key.serialize_pem();
        world.write("tls.key", &secret);
        let error = open();
        assert!(error.contains("cannot be used together"), "{error}");
        let broken = secret.replace("-----END", "---- END");
        world.write("tls.key", &broken);
        let error = open();
        assert!(error.contains("tls.key holds no private key"), "{error}");
        assert!(!error.contains(&secret[40..60]), "{error}");
        fs::remove_file(world.directory.path().join("tls.crt")).unwrap();
        let error = open();
        assert!(error.contains("tls.crt"), "{error}");
    }
}
