//! Making keys, as PKCS#8 in PEM.

use pem::{EncodeConfig, LineEnding, Pem};
use ring::pkcs8::Document;
use ring::rand::SystemRandom;
use ring::signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair};
use zeroize::Zeroizing;

use super::KeyError;
use crate::entropy::Entropy;

/// PEM text of a private key; wiped when dropped.
pub type PrivatePem = Zeroizing<String>;

/// A new Ed25519 key (RFC 8410).
pub fn generate_ed25519_pem(entropy: &dyn Entropy) -> Result<PrivatePem, KeyError> {
    // PKCS#8 v1 of RFC 8410 section 7: a fixed prefix and the 32-byte seed.
    const PREFIX: [u8; 16] = [
        0x30, 0x2e, 0x02, 0x01, 0x00, 0x30, 0x05, 0x06, 0x03, 0x2b, 0x65, 0x70, 0x04, 0x22, 0x04,
        0x20,
    ];
    let mut seed = Zeroizing::new([0_u8; 32]);
    entropy
        .fill(seed.as_mut())
        .map_err(|_| KeyError::NotGenerated)?;
    let mut der = Zeroizing::new(PREFIX.to_vec());
    der.extend_from_slice(seed.as_ref());
    Ok(to_pem(&der))
}

/// A new P-256 key.
pub fn generate_p256_pem() -> Result<PrivatePem, KeyError> {
    #[expect(
        clippy::disallowed_methods,
        reason = "ring generates with its own generator only"
    )]
    let generator = SystemRandom::new();
    let document: Document =
        EcdsaKeyPair::generate_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, &generator)
            .map_err(|_| KeyError::NotGenerated)?;
    Ok(to_pem(document.as_ref()))
}

/// A new RSA key of 2048 bits, by aws-lc-rs, since ring cannot. Takes about 0.1 s.
#[cfg(feature = "keygen")]
pub fn generate_rsa_pem() -> Result<PrivatePem, KeyError> {
    use aws_lc_rs::encoding::{AsDer as _, Pkcs8V1Der};
    use aws_lc_rs::rsa::{KeyPair, KeySize};

    let pair = KeyPair::generate(KeySize::Rsa2048).map_err(|_| KeyError::NotGenerated)?;
    let der: Pkcs8V1Der<'_> = pair.as_der().map_err(|_| KeyError::NotGenerated)?;
    Ok(to_pem(der.as_ref()))
}

fn to_pem(der: &[u8]) -> PrivatePem {
    let config = EncodeConfig::new().set_line_ending(LineEnding::LF);
    Zeroizing::new(pem::encode_config(&Pem::new("PRIVATE KEY", der), config))
}
