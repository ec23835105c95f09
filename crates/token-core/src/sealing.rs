//! Keys derived from a root secret, and sealing: AES-256-GCM with a random nonce, for what leaves
//! the process and must come back unread and unchanged (forms, cookies, the grace pair).

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use ring::{aead, hkdf, hmac};
use serde::Serialize;
use serde::de::DeserializeOwned;
use thiserror::Error;
use zeroize::Zeroizing;

use crate::entropy::{Entropy, NoEntropy};

/// The shortest root secret, in bytes, that start accepts.
pub const ROOT_SECRET_MIN_BYTES: usize = 32;

const NONCE_BYTES: usize = aead::NONCE_LEN;
/// Most sealed values have room in as many bytes.
const TYPICAL_BYTES: usize = 1536;

/// Why something could not be sealed or opened.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum SealError {
    /// It was not sealed under this key for this purpose, or was changed.
    #[error("the sealed text is not ours or was changed")]
    NotOurs,
    /// A value could not be written as JSON.
    #[error("the value cannot be sealed")]
    Unwritable,
    /// No randomness for a nonce.
    #[error(transparent)]
    Entropy(#[from] NoEntropy),
}

/// The operator's root secret (`GATEWAY_JWT_SECRET`), or any other input of enough entropy.
pub struct RootSecret(Zeroizing<Vec<u8>>);

impl std::fmt::Debug for RootSecret {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("RootSecret([redacted])")
    }
}

impl RootSecret {
    /// Takes the secret's bytes; `None` when they are fewer than [`ROOT_SECRET_MIN_BYTES`].
    pub fn new(bytes: impl Into<Vec<u8>>) -> Option<Self> {
        let bytes = Zeroizing::new(bytes.into());
        (bytes.len() >= ROOT_SECRET_MIN_BYTES).then_some(Self(bytes))
    }

    /// 32 bytes for one purpose by HKDF-SHA256 (RFC 5869): different labels, unrelated keys.
    fn derive(&self, label: &'static str) -> Result<Zeroizing<[u8; 32]>, SealError> {
        let mut key = Zeroizing::new([0_u8; 32]);
        hkdf::Salt::new(hkdf::HKDF_SHA256, b"mcp-oauth-gateway")
            .extract(&self.0)
            .expand(&[label.as_bytes()], hkdf::HKDF_SHA256)
            .and_then(|okm| okm.fill(key.as_mut()))
            .map_err(|_| SealError::Unwritable)?;
        Ok(key)
    }

    /// The sealing key for one purpose.
    pub fn sealer(&self, label: &'static str) -> Result<Sealer, SealError> {
        let key = self.derive(label)?;
        let key = aead::UnboundKey::new(&aead::AES_256_GCM, key.as_ref())
            .map_err(|_| SealError::Unwritable)?;
        Ok(Sealer {
            key: aead::LessSafeKey::new(key),
            label,
        })
    }

    /// A keyed hash for one purpose.
    pub fn keyed_hash(&self, label: &'static str) -> Result<KeyedHash, SealError> {
        let key = self.derive(label)?;
        Ok(KeyedHash(hmac::Key::new(hmac::HMAC_SHA256, key.as_ref())))
    }
}

/// HMAC-SHA256 under a derived key.
pub struct KeyedHash(hmac::Key);

impl KeyedHash {
    /// The hash of `text` as 43 base64url characters.
    pub fn of(&self, text: &str) -> String {
        URL_SAFE_NO_PAD.encode(hmac::sign(&self.0, text.as_bytes()))
    }
}

/// Seals values for one purpose; the purpose is authenticated with them.
pub struct Sealer {
    key: aead::LessSafeKey,
    label: &'static str,
}

impl Sealer {
    /// Seals a value as base64url text.
    pub fn seal<T: Serialize>(
        &self,
        value: &T,
        entropy: &dyn Entropy,
    ) -> Result<String, SealError> {
        let mut nonce = [0_u8; NONCE_BYTES];
        entropy.fill(&mut nonce)?;
        let mut sealed = Vec::with_capacity(TYPICAL_BYTES);
        sealed.extend_from_slice(&nonce);
        serde_json::to_writer(&mut sealed, value).map_err(|_| SealError::Unwritable)?;
        let body = sealed.get_mut(NONCE_BYTES..).unwrap_or_default();
        let tag = self
            .key
            .seal_in_place_separate_tag(
                aead::Nonce::assume_unique_for_key(nonce),
                aead::Aad::from(self.label.as_bytes()),
                body,
            )
            .map_err(|_| SealError::Unwritable)?;
        sealed.extend_from_slice(tag.as_ref());
        Ok(URL_SAFE_NO_PAD.encode(sealed))
    }

    /// Opens what [`Sealer::seal`] made under the same key and label.
    pub fn open<T: DeserializeOwned>(&self, sealed: &str) -> Result<T, SealError> {
        let bytes = URL_SAFE_NO_PAD
            .decode(sealed)
            .map_err(|_| SealError::NotOurs)?;
        let (nonce, body) = bytes
            .split_at_checked(NONCE_BYTES)
            .ok_or(SealError::NotOurs)?;
        let nonce =
            aead::Nonce::try_assume_unique_for_key(nonce).map_err(|_| SealError::NotOurs)?;
        let mut body = Zeroizing::new(body.to_vec());
        let plain = self
            .key
            .open_in_place(nonce, aead::Aad::from(self.label.as_bytes()), &mut body)
            .map_err(|_| SealError::NotOurs)?;
        serde_json::from_slice(plain).map_err(|_| SealError::NotOurs)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::SystemEntropy;

    fn root() -> RootSecret {
        RootSecret::new(vec![7; 32]).unwrap()
    }

    #[test]
    fn only_the_same_key_and_purpose_open_a_seal() {
        let entropy = SystemEntropy::new();
        let sealer = root().sealer("a").unwrap();
        let text = sealer.seal(&("hello", 1), &entropy).unwrap();
        assert_eq!(
            sealer.open::<(String, u8)>(&text).unwrap(),
            ("hello".to_owned(), 1)
        );
        let other = root().sealer("b").unwrap();
        assert_eq!(other.open::<(String, u8)>(&text), Err(SealError::NotOurs));
        for index in 0..text.len() {
            let mut bytes = text.clone().into_bytes();
            bytes[index] = if bytes[index] == b'A' { b'B' } else { b'A' };
            let changed = String::from_utf8(bytes).unwrap();
            // The last character may carry unused bits: strict base64 refuses those too.
            assert_eq!(
                sealer.open::<(String, u8)>(&changed),
                Err(SealError::NotOurs)
            );
        }
        assert_eq!(sealer.open::<(String, u8)>(""), Err(SealError::NotOurs));
    }

    #[test]
    fn a_short_root_secret_is_refused() {
        assert!(RootSecret::new(vec![0; 31]).is_none());
        assert!(!format!("{:?}", root()).contains('7'));
    }
}
