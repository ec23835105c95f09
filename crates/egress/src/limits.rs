//! How long and how much.

use std::time::Duration;

/// Limits of one fetch, redirects included unless said otherwise.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// To resolve the name and connect, TLS included, per hop.
    pub connect: Duration,
    /// From the connection to the end of the response's headers, per hop.
    pub first_byte: Duration,
    /// From one piece of the body to the next.
    pub idle: Duration,
    /// For everything. What a server that drips one byte a second runs into.
    pub total: Duration,
    /// Redirects followed; one more is an error.
    pub redirects: u8,
    /// Bytes of all header names and values of one response.
    pub header_bytes: usize,
    /// Bytes of the body as it comes, compressed or not. The body is cut there, without an error.
    pub wire_bytes: usize,
    /// Bytes of the decompressed body, which is cut there too.
    pub body_bytes: usize,
}

impl Default for Limits {
    /// What suits a web page.
    fn default() -> Self {
        Self {
            connect: Duration::from_secs(10),
            first_byte: Duration::from_secs(15),
            idle: Duration::from_secs(15),
            total: Duration::from_secs(30),
            redirects: 5,
            header_bytes: 64 * 1024,
            wire_bytes: 10 * 1024 * 1024,
            body_bytes: 10 * 1024 * 1024,
        }
    }
}
