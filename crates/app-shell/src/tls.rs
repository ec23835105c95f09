//! The process's one TLS implementation, and what a listener needs of it.

use std::sync::Arc;

use prometheus::{IntCounter, IntCounterVec, Opts, Registry};
use rustls::ServerConfig;
use tokio_rustls::server::TlsStream;

use crate::metrics;

mod certificate;

pub use certificate::{CertificateError, FollowedCertificate};

/// Makes ring the crypto provider of rustls for the whole process.
///
/// Whoever builds a `reqwest` client calls it first: the workspace builds reqwest without a
/// provider, so that no second crypto library comes in. Calling it again does nothing.
pub fn install_ring() {
    // An error only says that a provider is in place already.
    let _ = rustls::crypto::ring::default_provider().install_default();
}

/// What a listener for HTTPS needs; its connections are counted.
#[derive(Clone)]
pub struct Tls {
    config: Arc<ServerConfig>,
    http2: IntCounter,
    http1: IntCounter,
    failed: IntCounter,
}

impl Tls {
    /// TLS 1.3 with `certificate`, for HTTP/2 and HTTP/1.1. Registers
    /// `gateway_tls_connections_total` with the label `protocol`: `h2`, `http/1.1`, or `none` where
    /// the handshake failed.
    ///
    /// # Errors
    /// It is registered already.
    pub fn new(certificate: &FollowedCertificate, registry: &Registry) -> prometheus::Result<Self> {
        let options = Opts::new(
            "gateway_tls_connections_total",
            "Connections over TLS, by the protocol agreed on.",
        );
        let connections = IntCounterVec::new(options, &["protocol"])?;
        let connections = metrics::add(registry, connections)?;
        let of = |protocol| connections.with_label_values(&[protocol]);
        Ok(Self {
            config: Arc::new(certificate.server_config()),
            http2: of("h2"),
            http1: of("http/1.1"),
            failed: of("none"),
        })
    }

    pub(crate) fn config(&self) -> Arc<ServerConfig> {
        Arc::clone(&self.config)
    }

    /// Counts a connection, or an attempt at one.
    pub(crate) fn count<S>(&self, stream: Option<&TlsStream<S>>) {
        match stream.map(|stream| stream.get_ref().1.alpn_protocol()) {
            Some(Some(b"h2")) => self.http2.inc(),
            Some(_) => self.http1.inc(),
            None => self.failed.inc(),
        }
    }
}
