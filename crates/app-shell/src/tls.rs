//! The process's one TLS implementation.

/// Makes ring the crypto provider of rustls for the whole process.
///
/// Whoever builds a `reqwest` client calls it first: the workspace builds reqwest without a
/// provider, so that no second crypto library comes in. Calling it again does nothing.
pub fn install_ring() {
    // An error only says that a provider is in place already.
    let _ = rustls::crypto::ring::default_provider().install_default();
}
