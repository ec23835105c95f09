//! Reading a private key: which kind it is, and its public half.

use ring::rsa::PublicKeyComponents;
use ring::signature::{
    ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, Ed25519KeyPair, KeyPair as _, RsaKeyPair,
};

use super::key_pair::{KeyPair, generator};
use super::{Jwk, KeyError, MIN_RSA_BITS};

/// Reads PEM; gives the key for signing and the public half.
pub(super) fn read(text: &[u8]) -> Result<(KeyPair, Jwk), KeyError> {
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
        let public = Jwk::rsa(&public.n, &public.e);
        return Ok((KeyPair::Rsa(Box::new(pair)), public));
    }
    if let Ok(pair) = Ed25519KeyPair::from_pkcs8_maybe_unchecked(der) {
        let public = Jwk::ed25519(pair.public_key().as_ref());
        return Ok((KeyPair::Ed25519(pair), public));
    }
    let pair = EcdsaKeyPair::from_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, der, &generator())
        .map_err(|_| KeyError::Unsupported)?;
    let public = Jwk::p256(pair.public_key().as_ref()).ok_or(KeyError::Unsupported)?;
    Ok((KeyPair::P256(pair), public))
}
