//! Unguessable text for codes, tokens, verifiers and states.

use std::fmt::Write as _;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use ring::digest::{SHA256, digest};
use ring::rand::{SecureRandom as _, SystemRandom};

fn bytes(count: usize) -> Vec<u8> {
    #[expect(
        clippy::disallowed_methods,
        reason = "the product's Entropy is not the test's"
    )]
    let generator = SystemRandom::new();
    let mut buffer = vec![0_u8; count];
    generator.fill(&mut buffer).expect("randomness");
    buffer
}

/// `count` unpredictable bytes in hexadecimal.
pub fn hex(count: usize) -> String {
    let mut text = String::new();
    for byte in bytes(count) {
        write!(text, "{byte:02x}").expect("a String takes all");
    }
    text
}

/// `count` unpredictable bytes in base64url.
pub fn base64url(count: usize) -> String {
    URL_SAFE_NO_PAD.encode(bytes(count))
}

/// The S256 challenge of a verifier (RFC 7636 section 4.2).
pub fn s256(verifier: &str) -> String {
    URL_SAFE_NO_PAD.encode(digest(&SHA256, verifier.as_bytes()))
}
