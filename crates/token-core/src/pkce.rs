//! Proof Key for Code Exchange, S256 only (RFC 7636).

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use subtle::ConstantTimeEq as _;
use zeroize::Zeroizing;

use crate::secret::sha256;
use crate::text::{InvalidText, is_base64url, text_newtype};

text_newtype!(
    /// An S256 challenge (RFC 7636 section 4.2): 43 base64url characters, the SHA-256 of a
    /// verifier. The method is implied by the type; `plain` is not representable.
    CodeChallenge,
    "code_challenge",
    "43 base64url characters (S256)",
    |text| text.len() == 43 && is_base64url(text)
);

/// A verifier (RFC 7636 section 4.1): 43 to 128 unreserved characters. Secret until redeemed.
#[derive(Clone)]
pub struct CodeVerifier(Zeroizing<String>);

impl std::fmt::Debug for CodeVerifier {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("CodeVerifier([redacted])")
    }
}

impl CodeVerifier {
    /// Takes the text when it is a verifier.
    pub fn parse(text: impl Into<String>) -> Result<Self, InvalidText> {
        let text = Zeroizing::new(text.into());
        let unreserved = |b: u8| b.is_ascii_alphanumeric() || b"-._~".contains(&b);
        if (43..=128).contains(&text.len()) && text.bytes().all(unreserved) {
            Ok(Self(text))
        } else {
            Err(InvalidText {
                what: "code_verifier",
                expected: "43 to 128 unreserved characters",
            })
        }
    }

    /// The text, to be sent to the server that holds the challenge and to nobody else.
    pub fn expose(&self) -> &str {
        &self.0
    }

    /// The S256 challenge of this verifier (RFC 7636 section 4.6).
    pub fn challenge(&self) -> CodeChallenge {
        CodeChallenge(URL_SAFE_NO_PAD.encode(sha256(self.0.as_bytes())))
    }

    /// Whether this verifier answers the challenge; in constant time.
    pub fn answers(&self, challenge: &CodeChallenge) -> bool {
        self.challenge()
            .as_str()
            .as_bytes()
            .ct_eq(challenge.as_str().as_bytes())
            .into()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_example_of_rfc_7636_appendix_b() {
        let verifier = CodeVerifier::parse("dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk").unwrap();
        let challenge =
            CodeChallenge::parse("E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM").unwrap();
        assert_eq!(verifier.challenge(), challenge);
        assert!(verifier.answers(&challenge));
        let other = CodeVerifier::parse("x".repeat(43)).unwrap();
        assert!(!other.answers(&challenge));
    }

    #[test]
    fn lengths_and_alphabet_are_kept() {
        assert!(CodeVerifier::parse("x".repeat(42)).is_err());
        assert!(CodeVerifier::parse("x".repeat(129)).is_err());
        assert!(CodeVerifier::parse("x".repeat(42) + "+").is_err());
        assert!(CodeChallenge::parse("x").is_err());
        assert!(CodeChallenge::parse("x".repeat(42) + "=").is_err());
        let verifier = CodeVerifier::parse("y".repeat(43)).unwrap();
        assert!(!format!("{verifier:?}").contains("yyy"));
    }
}
