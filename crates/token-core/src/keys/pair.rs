//! A private key, parsed once: parsing checks the whole key and costs as much as some signatures.

use ed25519_dalek::Signer as _;
use ring::rand::SystemRandom;
use ring::rsa::PublicKeyComponents;
use ring::signature::{
    ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, Ed25519KeyPair, KeyPair as _, RSA_PKCS1_SHA256,
    RsaKeyPair,
};

use super::{Jwk, KeyError, MIN_RSA_BITS};

/// A private key of one of the algorithms that tokens are signed with.
pub(super) enum KeyPair {
    /// RS256.
    Rsa(Box<RsaKeyPair>),
    /// ES256.
    P256(EcdsaKeyPair),
    /// `EdDSA`; its signatures are not ring's (decision 47).
    Ed25519(ed25519_dalek::SigningKey),
}

/// The key cannot sign.
#[derive(Debug, Clone, Copy)]
pub(crate) struct CannotSign;

#[expect(
    clippy::disallowed_methods,
    reason = "ring's calls take its own generator"
)]
fn generator() -> SystemRandom {
    SystemRandom::new()
}

impl KeyPair {
    /// Reads PEM with one PKCS#8 key (RFC 5208); gives the public half too.
    pub(super) fn from_pem(text: &[u8]) -> Result<(Self, Jwk), KeyError> {
        let block = pem::parse(text).map_err(|_| KeyError::NotPkcs8Pem)?;
        if block.tag() != "PRIVATE KEY" {
            return Err(KeyError::NotPkcs8Pem);
        }
        let der = block.contents();
        if let Ok(pair) = RsaKeyPair::from_pkcs8(der) {
            if pair.public().modulus_len() * 8 < MIN_RSA_BITS {
                return Err(KeyError::Unsupported);
            }
            let public = PublicKeyComponents::<Vec<u8>>::from(pair.public());
            let jwk = Jwk::rsa(&public.n, &public.e);
            return Ok((Self::Rsa(Box::new(pair)), jwk));
        }
        if let Ok(pair) = Ed25519KeyPair::from_pkcs8_maybe_unchecked(der) {
            let public = pair.public_key().as_ref();
            let pair = ed25519(der, public).ok_or(KeyError::Unsupported)?;
            return Ok((Self::Ed25519(pair), Jwk::ed25519(public)));
        }
        let pair = EcdsaKeyPair::from_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, der, &generator())
            .map_err(|_| KeyError::Unsupported)?;
        let jwk = Jwk::p256(pair.public_key().as_ref()).ok_or(KeyError::Unsupported)?;
        Ok((Self::P256(pair), jwk))
    }

    /// The signature in the form of RFC 7518 section 3.
    pub(super) fn sign(&self, message: &[u8]) -> Result<Vec<u8>, CannotSign> {
        match self {
            Self::Rsa(pair) => {
                let mut signature = vec![0; pair.public().modulus_len()];
                pair.sign(&RSA_PKCS1_SHA256, &generator(), message, &mut signature)
                    .map_err(|_| CannotSign)?;
                Ok(signature)
            }
            Self::P256(pair) => pair
                .sign(&generator(), message)
                .map(|signature| signature.as_ref().to_vec())
                .map_err(|_| CannotSign),
            Self::Ed25519(pair) => Ok(pair.sign(message).to_bytes().to_vec()),
        }
    }
}

/// The key in a document that ring has read (RFC 8410 section 7): 32 bytes in an octet string
/// within another. They are those that make the public key which ring made of them.
fn ed25519(der: &[u8], public: &[u8]) -> Option<ed25519_dalek::SigningKey> {
    const WITHIN: [u8; 4] = [0x04, 0x22, 0x04, 0x20];
    der.windows(WITHIN.len() + 32)
        .filter_map(|window| window.strip_prefix(&WITHIN)?.try_into().ok())
        .map(|seed: &[u8; 32]| ed25519_dalek::SigningKey::from_bytes(seed))
        .find(|pair| pair.verifying_key().as_bytes() == public)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// With version 1 of PKCS#8, as we and OpenSSL write it, and with version 2 (RFC 5958), which
    /// has the public key beside, as ring does.
    #[test]
    fn an_ed25519_key_signs_as_rings_whichever_way_it_is_written() {
        let second = Ed25519KeyPair::generate_pkcs8(&generator()).unwrap();
        let theirs = Ed25519KeyPair::from_pkcs8(second.as_ref()).unwrap();
        let mut first = vec![0x30, 0x2e, 0x02, 0x01, 0x00];
        first.extend_from_slice(&second.as_ref()[5..48]);
        for document in [first.as_slice(), second.as_ref()] {
            let text = pem::encode(&pem::Pem::new("PRIVATE KEY", document));
            let (ours, jwk) = KeyPair::from_pem(text.as_bytes()).unwrap();
            assert_eq!(jwk, Jwk::ed25519(theirs.public_key().as_ref()));
            for message in [b"".as_slice(), b"one", &[7; 1000]] {
                assert_eq!(ours.sign(message).unwrap(), theirs.sign(message).as_ref());
            }
        }
    }
}
