//! A private key, parsed once: parsing checks the whole key and costs as much as some signatures.

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
    /// `EdDSA`.
    Ed25519(Ed25519KeyPair),
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
            let jwk = Jwk::ed25519(pair.public_key().as_ref());
            return Ok((Self::Ed25519(pair), jwk));
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
            Self::Ed25519(pair) => Ok(pair.sign(message).as_ref().to_vec()),
        }
    }
}
