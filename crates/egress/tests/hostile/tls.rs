//! HTTPS and HTTP/2, with a CA of the test's own, which `SSL_CERT_FILE` names.

use std::path::Path;
use std::sync::Arc;

use egress::EgressError;
use http::Version;
use pem::Pem;
use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, IsCa, KeyPair};
use rustls::ServerConfig;
use rustls::crypto::ring;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use tokio_rustls::TlsAcceptor;

use crate::internet::Internet;
use crate::namespace;
use crate::table::client;

/// The server's certificate and key.
pub(crate) struct Certificates {
    certificate: CertificateDer<'static>,
    key: Vec<u8>,
}

impl Certificates {
    /// Makes a CA and what it signs.
    pub(crate) fn write(directory: &Path) {
        let mut params = CertificateParams::new(Vec::new()).unwrap();
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let ca = CertifiedIssuer::self_signed(params, KeyPair::generate().unwrap()).unwrap();
        let key = KeyPair::generate().unwrap();
        let names = vec!["secure.test".to_owned()];
        let params = CertificateParams::new(names).unwrap();
        let certificate = params.signed_by(&key, &ca).unwrap();
        let pem = Pem::new("CERTIFICATE", ca.der().to_vec());
        std::fs::write(directory.join("ca.pem"), pem::encode(&pem)).unwrap();
        std::fs::write(directory.join("server.der"), certificate.der()).unwrap();
        std::fs::write(directory.join("server.key"), key.serialize_der()).unwrap();
    }

    pub(crate) fn read(directory: &Path) -> Self {
        let read = |name| std::fs::read(directory.join(name)).unwrap();
        Self {
            certificate: read("server.der").into(),
            key: read("server.key"),
        }
    }

    /// One that speaks HTTP/2 where the client does.
    pub(crate) fn acceptor(&self) -> TlsAcceptor {
        let key = PrivateKeyDer::try_from(self.key.clone()).unwrap();
        let mut config = ServerConfig::builder_with_provider(ring::default_provider().into())
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_no_client_auth()
            .with_single_cert(vec![self.certificate.clone()], key)
            .unwrap();
        config.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
        TlsAcceptor::from(Arc::new(config))
    }
}

#[test]
fn https_speaks_http_2_and_shares_the_connection() {
    namespace::inside(
        "tls::https_speaks_http_2_and_shares_the_connection",
        async |internet: Internet| {
            let client = client();
            for _ in 0..3 {
                let fetched = client.get("https://secure.test/", "*/*").await.unwrap();
                assert_eq!(fetched.version, Version::HTTP_2);
            }
            assert_eq!(internet.names.asked("secure.test"), 1);
            assert_eq!(internet.visits().await.len(), 1);
        },
    );
}

#[test]
fn a_certificate_for_another_name_is_refused() {
    namespace::inside(
        "tls::a_certificate_for_another_name_is_refused",
        async |_: Internet| {
            for host in ["public.test", "alias.test", "93.184.216.34"] {
                let error = client().get(&format!("https://{host}/"), "*/*").await;
                assert_eq!(error.unwrap_err(), EgressError::Tls, "{host}");
            }
        },
    );
}

#[test]
fn the_headers_of_http_2_have_a_limit_too() {
    namespace::inside(
        "tls::the_headers_of_http_2_have_a_limit_too",
        async |_: Internet| {
            let client = client();
            let fetched = client.get("https://secure.test/headers/60000", "*/*").await;
            assert!(fetched.is_ok());
            let error = client.get("https://secure.test/headers/70000", "*/*").await;
            let error = error.unwrap_err();
            assert!(
                matches!(
                    error,
                    EgressError::HeadersTooLarge(_) | EgressError::Response
                ),
                "{error}"
            );
        },
    );
}
