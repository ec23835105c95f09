//! Certificates for the measurement's own edge and verifiers, each its own authority.

use std::path::PathBuf;

use crate::Outcome;
use crate::tools::{Cores, tool};

/// A certificate and its key, as files: `tls.crt` and `tls.key` in a directory of their own.
#[derive(Debug, Clone)]
pub struct Certificate {
    /// The directory.
    pub directory: PathBuf,
}

impl Certificate {
    /// A new one for a subject alternative name such as `IP:127.0.0.1`, on P-256 as the shipped
    /// ones are.
    pub fn new(name: &str, directory: PathBuf) -> Outcome<Self> {
        std::fs::create_dir_all(&directory)?;
        let own = Self { directory };
        let output = tool("openssl", Cores::All)?
            .args(["req", "-x509", "-newkey", "ec"])
            .args(["-pkeyopt", "ec_paramgen_curve:P-256"])
            .args(["-nodes", "-days", "2", "-subj", "/CN=bench"])
            .args(["-addext", &format!("subjectAltName={name}")])
            .arg("-keyout")
            .arg(own.key())
            .arg("-out")
            .arg(own.chain())
            .output()?;
        if output.status.success() {
            return Ok(own);
        }
        let error = String::from_utf8_lossy(&output.stderr);
        Err(format!("openssl: {error}").into())
    }

    /// The certificate.
    pub fn chain(&self) -> PathBuf {
        self.directory.join("tls.crt")
    }

    /// Its key.
    pub fn key(&self) -> PathBuf {
        self.directory.join("tls.key")
    }
}
