//! A private key as ring holds it: read once, since reading one takes as long as a signature with
//! Ed25519 does, and a good part of one with RSA.

use ring::rand::SystemRandom;
use ring::signature::{EcdsaKeyPair, Ed25519KeyPair, RSA_PKCS1_SHA256, RsaKeyPair};

use crate::jose::SignError;

pub(crate) enum KeyPair {
    Rsa(Box<RsaKeyPair>),
    P256(EcdsaKeyPair),
    Ed25519(Ed25519KeyPair),
}

impl KeyPair {
    /// The signature of `message`, in the form of RFC 7518 sections 3.3 and 3.4 and RFC 8037.
    pub(crate) fn sign(&self, message: &[u8]) -> Result<Vec<u8>, SignError> {
        let refused = |_| SignError;
        match self {
            Self::Rsa(pair) => {
                let mut out = vec![0; pair.public().modulus_len()];
                pair.sign(&RSA_PKCS1_SHA256, &generator(), message, &mut out)
                    .map_err(refused)?;
                Ok(out)
            }
            Self::P256(pair) => pair
                .sign(&generator(), message)
                .map(|out| out.as_ref().to_vec())
                .map_err(refused),
            Self::Ed25519(pair) => Ok(pair.sign(message).as_ref().to_vec()),
        }
    }
}

#[expect(
    clippy::disallowed_methods,
    reason = "ring's own calls take its own generator"
)]
pub(super) fn generator() -> SystemRandom {
    SystemRandom::new()
}
